"""Private addresses in a public registry's answers are refused at the connection."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from pinned_images.errors import UntrustedAnswer
from pinned_images.reference import ImageReference
from pinned_images.registry.http import connections, http_client
from pinned_images.registry.http.addresses import is_private_literal
from pinned_images.registry.http.messages import Request
from pinned_images.registry.http.transport import Transport
from tests.registry.images import make_image
from tests.registry.loopback import LoopbackServer, Reply
from tests.registry.scripted import ScriptedRegistry
from tests.registry.user import Ask, Home, require_resolution

PUBLIC, PRIVATE = "127.0.0.2", "127.0.0.1"
ADDRESSES = {"registry.example": PUBLIC, "cdn.example": PUBLIC, "inside.example": PRIVATE}


class World:
    """Names and certificates; `PUBLIC` counts as an address of the internet."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.authority = trustme.CA()
        self.looked_up: list[str] = []
        self._stack = contextlib.ExitStack()
        bundle = folder / "authority.pem"
        self.authority.cert_pem.write_to_path(str(bundle))
        monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
        real = socket.getaddrinfo

        def look_up(host: str, *arguments: Any, **options: Any) -> Any:
            self.looked_up.append(host)
            return real(ADDRESSES.get(host, host), *arguments, **options)

        def is_private(host: str) -> bool:
            return host != PUBLIC and is_private_literal(host)

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        monkeypatch.setattr(http_client, "is_private_literal", is_private)
        monkeypatch.setattr(connections, "is_private_literal", is_private)

    def close(self) -> None:
        self._stack.close()

    def registry(self, name: str) -> ScriptedRegistry:
        made = ScriptedRegistry(self._context(name), ADDRESSES[name])
        self._stack.callback(made.server.close)
        return made

    def server(self, name: str, respond: Callable[..., Reply]) -> LoopbackServer:
        made = LoopbackServer(respond, self._context(name), ADDRESSES[name])
        self._stack.callback(made.close)
        return made

    def _context(self, name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(name).configure_cert(context)
        return context


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(tmp_path, monkeypatch)
    yield made
    made.close()


@pytest.fixture
def public(world: World) -> ScriptedRegistry:
    made = world.registry("registry.example")
    made.add("team/app", "v1", make_image())
    return made


def app_of(registry: ScriptedRegistry, name: str = "registry.example") -> ImageReference:
    return ImageReference.parse(f"{name}:{registry.server.port}/team/app:v1")


def test_a_public_registry_is_asked(public: ScriptedRegistry, ask: Ask) -> None:
    assert require_resolution(ask(app_of(public))).digest == public.images["team/app", "v1"].top


def test_a_realm_whose_name_leads_inside_gets_no_request(
    world: World, public: ScriptedRegistry, home: Home, ask: Ask
) -> None:
    inside = world.server("inside.example", lambda _: Reply(200, {}, b'{"token":"t"}'))
    home.log_in(f"registry.example:{public.server.port}", "user", "open sesame")
    realm = f"https://inside.example:{inside.port}/token"
    public.protection = lambda _: Reply(401, {"WWW-Authenticate": f'Bearer realm="{realm}"'})
    error = ask(app_of(public))
    assert isinstance(error, UntrustedAnswer)
    assert "'inside.example', which it names, leads to a private address" in str(error)
    assert inside.connections == 0


def test_a_redirect_whose_name_leads_inside_is_not_followed(
    world: World, public: ScriptedRegistry, ask: Ask
) -> None:
    inside = world.server("inside.example", public.honest)
    location = f"https://inside.example:{inside.port}/v2/team/app/manifests/v1"
    public.protection = lambda _: Reply(307, {"Location": location})
    assert isinstance(ask(app_of(public)), UntrustedAnswer)
    assert inside.connections == 0


def test_a_redirect_to_another_public_host_is_followed(
    world: World, public: ScriptedRegistry, ask: Ask
) -> None:
    other = world.server("cdn.example", public.honest)
    location = f"https://cdn.example:{other.port}/v2/team/app/manifests/v1"
    public.protection = lambda _: Reply(307, {"Location": location})
    assert require_resolution(ask(app_of(public))).digest == public.images["team/app", "v1"].top


def test_a_registry_inside_may_name_another_host_inside(world: World, ask: Ask) -> None:
    registry = world.registry("inside.example")
    image = registry.add("team/app", "v1", make_image())
    other = world.server("inside.example", registry.honest)
    location = f"https://inside.example:{other.port}/v2/team/app/manifests/v1"
    registry.protection = lambda _: Reply(307, {"Location": location})
    outcome = ask(app_of(registry, "inside.example"))
    assert require_resolution(outcome).digest == image.top


def test_a_name_is_looked_up_once_for_a_connection(
    world: World, public: ScriptedRegistry, ask: Ask
) -> None:
    """A second look-up could be answered with another address (DNS rebinding)."""
    ask(app_of(public))
    assert world.looked_up == ["registry.example"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("is_kept", [True, False], ids=["a kept connection", "a new connection"])
def test_no_connection_to_a_private_address_is_used_where_it_must_be_public(
    make_server: Callable[..., LoopbackServer], host: str, *, is_kept: bool
) -> None:
    server = make_server(lambda _: Reply(200))
    transport = Transport({}, connections=1)
    url = f"http://{host}:{server.port}/v2/"
    if is_kept:
        transport.send(Request("GET", url), 10)
    with pytest.raises(UntrustedAnswer, match="leads to a private address"):
        transport.send(Request("GET", url, public_only=True), 10)
    assert len(server.requests) == int(is_kept)
