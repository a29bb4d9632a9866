"""Manifests: indexes, image manifests, and the configuration that names an image's platform."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pinned_images.errors import InvalidReference, UntrustedAnswer
from pinned_images.media_types import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    INDEX_TYPES,
    MANIFEST_TYPES,
    OCI_INDEX,
    OCI_MANIFEST,
)
from pinned_images.printable import quoted
from pinned_images.reference import Digest, Platform

_logger = logging.getLogger(__name__)

TYPES = INDEX_TYPES | MANIFEST_TYPES

#: With fewer types a registry may convert a manifest, and answer another digest.
ACCEPT = f"{OCI_INDEX}, {OCI_MANIFEST}, {DOCKER_LIST}, {DOCKER_MANIFEST}"

_SCHEMA_1_TYPES = frozenset(
    {
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    }
)
# Generic types: the manifest's own mediaType, or its shape, decides.
_SILENT_TYPES = frozenset(
    {
        "",
        "application/json",
        "application/octet-stream",
        "binary/octet-stream",
        "text/json",
        "text/plain",
    }
)
_DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
_IMAGE_CONFIGS = frozenset({"application/vnd.oci.image.config.v1+json", _DOCKER_CONFIG})
# What operating systems, processors and their versions are called; no sentence, and no control
# character, is one of these.
_PLATFORM_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}")
_MEDIA_TYPE = re.compile(r"[a-z0-9.+_-]{1,60}/[a-z0-9.+_-]{1,60}")  # RFC 6838, section 4.2
_ATTESTATION = "vnd.docker.reference.type"
_SCHEMA = 2


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A descriptor of another object (OCI image specification, "Content Descriptors").

    Attributes:
        digest: The digest of the object.
        media_type: Its media type, in lower case.
        platform: The platform that it runs on, where that is named.
        artifact_type: Its type, if it is no image.
        annotations: Its annotations.
    """

    digest: Digest
    media_type: str
    platform: Platform | None = None
    artifact_type: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A parsed index or manifest.

    Attributes:
        digest: The SHA-256 of its bytes.
        media_type: One of `TYPES`.
        manifests: Of an index: the images in it, attestations left out.
        listed: Of an index: how many entries it has, attestations and all.
        config: Of a manifest: the digest of its configuration.
        is_image: Whether it is, or may be, an image, and no other artifact.
        body: The bytes.
    """

    digest: Digest
    media_type: str
    manifests: tuple[Descriptor, ...] = ()
    listed: int = 0
    config: Digest | None = None
    is_image: bool = True
    body: bytes = field(default=b"", repr=False, compare=False)

    @property
    def is_index(self) -> bool:
        """Whether it lists other manifests."""
        return self.media_type in INDEX_TYPES


def plain_type(content_type: str | None) -> str:
    """A media type without its parameters, in lower case; a repeated one counts once.

    Example:
        >>> plain_type("Application/JSON; charset=utf-8"), plain_type("text/json, text/json")
        ('application/json', 'text/json')
    """
    types = [each.partition(";")[0].strip().lower() for each in (content_type or "").split(",")]
    return types[0] if len(set(types)) == 1 else ", ".join(types)


def refuse_schema_1(media_type: str) -> None:
    """Refuse the format whose signatures change its digest with every answer.

    Raises:
        UntrustedAnswer: This is the type of a schema 1 manifest.
    """
    if media_type in _SCHEMA_1_TYPES:
        raise UntrustedAnswer(
            "it has this image in the old format 'schema 1' only, which has no lasting digest",
            "push the image again with a current tool",
        )


def parse_manifest(body: bytes, content_type: str | None) -> Manifest:
    """Parse the body of a manifest response.

    Raises:
        UntrustedAnswer: The body is no manifest whose digest could be pinned.
    """
    answered = plain_type(content_type)
    refuse_schema_1(answered)
    if answered not in TYPES and answered not in _SILENT_TYPES:
        raise _no_manifest(f"of type {_in_words(answered)}")
    content = _object(body)
    if content is None:
        raise _no_manifest("that is no JSON, or only the beginning of it")
    if content.get("schemaVersion") == 1:
        refuse_schema_1("application/vnd.docker.distribution.manifest.v1+json")
    own = content.get("mediaType")
    own = plain_type(own) if isinstance(own, str) else ""
    media_type = answered if answered in TYPES else own or _type_by_shape(content)
    if media_type not in TYPES or own not in ("", media_type):
        raise _no_manifest(f"of type {_in_words(own)}" if own else "whose type is not named")
    if content.get("schemaVersion") != _SCHEMA:
        raise _no_manifest("without the version 2")
    try:
        return _read(content, body, media_type)
    except (AttributeError, KeyError, TypeError, InvalidReference):
        raise _no_manifest(f"that does not have the form of {media_type}") from None


def parse_descriptors(body: bytes) -> tuple[Descriptor, ...]:
    """The descriptors in an index of referrers (OCI Distribution 1.1, "Listing Referrers").

    Raises:
        UntrustedAnswer: This is no index.
    """
    content = _object(body)
    manifests = content.get("manifests") if content is not None else None
    if not isinstance(manifests, list):
        raise _no_manifest("that is no index")
    return tuple(each for each in map(_descriptor, manifests) if each is not None)


def parse_platform(body: bytes) -> Platform | None:
    """The platform that an image's configuration names (OCI image specification, "Config").

    Raises:
        UntrustedAnswer: This is no configuration.
    """
    content = _object(body)
    if content is None:
        raise _no_manifest("whose configuration is no JSON")
    try:
        return _platform(content)
    except TypeError:
        raise _no_manifest("whose configuration names no platform in words") from None


def _type_by_shape(content: Mapping[str, Any]) -> str:
    """The type of a manifest that names none, as the early ones of OCI; "" where it is unclear."""
    config = content.get("config")
    is_index = isinstance(content.get("manifests"), list)
    is_manifest = isinstance(config, dict) and isinstance(content.get("layers"), list)
    if is_index == is_manifest:
        return ""
    if isinstance(config, dict) and config.get("mediaType") == _DOCKER_CONFIG:
        return DOCKER_MANIFEST
    return OCI_INDEX if is_index else OCI_MANIFEST


def _read(content: dict[str, Any], body: bytes, media_type: str) -> Manifest:
    digest = Digest.of(body)
    if media_type in MANIFEST_TYPES:
        _ = content["layers"]
        config = content["config"]
        is_image = content.get("artifactType") in (None, "", *_IMAGE_CONFIGS)
        return Manifest(
            digest, media_type, config=Digest(config["digest"]), is_image=is_image, body=body
        )
    listed = content["manifests"]
    if not isinstance(listed, list):
        raise TypeError
    descriptors = [_descriptor(each) for each in listed]
    # An unusable descriptor must not spoil the others; without a usable one, this is no index.
    if listed and not any(descriptors):
        raise TypeError
    images = tuple(each for each in descriptors if each is not None and _is_image(each))
    return Manifest(digest, media_type, images, len(listed), body=body)


def _descriptor(content: Any) -> Descriptor | None:
    """A descriptor; None where it cannot be used."""
    try:
        named = content.get("platform")
        annotations = content.get("annotations")
        artifact_type = content.get("artifactType")
        return Descriptor(
            Digest(content["digest"]),
            plain_type(content["mediaType"]),
            _platform(named) if isinstance(named, dict) else None,
            artifact_type if isinstance(artifact_type, str) and artifact_type else None,
            _texts(annotations.items()) if isinstance(annotations, dict) else {},
        )
    except (AttributeError, KeyError, TypeError, InvalidReference):
        _logger.debug("An entry of an index cannot be used")
        return None


def _is_image(descriptor: Descriptor) -> bool:
    """Whether a descriptor in an index is an image or an index of images, and no attestation."""
    platform = descriptor.platform
    is_unknown = platform is not None and "unknown" in (platform.os, platform.architecture)
    is_artifact = descriptor.artifact_type not in (None, *_IMAGE_CONFIGS)
    return not is_unknown and not is_artifact and _ATTESTATION not in descriptor.annotations


def _texts(items: Iterable[tuple[Any, Any]]) -> dict[str, str]:
    return {name: value for name, value in items if isinstance(value, str)}


def _platform(content: Mapping[str, Any]) -> Platform | None:
    # Some tools write null for missing fields.
    words = [content.get(name) or "" for name in ("os", "architecture", "variant", "os.version")]
    if not all(word == "" or _PLATFORM_WORD.fullmatch(word) for word in words):
        raise TypeError
    return Platform.of(*words) if words[0] and words[1] else None


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _in_words(media_type: str) -> str:
    """A media type for an error; what is none is quoted, and bounded."""
    return media_type if _MEDIA_TYPE.fullmatch(media_type) else quoted(media_type)


def _no_manifest(what: str) -> UntrustedAnswer:
    return UntrustedAnswer(
        f"it answered with something {what}, where a manifest was asked for",
        "check that the address is that of a registry and that no proxy answers in its place",
    )
