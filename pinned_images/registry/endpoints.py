"""Endpoints: the address of a registry's API, and a repository there."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Literal

from pinned_images.registry.auth.credentials import Credentials
from pinned_images.registry.host_profiles import login_command, profile_of
from pinned_images.registry.http.addresses import may_be_plain
from pinned_images.registry.mirrors import Mirror

Kind = Literal["manifests", "blobs", "tags", "referrers"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of a registry's API.

    Attributes:
        registry: The registry of the images, as references name it.
        scheme: ``https`` or ``http``.
        netloc: The host, with a port where one was given.
        root: The path of the API's root: ``/v2``.
        source: Whether this is the registry itself or a mirror of it.
    """

    registry: str
    scheme: str
    netloc: str
    root: str = "/v2"
    source: Literal["registry", "mirror"] = "registry"

    @classmethod
    def of_registry(cls, registry: str, insecure: AbstractSet[str]) -> Endpoint:
        """The registry itself: https, but http where it is loopback or named insecure."""
        netloc = (profile_of(registry).api_host or registry).lower()
        return cls(registry, "http" if may_be_plain(netloc, insecure) else "https", netloc)

    @classmethod
    def of_mirror(cls, registry: str, mirror: Mirror) -> Endpoint:
        """The mirror of a registry."""
        return cls(registry, mirror.scheme, mirror.netloc, mirror.root, "mirror")

    def __str__(self) -> str:
        """The endpoint in an error: the registry, or the mirror with its registry."""
        if self.source == "mirror":
            return f"the mirror {self.netloc} of {self.registry}"
        return f"the registry {self.registry}"

    @property
    def origin(self) -> str:
        """Scheme, host and port, as credentials are bound to them."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def credentials_host(self) -> str:
        """The host under which credentials are kept for this endpoint."""
        return self.netloc if self.source == "mirror" else self.registry

    @property
    def login_command(self) -> str:
        """The command that stores credentials for this endpoint."""
        return login_command(self.credentials_host)

    @property
    def version_url(self) -> str:
        """The address of a ping, which needs credentials or not (OCI Distribution 1.1, "end-1")."""
        before, _, _ = self.root.partition("/v2/")
        return f"{self.origin}{before.removesuffix('/v2')}/v2/"

    def qualified(self, repository: str) -> str:
        """A repository's name at this endpoint, the mirror's own namespace included."""
        namespace = self.root.partition("/v2/")[2]
        return f"{namespace}/{repository}" if namespace else repository

    def url(self, repository: str, kind: Kind, identifier: str) -> str:
        """The address of a manifest, a blob, or a list (OCI Distribution 1.1, "Endpoints")."""
        return f"{self.origin}{self.root}/{repository}/{kind}/{identifier}"


@dataclass(frozen=True, slots=True)
class Target:
    """A repository at an endpoint, and the credentials for it.

    Attributes:
        endpoint: The endpoint.
        name: The repository's name in its own registry.
        credentials: Credentials that were given for this image; None to use the keychain's.
    """

    endpoint: Endpoint
    name: str
    credentials: Credentials | None = field(default=None, repr=False)

    @property
    def repository(self) -> str:
        """The repository's name at the endpoint."""
        return self.endpoint.qualified(self.name)

    def url(self, kind: Kind, identifier: str) -> str:
        """The address of a manifest, a blob, or a list."""
        return self.endpoint.url(self.name, kind, identifier)
