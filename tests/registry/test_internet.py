"""Registries by their names: proxies, and what a public registry may not do."""

from __future__ import annotations

import socket
import threading
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from pinned_images.errors import (
    AccessDenied,
    ImageNotFound,
    RegistryUnavailable,
    UntrustedAnswer,
)
from pinned_images.reference import ImageReference, Platform
from pinned_images.registry.client import RegistryClient
from pinned_images.registry.distribution_resolver import DistributionResolver
from pinned_images.registry.http.transport import Transport
from pinned_images.registry.resolver import RegistryResolver
from pinned_images.registry.settings import RegistrySettings
from pinned_images.registry.single_flight import FirstCaller
from pinned_images.resolution import Resolution, ResolutionRequest
from tests.registry.images import encode, make_image
from tests.registry.internet import Internet
from tests.registry.loopback import Received, Reply
from tests.registry.scripted import ScriptedRegistry
from tests.registry.user import SETTINGS, Ask, Home, encode_pair, require_resolution

APP = ImageReference.parse("registry.example/team/app:v1")


class TestProxies:
    """Where the environment names a proxy, everything but loopback goes through it."""

    @pytest.mark.usefixtures("public")
    def test_a_proxy_is_used(self, internet: Internet, ask: Ask) -> None:
        require_resolution(ask(APP))
        assert internet.visited == ["registry.example"]

    def test_loopback_needs_no_proxy(
        self, internet: Internet, registry: ScriptedRegistry, ask: Ask
    ) -> None:
        require_resolution(ask(registry.reference()))
        assert internet.visited == []

    @pytest.mark.usefixtures("public")
    def test_a_proxy_may_want_a_password(
        self, internet: Internet, monkeypatch: pytest.MonkeyPatch, ask: Ask
    ) -> None:
        internet.account = ("user", "open:sesame")
        error = ask(APP)
        assert isinstance(error, RegistryUnavailable)
        assert "the proxy through which registry.example is asked" in str(error)
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:open%3Asesame@{internet.proxy}")
        require_resolution(ask(APP))

    @pytest.mark.parametrize("status", [403, 407, 502])
    @pytest.mark.usefixtures("public")
    def test_a_proxy_that_refuses_is_named_and_asked_once(
        self, internet: Internet, monkeypatch: pytest.MonkeyPatch, ask: Ask, status: int
    ) -> None:
        internet.refusal = status
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:open%3Asesame@{internet.proxy}/")
        error = ask(APP)
        assert isinstance(error, RegistryUnavailable)
        assert f"the proxy through which registry.example is asked, {internet.proxy}," in str(error)
        assert f"({status})" in str(error)
        assert "sesame" not in str(error)
        assert "try again" not in str(error)
        assert internet.visited == ["registry.example"]

    def test_a_proxy_that_cannot_be_reached_is_named(
        self, monkeypatch: pytest.MonkeyPatch, ask: Ask
    ) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            proxy = f"127.0.0.1:{taken.getsockname()[1]}"
            monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy}")
            error = ask(APP)
        assert isinstance(error, RegistryUnavailable)
        assert f"the proxy through which registry.example is asked, {proxy}, cannot be reached" in (
            str(error)
        )
        assert "HTTPS_PROXY" in str(error)

    @pytest.mark.parametrize("variable", ["ALL_PROXY", "all_proxy", "https_proxy"])
    def test_the_variable_that_names_a_proxy_is_the_one_to_correct(
        self, ask: Ask, monkeypatch: pytest.MonkeyPatch, variable: str
    ) -> None:
        monkeypatch.setenv(variable, "socks5://user:secret@proxy.example")
        error = ask(APP)
        assert f"correct {variable}." in str(error)
        assert "secret" not in str(error)

    @pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1080", "http://"])
    def test_a_proxy_that_cannot_be_used_is_an_error(
        self, monkeypatch: pytest.MonkeyPatch, ask: Ask, proxy: str
    ) -> None:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        error = ask(APP)
        assert isinstance(error, RegistryUnavailable)
        assert "HTTPS_PROXY" in str(error)

    @pytest.mark.parametrize(
        ("environ", "proxied"),
        [
            ({}, False),
            ({"HTTPS_PROXY": "http://proxy.example"}, True),
            ({"https_proxy": "http://proxy.example"}, True),
            ({"ALL_PROXY": "http://proxy.example"}, True),
            ({"HTTP_PROXY": "http://proxy.example"}, False),
            ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "*"}, False),
            ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "a.example, .example"}, False),
            ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "registry.example"}, False),
            ({"HTTPS_PROXY": "http://proxy.example", "no_proxy": "other.example"}, True),
            ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "*.example"}, False),
            ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "*.registry.example"}, False),
            ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "registry.example:443"}, False),
            ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "REGISTRY.EXAMPLE"}, False),
            ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "registry.example."}, False),
            ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "registry.example:5000"}, True),
            ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "a.example b.example"}, True),
            ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "x, registry.example"}, False),
            ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "try.example"}, True),
            ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": ",*.,:443,"}, True),
        ],
        ids=str,
    )
    def test_what_the_environment_says_of_proxies(
        self,
        environ: dict[str, str],
        proxied: bool,  # noqa: FBT001  a table
    ) -> None:
        transport = Transport(environ, connections=1)
        assert transport.is_proxied("https://registry.example/v2/") is proxied
        assert transport.is_proxied("https://127.0.0.1:5000/v2/") is False

    @pytest.mark.parametrize(
        ("no_proxy", "proxied"),
        [
            ("10.0.0.0/8", False),
            ("192.168.0.0/16, 10.1.0.0/16", False),
            ("10.1.2.3", False),
            ("10.1.2.3:5000", False),
            ("10.0.0.0/8:5000", False),
            ("10.1.2.3:443", True),
            ("10.1.2.4/30", True),
            ("10.1.2.9/29", True),
            ("11.0.0.0/8", True),
            ("10.0.0.0/8 192.168.0.0/16", True),
            ("10.0.0.0/99", True),
            ("fd00::/8", True),
        ],
    )
    def test_a_range_of_addresses_needs_no_proxy(
        self,
        no_proxy: str,
        proxied: bool,  # noqa: FBT001  a table
    ) -> None:
        environ = {"ALL_PROXY": "http://proxy.example", "NO_PROXY": no_proxy}
        transport = Transport(environ, connections=1)
        assert transport.is_proxied("http://10.1.2.3:5000/v2/") is proxied
        assert transport.is_proxied("https://registry.example/v2/") is True

    @pytest.mark.parametrize("no_proxy", ["fd00::/8", "fd00::7", "[fd00::7]", "[fd00::7]:5000"])
    def test_a_range_may_be_one_of_ipv6(self, no_proxy: str) -> None:
        environ = {"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": no_proxy}
        assert not Transport(environ, connections=1).is_proxied("https://[fd00::7]:5000/v2/")


