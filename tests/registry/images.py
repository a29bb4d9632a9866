"""Small images, made of real manifests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pinned_images.reference import Digest

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@dataclass(frozen=True)
class Image:
    """Some manifests and blobs, by digest."""

    top: Digest
    manifests: Mapping[str, tuple[str, bytes]]
    blobs: Mapping[str, bytes]


def encode(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def make_image(
    os: str = "linux", architecture: str = "amd64", salt: str = "", **config: str
) -> Image:
    """An image for one platform."""
    body = encode({"os": os, "architecture": architecture, "salt": salt, **config})
    config_digest = Digest.of(body)
    manifest = encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"digest": config_digest, "size": len(body), "mediaType": "x"},
            "layers": [],
        }
    )
    digest = Digest.of(manifest)
    return Image(digest, {digest: (OCI_MANIFEST, manifest)}, {config_digest: body})


def make_index(
    *entries: tuple[Image, Mapping[str, Any]],
    media_type: str = OCI_INDEX,
    named: bool = True,
    **parts: Any,
) -> Image:
    """An index of images, each with further fields of its descriptor."""
    manifests: dict[str, tuple[str, bytes]] = {}
    blobs: dict[str, bytes] = {}
    listed = []
    for image, fields in entries:
        kind, body = image.manifests[image.top]
        listed.append({"mediaType": kind, "digest": image.top, "size": len(body), **fields})
        manifests.update(image.manifests)
        blobs.update(image.blobs)
    content = {"schemaVersion": 2, "manifests": listed, **parts}
    if named:
        content["mediaType"] = media_type
    body = encode(content)
    top = Digest.of(body)
    return Image(top, {**manifests, top: (media_type, body)}, blobs)


def make_multi_platform() -> Image:
    """An index for two platforms, with an attestation as BuildKit adds it."""
    return make_index(
        (make_image(), {"platform": {"os": "linux", "architecture": "amd64"}}),
        (
            make_image(architecture="arm64"),
            {"platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
        ),
        (
            make_image("unknown", "unknown"),
            {
                "platform": {"os": "unknown", "architecture": "unknown"},
                "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
            },
        ),
    )
