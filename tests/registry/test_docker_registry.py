"""Against Debian's own `docker-registry`, over real HTTP."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator

import pytest

from pinned_images.errors import AccessDenied, ImageNotFound, PlatformMismatch
from pinned_images.reference import ImageReference, Platform
from pinned_images.registry import RegistryResolver, RegistrySettings
from pinned_images.resolution import ResolutionRequest
from tests.registry.images import OCI_INDEX, make_image, make_multi_platform
from tests.registry.real_registry import (
    DOCKER_REGISTRY,
    HTPASSWD,
    PASSWORD,
    USER,
    DockerRegistry,
    running_registry,
)
from tests.registry.user import Ask, Home, Programs, require_resolution

pytestmark = pytest.mark.skipif(
    (DOCKER_REGISTRY is None or HTPASSWD is None) and "CI" not in os.environ,
    reason="docker-registry and htpasswd (Debian: docker-registry, apache2-utils) are not here",
)

Start = Callable[..., DockerRegistry]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts registries, each with its own storage and on a port of its own choice."""
    with contextlib.ExitStack() as stack:

        def run(password: str | None = None) -> DockerRegistry:
            folder = tmp_path_factory.mktemp("docker-registry")
            program = DOCKER_REGISTRY or "docker-registry"
            return stack.enter_context(running_registry(program, folder, password))

        yield run


@pytest.fixture(scope="module")
def open_registry(start: Start) -> DockerRegistry:
    return start()


@pytest.fixture(scope="module")
def guarded_registry(start: Start) -> DockerRegistry:
    return start(PASSWORD)


def test_a_multi_platform_image_is_resolved(open_registry: DockerRegistry, ask: Ask) -> None:
    image = open_registry.push("team/app", "v1", make_multi_platform())
    resolution = require_resolution(ask(open_registry.reference("team/app", "v1")))
    assert (resolution.digest, resolution.media_type) == (image.top, OCI_INDEX)


def test_platforms_are_those_of_the_index(open_registry: DockerRegistry, ask: Ask) -> None:
    image = open_registry.push("team/app", "v1", make_multi_platform())
    reference = open_registry.reference("team/app", "v1")
    arm64 = Platform("linux", "arm64")
    resolution = require_resolution(ask(reference, platform=arm64))
    assert resolution.digest == image.top
    assert resolution.platforms == (Platform("linux", "amd64"), arm64)
    selected = require_resolution(ask(reference, platform=arm64, select=True))
    assert selected.digest == make_image(architecture="arm64").top
    assert isinstance(ask(reference, platform=Platform("linux", "s390x")), PlatformMismatch)


def test_the_platform_of_a_single_image_is_that_of_its_configuration(
    open_registry: DockerRegistry, ask: Ask
) -> None:
    image = open_registry.push("team/arm", "v1", make_image(architecture="arm64"))
    reference = open_registry.reference("team/arm", "v1")
    assert require_resolution(ask(reference, platform=Platform("linux", "arm64"))).digest == (
        image.top
    )
    assert isinstance(ask(reference, platform=Platform("linux", "amd64")), PlatformMismatch)


@pytest.mark.parametrize("repository", ["team/app", "team/none"])
def test_what_is_missing_is_an_error(
    open_registry: DockerRegistry, ask: Ask, repository: str
) -> None:
    open_registry.push("team/app", "v1", make_image())
    assert isinstance(ask(open_registry.reference(repository, "v9")), ImageNotFound)


def test_it_serves_as_a_mirror_of_docker_hub(open_registry: DockerRegistry, ask: Ask) -> None:
    image = open_registry.push("library/nginx", "1.25", make_image())
    mirrors = {"docker.io": f"http://{open_registry.netloc}"}
    resolution = require_resolution(ask(ImageReference.parse("nginx:1.25"), mirrors=mirrors))
    assert (resolution.digest, resolution.source) == (image.top, "mirror")


def test_many_images_are_resolved_in_one_go(open_registry: DockerRegistry) -> None:
    images = {
        open_registry.reference(f"team/{name}", "v1"): open_registry.push(
            f"team/{name}", "v1", make_image(salt=name)
        ).top
        for name in "abcdefghijkl"
    }
    requests = [ResolutionRequest(reference) for reference in images]
    outcomes = RegistryResolver(RegistrySettings()).resolve(requests * 2)
    assert {
        request.reference: require_resolution(outcome).digest
        for request, outcome in outcomes.items()
    } == images


class TestWithAPassword:
    """The registry requires credentials."""

    def test_nobody_gets_in(self, guarded_registry: DockerRegistry, ask: Ask) -> None:
        error = ask(guarded_registry.reference("team/app", "v1"))
        assert isinstance(error, AccessDenied)
        assert f"docker login {guarded_registry.netloc}" in str(error)

    def test_the_password_in_dockers_configuration_opens(
        self, guarded_registry: DockerRegistry, home: Home, ask: Ask
    ) -> None:
        image = guarded_registry.push("team/app", "v1", make_multi_platform())
        home.log_in(guarded_registry.netloc, USER, PASSWORD)
        reference = guarded_registry.reference("team/app", "v1")
        assert require_resolution(ask(reference)).digest == image.top

    def test_a_wrong_password_does_not(
        self, guarded_registry: DockerRegistry, home: Home, ask: Ask
    ) -> None:
        home.log_in(guarded_registry.netloc, USER, "wrong")
        error = ask(guarded_registry.reference("team/app", "v1"))
        assert isinstance(error, AccessDenied)
        assert str(home.path) in str(error)

    def test_a_credential_helper_program_opens(
        self, guarded_registry: DockerRegistry, home: Home, programs: Programs, ask: Ask
    ) -> None:
        image = guarded_registry.push("team/app", "v1", make_multi_platform())
        programs.add(
            "docker-credential-memory",
            f'read server; [ "$1 $server" = "get {guarded_registry.netloc}" ] || exit 1\n'
            f'echo \'{{"Username": "{USER}", "Secret": "{PASSWORD}"}}\'',
        )
        home.docker_config({"credsStore": "memory"})
        reference = guarded_registry.reference("team/app", "v1")
        assert require_resolution(ask(reference, platform=Platform("linux", "amd64"))).digest == (
            image.top
        )
