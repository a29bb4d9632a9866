"""The images under a tag, by platform: nested indexes, empty ones, and broken entries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pinned_images.errors import (
    ImageNotFound,
    PlatformMismatch,
    ResolutionError,
    UntrustedAnswer,
)
from pinned_images.media_types import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    INDEX_TYPES,
    OCI_INDEX,
    OCI_MANIFEST,
)
from pinned_images.reference import Digest, Platform
from pinned_images.registry.manifest import Descriptor, Manifest
from pinned_images.registry.platform_images import platform_images
from tests.registry.images import Image, encode, make_image, make_index
from tests.registry.scripted import ScriptedRegistry
from tests.registry.user import Ask, require_resolution

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
ATTESTATION = {
    "platform": {"os": "unknown", "architecture": "unknown"},
    "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
}


def said(architecture: str, **more: Any) -> Mapping[str, Any]:
    return {"platform": {"os": "linux", "architecture": architecture, **more}}


def per_platform_index(architecture: str) -> Image:
    """An image and its attestation in an index, as builds of one platform push it."""
    image = make_image(architecture=architecture)
    return make_index((image, said(architecture)), (make_image(salt="a"), ATTESTATION))


class TestNestedIndexes:
    """An index in an index, as ghcr.io/goauthentik/server has it."""

    @pytest.mark.parametrize("outer_names", [True, False], ids=["named", "unnamed"])
    def test_the_manifest_inside_is_selected(
        self, registry: ScriptedRegistry, ask: Ask, *, outer_names: bool
    ) -> None:
        top = make_index(
            *(
                (per_platform_index(architecture), said(architecture) if outer_names else {})
                for architecture in ("amd64", "arm64")
            )
        )
        registry.add("team/app", "v1", top)
        selected = require_resolution(ask(registry.reference(), platform=ARM64, select=True))
        assert selected.digest == make_image(architecture="arm64").top
        assert selected.media_type == OCI_MANIFEST
        verified = require_resolution(ask(registry.reference(), platform=ARM64))
        assert (verified.digest, verified.media_type) == (top.top, OCI_INDEX)
        assert verified.platforms == (AMD64, ARM64)

    def test_the_platform_of_the_outer_entry_holds_for_an_inner_one_without(
        self, registry: ScriptedRegistry, ask: Ask
    ) -> None:
        inner = make_index((make_image(architecture="arm64"), {}))
        registry.add("team/app", "v1", make_index((inner, said("arm64"))))
        selected = require_resolution(ask(registry.reference(), platform=ARM64, select=True))
        assert selected.digest == make_image(architecture="arm64").top

    def test_where_nothing_names_a_platform_the_configurations_tell(
        self, registry: ScriptedRegistry, ask: Ask
    ) -> None:
        arm = make_image(architecture="arm64")
        inner = make_index((make_image(), {}), (arm, {}))
        registry.add("team/app", "v1", make_index((inner, {})))
        selected = require_resolution(ask(registry.reference(), platform=ARM64, select=True))
        assert selected.digest == arm.top

    def test_a_missing_platform_names_what_there_is_inside(
        self, registry: ScriptedRegistry, ask: Ask
    ) -> None:
        registry.add("team/app", "v1", make_index((per_platform_index("amd64"), {})))
        error = ask(registry.reference(), platform=ARM64)
        assert isinstance(error, PlatformMismatch)
        assert "nothing for linux/arm64, only for linux/amd64;" in str(error)

    def test_an_inner_index_that_is_gone_hurts_only_those_who_want_it(
        self, registry: ScriptedRegistry, ask: Ask
    ) -> None:
        gone = per_platform_index("arm64")
        top = make_index((per_platform_index("amd64"), {}), (gone, {}))
        kept = {digest: each for digest, each in top.manifests.items() if digest != gone.top}
        registry.add("team/app", "v1", Image(top.top, kept, top.blobs))
        assert require_resolution(ask(registry.reference(), platform=AMD64)).digest == top.top
        error = ask(registry.reference(), platform=ARM64)
        assert isinstance(error, ImageNotFound)
        assert gone.top in str(error)

    def test_an_inner_index_is_read_once_however_many_platforms_are_wanted(
        self, registry: ScriptedRegistry, ask: Ask
    ) -> None:
        inner = per_platform_index("amd64")
        registry.add("team/app", "v1", make_index((inner, {}), (inner, {}), (inner, said("arm64"))))
        ask(registry.reference(), platform=AMD64)
        assert registry.server.count("GET", f"/manifests/{inner.top}") == 1

    def test_nesting_without_an_end_is_refused(self, registry: ScriptedRegistry, ask: Ask) -> None:
        image = make_image()
        for depth in range(10):
            image = make_index((image, {"annotations": {"depth": str(depth)}}))
        registry.add("team/app", "v1", image)
        error = ask(registry.reference(), platform=AMD64)
        assert isinstance(error, UntrustedAnswer)
        assert "nested deeper" in str(error)

    def test_no_more_indexes_are_read_than_the_bound(
        self, registry: ScriptedRegistry, ask: Ask
    ) -> None:
        inner = [make_index((make_image(salt=str(number)), {})) for number in range(200)]
        registry.add("team/app", "v1", make_index(*((each, {}) for each in inner)))
        assert isinstance(ask(registry.reference(), platform=AMD64), UntrustedAnswer)
        assert len(registry.server.requests) <= 65


def test_circles_end() -> None:
    """No digest can be in itself, but a source of manifests may be broken."""
    digest = Digest.of(b"x")
    circle = Manifest(digest, OCI_INDEX, (Descriptor(digest, OCI_INDEX),), listed=1)
    images = platform_images(circle, lambda _: circle, lambda _: AMD64)
    assert images.platforms == ()


@pytest.mark.parametrize("select", [True, False])
def test_an_empty_index_has_an_error_of_its_own(
    registry: ScriptedRegistry, ask: Ask, *, select: bool
) -> None:
    registry.add("team/app", "v1", make_index())
    error = ask(registry.reference(), platform=AMD64, select=select)
    assert isinstance(error, PlatformMismatch)
    assert "its index is empty" in str(error)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"platform": None}, id="no platform"),
        pytest.param({"annotations": None}, id="no annotations"),
        pytest.param({"artifactType": None}, id="no type of artifact"),
        pytest.param({"urls": None, "data": None, "size": None}, id="no size"),
        pytest.param(
            {
                "platform": {
                    "os": "linux",
                    "architecture": "amd64",
                    "variant": None,
                    "os.version": None,
                    "os.features": None,
                    "features": None,
                }
            },
            id="parts of a platform",
        ),
    ],
)
def test_null_means_that_nothing_is_said(
    registry: ScriptedRegistry, ask: Ask, changes: dict[str, Any]
) -> None:
    image = make_image()
    registry.add("team/app", "v1", make_index((image, {**said("amd64"), **changes})))
    selected = require_resolution(ask(registry.reference(), platform=AMD64, select=True))
    assert selected.digest == image.top


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param({"digest": "sha256:" + "0" * 64, "size": 7, **said("arm64")}, id="no type"),
        pytest.param(
            {"mediaType": OCI_MANIFEST, "digest": "blake9:" + "0" * 64, **said("arm64")},
            id="an algorithm that is not known",
        ),
        pytest.param({"mediaType": OCI_MANIFEST, **said("arm64")}, id="no digest"),
        pytest.param({"mediaType": 7, "digest": 7, "platform": 7}, id="numbers"),
        pytest.param("a text", id="a text"),
        pytest.param(None, id="null"),
        pytest.param(
            {
                "mediaType": OCI_MANIFEST,
                "digest": "sha256:" + "0" * 64,
                **said("arm64", **{"os.version": "1" * 5000}),
            },
            id="a version of 5000 digits",
        ),
        pytest.param(
            {
                "mediaType": OCI_MANIFEST,
                "digest": "sha256:" + "0" * 64,
                "platform": {"os": "\x1b[31mlinux", "architecture": "arm64\n"},
            },
            id="control characters",
        ),
    ],
)
def test_an_unusable_entry_does_not_spoil_the_others(
    registry: ScriptedRegistry, ask: Ask, entry: Any
) -> None:
    image = make_image()
    good = make_index((image, said("amd64")))
    listed = [
        entry,
        {"mediaType": OCI_MANIFEST, "digest": image.top, "size": 7, **said("amd64")},
    ]
    body = encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed})
    top = Digest.of(body)
    manifests = {**good.manifests, top: (OCI_INDEX, body)}
    registry.add("team/app", "v1", Image(top, manifests, good.blobs))
    resolution = require_resolution(ask(registry.reference(), platform=AMD64))
    assert (resolution.digest, resolution.platforms) == (top, (AMD64,))


def test_artifacts_among_the_images_are_passed_over(registry: ScriptedRegistry, ask: Ask) -> None:
    chart = make_image(salt="chart")
    image = make_image()
    registry.add(
        "team/app",
        "v1",
        make_index((chart, {"artifactType": "application/vnd.cncf.helm.chart"}), (image, {})),
    )
    selected = require_resolution(ask(registry.reference(), platform=AMD64, select=True))
    assert selected.digest == image.top


def test_what_an_error_says_of_platforms_is_bounded(registry: ScriptedRegistry, ask: Ask) -> None:
    entries = ((make_image(salt=str(n)), said("arm64", variant=f"v{n}")) for n in range(9, 409))
    registry.add("team/app", "v1", make_index(*entries))
    error = ask(registry.reference(), platform=AMD64)
    assert isinstance(error, PlatformMismatch)
    assert "and 392 more" in str(error)
    assert len(str(error)) < 1000


@pytest.mark.parametrize("media_type", [OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST])
def test_an_answer_names_its_type(
    registry: ScriptedRegistry,
    ask: Ask,
    media_type: str,
) -> None:
    image = make_image()
    content: dict[str, Any] = {"schemaVersion": 2, "mediaType": media_type}
    if media_type in INDEX_TYPES:
        content["manifests"] = [{"mediaType": OCI_MANIFEST, "digest": image.top, **said("amd64")}]
    else:
        config = next(iter(image.blobs))
        content |= {"config": {"digest": config, "mediaType": "x", "size": 7}, "layers": []}
    body = encode(content)
    top = Digest.of(body)
    manifests = {**image.manifests, top: (media_type, body)}
    registry.add("team/app", "v1", Image(top, manifests, image.blobs))
    for platform in (None, AMD64):
        resolution = require_resolution(ask(registry.reference(), platform=platform))
        assert resolution.digest == top
        assert resolution.media_type == media_type


def test_an_error_of_a_walk_is_one_of_the_library() -> None:
    top = Manifest(Digest.of(b"x"), OCI_MANIFEST)
    with pytest.raises(ResolutionError, match="does not say on which platform"):
        platform_images(top, lambda _: top, lambda _: None)
