"""All that can be said of a registry that does not answer as it should, on one page.

The page is the snapshot beside this file: read it as somebody who has never seen this library and
has only the sentence.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from pinned_images.errors import ResolutionError
from pinned_images.media_types import OCI_INDEX, OCI_MANIFEST
from pinned_images.reference import Digest, ImageReference, Platform
from pinned_images.registry.client import RegistryClient
from pinned_images.registry.concurrent_resolution import ResolutionTask, resolve_concurrently
from pinned_images.registry.http.http_client import HttpClient
from pinned_images.registry.http.messages import Request
from pinned_images.registry.http.retries import RetryPolicy
from pinned_images.registry.settings import RegistrySettings
from pinned_images.resolution import Outcome, ResolutionRequest
from tests.registry.images import Image, encode, make_image, make_index
from tests.registry.internet import Internet
from tests.registry.loopback import LoopbackServer, Reply
from tests.registry.scripted import ScriptedRegistry, TokenService
from tests.registry.user import SETTINGS, Home, Programs, ask_registry

AMD64 = Platform("linux", "amd64")
APP = ImageReference.parse("registry.example/team/app:v1")
OTHER = Digest.of(b"something else")
BASIC = Reply(401, {"WWW-Authenticate": 'Basic realm="x"'})


@dataclass
class World:
    """What a scenario needs, each made when it is first wanted."""

    request: pytest.FixtureRequest
    monkeypatch: pytest.MonkeyPatch

    @property
    def registry(self) -> ScriptedRegistry:
        made: ScriptedRegistry = self.request.getfixturevalue("registry")
        return made

    @property
    def internet(self) -> Internet:
        made: Internet = self.request.getfixturevalue("internet")
        return made

    @property
    def home(self) -> Home:
        made: Home = self.request.getfixturevalue("home")
        return made

    @property
    def programs(self) -> Programs:
        made: Programs = self.request.getfixturevalue("programs")
        return made

    def server(self, *replies: Reply) -> LoopbackServer:
        make: Callable[..., LoopbackServer] = self.request.getfixturevalue("make_server")
        left = list(replies)
        return make(lambda _: left.pop(0) if len(left) > 1 else left[0])

    def tokens(self, **options: Any) -> TokenService:
        make: Callable[..., TokenService] = self.request.getfixturevalue("make_token_service")
        return make(self.registry, **options)

    def log_in(self, password: str = "open sesame") -> None:
        self.home.log_in(self.registry.server.netloc, "user", password)

    def answered(self, *replies: Reply, **options: Any) -> Outcome:
        """The outcome where every request is answered so, the last reply again and again."""
        left = list(replies)
        self.registry.protection = lambda _: left.pop(0) if len(left) > 1 else left[0]
        return ask_registry(self.registry.reference(), **options)

    def pushed(self, image: Image, **options: Any) -> Outcome:
        self.registry.add("team/app", "v9", image)
        return ask_registry(self.registry.reference(tag="v9"), platform=AMD64, **options)

    def client(self, **options: Any) -> RegistryClient:
        return RegistryClient(RegistrySettings(**{**SETTINGS, **options}))


Scenario = Callable[[World], Outcome]
SCENARIOS: dict[str, Scenario] = {}


def scenario(title: str) -> Callable[[Scenario], Scenario]:
    def add(function: Scenario) -> Scenario:
        SCENARIOS[title] = function
        return function

    return add


def answers(title: str, *replies: Reply, **options: Any) -> None:
    SCENARIOS[title] = lambda world: world.answered(*replies, **options)


def raised(call: Callable[[], object]) -> ResolutionError:
    with pytest.raises(ResolutionError) as caught:
        call()
    return caught.value


def challenge(realm: str) -> Reply:
    return Reply(401, {"WWW-Authenticate": f'Bearer realm="{realm}",service="s"'})


def manifest(body: bytes, content_type: str = OCI_MANIFEST, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(200, {"Content-Type": content_type, **named}, body)


# Statuses.
answers("404, nobody logged in", Reply(404))
answers("403, nobody logged in", Reply(403))
answers("400, nobody logged in", Reply(400))
answers("302 without a location", Reply(302))
answers("406", Reply(406))
answers("429", Reply(429))
answers("429 that asks to wait for an hour", Reply(429, {"Retry-After": "3600"}))
answers("500", Reply(500))
answers("503", Reply(503))


@scenario("404, logged in")
def _(world: World) -> Outcome:
    world.log_in()
    return world.answered(Reply(404))


@scenario("403, logged in")
def _(world: World) -> Outcome:
    world.log_in()
    return world.answered(Reply(403))


@scenario("404 at a mirror")
def _(world: World) -> Outcome:
    mirrors = {"docker.io": f"{world.registry.server.url}/hub"}
    return ask_registry(ImageReference.parse("nginx:1.99"), mirrors=mirrors)


# Credentials.
answers("401 without a challenge", Reply(401))
answers("401 with a scheme that is not known", Reply(401, {"WWW-Authenticate": "Negotiate"}))
answers("401 for a password, nobody logged in", BASIC)


@scenario("401 for a password that is wrong")
def _(world: World) -> Outcome:
    world.log_in("wrong")
    return world.answered(BASIC)


@scenario("a token service that refuses, nobody logged in")
def _(world: World) -> Outcome:
    world.tokens(password="open sesame")
    return ask_registry(world.registry.reference())


@scenario("a token service that refuses a password")
def _(world: World) -> Outcome:
    world.tokens(password="open sesame")
    world.log_in("wrong")
    return ask_registry(world.registry.reference())


@scenario("a token service that redirects to another host")
def _(world: World) -> Outcome:
    elsewhere = world.server(Reply(401))
    service = world.tokens(password="open sesame")
    service.plan.append(Reply(307, {"Location": f"{elsewhere.url}/token"}))
    world.log_in()
    return ask_registry(world.registry.reference())


@scenario("a token service that redirects a secret")
def _(world: World) -> Outcome:
    service = world.tokens(identity_token="refresh")
    service.plan.append(Reply(307, {"Location": "http://127.0.0.1:1/token"}))
    auth = {"identitytoken": "refresh"}
    world.home.docker_config({"auths": {world.registry.server.netloc: auth}})
    return ask_registry(world.registry.reference())


@scenario("a token that is refused")
def _(world: World) -> Outcome:
    service = world.server(Reply(200, {}, b'{"token": "t"}'))
    return world.answered(challenge(f"{service.url}/token"))


@scenario("a token service without a token")
def _(world: World) -> Outcome:
    service = world.server(Reply(200, {}, b"<html>"))
    return world.answered(challenge(f"{service.url}/token"))


@scenario("a token service that is not there")
def _(world: World) -> Outcome:
    service = world.server(Reply(404))
    return world.answered(challenge(f"{service.url}/token"))


answers("a realm over plain http", challenge("http://auth.example/token"))
answers("a realm that is no address", challenge("http://[::1/"))


@scenario("a private realm of a public registry")
def _(world: World) -> Outcome:
    registry = world.internet.registry("registry.example")
    registry.protection = lambda _: challenge("https://169.254.169.254/latest")
    return ask_registry(APP)


# Files and programs with credentials.
@scenario("a file of credentials that is broken")
def _(world: World) -> Outcome:
    world.home.docker_config("{")
    return ask_registry(world.registry.reference())


@scenario("a credential helper that is absent")
def _(world: World) -> Outcome:
    _ = world.programs
    world.home.docker_config({"credsStore": "desktop"})
    return world.answered(BASIC)


@scenario("a credential helper that fails")
def _(world: World) -> Outcome:
    world.programs.add("docker-credential-vault", "exit 3")
    world.home.docker_config({"credHelpers": {world.registry.server.netloc: "vault"}})
    return world.answered(BASIC)


# Redirects.
answers("a redirect to itself", Reply(307, {"Location": "/v2/team/app/manifests/v1"}))
answers("a redirect to plain http", Reply(307, {"Location": "http://registry.example/v2/"}))
answers("a redirect with a password", Reply(307, {"Location": "https://u:p@registry.example/"}))


@scenario("a redirect to a host that wants credentials")
def _(world: World) -> Outcome:
    elsewhere = world.server(BASIC)
    return world.answered(Reply(307, {"Location": f"{elsewhere.url}/"}))


# What comes as a manifest and is none.
answers("a page", Reply(200, {"Content-Type": "text/html"}, b"<html>Log in</html>"))
answers("no JSON", manifest(b"{"))
answers("another type", manifest(b"{}", "application/vnd.cncf.helm.config.v1+json"))
answers("no type", manifest(b'{"schemaVersion":2}', "application/json"))
answers("a manifest without content", manifest(b'{"schemaVersion":2}'))
answers("a later version", manifest(b'{"schemaVersion":3}'))
answers(
    "schema 1",
    manifest(b'{"schemaVersion":1}', "application/vnd.docker.distribution.manifest.v1+prettyjws"),
)
answers(
    "a digest that differs",
    manifest(
        encode({"schemaVersion": 2, "config": {"digest": OTHER}, "layers": []}),
        Docker_Content_Digest=OTHER,
    ),
    platform=AMD64,
)
answers("more than 4 MiB", manifest(b" " * (4 * 1024 * 1024 + 1)), platform=AMD64)
answers("another content coding", manifest(b"{}", Content_Encoding="br"), platform=AMD64)
answers("a broken content coding", manifest(b"{}", Content_Encoding="gzip"), platform=AMD64)


@scenario("a digest that was asked for and differs")
def _(world: World) -> Outcome:
    reference = world.registry.reference().with_digest(OTHER)
    world.registry.images["team/app", OTHER] = world.registry.images["team/app", "v1"]
    return ask_registry(reference)


# Platforms.
@scenario("another platform")
def _(world: World) -> Outcome:
    return world.pushed(make_image(architecture="arm64"))


@scenario("300 other platforms")
def _(world: World) -> Outcome:
    images = [
        (make_image(salt=str(n)), {"platform": {"os": "linux", "architecture": f"cpu{n}"}})
        for n in range(300)
    ]
    return world.pushed(make_index(*images))


@scenario("an empty index")
def _(world: World) -> Outcome:
    return world.pushed(make_index())


@scenario("indexes in indexes without an end")
def _(world: World) -> Outcome:
    image = make_image()
    for depth in range(9):
        image = make_index((image, {"annotations": {"depth": str(depth)}}))
    return world.pushed(image)


@scenario("no platform")
def _(world: World) -> Outcome:
    return world.pushed(make_image("", ""))


@scenario("a configuration that is gone")
def _(world: World) -> Outcome:
    image = make_image(salt="gone")
    return world.pushed(Image(image.top, image.manifests, {}))


@scenario("more images of ECR Public than there is time for")
def _(_: World) -> Outcome:
    http = HttpClient(RegistrySettings(**SETTINGS), {})
    for _number in range(100):
        http._host("public.ecr.aws").limiter.next_start()
    request = Request("GET", "https://public.ecr.aws/v2/nginx/nginx/manifests/1.25")
    error = raised(lambda: http.fetch(request, time.monotonic() + 5))
    return error.about("public.ecr.aws/nginx/nginx:1.25", "the registry public.ecr.aws")


# The network.
answers("a connection that is broken off", Reply(reset=True))
answers("something that is not HTTP", Reply(raw=b"SSH-2.0-OpenSSH\r\n"))
answers("no answer in time", Reply(drip="headers"), request_timeout=0.1)
SCENARIOS["a body without an end"] = lambda world: world.answered(
    Reply(200, {"Content-Type": OCI_INDEX}, b" " * 4000, drip="body"),
    platform=AMD64,
    request_timeout=0.2,
)


@scenario("nobody who listens")
def _(_: World) -> Outcome:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        return ask_registry(ImageReference.parse(f"127.0.0.1:{port}/team/app:v1"))


@scenario("a name that is none")
def _(_: World) -> Outcome:
    return ask_registry(ImageReference.parse("registry.invalid/team/app:v1"))


@scenario("a port that cannot be")
def _(_: World) -> Outcome:
    return ask_registry(ImageReference.parse("localhost:99999/team/app:v1"))


@scenario("no time left")
def _(world: World) -> Outcome:
    deadline = time.monotonic() - 1
    reference = world.registry.reference()
    return raised(lambda: world.client().get_manifest(reference, deadline=deadline))


@scenario("no answer at all before the deadline")
def _(_: World) -> Outcome:
    request = ResolutionRequest(APP)

    def hang(_: float) -> dict[ResolutionRequest, Outcome]:
        time.sleep(3)
        return {}

    task = ResolutionTask("registry.example", (request,), hang)
    return resolve_concurrently([task], time.monotonic() - 0.8, 1)[request]


@scenario("a fault of this library")
def _(_: World) -> Outcome:
    request = ResolutionRequest(APP)

    def break_down(_: float) -> dict[ResolutionRequest, Outcome]:
        raise KeyError("secret")

    task = ResolutionTask("registry.example", (request,), break_down)
    return resolve_concurrently([task], time.monotonic() + 20, 1)[request]


# Certificates.
@scenario("an authority that is not known")
def _(world: World) -> Outcome:
    world.internet.registry("registry.example")
    world.monkeypatch.delenv("SSL_CERT_FILE")
    return ask_registry(APP)


@scenario("a certificate that has expired")
def _(world: World) -> Outcome:
    certificate = {"not_after": datetime(2020, 1, 1, tzinfo=timezone.utc)}
    world.internet.registry("registry.example", certificate=certificate)
    return ask_registry(APP)


@scenario("a certificate of another name")
def _(world: World) -> Outcome:
    world.internet.registry("registry.example", certificate={"name": "other.example"})
    return ask_registry(APP)


@scenario("a client certificate that is wanted")
def _(world: World) -> Outcome:
    world.internet.registry("registry.example", client_certificates=True)
    return ask_registry(APP)


@scenario("a bundle that is missing")
def _(world: World) -> Outcome:
    world.internet.registry("registry.example")
    world.monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/bundle.pem")
    return ask_registry(APP)


@scenario("https asked of plain http")
def _(world: World) -> Outcome:
    mirrors = {"docker.io": f"https://{world.registry.server.netloc}"}
    return ask_registry(ImageReference.parse("nginx:1.25"), mirrors=mirrors)


answers(
    "plain http asked of https",
    Reply(400, {}, b"Client sent an HTTP request to an HTTPS server.\n"),
)


# Proxies.
@scenario("a proxy that wants a password")
def _(world: World) -> Outcome:
    world.internet.refusal = 407
    return ask_registry(APP)


@scenario("a proxy that forbids the host")
def _(world: World) -> Outcome:
    world.internet.refusal = 403
    return ask_registry(APP)


@scenario("a proxy that does not reach the host")
def _(world: World) -> Outcome:
    world.internet.refusal = 502
    return ask_registry(APP)


@scenario("a proxy that cannot be reached")
def _(world: World) -> Outcome:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        world.monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{taken.getsockname()[1]}")
        return ask_registry(APP)


@scenario("a proxy that is none")
def _(world: World) -> Outcome:
    world.monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1080")
    return ask_registry(APP)


# Lists.
@scenario("tags of a repository that is not there")
def _(world: World) -> Outcome:
    reference = world.registry.reference("no/such")
    return raised(lambda: world.client().list_tags(reference, deadline=time.monotonic() + 20))


@scenario("tags without an end")
def _(world: World) -> Outcome:
    link = '</v2/team/app/tags/list?n=1000>; rel="next"'
    reply = Reply(200, {"Link": link}, encode({"tags": []}))
    world.registry.protection = lambda _: reply
    reference = world.registry.reference()
    return raised(lambda: world.client().list_tags(reference, deadline=time.monotonic() + 20))


@scenario("referrers that are none")
def _(world: World) -> Outcome:
    world.registry.protection = lambda _: Reply(200, {}, b"[]")
    reference = world.registry.reference()
    ask = world.client().referrers
    return raised(lambda: ask(reference, OTHER, deadline=time.monotonic() + 20))


@pytest.mark.parametrize("title", SCENARIOS)
def test_what_is_said(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    home: Home,
    snapshot: SnapshotAssertion,
    title: str,
) -> None:
    outcome = SCENARIOS[title](World(request, monkeypatch))
    assert isinstance(outcome, ResolutionError)
    text = str(outcome)
    assert text.isprintable()
    assert text.endswith(".")
    assert len(text) < 700
    assert f"{type(outcome).__name__}: {_without_what_differs(text, home.path)}" == snapshot


def _without_what_differs(text: str, home: Path) -> str:
    text = text.replace(str(home), "HOME")
    text = re.sub(r"wait 3[56]\d\d s", "wait 3600 s", text)
    text = re.sub(r"wait 9\d s", "wait 97 s", text)
    return re.sub(r"127\.0\.0\.1:\d{4,5}", "127.0.0.1:PORT", text)


def test_attempts_are_as_many_as_the_texts_say() -> None:
    assert SETTINGS["retry"] == RetryPolicy(attempts=3, first_wait=0.01, longest_wait=0.05)
