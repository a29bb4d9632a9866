"""Alarms go off at their moments, in order, unless they are called off."""

from __future__ import annotations

import queue
from collections.abc import Callable

import pytest

from pinned_images.registry.alarms import AlarmClock
from tests.registry.clock import Clock

_PATIENCE = 30


class Listener:
    """Hears what alarms say. What is set by an alarm is set while no other can go off."""

    def __init__(self) -> None:
        self.clock = AlarmClock()
        self._heard: queue.SimpleQueue[str] = queue.SimpleQueue()

    def says(self, text: str) -> Callable[[], None]:
        return lambda: self._heard.put(text)

    def hears(self, number: int) -> list[str]:
        return [self._heard.get(timeout=_PATIENCE) for _ in range(number)]


@pytest.fixture
def listener() -> Listener:
    return Listener()


def test_alarms_go_off_in_the_order_of_their_moments(listener: Listener, clock: Clock) -> None:
    def set_two() -> None:
        with clock.stopped():
            listener.clock.set(0.02, listener.says("later"))
            listener.clock.set(0.01, listener.says("earlier"))

    listener.clock.set(0, set_two)
    assert listener.hears(2) == ["earlier", "later"]


def test_an_alarm_does_not_wait_for_one_that_was_set_before_for_a_later_moment(
    listener: Listener,
) -> None:
    listener.clock.set(3600, listener.says("much later"))
    listener.clock.set(0, listener.says("at once"))
    assert listener.hears(1) == ["at once"]


def test_an_alarm_that_is_called_off_stays_silent(listener: Listener) -> None:
    def set_two() -> None:
        listener.clock.call_off(listener.clock.set(0, listener.says("called off")))
        listener.clock.set(0.01, listener.says("kept"))

    listener.clock.set(0, set_two)
    assert listener.hears(1) == ["kept"]


def test_a_clock_that_has_run_out_of_alarms_takes_more(listener: Listener) -> None:
    for _ in range(2):
        listener.clock.set(0, listener.says("ring"))
        assert listener.hears(1) == ["ring"]
