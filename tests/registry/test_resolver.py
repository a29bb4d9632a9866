"""All images of a synth at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from pinned_images.errors import ImageNotFound, RegistryUnavailable
from pinned_images.reference import ImageReference, Platform
from pinned_images.registry import RegistryResolver, RegistrySettings
from pinned_images.registry.concurrent_resolution import (
    ResolutionTask,
    resolve_concurrently,
)
from pinned_images.resolution import Outcome, ResolutionRequest
from tests.registry.clock import Clock
from tests.registry.images import Image, make_image
from tests.registry.loopback import Received, Reply
from tests.registry.scripted import ScriptedRegistry
from tests.registry.user import SETTINGS, Home, require_resolution, resolve_together

AMD64 = Platform("linux", "amd64")
ARM64 = Platform("linux", "arm64")


def test_nothing_is_asked_for_nothing() -> None:
    assert RegistryResolver().resolve([]) == {}


def test_a_repetition_is_asked_once(registry: ScriptedRegistry, image: Image) -> None:
    request = ResolutionRequest(registry.reference())
    outcomes = resolve_together(request, request, ResolutionRequest(registry.reference()))
    assert {require_resolution(outcome).digest for outcome in outcomes} == {image.top}
    assert len(registry.server.requests) == 1


def test_a_tag_is_read_once_for_all_platforms(registry: ScriptedRegistry, image: Image) -> None:
    reference = registry.reference()
    whole, amd64, arm64 = resolve_together(
        ResolutionRequest(reference),
        ResolutionRequest(reference, AMD64),
        ResolutionRequest(reference, ARM64, select=True),
    )
    assert require_resolution(whole).digest == require_resolution(amd64).digest == image.top
    assert require_resolution(arm64).digest == make_image(architecture="arm64").top
    assert [each.method for each in registry.server.requests] == ["GET"]


def test_a_tag_that_moves_meanwhile_gives_one_digest(registry: ScriptedRegistry) -> None:
    reference = registry.reference()
    first = registry.images["team/app", "v1"]

    def move(received: Received) -> Reply:
        reply = registry.honest(received)
        moved = make_image(salt="moved")
        manifests = {**first.manifests, **moved.manifests}
        registry.images["team/app", "v1"] = Image(moved.top, manifests, first.blobs)
        return reply

    registry.plan.append(move)
    outcomes = resolve_together(ResolutionRequest(reference), ResolutionRequest(reference, AMD64))
    assert [require_resolution(outcome).digest for outcome in outcomes] == [first.top] * 2


def test_what_fails_hurts_nobody_else(registry: ScriptedRegistry, image: Image) -> None:
    found, missing = resolve_together(
        ResolutionRequest(registry.reference(tag="v1")),
        ResolutionRequest(registry.reference(tag="v9")),
    )
    assert require_resolution(found).digest == image.top
    assert isinstance(missing, ImageNotFound)


def many(registry: ScriptedRegistry, count: int) -> list[ResolutionRequest]:
    for number in range(count):
        registry.add("team/many", f"v{number}", make_image(salt=str(number)))
    return [
        ResolutionRequest(registry.reference("team/many", f"v{number}")) for number in range(count)
    ]


def test_images_are_asked_for_side_by_side(registry: ScriptedRegistry) -> None:
    """Nobody is answered before four have asked."""
    together = threading.Barrier(4)

    def wait(_: Received) -> None:
        together.wait(20)

    registry.plan.extend([wait] * 4)
    for outcome in resolve_together(*many(registry, 4), request_timeout=20):
        require_resolution(outcome)


def test_a_host_is_asked_by_no_more_than_allowed(registry: ScriptedRegistry) -> None:
    for outcome in resolve_together(*many(registry, 30), concurrency=3):
        require_resolution(outcome)
    assert registry.server.most_at_once <= 3
    assert registry.server.connections <= 3


def test_connections_and_what_was_learned_are_kept_for_the_next_call(
    registry: ScriptedRegistry, home: Home
) -> None:
    registry.require_basic("user", "open sesame")
    home.log_in(registry.server.netloc, "user", "open sesame")
    resolver = RegistryResolver(RegistrySettings(**SETTINGS))
    for _ in range(3):
        resolver.resolve([ResolutionRequest(registry.reference())])
    assert registry.server.connections == 1
    assert len(registry.server.requests) == 4


def test_one_host_that_hangs_leaves_the_others_their_answers(
    registry: ScriptedRegistry,
    image: Image,
    make_registry: Callable[..., ScriptedRegistry],
    clock: Clock,
) -> None:
    """Time is up when the first answer is there: one worker asks for the next image after it."""
    hanging = make_registry()
    asked, over = threading.Event(), threading.Event()

    def hang(_: Received) -> Reply:
        asked.set()
        over.wait()
        return Reply(200)

    def end(_: Received) -> None:
        asked.wait()
        clock.put_forward(3600)

    hanging.protection = hang
    registry.plan.extend([None, end])
    answered, late, _ = resolve_together(
        ResolutionRequest(registry.reference()),
        ResolutionRequest(hanging.reference()),
        ResolutionRequest(registry.reference(tag="v2")),
        concurrency=1,
    )
    over.set()
    assert require_resolution(answered).digest == image.top
    assert isinstance(late, RegistryUnavailable)
    assert hanging.server.netloc in str(late)


REQUEST = ResolutionRequest(ImageReference.parse("ghcr.io/team/app:v1"))


def test_whoever_is_stuck_is_not_waited_for() -> None:
    stuck = threading.Event()

    def ask(_: float) -> dict[ResolutionRequest, Outcome]:
        stuck.wait(60)
        return {}

    outcomes = resolve_concurrently(
        [ResolutionTask("ghcr.io", (REQUEST,), ask)], time.monotonic() - 0.9, 1
    )
    stuck.set()
    assert isinstance(outcomes[REQUEST], RegistryUnavailable)
    assert "ghcr.io gave no answer" in str(outcomes[REQUEST])


def test_what_nobody_expects_becomes_an_error_that_tells_no_secret() -> None:
    def ask(_: float) -> dict[ResolutionRequest, Outcome]:
        raise KeyError("hunter2")

    outcomes = resolve_concurrently(
        [ResolutionTask("ghcr.io", (REQUEST,), ask)], time.monotonic() + 20, 1
    )
    assert isinstance(outcomes[REQUEST], RegistryUnavailable)
    assert "an unexpected KeyError" in str(outcomes[REQUEST])
    assert "hunter2" not in str(outcomes[REQUEST])
