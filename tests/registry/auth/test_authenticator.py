"""Registry authentication: tokens and passwords."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from pinned_images.errors import AccessDenied, RegistryUnavailable, UntrustedAnswer
from pinned_images.reference import ImageReference
from pinned_images.registry.auth import Credentials
from pinned_images.registry.client import RegistryClient
from pinned_images.registry.distribution_resolver import DistributionResolver
from pinned_images.registry.settings import RegistrySettings
from pinned_images.resolution import Resolution, ResolutionRequest
from tests.registry.images import Image, make_image
from tests.registry.loopback import LoopbackServer, Reply
from tests.registry.scripted import ScriptedRegistry, TokenService
from tests.registry.user import SETTINGS, Ask, Home, encode_pair, require_resolution

MakeTokenService = Callable[..., TokenService]


class Client:
    """One client for several questions, as a synth has one."""

    def __init__(self) -> None:
        self._client = DistributionResolver(RegistryClient(RegistrySettings(**SETTINGS)))

    def ask(self, reference: ImageReference, credentials: Credentials | None = None) -> Resolution:
        request = ResolutionRequest(reference)
        deadline = time.monotonic() + 20
        return self._client.resolve(request, credentials=credentials, deadline=deadline)


@pytest.fixture
def client() -> Client:
    return Client()


class TestAnonymousTokens:
    """Registries that want a token, and give one to everybody."""

    @pytest.mark.parametrize("name", ["token", "access_token"])
    def test_the_token_stands_under_either_name(
        self,
        registry: ScriptedRegistry,
        image: Image,
        make_token_service: MakeTokenService,
        client: Client,
        name: str,
    ) -> None:
        service = make_token_service(registry, field_name=name)
        assert client.ask(registry.reference()).digest == image.top
        assert service.server.requests[0].query == {
            "service": ["scripted"],
            "scope": ["repository:team/app:pull"],
        }
        assert service.server.requests[0].authorization is None

    def test_a_token_is_used_again_for_its_repository(
        self, registry: ScriptedRegistry, make_token_service: MakeTokenService, client: Client
    ) -> None:
        service = make_token_service(registry)
        registry.add("team/app", "v2", make_image())
        client.ask(registry.reference(tag="v1"))
        client.ask(registry.reference(tag="v2"))
        assert len(service.server.requests) == 1
        assert len(registry.server.requests) == 3

    def test_a_token_opens_one_repository(
        self, registry: ScriptedRegistry, make_token_service: MakeTokenService, client: Client
    ) -> None:
        service = make_token_service(registry)
        registry.add("team/other", "v1", make_image())
        client.ask(registry.reference("team/app"))
        client.ask(registry.reference("team/other"))
        assert [each.query["scope"] for each in service.server.requests] == [
            ["repository:team/app:pull"],
            ["repository:team/other:pull"],
        ]

    def test_the_challenge_is_remembered_for_the_next_repository(
        self, registry: ScriptedRegistry, make_token_service: MakeTokenService, client: Client
    ) -> None:
        make_token_service(registry)
        registry.add("team/other", "v1", make_image())
        client.ask(registry.reference("team/app"))
        client.ask(registry.reference("team/other"))
        assert [each.authorization is None for each in registry.server.requests] == [
            True,
            False,
            False,
        ]

    def test_a_token_that_is_refused_beforehand_may_not_be_needed(
        self, registry: ScriptedRegistry, make_token_service: MakeTokenService, client: Client
    ) -> None:
        service = make_token_service(registry)
        client.ask(registry.reference())
        image = registry.add("team/open", "v1", make_image())
        service.plan.append(Reply(403))
        registry.protection = lambda _: None
        assert client.ask(registry.reference("team/open")).digest == image.top

    def test_a_scope_for_the_whole_registry_takes_one_token(
        self, registry: ScriptedRegistry, make_token_service: MakeTokenService, client: Client
    ) -> None:
        service = make_token_service(registry)
        service.scope = lambda _: "aws"
        registry.add("team/other", "v1", make_image())
        client.ask(registry.reference("team/app"))
        client.ask(registry.reference("team/other"))
        assert len(service.server.requests) == 1

    def test_a_token_that_expires_in_the_middle_is_replaced(
        self,
        registry: ScriptedRegistry,
        image: Image,
        make_token_service: MakeTokenService,
        client: Client,
    ) -> None:
        service = make_token_service(registry)
        client.ask(registry.reference())
        service.expire()
        assert client.ask(registry.reference()).digest == image.top
        assert len(service.server.requests) == 2

    @pytest.mark.parametrize("lifetime", [0.001, 0, -5, "soon", None, True])
    def test_a_lifetime_of_any_kind_is_lived_with(
        self,
        registry: ScriptedRegistry,
        image: Image,
        make_token_service: MakeTokenService,
        client: Client,
        lifetime: object,
    ) -> None:
        make_token_service(registry, expires_in=lifetime)
        assert client.ask(registry.reference()).digest == image.top
        assert client.ask(registry.reference()).digest == image.top

    def test_a_token_that_is_refused_at_once_is_an_error(
        self, registry: ScriptedRegistry, make_token_service: MakeTokenService, client: Client
    ) -> None:
        service = make_token_service(registry)
        service.scope = lambda repository: f"repository:{repository}:pull"
        registry.protection = lambda received: TokenService.protect(
            service, type(received)("HEAD", received.target, {}, b"")
        )
        with pytest.raises(AccessDenied, match="does not show this image without a login"):
            client.ask(registry.reference())
        assert len(registry.server.requests) == 2

    @pytest.mark.parametrize(
        ("reply", "expected"),
        [
            (Reply(401), (AccessDenied, "gives no token without a login")),
            (Reply(404), (RegistryUnavailable, "answered 404")),
            (Reply(200, {}, b"<html>"), (UntrustedAnswer, "without a token")),
            (Reply(200, {}, b'{"token": "a\\r\\nb"}'), (UntrustedAnswer, "without a token")),
            (Reply(200, {}, b'{"token": 7}'), (UntrustedAnswer, "without a token")),
        ],
        ids=["refused", "missing", "a page", "a token of two lines", "a number"],
    )
    def test_a_token_service_that_fails_is_named(
        self,
        registry: ScriptedRegistry,
        make_token_service: MakeTokenService,
        client: Client,
        reply: Reply,
        expected: tuple[type[Exception], str],
    ) -> None:
        service = make_token_service(registry)
        service.plan.append(reply)
        kind, words = expected
        with pytest.raises(kind, match=words) as caught:
            client.ask(registry.reference())
        assert service.server.netloc in str(caught.value)
        assert registry.server.netloc in str(caught.value)

    def test_a_token_service_that_recovers_is_asked_again(
        self,
        registry: ScriptedRegistry,
        image: Image,
        make_token_service: MakeTokenService,
        client: Client,
    ) -> None:
        service = make_token_service(registry)
        service.plan.extend([Reply(503), Reply(reset=True)])
        assert client.ask(registry.reference()).digest == image.top

    def test_a_challenge_without_a_scope_is_answered_for_the_repository(
        self, registry: ScriptedRegistry, make_token_service: MakeTokenService, client: Client
    ) -> None:
        service = make_token_service(registry)
        registry.plan.append(
            Reply(401, {"WWW-Authenticate": f'Bearer realm="{service.realm}?a=b"'})
        )
        client.ask(registry.reference())
        query = service.server.requests[0].query
        assert query == {"a": ["b"], "scope": ["repository:team/app:pull"]}


class TestPasswords:
    """Registries that require credentials."""

    def test_a_user_name_and_a_password_buy_a_token(
        self,
        registry: ScriptedRegistry,
        image: Image,
        make_token_service: MakeTokenService,
        home: Home,
        client: Client,
    ) -> None:
        service = make_token_service(registry, password="open sesame")
        home.log_in(registry.server.netloc, "user", "open sesame")
        assert client.ask(registry.reference()).digest == image.top
        assert all("Basic" not in str(each.headers) for each in registry.server.requests)
        assert service.server.count("GET") == 1

    def test_a_registry_may_take_the_password_itself(
        self, registry: ScriptedRegistry, image: Image, home: Home, client: Client
    ) -> None:
        registry.require_basic("user", "open sesame")
        home.log_in(registry.server.netloc, "user", "open sesame")
        assert client.ask(registry.reference()).digest == image.top
        assert registry.server.requests[0].authorization is None
        client.ask(registry.reference())
        assert len(registry.server.requests) == 3

    def test_a_token_goes_before_a_password(
        self,
        registry: ScriptedRegistry,
        make_token_service: MakeTokenService,
        home: Home,
        client: Client,
    ) -> None:
        service = make_token_service(registry, password="open sesame")
        home.log_in(registry.server.netloc, "user", "open sesame")
        challenge = f'Basic realm="x", Bearer realm="{service.realm}",service="scripted"'
        registry.plan.append(Reply(401, {"WWW-Authenticate": challenge}))
        client.ask(registry.reference())
        assert (registry.server.requests[1].authorization or "").startswith("Bearer ")

    def test_missing_credentials_are_an_error_that_says_how_to_log_in(
        self, registry: ScriptedRegistry, client: Client
    ) -> None:
        registry.require_basic("user", "open sesame")
        with pytest.raises(AccessDenied, match=f"docker login {registry.server.netloc}"):
            client.ask(registry.reference())

    def test_wrong_credentials_are_an_error_that_says_where_they_stand(
        self, registry: ScriptedRegistry, home: Home, client: Client
    ) -> None:
        registry.require_basic("user", "open sesame")
        home.log_in(registry.server.netloc, "user", "wrong")
        with pytest.raises(AccessDenied, match=r"config\.json"):
            client.ask(registry.reference())

    def test_credentials_that_the_token_service_refuses_are_an_error(
        self,
        registry: ScriptedRegistry,
        make_token_service: MakeTokenService,
        home: Home,
        client: Client,
    ) -> None:
        make_token_service(registry, password="open sesame")
        home.log_in(registry.server.netloc, "user", "wrong")
        with pytest.raises(AccessDenied, match=r"refused the credentials from .*config\.json"):
            client.ask(registry.reference())

    def test_given_credentials_go_before_those_that_are_kept(
        self, registry: ScriptedRegistry, image: Image, home: Home, client: Client
    ) -> None:
        registry.require_basic("workload", "its own")
        home.log_in(registry.server.netloc, "user", "open sesame")
        own = Credentials("workload", "its own")
        assert client.ask(registry.reference(), own).digest == image.top

    def test_given_credentials_never_go_to_a_mirror(
        self, registry: ScriptedRegistry, make_registry: Callable[..., ScriptedRegistry]
    ) -> None:
        mirror = make_registry()
        mirror.require_basic("workload", "its own")
        settings = RegistrySettings(**SETTINGS, mirrors={registry.server.netloc: mirror.server.url})
        with pytest.raises(AccessDenied):
            DistributionResolver(RegistryClient(settings)).resolve(
                ResolutionRequest(registry.reference()),
                credentials=Credentials("workload", "its own"),
                deadline=time.monotonic() + 20,
            )
        assert [each.authorization for each in mirror.server.requests] == [None]

    def test_an_unknown_scheme_is_an_error_that_names_it(
        self, registry: ScriptedRegistry, client: Client
    ) -> None:
        registry.plan.append(Reply(401, {"WWW-Authenticate": "Negotiate"}))
        with pytest.raises(AccessDenied, match="negotiate"):
            client.ask(registry.reference())


class TestIdentityTokens:
    """OAuth2 refresh tokens, as `docker login` keeps them for some registries."""

    @pytest.fixture(params=["identitytoken", "<token>"])
    def logged_in(
        self, request: pytest.FixtureRequest, registry: ScriptedRegistry, home: Home
    ) -> None:
        entry = {
            "identitytoken": {"auth": encode_pair("user", ""), "identitytoken": "refresh"},
            "<token>": {"auth": encode_pair("<token>", "refresh")},
        }[request.param]
        home.docker_config({"auths": {registry.server.netloc: entry}})

    @pytest.mark.usefixtures("logged_in")
    def test_it_is_exchanged_by_post(
        self,
        registry: ScriptedRegistry,
        image: Image,
        make_token_service: MakeTokenService,
        client: Client,
    ) -> None:
        service = make_token_service(registry, password="other", identity_token="refresh")
        assert client.ask(registry.reference()).digest == image.top
        received = service.server.requests[0]
        assert (received.method, received.query) == ("POST", {})
        assert b"grant_type=refresh_token" in received.body

    @pytest.mark.usefixtures("logged_in")
    def test_a_service_that_does_not_know_post_is_asked_by_get(
        self,
        registry: ScriptedRegistry,
        image: Image,
        make_token_service: MakeTokenService,
        client: Client,
    ) -> None:
        service = make_token_service(registry)
        assert client.ask(registry.reference()).digest == image.top
        assert [each.method for each in service.server.requests] == ["POST", "GET"]
        assert (service.server.requests[1].authorization or "").startswith("Basic ")

    @pytest.mark.usefixtures("logged_in")
    def test_it_does_not_follow_a_redirect(
        self,
        registry: ScriptedRegistry,
        make_token_service: MakeTokenService,
        make_server: Callable[..., LoopbackServer],
        client: Client,
    ) -> None:
        service = make_token_service(registry, identity_token="refresh")
        elsewhere = make_server(lambda _: Reply(200, {}, b'{"token": "bait"}'))
        service.plan.append(Reply(307, {"Location": elsewhere.url}))
        with pytest.raises(UntrustedAnswer, match="holds a secret"):
            client.ask(registry.reference())
        assert elsewhere.requests == []


def test_a_registry_token_is_sent_as_it_is(
    registry: ScriptedRegistry,
    image: Image,
    make_token_service: MakeTokenService,
    home: Home,
    ask: Ask,
) -> None:
    service = make_token_service(registry)
    service.issued["given"] = "repository:team/app:pull"
    home.docker_config({"auths": {registry.server.netloc: {"registrytoken": "given"}}})
    assert require_resolution(ask(registry.reference())).digest == image.top
    assert service.server.requests == []


class TestRedirects:
    """A registry may send us elsewhere, and credentials stay at home."""

    def test_credentials_do_not_follow_a_redirect_to_another_host(
        self,
        registry: ScriptedRegistry,
        image: Image,
        make_server: Callable[..., LoopbackServer],
        home: Home,
        client: Client,
    ) -> None:
        elsewhere = make_server(registry.honest)
        registry.require_basic("user", "open sesame")
        home.log_in(registry.server.netloc, "user", "open sesame")
        moved = Reply(307, {"Location": f"{elsewhere.url}/v2/team/app/manifests/v1"})
        registry.plan.extend([None, moved, moved])
        assert client.ask(registry.reference()).digest == image.top
        assert (registry.server.requests[1].authorization or "").startswith("Basic ")
        assert {each.authorization for each in elsewhere.requests} == {None}

    def test_the_headers_of_another_host_are_not_believed(
        self,
        registry: ScriptedRegistry,
        image: Image,
        make_server: Callable[..., LoopbackServer],
        client: Client,
    ) -> None:
        elsewhere = make_server(registry.honest)
        moved = Reply(302, {"Location": f"{elsewhere.url}/v2/team/app/manifests/v1"})
        registry.plan.append(moved)
        assert client.ask(registry.reference()).digest == image.top
        assert [each.method for each in registry.server.requests] == ["HEAD", "GET"]

    def test_credentials_follow_a_redirect_on_the_same_host(
        self, registry: ScriptedRegistry, image: Image, home: Home, client: Client
    ) -> None:
        registry.require_basic("user", "open sesame")
        home.log_in(registry.server.netloc, "user", "open sesame")
        registry.add("team/moved", "v1", image)
        registry.plan.extend([None, Reply(301, {"Location": "/v2/team/moved/manifests/v1"})])
        assert client.ask(registry.reference()).digest == image.top

    def test_a_challenge_of_another_host_is_not_answered(
        self,
        registry: ScriptedRegistry,
        make_server: Callable[..., LoopbackServer],
        home: Home,
        client: Client,
    ) -> None:
        elsewhere = make_server(lambda _: Reply(401, {"WWW-Authenticate": 'Basic realm="x"'}))
        home.docker_config(
            {
                "auths": {
                    host: {"auth": encode_pair("user", "open sesame")}
                    for host in (registry.server.netloc, elsewhere.netloc)
                }
            }
        )
        registry.plan.append(Reply(307, {"Location": elsewhere.url}))
        with pytest.raises(AccessDenied, match="where it redirects to"):
            client.ask(registry.reference())
        assert [each.authorization for each in elsewhere.requests] == [None]

    @pytest.mark.parametrize(
        "location",
        [
            pytest.param("http://registry.example/v2/", id="plain http"),
            pytest.param("ftp://registry.example/v2/", id="another protocol"),
            pytest.param("https://user:secret@registry.example/v2/", id="a password"),
            pytest.param("https://registry.example:port/v2/", id="no port"),
            pytest.param("http://[::1/v2/", id="no address"),
            pytest.param("file:///etc/passwd", id="a file"),
        ],
    )
    def test_where_a_redirect_may_not_lead(
        self, registry: ScriptedRegistry, client: Client, location: str
    ) -> None:
        registry.plan.append(Reply(307, {"Location": location}))
        with pytest.raises(UntrustedAnswer, match="redirects to"):
            client.ask(registry.reference())

    @pytest.mark.parametrize("length", [1, 2, 20], ids=["itself", "two", "ever new"])
    def test_redirects_that_do_not_end_are_an_error(
        self, registry: ScriptedRegistry, client: Client, length: int
    ) -> None:
        for step in range(40):
            registry.plan.append(Reply(307, {"Location": f"/v2/step/{step % length}"}))
        with pytest.raises(RegistryUnavailable, match="in a circle"):
            client.ask(registry.reference())
        assert len(registry.server.requests) <= 7
