"""Real servers on loopback, and a user with an empty home."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.registry.clock import Clock
from tests.registry.images import Image, make_image, make_multi_platform
from tests.registry.internet import Internet
from tests.registry.loopback import LoopbackServer
from tests.registry.scripted import ScriptedRegistry, TokenService
from tests.registry.user import Ask, Home, Programs, ask_registry

_VARIABLES = (
    "DOCKER_CONFIG",
    "DOCKER_AUTH_CONFIG",
    "REGISTRY_AUTH_FILE",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "AWS_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty home, and nothing of the machine's own configuration."""
    for variable in _VARIABLES:
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)
    path = tmp_path / "home"
    path.mkdir()
    monkeypatch.setenv("HOME", str(path))
    return Home(path)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    path = tmp_path / "bin"
    path.mkdir()
    monkeypatch.setenv("PATH", f"{path}:/usr/bin:/bin")
    return Programs(path)


@pytest.fixture
def make_server() -> Iterator[Callable[..., LoopbackServer]]:
    with contextlib.ExitStack() as stack:

        def make(*arguments: Any) -> LoopbackServer:
            server = LoopbackServer(*arguments)
            stack.callback(server.close)
            return server

        yield make


@pytest.fixture
def make_registry() -> Iterator[Callable[..., ScriptedRegistry]]:
    with contextlib.ExitStack() as stack:

        def make(*arguments: Any) -> ScriptedRegistry:
            registry = ScriptedRegistry(*arguments)
            stack.callback(registry.server.close)
            return registry

        yield make


@pytest.fixture
def registry(make_registry: Callable[..., ScriptedRegistry]) -> ScriptedRegistry:
    """A registry with ``team/app:v1`` for linux on amd64 and arm64."""
    made = make_registry()
    made.add("team/app", "v1", make_multi_platform())
    return made


@pytest.fixture
def image(registry: ScriptedRegistry) -> Image:
    return registry.images["team/app", "v1"]


@pytest.fixture
def make_token_service() -> Iterator[Callable[..., TokenService]]:
    with contextlib.ExitStack() as stack:

        def make(registry: ScriptedRegistry, **options: Any) -> TokenService:
            service = TokenService(registry, **options)
            stack.callback(service.server.close)
            return service

        yield make


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def ask() -> Ask:
    return ask_registry


@pytest.fixture
def internet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Internet]:
    made = Internet(tmp_path, monkeypatch)
    yield made
    made.close()


@pytest.fixture
def public(internet: Internet) -> ScriptedRegistry:
    """``registry.example``, with ``team/app:v1``."""
    made = internet.registry("registry.example")
    made.add("team/app", "v1", make_image())
    return made