class TestPublicRegistries:
    """Addresses that a registry on the internet must not lead to."""

    @pytest.mark.parametrize(
        "realm",
        [
            "https://169.254.169.254/latest/meta-data",
            "https://10.0.0.1/token",
            "https://[::ffff:10.0.0.1]/token",
            "https://2852039166/token",
            "https://localhost/token",
            "http://127.0.0.1:1/token",
            "http://auth.example/token",
            "https://user:password@auth.example/token",
            "/token",
            "nonsense",
        ],
    )
    def test_a_realm_that_is_private_or_plain_gets_no_request(
        self, internet: Internet, public: ScriptedRegistry, home: Home, ask: Ask, realm: str
    ) -> None:
        home.log_in("registry.example", "user", "open sesame")
        public.plan.append(Reply(401, {"WWW-Authenticate": f'Bearer realm="{realm}"'}))
        error = ask(APP)
        assert isinstance(error, UntrustedAnswer)
        assert "registry.example sends for a token to" in str(error)
        assert internet.visited == ["registry.example"]
        assert len(public.server.requests) == 1

    @pytest.mark.parametrize(
        "location",
        [
            "https://169.254.169.254/",
            "https://192.168.0.1/",
            "http://127.0.0.1:1/",
            "http://other.example/",
        ],
    )
    def test_a_redirect_that_is_private_or_plain_is_not_followed(
        self, internet: Internet, public: ScriptedRegistry, ask: Ask, location: str
    ) -> None:
        public.plan.append(Reply(307, {"Location": location}))
        error = ask(APP)
        assert isinstance(error, UntrustedAnswer)
        assert "registry.example redirects to" in str(error)
        assert internet.visited == ["registry.example"]

    def test_a_redirect_to_another_public_host_carries_no_credentials(
        self, internet: Internet, public: ScriptedRegistry, home: Home, ask: Ask
    ) -> None:
        home.log_in("registry.example", "user", "open sesame")
        public.require_basic("user", "open sesame")
        storage = internet.server("storage.example", public.honest)
        public.plan.extend([None, None])
        public.plan.append(_to_storage)
        resolution = require_resolution(ask(APP, platform=Platform("linux", "amd64")))
        assert resolution.platforms == (Platform("linux", "amd64"),)
        assert [each.authorization for each in storage.requests] == [None]
        assert "signature=" in storage.requests[0].target


