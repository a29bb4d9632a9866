"""Many schedules of faults: never a wrong digest, and every error is one that explains itself."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pinned_images.errors import ResolutionError
from pinned_images.reference import Digest, Platform
from pinned_images.registry.client import RegistryClient
from pinned_images.registry.distribution_resolver import DistributionResolver
from pinned_images.registry.http.retries import RetryPolicy
from pinned_images.registry.settings import RegistrySettings
from pinned_images.resolution import Resolution, ResolutionRequest
from tests.registry.images import OCI_INDEX, OCI_MANIFEST, Image, make_image, make_multi_platform
from tests.registry.loopback import Received, Reply
from tests.registry.scripted import ScriptedRegistry, TokenService

DECOY = make_image(salt="decoy")
_, DECOY_BODY = DECOY.manifests[DECOY.top]

#: A fault gets the request and the honest reply to it.
Fault = Callable[[Received, Reply], Reply]


def always(reply: Reply) -> Fault:
    return lambda _received, _honest: reply


def on_get(change: Callable[[Reply], Reply]) -> Fault:
    """A lie about a manifest's bytes; the headers of a HEAD are believed, so those stay true."""
    return lambda received, honest: honest if received.method == "HEAD" else change(honest)


def with_headers(**headers: str | None) -> Fault:
    return lambda _received, honest: honest.changed(**headers)


def replaced(honest: Reply) -> Reply:
    return Reply(honest.status, honest.headers, DECOY_BODY)


def shortened(honest: Reply) -> Reply:
    return Reply(honest.status, {"Content-Type": OCI_MANIFEST}, honest.body[:-7])


def compressed(honest: Reply) -> Reply:
    return Reply(200, {**honest.headers, "Content-Encoding": "gzip"}, gzip.compress(honest.body))


def compressed_decoy(honest: Reply) -> Reply:
    return Reply(200, {**honest.headers, "Content-Encoding": "gzip"}, gzip.compress(DECOY_BODY))


def changed(honest: Reply) -> Reply:
    return Reply(honest.status, honest.headers, honest.body.replace(b"2", b"3", 1))


FAULTS: dict[str, Fault] = {
    **{str(status): always(Reply(status)) for status in (400, 401, 403, 404, 405, 429, 500, 503)},
    "429 at once": always(Reply(429, {"Retry-After": "0"})),
    "429 with nonsense": always(Reply(429, {"Retry-After": "soon"})),
    "429 for a year": always(Reply(429, {"Retry-After": "31536000"})),
    "reset": always(Reply(reset=True)),
    "closed": always(Reply(raw=b"")),
    "noise": always(Reply(raw=b"\x00\xff" * 40)),
    "half the headers": always(Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Ty")),
    "a page": always(Reply(200, {"Content-Type": "text/html"}, b"<html>")),
    "nothing": always(Reply(200)),
    "a loop": lambda received, _: Reply(307, {"Location": received.target}),
    "a private redirect": always(Reply(302, {"Location": "https://169.254.169.254/"})),
    "no digest": with_headers(Docker_Content_Digest=None),
    "a digest that is none": with_headers(Docker_Content_Digest="sha256:12"),
    "no type": with_headers(Content_Type=None),
    "another digest": on_get(lambda reply: reply.changed(Docker_Content_Digest=str(DECOY.top))),
    "another body": on_get(replaced),
    "a shorter body": on_get(shortened),
    "a changed body": on_get(changed),
    "a compressed body": on_get(compressed),
    "another body, compressed": on_get(compressed_decoy),
    "two digests": on_get(
        lambda reply: reply.changed(Docker_Content_Digest=f"{DECOY.top}, {DECOY.top}")
    ),
    "a page to log in": always(Reply(302, {"Location": "/login"})),
    "406": always(Reply(406)),
    "a cut body": on_get(lambda reply: Reply(200, reply.headers, reply.body + b" " * 99, cut=9)),
    "too long a length": on_get(
        lambda reply: Reply(200, {**reply.headers, "Content-Length": "9999"}, reply.body, cut=9999)
    ),
    "too short a length": on_get(
        lambda reply: Reply(200, {**reply.headers, "Content-Length": "20"}, reply.body, cut=9999)
    ),
    "a challenge of nobody": always(Reply(401, {"WWW-Authenticate": ', "Bearer realm=,'})),
    "a realm on http": always(
        Reply(401, {"WWW-Authenticate": 'Bearer realm="http://auth.example/"'})
    ),
    "a wrong challenge": always(Reply(401, {"WWW-Authenticate": 'Basic realm="x"'})),
}
TOKEN_FAULTS = {
    "500": Reply(500),
    "403": Reply(403),
    "no token": Reply(200, {}, b"{}"),
    "no JSON": Reply(200, {}, b"token"),
    "a token of nobody": Reply(200, {}, b'{"token": "made-up"}'),
    "reset": Reply(reset=True),
}

schedules = st.lists(st.sampled_from(["honest", *FAULTS]), max_size=6)
token_schedules = st.lists(st.sampled_from(sorted(TOKEN_FAULTS)), max_size=2)
platforms = st.sampled_from([None, Platform("linux", "amd64"), Platform("linux", "arm64")])

IMAGES = {"v1": make_multi_platform(), "v2": make_image()}
QUICK = RegistrySettings(
    deadline=60,
    request_timeout=20,
    retry=RetryPolicy(attempts=3, first_wait=0.0005, longest_wait=0.001),
)


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[ScriptedRegistry, TokenService]]:
    registry = ScriptedRegistry()
    for tag, image in IMAGES.items():
        registry.add("team/app", tag, image)
    service = TokenService(registry)
    yield registry, service
    service.server.close()
    registry.server.close()


