"""Small but real container images; their bytes depend only on their recipe.

The formats are those of the OCI image specification 1.1 ("Image Manifest", "Image Index", "Image
Configuration") and of Docker's "Image Manifest V 2, Schema 2".
"""

from __future__ import annotations

import io
import json
import struct
import tarfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from pinned_images.media_types import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from pinned_images.reference import Digest, Platform

MediaTypes = Literal["oci", "docker"]

_OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
_IN_TOTO = "application/vnd.in-toto+json"
_UNKNOWN: dict[str, object] = {"os": "unknown", "architecture": "unknown"}


@dataclass(frozen=True, slots=True)
class _Words:
    index: str
    manifest: str
    config: str
    layer: str


_WORDS: dict[MediaTypes, _Words] = {
    "oci": _Words(
        OCI_INDEX, OCI_MANIFEST, _OCI_CONFIG, "application/vnd.oci.image.layer.v1.tar+gzip"
    ),
    "docker": _Words(
        DOCKER_LIST,
        DOCKER_MANIFEST,
        "application/vnd.docker.container.image.v1+json",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
    ),
}


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest or an index, as bytes with its media type."""

    media_type: str
    content: bytes

    @property
    def digest(self) -> Digest:
        """The SHA-256 of the bytes."""
        return Digest.of(self.content)


@dataclass(slots=True)
class Image:
    """The content of a push: manifests (the last is the top one) and blobs."""

    manifests: list[Manifest] = field(default_factory=list)
    blobs: dict[str, bytes] = field(default_factory=dict)

    @property
    def top(self) -> Manifest:
        """The manifest or index that the tag names."""
        return self.manifests[-1]


@dataclass(frozen=True, slots=True)
class Recipe:
    """The recipe of an image; equal recipes give equal bytes on every machine."""

    seed: str
    platforms: tuple[Platform, ...]
    media_types: MediaTypes = "oci"
    attestation: bool = False

    def build(self) -> Image:
        """The image: an index if there are several platforms or an attestation, else a manifest."""
        words = _WORDS[self.media_types]
        image = Image()
        entries = [self._add_manifest(image, platform, words) for platform in self.platforms]
        if len(entries) == 1 and not self.attestation:
            return image
        if self.attestation:
            entries.append(_add_attestation(image, entries[0], words))
        image.manifests.append(_manifest(words.index, {"manifests": entries}))
        return image

    def build_again(self, builds: int) -> Image:
        """The image after a number of further builds."""
        if not builds:
            return self.build()
        return replace(self, seed=f"{self.seed} build {builds}").build()

    def _add_manifest(self, image: Image, platform: Platform, words: _Words) -> dict[str, object]:
        archive = _archive("image", f"{self.seed} for {platform}\n".encode())
        layer = _gzip(archive)
        described = _platform(platform)
        config = _config(described, archive)
        manifest = _manifest(
            words.manifest,
            {
                "config": _blob(image, words.config, config),
                "layers": [_blob(image, words.layer, layer)],
            },
        )
        image.manifests.append(manifest)
        return _descriptor(manifest.media_type, manifest.content) | {"platform": described}


def platforms_of(texts: Sequence[str | Platform]) -> tuple[Platform, ...]:
    """Platforms, from platforms or from words such as ``linux/arm64``."""
    return tuple(Platform.parse(text) if isinstance(text, str) else text for text in texts)


def _add_attestation(image: Image, subject: dict[str, object], words: _Words) -> dict[str, object]:
    """A descriptor as BuildKit adds it: the platform ``unknown``, with the attested digest."""
    statement = _json({"_type": "https://in-toto.io/Statement/v0.1", "subject": []})
    manifest = _manifest(
        words.manifest,
        {
            "config": _blob(image, words.config, _config(_UNKNOWN, statement)),
            "layers": [_blob(image, _IN_TOTO, statement)],
        },
    )
    image.manifests.append(manifest)
    return _descriptor(manifest.media_type, manifest.content) | {
        "platform": _UNKNOWN,
        "annotations": {
            "vnd.docker.reference.digest": subject["digest"],
            "vnd.docker.reference.type": "attestation-manifest",
        },
    }


def _config(platform: dict[str, object], layer: bytes) -> bytes:
    root = {"type": "layers", "diff_ids": [Digest.of(layer)]}
    return _json(platform | {"config": {}, "rootfs": root})


def _platform(platform: Platform) -> dict[str, object]:
    words = {
        "os": platform.os,
        "architecture": platform.architecture,
        "variant": platform.variant,
        "os.version": platform.os_version,
    }
    return {name: word for name, word in words.items() if word}


def _blob(image: Image, media_type: str, content: bytes) -> dict[str, object]:
    image.blobs[Digest.of(content)] = content
    return _descriptor(media_type, content)


def _descriptor(media_type: str, content: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": Digest.of(content), "size": len(content)}


def _manifest(media_type: str, parts: dict[str, object]) -> Manifest:
    return Manifest(media_type, _json({"schemaVersion": 2, "mediaType": media_type} | parts))


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, indent=2).encode()


def _archive(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _gzip(content: bytes) -> bytes:
    """Gzip of one stored block (RFC 1951, 3.2.4): builds of zlib compress differently."""
    header = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    block = b"\x01" + struct.pack("<HH", len(content), 0xFFFF ^ len(content)) + content
    return header + block + struct.pack("<II", zlib.crc32(content), len(content))