def _to_storage(received: Received) -> Reply:
    location = f"https://storage.example{received.path}?signature=abc"
    return Reply(307, {"Location": location})


class TokenHost:
    """A token service that records its requests."""

    def __init__(self, internet: Internet, name: str, registry: ScriptedRegistry) -> None:
        self.realm = f"https://{name}/token"
        self.scopes: list[str] = []
        self.accounts: list[str | None] = []
        self.opens = {"*"}
        registry.protection = self._protect
        internet.server(name, self._respond)

    def _respond(self, received: Received) -> Reply:
        scope = parse_qs(urlsplit(received.target).query)["scope"][0]
        self.scopes.append(scope)
        self.accounts.append(received.authorization)
        return Reply(200, {}, encode({"token": scope.split(":")[1]}))

    def _protect(self, received: Received) -> Reply | None:
        repository = received.path.removeprefix("/v2/").rsplit("/", 2)[0]
        token = (received.authorization or "").removeprefix("Bearer ")
        if token and (token == repository or repository in self.opens):
            return None
        if token:
            return Reply(403)
        scope = f"repository:{repository}:pull"
        return Reply(
            401,
            {"WWW-Authenticate": f'Bearer realm="{self.realm}",service="s",scope="{scope}"'},
        )


def test_docker_hub_is_asked_at_its_own_host_with_its_own_key(
    internet: Internet, home: Home, ask: Ask
) -> None:
    hub = internet.registry("registry-1.docker.io")
    image = hub.add("library/nginx", "1.25", make_image())
    tokens = TokenHost(internet, "auth.docker.io", hub)
    home.log_in("https://index.docker.io/v1/", "user", "open sesame")
    resolution = require_resolution(ask(ImageReference.parse("nginx:1.25")))
    assert resolution.digest == image.top
    assert resolution.origin == "registry-1.docker.io"
    assert tokens.scopes == ["repository:library/nginx:pull"]
    assert (tokens.accounts[0] or "").startswith("Basic ")


def test_one_anonymous_token_does_for_all_of_ghcr(internet: Internet) -> None:
    ghcr = internet.registry("ghcr.io")
    tokens = TokenHost(internet, "tokens.ghcr.io", ghcr)
    tokens.opens = {"team/a", "team/b"}
    names = ["team/a", "team/b", "team/private"]
    images = {name: ghcr.add(name, "v1", make_image(salt=name)) for name in names}
    client = DistributionResolver(RegistryClient(RegistrySettings(**SETTINGS)))
    for name in names:
        request = ResolutionRequest(ImageReference.parse(f"ghcr.io/{name}:v1"))
        resolution = client.resolve(request, deadline=time.monotonic() + 20)
        assert resolution.digest == images[name].top
    assert tokens.scopes == ["repository:team/a:pull", "repository:team/private:pull"]


@pytest.mark.parametrize(
    ("host", "name", "tokens_wanted"),
    [("registry-1.docker.io", "", 12), ("ghcr.io", "ghcr.io/", 1)],
)
def test_one_image_learns_for_all_how_to_get_in(
    internet: Internet, host: str, name: str, tokens_wanted: int
) -> None:
    registry = internet.registry(host)
    tokens = TokenHost(internet, f"tokens.{host}", registry)
    repositories = [f"team/app{number}" for number in range(12)]
    tokens.opens = set(repositories) if tokens_wanted == 1 else set()
    for repository in repositories:
        registry.add(repository, "v1", make_image(salt=repository))
    requests = [
        ResolutionRequest(ImageReference.parse(f"{name}{repository}:v1"))
        for repository in repositories
    ]
    outcomes = RegistryResolver(RegistrySettings(**SETTINGS)).resolve(requests)
    assert all(isinstance(outcome, Resolution) for outcome in outcomes.values())
    assert [each.authorization is None for each in registry.server.requests].count(True) == 1
    assert len(registry.server.requests) == 1 + 12
    assert len(tokens.scopes) == tokens_wanted


