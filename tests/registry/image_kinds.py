"""The kinds of images in registries, each with the expected resolution."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pinned_images.errors import PlatformMismatch, ResolutionError
from pinned_images.media_types import DOCKER_LIST, DOCKER_MANIFEST, OCI_MANIFEST
from pinned_images.reference import Digest
from tests.registry.images import Image, encode, make_index

OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
EMPTY_CONFIG = "application/vnd.oci.empty.v1+json"
ATTESTATION = {
    "platform": {"os": "unknown", "architecture": "unknown"},
    "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
}
AMD64 = {"os": "linux", "architecture": "amd64"}
ARM64 = {"os": "linux", "architecture": "arm64"}

#: What is selected for linux/amd64: an image, None for the top itself, or an error.
Selected = Image | None | type[ResolutionError]


@dataclass(frozen=True)
class Kind:
    """A kind of image.

    Attributes:
        image: The image.
        selected: What is selected for linux/amd64.
        on_windows: The same for Windows Server 2019, where that is another image.
    """

    image: Image
    selected: Selected = None
    on_windows: Selected = PlatformMismatch


def single(
    media_type: str = OCI_MANIFEST,
    *,
    named: str | None = "",
    config: Mapping[str, Any] | None = None,
    config_type: str | None = None,
    salt: str = "",
    **parts: Any,
) -> Image:
    """A manifest with its configuration; `named` is the media type in it, None for none."""
    body = encode({**AMD64, "salt": salt} if config is None else config)
    digest = Digest.of(body)
    types = {OCI_MANIFEST: OCI_CONFIG, DOCKER_MANIFEST: DOCKER_CONFIG}
    content: dict[str, Any] = {
        "schemaVersion": 2,
        "config": {
            "mediaType": config_type or types[media_type],
            "digest": digest,
            "size": len(body),
        },
        "layers": [],
        **parts,
    }
    if named is not None:
        content["mediaType"] = named or media_type
    manifest = encode(content)
    top = Digest.of(manifest)
    return Image(top, {top: (media_type, manifest)}, {digest: body})


def on(**platform: Any) -> dict[str, Any]:
    return {"platform": platform}


def _windows(build: str, salt: str = "") -> tuple[Image, dict[str, Any]]:
    platform = {"os": "windows", "architecture": "amd64", "os.version": build}
    return single(config=platform, salt=salt), on(**platform)


def _many(count: int) -> list[tuple[Image, dict[str, Any]]]:
    return [
        (
            single(salt=str(number), config={"os": "linux", "architecture": f"cpu{number}"}),
            on(os="linux", architecture=f"cpu{number}"),
        )
        for number in range(count)
    ]


amd, arm = single(), single(config=ARM64)
docker_amd, docker_arm = single(DOCKER_MANIFEST), single(DOCKER_MANIFEST, config=ARM64)
attestation = single(config={"os": "unknown", "architecture": "unknown"}, salt="attestation")
inner_amd = make_index((amd, on(**AMD64)), (attestation, ATTESTATION))
inner_arm = make_index((arm, on(**ARM64)))
windows_2019, windows_2022 = _windows("10.0.17763.6000"), _windows("10.0.20348.2000")

KINDS: dict[str, Kind] = {
    "an OCI manifest": Kind(amd),
    "an OCI manifest for another processor": Kind(arm, PlatformMismatch),
    "an OCI manifest that does not name its type": Kind(single(named=None)),
    "an OCI manifest with annotations": Kind(single(annotations={"a": "b"})),
    "an OCI manifest with null annotations": Kind(single(annotations=None)),
    "a schema 2 manifest": Kind(docker_amd),
    "a manifest whose configuration has null": Kind(
        single(config={**AMD64, "variant": None, "os.version": None})
    ),
    "a manifest whose configuration names its variant": Kind(
        single(config={**ARM64, "variant": "v8"}), PlatformMismatch
    ),
    "a manifest whose configuration names no platform": Kind(
        single(config={"config": {}}), PlatformMismatch
    ),
    "a Windows image": Kind(windows_2019[0], PlatformMismatch, None),
    "an artifact": Kind(
        single(config={}, config_type=EMPTY_CONFIG, artifactType="application/vnd.x"),
        PlatformMismatch,
    ),
    "a Helm chart": Kind(
        single(config={"name": "chart"}, config_type="application/vnd.cncf.helm.config.v1+json"),
        PlatformMismatch,
    ),
    "an OCI index": Kind(make_index((amd, on(**AMD64)), (arm, on(**ARM64))), amd),
    "an OCI index that does not name its type": Kind(
        make_index((amd, on(**AMD64)), (arm, on(**ARM64)), named=False), amd
    ),
    "a Docker manifest list": Kind(
        make_index((docker_amd, on(**AMD64)), (docker_arm, on(**ARM64)), media_type=DOCKER_LIST),
        docker_amd,
    ),
    "an OCI index over schema 2": Kind(
        make_index((docker_amd, on(**AMD64)), (docker_arm, on(**ARM64))), docker_amd
    ),
    "an index of one platform": Kind(make_index((amd, on(**AMD64))), amd),
    "an index with an attestation": Kind(inner_amd, amd),
    "an index of an attestation alone": Kind(
        make_index((attestation, ATTESTATION)), PlatformMismatch
    ),
    "an index with null fields": Kind(
        make_index(
            (
                amd,
                {
                    **on(**AMD64, variant=None, **{"os.version": None, "os.features": None}),
                    "annotations": None,
                },
            )
        ),
        amd,
    ),
    "an index that names no platforms": Kind(make_index((arm, {}), (amd, {})), amd),
    "an index that names one platform twice": Kind(
        make_index((amd, on(**AMD64)), (single(salt="second"), on(**AMD64))), amd
    ),
    "an index with variants": Kind(
        make_index(
            (single(salt="v3"), on(**AMD64, variant="v3")),
            (amd, on(**AMD64)),
            (arm, on(**ARM64, variant="v8")),
        ),
        amd,
    ),
    "an index without the platform": Kind(make_index((arm, on(**ARM64))), PlatformMismatch),
    "an index in other words for a platform": Kind(
        make_index((amd, on(os="Linux", architecture="x86_64"))), amd
    ),
    "an index with an artifact": Kind(
        make_index(
            (
                single(config={}, config_type=EMPTY_CONFIG, artifactType="application/vnd.x"),
                {"artifactType": "application/vnd.x"},
            ),
            (amd, on(**AMD64)),
        ),
        amd,
    ),
    "an empty index": Kind(make_index(), PlatformMismatch),
    "a nested index": Kind(make_index((inner_amd, on(**AMD64)), (inner_arm, on(**ARM64))), amd),
    "a nested index that names no platforms outside": Kind(
        make_index((inner_amd, {}), (inner_arm, {})), amd
    ),
    "a nested index that names no platforms at all": Kind(
        make_index((make_index((arm, {}), (amd, {})), {})), amd
    ),
    "a nested index two levels deep": Kind(
        make_index((make_index((inner_amd, {})), {}), (arm, {})), amd
    ),
    "an index with Windows": Kind(
        make_index(windows_2022, windows_2019, (amd, on(**AMD64))), amd, windows_2019[0]
    ),
    "an index of 300 platforms": Kind(
        make_index(*_many(150), (amd, on(**AMD64)), *_many(149)), amd
    ),
    "an index with a subject": Kind(
        make_index((amd, on(**AMD64)), annotations={"org.example": "x"}), amd
    ),
}


def sha256(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"
