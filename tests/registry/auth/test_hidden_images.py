"""Registries that do not say that they want credentials, and token services that differ."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from pinned_images.errors import AccessDenied, RegistryUnavailable, ResolutionError
from pinned_images.reference import ImageReference
from pinned_images.registry.auth.credentials import Credentials
from pinned_images.registry.client import RegistryClient
from pinned_images.registry.distribution_resolver import DistributionResolver
from pinned_images.registry.settings import RegistrySettings
from pinned_images.resolution import Outcome, ResolutionRequest
from tests.registry.images import Image, encode, make_image
from tests.registry.loopback import LoopbackServer, Received, Reply
from tests.registry.scripted import ScriptedRegistry, TokenService
from tests.registry.user import (
    SETTINGS,
    Ask,
    Home,
    encode_pair,
    require_resolution,
)

LOGIN_PAGE = Reply(200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>Log in</html>")

#: What anonymous requests for an image are answered in place of a challenge.
REFUSALS = {
    "400": Reply(400),
    "401 without a challenge": Reply(401),
    "401 with a scheme of its own": Reply(401, {"WWW-Authenticate": "Negotiate"}),
    "403": Reply(403),
    "404 as containerd#3291 has it": Reply(404),
    "a redirect to a page": Reply(302, {"Location": "/login"}),
    "a page": LOGIN_PAGE,
}


class HidingRegistry:
    """A registry that challenges at its root alone, and hides its images from the anonymous."""

    def __init__(self, registry: ScriptedRegistry, refusal: Reply, challenge: str) -> None:
        self.registry = registry
        self.refusal = refusal
        self.challenge = challenge
        self.opens: Callable[[Received], bool] = lambda received: bool(received.authorization)
        registry.protection = self._protect

    def _protect(self, received: Received) -> Reply | None:
        if received.path == "/login":
            return LOGIN_PAGE
        if self.opens(received):
            return None
        if received.path == "/v2/":
            return Reply(401, {"WWW-Authenticate": self.challenge})
        return self.refusal


@pytest.fixture(params=REFUSALS)
def refusal(request: pytest.FixtureRequest) -> Reply:
    return REFUSALS[request.param]


class TestHiddenImages:
    """Credentials that are kept are used where an anonymous question gets no true answer."""

    def test_a_password_is_shown_where_the_root_asks_for_it(
        self, registry: ScriptedRegistry, image: Image, home: Home, ask: Ask, refusal: Reply
    ) -> None:
        hiding = HidingRegistry(registry, refusal, 'Basic realm="x"')
        pair = encode_pair("user", "open sesame")
        hiding.opens = lambda received: received.authorization == f"Basic {pair}"
        home.log_in(registry.server.netloc, "user", "open sesame")
        assert require_resolution(ask(registry.reference())).digest == image.top
        assert registry.server.count("GET", "/v2/") - registry.server.count("GET", "/v2/team") == 1

    def test_a_token_is_got_for_the_repository_and_not_for_the_root(
        self,
        registry: ScriptedRegistry,
        image: Image,
        make_token_service: Callable[..., TokenService],
        home: Home,
        *,
        ask: Ask,
        refusal: Reply,
    ) -> None:
        service = make_token_service(registry, password="open sesame")
        challenge = f'Bearer realm="{service.realm}",service="s",scope="registry:catalog:*"'
        hiding = HidingRegistry(registry, refusal, challenge)
        hiding.opens = lambda received: (
            service.issued.get((received.authorization or "").removeprefix("Bearer "))
            == "repository:team/app:pull"
        )
        home.log_in(registry.server.netloc, "user", "open sesame")
        assert require_resolution(ask(registry.reference())).digest == image.top

    def test_the_root_is_asked_once_for_all_images(
        self, registry: ScriptedRegistry, home: Home, refusal: Reply
    ) -> None:
        HidingRegistry(registry, refusal, 'Basic realm="x"')
        home.log_in(registry.server.netloc, "user", "open sesame")
        resolver = DistributionResolver(RegistryClient(RegistrySettings(**SETTINGS)))
        for name in ("a", "b", "c"):
            registry.add(f"team/{name}", "v1", make_image())
            require_resolution(resolve(resolver, registry.reference(f"team/{name}")))
        assert [each.path for each in registry.server.requests].count("/v2/") == 1

    def test_without_credentials_the_root_is_not_asked_and_the_error_says_so(
        self, registry: ScriptedRegistry, ask: Ask, refusal: Reply
    ) -> None:
        HidingRegistry(registry, refusal, 'Basic realm="x"')
        error = ask(registry.reference())
        assert isinstance(error, ResolutionError)
        assert all(each.path != "/v2/" for each in registry.server.requests)
        assert "asked without credentials" in str(error)
        assert f"docker login {registry.server.netloc}" in str(error)

    def test_a_root_that_asks_for_nothing_changes_nothing(
        self, registry: ScriptedRegistry, home: Home, ask: Ask, refusal: Reply
    ) -> None:
        hiding = HidingRegistry(registry, refusal, "")
        hiding.opens = lambda received: received.path == "/v2/"
        home.log_in(registry.server.netloc, "user", "open sesame")
        assert isinstance(ask(registry.reference()), ResolutionError)
        assert {each.authorization for each in registry.server.requests} == {None}

    def test_a_mirror_below_a_path_is_asked_at_the_root_of_its_api(
        self, registry: ScriptedRegistry, home: Home, ask: Ask
    ) -> None:
        HidingRegistry(registry, Reply(404), 'Basic realm="x"')
        image = registry.add("hub/library/nginx", "1.25", make_image())
        home.log_in(registry.server.netloc, "user", "open sesame")
        mirrors = {"docker.io": f"{registry.server.url}/hub"}
        outcome = ask(ImageReference.parse("nginx:1.25"), mirrors=mirrors)
        assert require_resolution(outcome).digest == image.top


def resolve(
    resolver: DistributionResolver,
    reference: ImageReference,
    credentials: Credentials | None = None,
) -> Outcome:
    request = ResolutionRequest(reference)
    deadline = time.monotonic() + 20
    return resolver.resolve_all([request], credentials=credentials, deadline=deadline)[request]


class TestARealmForEachRepository:
    """Artifactory has a token service for each of its repositories (containerd#6339)."""

    @pytest.fixture
    def services(
        self, registry: ScriptedRegistry, make_server: Callable[..., LoopbackServer]
    ) -> dict[str, LoopbackServer]:
        """Each gives a token for its own repository and fails in its own way at any other."""
        failures = {"first": Reply(404), "second": Reply(500), "third": Reply(200, {}, b"<html>")}
        made = {}
        for name, failure in failures.items():

            def respond(received: Received, name: str = name, failure: Reply = failure) -> Reply:
                if received.query["scope"] == [f"repository:team/{name}:pull"]:
                    return Reply(200, {}, encode({"token": name}))
                return failure

            made[name] = make_server(respond)
            registry.add(f"team/{name}", "v1", make_image(salt=name))

        def protect(received: Received) -> Reply | None:
            name = received.path.split("/")[3]
            if received.authorization == f"Bearer {name}":
                return None
            challenge = f'Bearer realm="{made[name].url}/token",service="s"'
            return Reply(401, {"WWW-Authenticate": challenge})

        registry.protection = protect
        return made

    def test_a_remembered_realm_that_fails_is_forgotten(
        self, registry: ScriptedRegistry, services: dict[str, LoopbackServer]
    ) -> None:
        resolver = DistributionResolver(RegistryClient(RegistrySettings(**SETTINGS)))
        for name in ("first", "second", "third", "first", "third"):
            outcome = resolve(resolver, registry.reference(f"team/{name}"))
            assert require_resolution(outcome).digest == make_image(salt=name).top
        assert all(server.requests for server in services.values())

    def test_a_realm_that_fails_for_its_own_repository_is_not_asked_twice(
        self, registry: ScriptedRegistry, make_token_service: Callable[..., TokenService]
    ) -> None:
        service = make_token_service(registry)
        resolver = DistributionResolver(RegistryClient(RegistrySettings(**SETTINGS)))
        require_resolution(resolve(resolver, registry.reference()))
        registry.add("team/other", "v1", make_image())
        service.plan.extend([Reply(404)] * 2)
        error = resolve(resolver, registry.reference("team/other"))
        assert isinstance(error, RegistryUnavailable)
        assert "answered 404" in str(error)
        assert len(service.plan) == 1


class TestTokenServices:
    """Answers of token services."""

    @pytest.mark.parametrize(
        "answer",
        [
            b'{"token": "t", "expires_in": 1' + b"0" * 400 + b"}",
            b'{"token": "t", "expires_in": 1e400}',
            b'{"token": "t", "expires_in": NaN}',
            b'{"token": "t", "expires_in": -Infinity}',
            b'{"token": "t", "expires_in": [1]}',
        ],
        ids=["huge", "infinite", "nan", "minus infinity", "a list"],
    )
    def test_a_lifetime_may_be_anything(
        self,
        registry: ScriptedRegistry,
        image: Image,
        make_server: Callable[..., LoopbackServer],
        ask: Ask,
        answer: bytes,
    ) -> None:
        service = make_server(lambda _: Reply(200, {}, answer))
        _want_token(registry, f"{service.url}/token")
        assert require_resolution(ask(registry.reference())).digest == image.top

    @pytest.mark.parametrize(
        "answer",
        [
            b'{"token": "' + b"x" * 100_000 + b'"}',
            b'{"token": "t", "expires_in": ' + b"9" * 5000 + b"}",
            b"[" * 100_000,
            b'{"token": "\\ud800"}',
        ],
        ids=["a long token", "5000 digits", "brackets", "a lone surrogate"],
    )
    def test_what_is_no_token_is_an_error(
        self,
        registry: ScriptedRegistry,
        make_server: Callable[..., LoopbackServer],
        ask: Ask,
        answer: bytes,
    ) -> None:
        service = make_server(lambda _: Reply(200, {}, answer))
        _want_token(registry, f"{service.url}/token")
        error = ask(registry.reference())
        assert isinstance(error, ResolutionError)
        assert "without a token" in str(error)

    def test_blanks_around_a_realm_are_no_part_of_it(
        self,
        registry: ScriptedRegistry,
        image: Image,
        make_server: Callable[..., LoopbackServer],
        ask: Ask,
    ) -> None:
        service = make_server(lambda _: Reply(200, {}, b'{"token": "t"}'))
        _want_token(registry, f" {service.url}/token ")
        assert require_resolution(ask(registry.reference())).digest == image.top

    def test_credentials_that_did_not_follow_a_redirect_are_not_blamed(
        self,
        registry: ScriptedRegistry,
        make_token_service: Callable[..., TokenService],
        make_server: Callable[..., LoopbackServer],
        home: Home,
        *,
        ask: Ask,
    ) -> None:
        elsewhere = make_server(lambda _: Reply(401))
        service = make_token_service(registry, password="open sesame")
        service.plan.append(Reply(307, {"Location": f"{elsewhere.url}/token"}))
        home.log_in(registry.server.netloc, "user", "open sesame")
        error = ask(registry.reference())
        assert isinstance(error, AccessDenied)
        assert f"redirects to {elsewhere.netloc}, where the credentials were not sent" in str(error)
        assert [each.authorization for each in elsewhere.requests] == [None]

    def test_the_command_to_log_in_names_the_host(
        self,
        registry: ScriptedRegistry,
        make_token_service: Callable[..., TokenService],
        home: Home,
        ask: Ask,
    ) -> None:
        make_token_service(registry, password="open sesame")
        command = f"docker login {registry.server.netloc}"
        assert command in str(ask(registry.reference()))
        home.log_in(registry.server.netloc, "user", "wrong")
        assert command in str(ask(registry.reference()))


def _want_token(registry: ScriptedRegistry, realm: str) -> None:
    def protect(received: Received) -> Reply | None:
        if received.authorization == "Bearer t":
            return None
        return Reply(401, {"WWW-Authenticate": f'Bearer realm="{realm}"'})

    registry.protection = protect


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1\0.example/",
        "https://a\x1bb.example/",
        "https://a b.example/",
        "https://" + "a" * 100_000 + ".example/",
        "https://[::1",
        "https://\ud83d\ude00.example/",
        "https://a.example:999999/",
    ],
    ids=["NUL", "ESC", "blank", "long", "bracket", "emoji", "port"],
)
def test_hosts_that_cannot_be_are_refused_in_one_printable_sentence(
    registry: ScriptedRegistry, ask: Ask, url: str
) -> None:
    written = url.encode("utf-8", "surrogatepass").decode("latin-1")
    for header in (
        {"Location": written},
        {"WWW-Authenticate": f'Bearer realm="{written}"'},
    ):
        status = 307 if "Location" in header else 401
        reply = Reply(status, header)
        registry.plan.extend([reply] * 4)
        error = ask(registry.reference())
        assert isinstance(error, ResolutionError)
        assert str(error).isprintable()
        assert len(str(error)) < 1000