def test_nobody_waits_for_the_first_one_when_time_is_up() -> None:
    first = FirstCaller()
    with first.turn("https://ghcr.io", time.monotonic() + 20):
        with first.turn("https://ghcr.io", time.monotonic()):
            inside = True
        assert inside


def test_those_who_follow_wait_until_the_first_one_lets_them_in() -> None:
    first = FirstCaller()
    order = []

    def follow() -> None:
        with first.turn("https://ghcr.io", time.monotonic() + 20):
            order.append("second")

    with first.turn("https://ghcr.io", time.monotonic() + 20) as let_others_in:
        follower = threading.Thread(target=follow)
        follower.start()
        order.append("first")
        let_others_in()
        follower.join()
    assert order == ["first", "second"]


def test_a_token_of_somebody_known_is_not_used_for_those_who_are_not(
    internet: Internet, home: Home
) -> None:
    ghcr = internet.registry("ghcr.io")
    tokens = TokenHost(internet, "tokens.ghcr.io", ghcr)
    tokens.opens = {"team/public"}
    home.podman_config(
        {"auths": {"ghcr.io/team/private": {"auth": encode_pair("user", "open sesame")}}}
    )
    client = DistributionResolver(RegistryClient(RegistrySettings(**SETTINGS)))
    for name in ("team/private", "team/public"):
        ghcr.add(name, "v1", make_image())
        request = ResolutionRequest(ImageReference.parse(f"ghcr.io/{name}:v1"))
        client.resolve(request, deadline=time.monotonic() + 20)
    assert tokens.scopes == ["repository:team/private:pull", "repository:team/public:pull"]
    assert [account is None for account in tokens.accounts] == [False, True]


def test_an_image_that_nobody_may_see_is_an_error_of_access(internet: Internet, ask: Ask) -> None:
    hub = internet.registry("registry-1.docker.io")
    challenge = 'Bearer realm="https://auth.docker.io/token",service="s",scope="x"'
    hub.protection = lambda _: Reply(401, {"WWW-Authenticate": challenge})
    internet.server("auth.docker.io", lambda _: Reply(200, {}, b'{"token": "t"}'))
    error = ask(ImageReference.parse("typo/nginx"))
    assert isinstance(error, AccessDenied)
    assert "docker.io" in str(error)
    assert "docker login" in str(error)


@pytest.mark.parametrize(
    ("host", "image"), [("registry-1.docker.io", "nginx:1.99"), ("ghcr.io", "ghcr.io/org/app:1.99")]
)
def test_where_head_is_known_to_be_answered_a_missing_image_needs_no_get(
    internet: Internet, ask: Ask, host: str, image: str
) -> None:
    """Docker Hub counts a GET of a manifest as a pull."""
    registry = internet.registry(host)
    tokens = TokenHost(internet, f"tokens.{host}", registry)
    error = ask(ImageReference.parse(image))
    assert isinstance(error, ImageNotFound)
    assert {each.method for each in registry.server.requests} == {"HEAD"}
    assert len(tokens.scopes) == 1


def test_where_head_is_known_to_be_answered_a_passing_fault_is_tried_again_by_head(
    internet: Internet, ask: Ask
) -> None:
    hub = internet.registry("registry-1.docker.io")
    image = hub.add("library/nginx", "1.25", make_image())
    hub.plan.extend([Reply(500), Reply(raw=b"")])
    assert require_resolution(ask(ImageReference.parse("nginx:1.25"))).digest == image.top
    assert [each.method for each in hub.server.requests] == ["HEAD"] * 3


@pytest.mark.parametrize(
    "fault",
    [Reply(raw=b""), Reply(reset=True), Reply(raw=b"SSH-2.0\r\n"), Reply(drip="headers")],
    ids=["closed", "reset", "not HTTP", "slow"],
)
def test_a_host_that_breaks_off_behind_a_proxy_is_tried_again_and_the_proxy_is_not_blamed(
    internet: Internet, ask: Ask, fault: Reply
) -> None:
    registry = internet.registry("registry.example")
    image = registry.add("team/app", "v1", make_image())
    registry.plan.extend([Reply(405), fault])
    outcome = ask(APP, request_timeout=0.5 if fault.drip else 10)
    assert require_resolution(outcome).digest == image.top
    registry.protection = lambda _: fault
    error = ask(APP, request_timeout=0.2 if fault.drip else 10)
    assert isinstance(error, RegistryUnavailable)
    assert "the proxy through which" not in str(error)
    assert "3 times in a row" in str(error)
