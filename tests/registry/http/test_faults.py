"""Networks and registries that fail: the right digest, or one sentence that says what happened."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate

import pytest

from pinned_images.errors import AccessDenied, RegistryUnavailable, ResolutionError, UntrustedAnswer
from pinned_images.reference import ImageReference
from pinned_images.registry.client import RegistryClient
from pinned_images.registry.distribution_resolver import DistributionResolver
from pinned_images.registry.http import http_client
from pinned_images.registry.http.bodies import LONGEST_BODY
from pinned_images.registry.http.http_client import HttpClient
from pinned_images.registry.http.messages import Request, Response
from pinned_images.registry.http.retries import RetryPolicy
from pinned_images.registry.http.transport import Transport
from pinned_images.registry.resolver import RegistryResolver
from pinned_images.registry.settings import RegistrySettings
from pinned_images.resolution import ResolutionRequest
from tests.registry.clock import Clock
from tests.registry.images import OCI_MANIFEST, Image, make_image
from tests.registry.loopback import LoopbackServer, Received, Reply
from tests.registry.scripted import ScriptedRegistry
from tests.registry.user import SETTINGS, Ask, require_resolution

IMPATIENT = {"request_timeout": 0.2}
# An honest answer may be slow too, where the machine is: it comes in one of many attempts.
PERSISTENT = {
    "request_timeout": 0.4,
    "retry": RetryPolicy(attempts=30, first_wait=0.01, longest_wait=0.05),
}
CUT = Reply(200, {"Content-Type": OCI_MANIFEST, "Content-Length": "999"}, b'{"schema', cut=9)

PASSING = [
    pytest.param(Reply(429), "answered 429", id="429"),
    pytest.param(Reply(429, {"Retry-After": "0"}), "answered 429", id="429 with seconds"),
    pytest.param(
        Reply(429, {"Retry-After": formatdate(0, usegmt=True)}),
        "answered 429",
        id="429 with a date",
    ),
    pytest.param(Reply(429, {"Retry-After": "in a while"}), "answered 429", id="429 with nonsense"),
    pytest.param(Reply(429, {"Retry-After": "-7"}), "answered 429", id="429 with less than none"),
    pytest.param(Reply(500), "answered 500", id="500"),
    pytest.param(Reply(502, {}, b"<html>Bad gateway</html>"), "answered 502", id="502"),
    pytest.param(Reply(503), "answered 503", id="503"),
    pytest.param(Reply(504), "answered 504", id="504"),
    pytest.param(Reply(408), "answered 408", id="408"),
    pytest.param(Reply(522), "answered 522", id="522"),
    pytest.param(Reply(reset=True), "broke off the connection", id="reset"),
    pytest.param(Reply(raw=b""), "broke off the connection", id="closed"),
    pytest.param(Reply(raw=b"SSH-2.0-OpenSSH\r\n"), "that is not HTTP", id="not HTTP"),
    pytest.param(Reply(raw=b"HTTP/1.1 abc\r\n\r\n"), "that is not HTTP", id="a broken status"),
    pytest.param(
        Reply(raw=b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 3000 + b"\r\n"),
        "that is not HTTP",
        id="too many headers",
    ),
    pytest.param(
        Reply(raw=b"HTTP/1.1 200 OK\r\nDocker-Con"), "that is not HTTP", id="half the headers"
    ),
    pytest.param(Reply(drip="headers"), "did not answer in time", id="slow headers"),
]


@pytest.mark.parametrize(("fault", "words"), PASSING)
def test_a_fault_that_passes_is_got_over(
    registry: ScriptedRegistry, image: Image, ask: Ask, fault: Reply, words: str
) -> None:
    registry.plan.append(fault)
    outcome = ask(registry.reference(), **PERSISTENT if fault.drip else {})
    assert require_resolution(outcome).digest == image.top


@pytest.mark.parametrize(("fault", "words"), PASSING)
def test_a_fault_that_stays_is_an_error_that_names_image_registry_and_cause(
    registry: ScriptedRegistry, ask: Ask, fault: Reply, words: str
) -> None:
    registry.protection = lambda _: fault
    error = ask(registry.reference(), **IMPATIENT if fault.drip else {})
    assert isinstance(error, RegistryUnavailable)
    for part in (f"'{registry.reference()}'", f"registry {registry.server.netloc}", words):
        assert part in str(error)
    assert "3 times in a row" in str(error)
    assert ("check the network" in str(error)) is not words.startswith("answered")
    # What is broken off at HEAD may not be at GET.
    is_head_alone = "broke off" not in words and "not HTTP" not in words and "500" not in words
    methods = {"HEAD"} if is_head_alone else {"HEAD", "GET"}
    assert {each.method for each in registry.server.requests} == methods


BODY_FAULTS = [
    pytest.param(CUT, id="truncated body"),
    pytest.param(
        Reply(200, {"Content-Type": OCI_MANIFEST}, b" " * 4000, drip="body"), id="slow body"
    ),
    pytest.param(
        Reply(200, {"Content-Type": OCI_MANIFEST, "Transfer-Encoding": "chunked"}, b"zz\r\n{}\r\n"),
        id="broken chunks",
    ),
]


@pytest.mark.parametrize("fault", BODY_FAULTS)
def test_a_body_that_fails_once_is_read_again(
    registry: ScriptedRegistry, image: Image, ask: Ask, fault: Reply
) -> None:
    registry.plan.extend([Reply(405), fault])
    outcome = ask(registry.reference(), **PERSISTENT if fault.drip else {})
    assert require_resolution(outcome).digest == image.top


@pytest.mark.parametrize("fault", BODY_FAULTS)
def test_a_body_that_always_fails_is_an_error(
    registry: ScriptedRegistry, ask: Ask, fault: Reply
) -> None:
    registry.plan.append(Reply(405))
    registry.protection = lambda _: fault
    error = ask(registry.reference(), **IMPATIENT if fault.drip else {})
    assert isinstance(error, RegistryUnavailable)
    assert registry.server.netloc in str(error)


@pytest.mark.parametrize("difference", [-1, -40, 7])
def test_a_wrong_content_length_never_gives_a_digest(
    registry: ScriptedRegistry, image: Image, ask: Ask, difference: int
) -> None:
    body = image.manifests[image.top][1]
    length = str(len(body) + difference)
    registry.plan.append(Reply(405))
    fault = Reply(200, {"Content-Type": OCI_MANIFEST, "Content-Length": length}, body, cut=9999)
    registry.protection = lambda _: fault
    assert isinstance(ask(registry.reference()), (RegistryUnavailable, UntrustedAnswer))


@pytest.mark.parametrize("size", [LONGEST_BODY + 1, None], ids=["a byte too long", "endless"])
def test_a_body_is_read_up_to_a_bound(
    registry: ScriptedRegistry, ask: Ask, size: int | None
) -> None:
    body = b" " * (size or 65536)
    registry.plan.append(Reply(405))
    registry.plan.append(Reply(200, {"Content-Type": OCI_MANIFEST}, body, endless=size is None))
    error = ask(registry.reference(), request_timeout=10)
    assert isinstance(error, UntrustedAnswer)
    assert "longer than 4 MiB" in str(error)


def test_an_endless_error_is_read_up_to_a_bound(registry: ScriptedRegistry, ask: Ask) -> None:
    registry.plan.extend([Reply(405), Reply(418, {}, b"x" * 4096, endless=True)])
    error = ask(registry.reference(), request_timeout=10)
    assert isinstance(error, RegistryUnavailable)
    assert "answered 418" in str(error)


@pytest.mark.parametrize("asked", ["3600", "9" * 400, "99999999999", formatdate(4e9, usegmt=True)])
def test_nobody_waits_longer_than_the_deadline(
    registry: ScriptedRegistry, ask: Ask, asked: str
) -> None:
    registry.plan.append(Reply(429, {"Retry-After": asked}))
    error = ask(registry.reference())
    assert isinstance(error, RegistryUnavailable)
    assert "answered 429, and the next try would have to wait" in str(error)
    assert len(registry.server.requests) == 1


def test_a_throttled_client_is_told_how_to_raise_the_limit(
    registry: ScriptedRegistry, ask: Ask
) -> None:
    registry.protection = lambda _: Reply(429)
    assert "log in to it for a higher limit, use a mirror" in str(ask(registry.reference()))


def test_a_wait_that_one_request_is_asked_for_holds_for_all_to_that_host(
    make_server: Callable[..., LoopbackServer],
) -> None:
    server = make_server(lambda _: Reply(429, {"Retry-After": "3600"}))
    courier = HttpClient(RegistrySettings(retry=RetryPolicy(attempts=1)), {})
    with pytest.raises(ResolutionError, match="answered 429"):
        courier.fetch(Request("GET", f"{server.url}/one"), time.monotonic() + 7200)
    with pytest.raises(ResolutionError, match=r"asked by its pace, .* wait 3[56]\d\d s"):
        courier.fetch(Request("GET", f"{server.url}/other"), time.monotonic() + 20)
    assert [each.path for each in server.requests] == ["/one"]


def test_nobody_listening_is_an_error_that_says_so(ask: Ask) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        netloc = f"127.0.0.1:{taken.getsockname()[1]}"
        error = ask(ImageReference.parse(f"{netloc}/team/app"))
    assert isinstance(error, RegistryUnavailable)
    assert f"no connection to {netloc} could be made" in str(error)


def test_a_port_that_cannot_be_is_an_error(ask: Ask) -> None:
    error = ask(ImageReference.parse("localhost:99999/team/app"))
    assert isinstance(error, RegistryUnavailable)
    assert "localhost:99999" in str(error)


def test_a_server_that_never_answers_costs_no_more_than_the_deadline(
    registry: ScriptedRegistry, ask: Ask
) -> None:
    registry.protection = lambda _: Reply(drip="headers")
    policy = RetryPolicy(attempts=1000, first_wait=0.01)
    error = ask(registry.reference(), deadline=0.6, request_timeout=0.1, retry=policy)
    assert isinstance(error, RegistryUnavailable)
    assert "did not answer in time" in str(error) or "no time was left" in str(error)
    assert len(registry.server.requests) < 20


def test_a_deadline_that_has_passed_sends_no_request(registry: ScriptedRegistry) -> None:
    client = DistributionResolver(RegistryClient(RegistrySettings(**SETTINGS)))
    request = ResolutionRequest(registry.reference())
    with pytest.raises(RegistryUnavailable, match=r"no time|have to wait"):
        client.resolve(request, deadline=time.monotonic() - 1)
    assert registry.server.requests == []


def test_a_connection_that_was_closed_in_the_meantime_is_made_anew(
    registry: ScriptedRegistry, image: Image
) -> None:
    client = DistributionResolver(RegistryClient(RegistrySettings(**SETTINGS)))
    request = ResolutionRequest(registry.reference())
    for _ in range(3):
        resolution = client.resolve(request, deadline=time.monotonic() + 20)
        assert resolution.digest == image.top
        registry.plan.append(Reply(raw=b""))


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_failing_head_is_never_followed_by_get(
    registry: ScriptedRegistry, ask: Ask, status: int
) -> None:
    registry.protection = lambda _: Reply(status)
    assert isinstance(ask(registry.reference()), ResolutionError)
    assert registry.server.count("GET") == 0


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_an_encoding_that_nobody_asked_for_never_gives_a_digest(
    registry: ScriptedRegistry, ask: Ask, encoding: str
) -> None:
    def encoded(received: Received) -> Reply:
        reply = registry.honest(received)
        headers = {**reply.headers, "Content-Encoding": encoding}
        return Reply(200, headers, b"\x1f\x8b" + reply.body)

    registry.plan.extend([Reply(405), encoded])
    assert isinstance(ask(registry.reference()), UntrustedAnswer)


def test_interim_responses_are_passed_over(
    registry: ScriptedRegistry, image: Image, ask: Ask
) -> None:
    """RFC 9110, section 15.2: a client must be able to take one or more before the answer."""
    media_type, body = image.manifests[image.top]
    interim = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    registry.plan.append(Reply(405))
    registry.plan.append(Reply(raw=interim.encode() * 3 + head.encode() + body))
    assert require_resolution(ask(registry.reference())).digest == image.top


def test_interim_responses_without_an_end_are_an_error(
    registry: ScriptedRegistry, ask: Ask
) -> None:
    registry.protection = lambda _: Reply(raw=b"HTTP/1.1 102 Processing\r\n\r\n" * 1000)
    assert isinstance(ask(registry.reference()), RegistryUnavailable)


def test_more_than_a_hundred_headers_are_read(
    registry: ScriptedRegistry, image: Image, ask: Ask
) -> None:
    many = {f"X-Header-{number}": "x" * 40 for number in range(500)}
    registry.protection = lambda received: Reply(
        200, {**many, **registry.honest(received).headers}, registry.honest(received).body
    )
    assert require_resolution(ask(registry.reference())).digest == image.top


def test_the_bound_on_headers_is_one_for_all_of_them(registry: ScriptedRegistry, ask: Ask) -> None:
    line = b"X-Long: " + b"x" * 60_000 + b"\r\n"
    registry.protection = lambda _: Reply(raw=b"HTTP/1.1 200 OK\r\n" + line * 10 + b"\r\n")
    error = ask(registry.reference())
    assert isinstance(error, RegistryUnavailable)
    assert "that is not HTTP" in str(error)


class TestSilentHosts:
    """A host that has never answered is given up soon, and for all of its images at once."""

    @pytest.fixture
    def silent(self) -> Iterator[str]:
        """A port that takes no connection: its queue is full."""
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            address = listener.getsockname()
            for _ in range(4):
                waiting = stack.enter_context(socket.socket())
                waiting.settimeout(0)
                waiting.connect_ex(address)
            yield f"127.0.0.1:{address[1]}"

    def test_no_request_waits_longer_for_it_than_the_first_ones(
        self, silent: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(http_client, "_CONNECT_TO_UNKNOWN_HOST", 0.2)
        attempts: list[str] = []
        send = Transport.send

        def counted(self: Transport, request: Request, *arguments: float) -> Response:
            attempts.append(request.url)
            return send(self, request, *arguments)

        monkeypatch.setattr(Transport, "send", counted)
        requests = [
            ResolutionRequest(ImageReference.parse(f"{silent}/team/app-{number}:1"))
            for number in range(40)
        ]
        settings = RegistrySettings(retry=RetryPolicy(attempts=5, first_wait=0.01))
        outcomes = RegistryResolver(settings).resolve(requests)
        errors = list(outcomes.values())
        assert all(isinstance(error, RegistryUnavailable) for error in errors)
        reasons = {each.grouping_key for each in errors if isinstance(each, ResolutionError)}
        assert len(reasons) == 1
        assert f"no connection to {silent} could be made, 2 times in a row" in str(errors[0])
        # Those that were under way at a time have tried twice each, and all others not at all.
        assert len(attempts) <= 2 * settings.concurrency

    def test_it_is_asked_again_once_some_time_has_passed(
        self, registry: ScriptedRegistry, image: Image, clock: Clock
    ) -> None:
        netloc = registry.server.netloc
        resolver = DistributionResolver(RegistryClient(RegistrySettings(**SETTINGS)))
        request = ResolutionRequest(registry.reference())
        registry.server.close()
        with pytest.raises(RegistryUnavailable, match="no connection"):
            resolver.resolve(request, deadline=time.monotonic() + 20)
        revived = LoopbackServer(registry.respond, port=registry.server.port)
        try:
            with pytest.raises(RegistryUnavailable, match="no connection"):
                resolver.resolve(request, deadline=time.monotonic() + 20)
            clock.put_forward(60)
            resolution = resolver.resolve(request, deadline=time.monotonic() + 20)
            assert (resolution.digest, resolution.origin) == (image.top, netloc)
        finally:
            revived.close()

    def test_a_name_service_that_does_not_answer_is_given_up(
        self, monkeypatch: pytest.MonkeyPatch, ask: Ask
    ) -> None:
        monkeypatch.setattr(http_client, "_CONNECT_TO_UNKNOWN_HOST", 0.2)
        hung = threading.Event()
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: hung.wait(60))
        error = ask(ImageReference.parse("registry.example/team/app:1"))
        hung.set()
        assert isinstance(error, RegistryUnavailable)
        assert "the name 'registry.example' cannot be resolved, 2 times in a row" in str(error)

    def test_a_host_that_has_answered_gets_all_attempts(
        self, registry: ScriptedRegistry, image: Image
    ) -> None:
        policy = RetryPolicy(attempts=4, first_wait=0.01, longest_wait=0.01)
        settings = RegistrySettings(**{**SETTINGS, "retry": policy, "request_timeout": 0.3})
        resolver = DistributionResolver(RegistryClient(settings))
        request = ResolutionRequest(registry.reference())
        assert resolver.resolve(request, deadline=time.monotonic() + 60).digest == image.top
        registry.protection = lambda _: Reply(drip="headers")
        with pytest.raises(RegistryUnavailable, match="4 times in a row"):
            resolver.resolve(request, deadline=time.monotonic() + 60)

    def test_a_dead_registry_does_not_blame_the_healthy_one(
        self, registry: ScriptedRegistry, silent: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(http_client, "_CONNECT_TO_UNKNOWN_HOST", 0.2)
        dead = [
            ResolutionRequest(ImageReference.parse(f"{silent}/team/app-{number}:1"))
            for number in range(20)
        ]
        healthy = []
        for number in range(20):
            registry.add(f"team/app-{number}", "v1", make_image(salt=str(number)))
            healthy.append(ResolutionRequest(registry.reference(f"team/app-{number}")))
        outcomes = RegistryResolver(RegistrySettings(**SETTINGS)).resolve([*dead, *healthy])
        for request in healthy:
            require_resolution(outcomes[request])
        assert all("by its pace" not in str(outcomes[request]) for request in dead)


def test_hostile_challenges_do_not_stall_the_other_registries(
    make_registry: Callable[..., ScriptedRegistry],
) -> None:
    """95 headers of 8 KiB at two images took 180 of 200 other images along once."""
    hostile, healthy = make_registry(), make_registry()
    header = b"WWW-Authenticate: " + b'\\"' * 1000 + b"\r\n"
    head = b"HTTP/1.1 401 Unauthorized\r\n" + header * 95 + b"Content-Length: 0\r\n\r\n"
    hostile.protection = lambda _: Reply(raw=head)
    bad = [ResolutionRequest(hostile.reference(f"team/app-{number}")) for number in range(2)]
    good = []
    for number in range(40):
        healthy.add(f"team/app-{number}", "v1", make_image(salt=str(number)))
        good.append(ResolutionRequest(healthy.reference(f"team/app-{number}")))
    outcomes = RegistryResolver(RegistrySettings(**SETTINGS)).resolve([*bad, *good])
    assert all(isinstance(outcomes[request], AccessDenied) for request in bad)
    for request in good:
        require_resolution(outcomes[request])
