"""Every kind of image, at several registries: each digest is the hash of the bytes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest

from pinned_images.reference import ImageReference, Platform
from pinned_images.resolution import Resolution
from pinned_images.testing import RegistryServer
from tests.registry.image_kinds import KINDS, sha256
from tests.registry.images import Image
from tests.registry.real_registry import DOCKER_REGISTRY, Refused, running_registry
from tests.registry.user import Ask

AMD64 = Platform("linux", "amd64")
WINDOWS = Platform("windows", "amd64", os_version="10.0.17763")

#: Where distribution v3 is, if it was built: `go install` of its `cmd/registry`.
DISTRIBUTION_3 = os.environ.get("DISTRIBUTION_3") or shutil.which("distribution-registry")

SERVERS = ["own", "docker-registry", "distribution-3"]

#: What a server does not store, so that nobody can meet it there.
REFUSED: dict[str, set[str]] = {"own": set(), "docker-registry": set(), "distribution-3": set()}

Push = Callable[[str, str, Image], ImageReference]


@pytest.fixture(scope="module", params=SERVERS)
def push(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Push]:
    """Stores an image at a running server."""
    if request.param == "own":
        with RegistryServer() as server:
            yield lambda repository, tag, image: _push_to(server, repository, tag, image)
        return
    program = DOCKER_REGISTRY if request.param == "docker-registry" else DISTRIBUTION_3
    if program is None:
        pytest.skip(f"{request.param} is not here")
    with running_registry(program, tmp_path_factory.mktemp(request.param)) as registry:

        def push_there(repository: str, tag: str, image: Image) -> ImageReference:
            registry.push(repository, tag, image)
            return registry.reference(repository, tag)

        yield push_there


def _push_to(server: RegistryServer, repository: str, tag: str, image: Image) -> ImageReference:
    for digest, (media_type, body) in image.manifests.items():
        name = tag if digest == image.top else digest.partition(":")[2][:12]
        server.push_manifest(f"{repository}:{name}", body, media_type)
    vars(server)["_registry"].repositories[repository].blobs.update(image.blobs)
    return ImageReference.parse(f"{server.host}/{repository}:{tag}")


@pytest.mark.parametrize("name", KINDS)
def test_each_digest_is_the_hash_of_the_bytes(
    push: Push, ask: Ask, request: pytest.FixtureRequest, name: str
) -> None:
    kind = KINDS[name]
    server = request.node.callspec.params["push"]
    repository = f"kinds/{list(KINDS).index(name)}"
    if name in REFUSED[server]:
        with pytest.raises(Refused):
            push(repository, "v1", kind.image)
        return
    reference = push(repository, "v1", kind.image)
    media_type, body = kind.image.manifests[kind.image.top]

    plain = ask(reference)

    assert isinstance(plain, Resolution), plain
    assert plain.digest == sha256(body)
    assert plain.media_type == media_type
    for platform, selected in ((AMD64, kind.selected), (WINDOWS, kind.on_windows)):
        verified = ask(reference, platform=platform)
        chosen = ask(reference, platform=platform, select=True)
        if isinstance(selected, type):
            assert type(verified) is selected, verified
            assert type(chosen) is selected, chosen
            continue
        assert isinstance(verified, Resolution), verified
        assert isinstance(chosen, Resolution), chosen
        assert verified.digest == sha256(body)
        assert (chosen.digest, chosen.media_type) == _expected(selected or kind.image)


def _expected(image: Image) -> tuple[str, str]:
    media_type, body = image.manifests[image.top]
    return sha256(body), media_type


def test_there_are_kinds_enough() -> None:
    assert len(KINDS) >= 31
