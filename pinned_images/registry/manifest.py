"""What a registry serves under a tag: an index, a manifest, and the configuration of an image."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pinned_images.errors import InvalidReference, UntrustedAnswer
from pinned_images.reference import Digest, Platform

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"

INDEX_TYPES = frozenset({OCI_INDEX, DOCKER_LIST})
MANIFEST_TYPES = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
TYPES = INDEX_TYPES | MANIFEST_TYPES

#: With fewer types a registry may convert a manifest, and answer another digest.
ACCEPT = f"{OCI_INDEX}, {OCI_MANIFEST}, {DOCKER_LIST}, {DOCKER_MANIFEST}"

_SCHEMA_1_TYPES = frozenset(
    {
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    }
)
# Types that say nothing, so that the manifest's own word is taken.
_SILENT_TYPES = frozenset({"", "application/json", "application/octet-stream", "text/plain"})
_ATTESTATION = "vnd.docker.reference.type"
_SCHEMA = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """A manifest that an index names (OCI image specification, "Image Index", `manifests`)."""

    digest: Digest
    media_type: str
    platform: Platform | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """An index or a manifest that was read.

    Attributes:
        digest: The SHA-256 of its bytes.
        media_type: One of `TYPES`.
        entries: Of an index: the images in it, attestations left out.
        config: Of a manifest: the digest of its configuration.
    """

    digest: Digest
    media_type: str
    entries: tuple[Entry, ...] = ()
    config: Digest | None = None


def plain_type(content_type: str | None) -> str:
    """A media type without its parameters, in lower case."""
    return (content_type or "").partition(";")[0].strip().lower()


def refuse_schema_1(media_type: str) -> None:
    """Refuse the format whose signatures change its digest with every answer.

    Raises:
        ResolutionError: This is the type of a schema 1 manifest.
    """
    if media_type in _SCHEMA_1_TYPES:
        raise UntrustedAnswer(
            "it has this image in the old format 'schema 1' only, which has no lasting digest",
            "push the image again with a current tool",
        )


def parse_manifest(body: bytes, content_type: str | None) -> Manifest:
    """Read what came as a manifest.

    Raises:
        ResolutionError: This is no manifest whose digest could be pinned.
    """
    answered = plain_type(content_type)
    refuse_schema_1(answered)
    if answered not in TYPES and answered not in _SILENT_TYPES:
        raise _no_manifest(f"of type {answered}")
    content = _object(body)
    if content is None:
        raise _no_manifest("that is no JSON, or only the beginning of it")
    if content.get("schemaVersion") == 1:
        refuse_schema_1("application/vnd.docker.distribution.manifest.v1+json")
    own = content.get("mediaType")
    own = plain_type(own) if isinstance(own, str) else ""
    media_type = answered if answered in TYPES else own
    if media_type not in TYPES or own not in ("", media_type):
        raise _no_manifest(f"of type {own or 'that it does not name'}")
    if content.get("schemaVersion") != _SCHEMA:
        raise _no_manifest("without the version 2")
    try:
        return _read(content, Digest.of(body), media_type)
    except (AttributeError, KeyError, TypeError, InvalidReference):
        raise _no_manifest(f"that does not have the form of {media_type}") from None


def parse_platform(body: bytes) -> Platform | None:
    """The platform that an image's configuration names (OCI image specification, "Config").

    Raises:
        ResolutionError: This is no configuration.
    """
    content = _object(body)
    if content is None:
        raise _no_manifest("whose configuration is no JSON")
    try:
        return _platform(content)
    except TypeError:
        raise _no_manifest("whose configuration names no platform in words") from None


def _read(content: dict[str, Any], digest: Digest, media_type: str) -> Manifest:
    if media_type in MANIFEST_TYPES:
        _ = content["layers"]
        return Manifest(digest, media_type, config=Digest(content["config"]["digest"]))
    entries = tuple(_entries(content["manifests"]))
    return Manifest(digest, media_type, entries)


def _entries(manifests: Iterable[dict[str, Any]]) -> Iterable[Entry]:
    for manifest in manifests:
        named = manifest.get("platform")
        platform = _platform(named) if named is not None else None
        annotations = manifest.get("annotations") or {}
        unknown = platform is not None and "unknown" in (platform.os, platform.architecture)
        if unknown or _ATTESTATION in annotations:
            continue
        yield Entry(Digest(manifest["digest"]), plain_type(manifest["mediaType"]), platform)


def _platform(content: dict[str, Any]) -> Platform | None:
    words = [content.get(name, "") for name in ("os", "architecture", "variant", "os.version")]
    if not all(isinstance(word, str) for word in words):
        raise TypeError
    return Platform.of(*words) if words[0] and words[1] else None


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _no_manifest(what: str) -> UntrustedAnswer:
    return UntrustedAnswer(
        f"it answered with something {what}, where a manifest was asked for",
        "check that the address is that of a registry and that no proxy answers in its place",
    )
