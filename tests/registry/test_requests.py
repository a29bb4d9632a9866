"""The cost of an image at its registry: one request, and a token where one is required."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pinned_images import ImageReference, Platform, Resolution, ResolutionRequest
from pinned_images.registry.resolver import RegistryResolver
from pinned_images.registry.settings import RegistrySettings
from pinned_images.testing import RegistryServer

IMAGES = 30
BOTH = ("linux/amd64", "linux/arm64")


@pytest.fixture
def registries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[RegistryServer]]:
    """Two registries with an image in each of their repositories, and nobody logged in."""
    for variable in ("DOCKER_CONFIG", "HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(variable, str(tmp_path))
    with ExitStack() as stack:
        servers = [stack.enter_context(RegistryServer()) for _ in range(2)]
        for server in servers:
            for number in range(IMAGES):
                server.push(f"team/app-{number}:1", BOTH)
        yield servers


def asked(
    registries: list[RegistryServer], platforms: tuple[str | None, ...] = (None,)
) -> Counter[str]:
    requests = [
        ResolutionRequest(
            ImageReference.parse(f"{server.host}/team/app-{number}:1"),
            None if platform is None else Platform.parse(platform),
        )
        for server in registries
        for number in range(IMAGES)
        for platform in platforms
    ]
    outcomes = RegistryResolver().resolve(requests)
    assert all(isinstance(outcome, Resolution) for outcome in outcomes.values())
    return sum((server.requests for server in registries), Counter())


def test_an_image_costs_one_request(registries: list[RegistryServer]) -> None:
    assert asked(registries) == {"HEAD manifest": 2 * IMAGES}


def test_an_image_costs_one_request_however_many_platforms_it_is_wanted_for(
    registries: list[RegistryServer],
) -> None:
    assert asked(registries, BOTH) == {"GET manifest": 2 * IMAGES}


def test_an_image_costs_a_token_more_where_its_repository_wants_one(
    registries: list[RegistryServer],
) -> None:
    for server in registries:
        server.protect("*", "bearer")
    requests = asked(registries)
    assert requests.pop("GET token") == 2 * IMAGES
    # Those that are first, side by side, learn that tokens are wanted by being refused.
    refused = requests.pop("HEAD manifest") - 2 * IMAGES
    assert 2 <= refused <= 2 * RegistrySettings().concurrency
    assert not requests


def test_connections_are_as_many_as_requests_that_are_under_way_at_a_time(
    registries: list[RegistryServer],
) -> None:
    asked(registries)
    assert all(server.connections <= RegistrySettings().concurrency for server in registries)
