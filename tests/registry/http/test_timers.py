"""Timers run at their moments, in order, unless they are cancelled."""

from __future__ import annotations

import queue
from collections.abc import Callable

import pytest

from pinned_images.registry.http.timers import TimerThread
from tests.registry.clock import Clock

_PATIENCE = 30


class Listener:
    """Hears what timers say. What a timer starts is started while no other can run."""

    def __init__(self) -> None:
        self.timers = TimerThread()
        self._heard: queue.SimpleQueue[str] = queue.SimpleQueue()

    def says(self, text: str) -> Callable[[], None]:
        return lambda: self._heard.put(text)

    def hears(self, number: int) -> list[str]:
        return [self._heard.get(timeout=_PATIENCE) for _ in range(number)]


@pytest.fixture
def listener() -> Listener:
    return Listener()


def test_timers_run_in_the_order_of_their_moments(listener: Listener, clock: Clock) -> None:
    def start_two() -> None:
        with clock.stopped():
            listener.timers.start(0.02, listener.says("later"))
            listener.timers.start(0.01, listener.says("earlier"))

    listener.timers.start(0, start_two)
    assert listener.hears(2) == ["earlier", "later"]


def test_a_timer_does_not_wait_for_one_that_was_set_before_for_a_later_moment(
    listener: Listener,
) -> None:
    listener.timers.start(3600, listener.says("much later"))
    listener.timers.start(0, listener.says("at once"))
    assert listener.hears(1) == ["at once"]


def test_a_timer_that_is_cancelled_stays_silent(listener: Listener) -> None:
    def start_two() -> None:
        listener.timers.cancel(listener.timers.start(0, listener.says("cancelled")))
        listener.timers.start(0.01, listener.says("kept"))

    listener.timers.start(0, start_two)
    assert listener.hears(1) == ["kept"]


def test_a_thread_that_has_run_out_of_timers_takes_more(listener: Listener) -> None:
    for _ in range(2):
        listener.timers.start(0, listener.says("ring"))
        assert listener.hears(1) == ["ring"]