def right_digests(image: Image, request: ResolutionRequest) -> set[Digest]:
    """What may be answered: the top, or where a platform's own is wanted, that."""
    if request.select and request.platform is not None and image is IMAGES["v1"]:
        return {make_image(architecture=request.platform.architecture).top}
    return {image.top}


def plan(registry: ScriptedRegistry, names: list[str], *, guarded: bool) -> None:
    registry.plan.clear()
    for name in names:
        fault = FAULTS.get(name)
        registry.plan.append(_planned(registry, fault, guarded=guarded) if fault else None)


def _planned(
    registry: ScriptedRegistry, fault: Fault, *, guarded: bool
) -> Callable[[Received], Reply | None]:
    def respond(received: Received) -> Reply | None:
        refusal = registry.protection(received) if guarded else None
        honest = refusal or registry.honest(received)
        return fault(received, honest) if honest.status == 200 else honest

    return respond


@settings(max_examples=settings().max_examples * 4, suppress_health_check=list(HealthCheck))
@given(
    tag=st.sampled_from(sorted(IMAGES)),
    names=schedules,
    token_names=token_schedules,
    platform=platforms,
    select=st.booleans(),
    guarded=st.booleans(),
)
def test_a_wrong_digest_is_never_answered(
    world: tuple[ScriptedRegistry, TokenService],
    tag: str,
    names: list[str],
    token_names: list[str],
    platform: Platform | None,
    *,
    select: bool,
    guarded: bool,
) -> None:
    registry, service = world
    registry.protection = service.protect if guarded else lambda _: None
    plan(registry, names, guarded=guarded)
    service.plan.clear()
    service.plan.extend(TOKEN_FAULTS[name] for name in token_names)
    request = ResolutionRequest(registry.reference(tag=tag), platform, select=select)
    client = DistributionResolver(RegistryClient(QUICK))
    outcome = client.resolve_all([request], deadline=time.monotonic() + QUICK.deadline)[request]
    if isinstance(outcome, Resolution):
        assert outcome.digest in right_digests(IMAGES[tag], request)
        assert outcome.media_type in (OCI_INDEX, OCI_MANIFEST)
    else:
        assert isinstance(outcome, ResolutionError)
        assert type(outcome) is not ResolutionError
        message = str(outcome)
        assert f"'{request.reference}'" in message
        assert registry.server.netloc in message
        assert message.endswith(".")
        assert "\n" not in message


@pytest.mark.parametrize("name", FAULTS)
def test_after_each_fault_alone_an_honest_registry_is_believed_again(
    world: tuple[ScriptedRegistry, TokenService], name: str
) -> None:
    registry, _ = world
    registry.protection = lambda _: None
    client = DistributionResolver(RegistryClient(QUICK))
    request = ResolutionRequest(registry.reference(), Platform("linux", "amd64"))
    plan(registry, [name], guarded=False)
    client.resolve_all([request], deadline=time.monotonic() + QUICK.deadline)
    registry.plan.clear()
    outcome = client.resolve_all([request], deadline=time.monotonic() + QUICK.deadline)[request]
    assert isinstance(outcome, Resolution), outcome
    assert outcome.digest == IMAGES["v1"].top
