"""The rate limiter of a host."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest

from pinned_images.registry.host_profiles import HostProfile, Rate, profile_of
from pinned_images.registry.http.rate_limiter import RateLimiter
from pinned_images.registry.http.retries import RetryPolicy
from tests.registry.clock import Clock


@pytest.fixture(autouse=True)
def stopped_clock(clock: Clock) -> Iterator[None]:
    """Time goes by only where a test puts it forward."""
    with clock.stopped():
        yield


def starts(limiter: RateLimiter, count: int) -> list[float]:
    """When the next requests may start, from now on."""
    now = time.monotonic()
    return [limiter.next_start() - now for _ in range(count)]


def test_an_unknown_host_is_asked_at_once() -> None:
    assert starts(RateLimiter(profile_of("registry.example")), 50) == [0] * 50


def test_ecr_public_is_asked_once_a_second_after_a_short_burst() -> None:
    assert starts(RateLimiter(profile_of("public.ecr.aws")), 6) == pytest.approx([0, 0, 0, 0, 1, 2])


def test_ecr_public_is_asked_ten_times_a_second_by_those_whom_it_knows() -> None:
    limiter = RateLimiter(profile_of("public.ecr.aws"))
    limiter.use_authenticated_rate()
    assert starts(limiter, 20)[-1] == pytest.approx(1)


def test_what_a_host_does_not_count_need_not_wait_but_for_a_pause() -> None:
    limiter = RateLimiter(profile_of("public.ecr.aws"))
    starts(limiter, 10)
    assert limiter.next_start(counted=False) == time.monotonic()
    limiter.pause(30)
    assert limiter.next_start(counted=False) == time.monotonic() + 30


def test_a_burst_that_was_not_used_does_not_grow(clock: Clock) -> None:
    limiter = RateLimiter(HostProfile(anonymous=Rate(1000, 2)))
    starts(limiter, 1)
    clock.put_forward(10)
    assert starts(limiter, 4) == pytest.approx([0, 0, 0.001, 0.002])


def test_a_pause_holds_for_everybody() -> None:
    limiter = RateLimiter(HostProfile())
    limiter.pause(30)
    limiter.pause(10)
    assert starts(limiter, 3) == pytest.approx([30] * 3)


def test_waits_grow_to_a_cap_and_are_spread() -> None:
    policy = RetryPolicy(first_wait=1, longest_wait=5)
    waits = [[policy.wait_after(failures) for _ in range(200)] for failures in (1, 2, 3, 4, 500)]
    bounds = [(min(each), max(each)) for each in waits]
    for (low, high), cap in zip(bounds, (1, 2, 4, 5, 5), strict=True):
        assert cap / 2 <= low < high <= cap


def test_a_wait_takes_nothing_from_the_random_numbers_of_the_app() -> None:
    before = random.getstate()
    RetryPolicy().wait_after(1)
    assert random.getstate() == before
