"""The registry client: manifests, blobs and referrers by reference."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from pinned_images.errors import AccessDenied, ImageNotFound, ResolutionError, UntrustedAnswer
from pinned_images.media_types import OCI_INDEX, OCI_MANIFEST
from pinned_images.reference import Digest, ImageReference
from pinned_images.registry.auth.credentials import Credentials
from pinned_images.registry.client import RegistryClient
from pinned_images.registry.settings import RegistrySettings
from tests.registry.images import Image, encode, make_image
from tests.registry.loopback import Received, Reply
from tests.registry.scripted import ScriptedRegistry
from tests.registry.user import SETTINGS

SIGNATURE = "application/vnd.dev.cosign.artifact.sig.v1+json"
SBOM = "application/vnd.example.sbom"


def client(**options: Any) -> RegistryClient:
    return RegistryClient(RegistrySettings(**{**SETTINGS, **options}))


def soon() -> float:
    return time.monotonic() + 20


def referrer(name: str, artifact_type: str) -> dict[str, Any]:
    return {
        "mediaType": OCI_MANIFEST,
        "digest": Digest.of(name.encode()),
        "size": 7,
        "artifactType": artifact_type,
        "annotations": {"name": name, "number": 7},
    }


def test_what_a_tag_names_is_told_by_head(registry: ScriptedRegistry, image: Image) -> None:
    descriptor = client().head_manifest(registry.reference(), deadline=soon())
    assert descriptor is not None
    assert (descriptor.digest, descriptor.media_type) == (image.top, OCI_INDEX)
    assert [each.method for each in registry.server.requests] == ["HEAD"]


def test_where_head_does_not_do_only_the_manifest_can_tell(
    registry: ScriptedRegistry, image: Image
) -> None:
    registry.protection = lambda received: Reply(405) if received.method == "HEAD" else None
    assert client().head_manifest(registry.reference(), deadline=soon()) is None
    manifest = client().get_manifest(registry.reference(), deadline=soon())
    assert manifest.digest == image.top
    assert manifest.is_index
    assert manifest.body == image.manifests[image.top][1]
    assert [each.platform is not None for each in manifest.manifests] == [True, True]


def test_a_blob_is_checked_against_its_digest(registry: ScriptedRegistry) -> None:
    image = registry.add("team/app", "v2", make_image())
    reference = registry.reference(tag="v2")
    [(digest, body)] = image.blobs.items()
    assert client().get_blob(reference, Digest(digest), deadline=soon()) == body
    registry.protection = lambda _: Reply(200, {}, body + b" ")
    with pytest.raises(UntrustedAnswer, match="differs"):
        client().get_blob(reference, Digest(digest), deadline=soon())


def test_an_error_names_the_image_and_the_registry(registry: ScriptedRegistry) -> None:
    with pytest.raises(ImageNotFound) as caught:
        client().get_manifest(registry.reference(tag="v9"), deadline=soon())
    assert str(caught.value).startswith(
        f"The image '{registry.reference(tag='v9')}' could not be resolved at the registry "
    )


def test_given_credentials_are_used(registry: ScriptedRegistry, image: Image) -> None:
    registry.require_basic("user", "open sesame")
    with pytest.raises(AccessDenied):
        client().get_manifest(registry.reference(), deadline=soon())
    own = Credentials("user", "open sesame")
    manifest = client().get_manifest(registry.reference(), credentials=own, deadline=soon())
    assert manifest.digest == image.top


def test_a_mirror_is_asked_first_and_passed_over_where_that_is_allowed(
    registry: ScriptedRegistry, image: Image, make_registry: Callable[..., ScriptedRegistry]
) -> None:
    mirror = make_registry()
    options: dict[str, Any] = {"mirrors": {registry.server.netloc: mirror.server.url}}
    with pytest.raises(ImageNotFound, match="the mirror"):
        client(**options).get_manifest(registry.reference(), deadline=soon())
    options["mirror_fallback"] = True
    manifest = client(**options).get_manifest(registry.reference(), deadline=soon())
    assert manifest.digest == image.top


class TestReferrers:
    """Signatures and the like, that refer to an image (OCI Distribution 1.1)."""

    @pytest.fixture
    def index(self) -> bytes:
        manifests = [referrer("signed", SIGNATURE), referrer("listed", SBOM), {"broken": True}]
        return encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests})

    @pytest.mark.parametrize("artifact_type", [None, SIGNATURE])
    def test_they_are_listed_by_their_type(
        self,
        registry: ScriptedRegistry,
        image: Image,
        index: bytes,
        artifact_type: str | None,
    ) -> None:
        registry.protection = lambda _: Reply(200, {"Content-Type": OCI_INDEX}, index)
        found = client().referrers(registry.reference(), image.top, artifact_type, deadline=soon())
        names = [each.annotations for each in found]
        assert names == [{"name": "signed"}, {"name": "listed"}][: 1 if artifact_type else 2]
        [received] = registry.server.requests
        assert received.path == f"/v2/team/app/referrers/{image.top}"
        assert received.query.get("artifactType") == (artifact_type and [artifact_type])

    def test_pages_are_followed(
        self, registry: ScriptedRegistry, image: Image, index: bytes
    ) -> None:
        def respond(received: Received) -> Reply:
            if "page" in received.query:
                return Reply(200, {"Content-Type": OCI_INDEX}, index)
            return Reply(200, {"Content-Type": OCI_INDEX, "Link": '<?page=2>; rel="next"'}, index)

        registry.protection = respond
        found = client().referrers(registry.reference(), image.top, deadline=soon())
        assert len(found) == 4

    def test_where_the_registry_lacks_the_api_the_tag_of_the_digest_is_read(
        self, registry: ScriptedRegistry, image: Image, index: bytes
    ) -> None:
        digest = Digest.of(index)
        tag = image.top.replace(":", "-")
        registry.add("team/app", tag, Image(digest, {digest: (OCI_INDEX, index)}, {}))
        found = client().referrers(registry.reference(), image.top, SBOM, deadline=soon())
        assert [each.artifact_type for each in found] == [SBOM]

    def test_an_image_may_have_none(self, registry: ScriptedRegistry, image: Image) -> None:
        assert client().referrers(registry.reference(), image.top, deadline=soon()) == []

    @pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"manifests": 7}'])
    def test_what_is_no_index_is_an_error_that_names_what_was_asked(
        self, registry: ScriptedRegistry, image: Image, body: bytes
    ) -> None:
        registry.protection = lambda _: Reply(200, {}, body)
        with pytest.raises(ResolutionError) as caught:
            client().referrers(registry.reference(), image.top, deadline=soon())
        assert str(caught.value).startswith(
            f"The referrers of {image.top} in '{registry.server.netloc}/team/app' could not be "
        )


def test_a_reference_by_digest_alone_is_asked_by_it(
    registry: ScriptedRegistry, image: Image
) -> None:
    reference = ImageReference.parse(f"{registry.server.netloc}/team/app@{image.top}")
    assert client().get_manifest(reference, deadline=soon()).digest == image.top
