"""Mirrors: addresses that take the place of a registry."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from pinned_images.errors import (
    AccessDenied,
    ConfigurationError,
    ImageNotFound,
    InvalidReference,
    RegistryUnavailable,
)
from pinned_images.printable import quoted
from pinned_images.reference import ImageReference
from pinned_images.registry.http.addresses import may_be_plain

#: The errors of a mirror after which its registry is tried, where the user allows a fallback.
PASSED_OVER = (ImageNotFound, AccessDenied, RegistryUnavailable)


@dataclass(frozen=True, slots=True)
class Mirror:
    """The address of a mirror.

    Attributes:
        scheme: ``https`` or ``http``.
        netloc: Host, with a port where one was given.
        root: The path of the API's root, under which repositories begin: ``/v2``,
            ``/v2/docker-hub`` or ``/artifactory/api/docker/docker-hub/v2``.
    """

    scheme: str
    netloc: str
    root: str

    @classmethod
    def parse(cls, registry: str, url: str, insecure: AbstractSet[str] | None) -> Mirror:
        """Parse a mirror's URL.

        A path is a namespace of the mirror: ``https://mirror.example/docker-hub`` asks
        ``/v2/docker-hub/library/nginx/...``. Where a segment of the path already is ``v2``, the
        path is taken for the API's root as it is.

        Args:
            registry: The registry that is mirrored, for errors.
            url: The mirror's URL.
            insecure: Hosts that are allowed over http, besides loopback; None to allow all
                (where the list is not known yet).

        Raises:
            ConfigurationError: The URL cannot be used.
        """
        normalize_host(registry)
        parts = _split(registry, url)
        netloc = parts.netloc.lower()
        plain = parts.scheme == "http"
        if plain and insecure is not None and not may_be_plain(netloc, insecure):
            raise ConfigurationError(
                f"The mirror {url!r} of {registry!r} is asked over plain http: use https, "
                f"or name {netloc!r} among the insecure registries."
            )
        segments = [segment for segment in parts.path.split("/") if segment]
        if "v2" not in segments:
            segments.insert(0, "v2")
        return cls(parts.scheme, netloc, "/" + "/".join(segments))


def normalize_host(host: str) -> str:
    """A registry's host in the form of references.

    Raises:
        ConfigurationError: This is no registry host.

    Example:
        >>> normalize_host("index.docker.io"), normalize_host("GHCR.io")
        ('docker.io', 'ghcr.io')
    """
    text = host.strip().lower()
    try:
        reference = ImageReference.parse(f"{text}/namespace/name")
    except InvalidReference:
        reference = None
    if reference is None or reference.repository != "namespace/name":
        raise ConfigurationError(
            f"{quoted(host)} is no registry host: write a host such as 'docker.io' or "
            "'localhost:5000', without a scheme or a path."
        )
    return reference.registry


def _split(registry: str, url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, usable = urlsplit(""), False
    if not usable or parts.scheme not in ("http", "https"):
        raise ConfigurationError(
            f"The mirror of {registry!r} is no URL that can be asked: "
            "write https://host[:port][/path]."
        )
    if "@" in parts.netloc:
        raise ConfigurationError(
            f"The mirror of {registry!r} carries credentials in its URL: leave them out, "
            f"and log in instead (docker login {parts.hostname})."
        )
    if parts.query or parts.fragment:
        raise ConfigurationError(
            f"The mirror of {registry!r} has a query or a fragment in its URL: leave it out."
        )
    return parts
