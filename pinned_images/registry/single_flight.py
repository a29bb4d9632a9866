"""Single flight: work that is done once for all threads that need its result."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass
class _Flight(Generic[Value]):
    lock: threading.Lock = field(default_factory=threading.Lock)
    values: list[Value] = field(default_factory=list)


class SingleFlight(Generic[Key, Value]):
    """Memoized results by key; the first caller computes, callers with the same key wait.

    Example:
        >>> squares = SingleFlight[int, int]()
        >>> squares.get(3, lambda: 9), squares.get(3, lambda: 1 // 0)
        (9, 9)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[Key, _Flight[Value]] = {}

    def get(
        self,
        key: Key,
        work: Callable[[], Value],
        is_usable: Callable[[Value], bool] = lambda _: True,
    ) -> Value:
        """The result for a key.

        Args:
            key: The key.
            work: Computes the result; an exception is not kept.
            is_usable: Whether a kept result is still valid; if not, it is computed again.
        """
        with self._lock:
            flight = self._flights.setdefault(key, _Flight())
        with flight.lock:
            if not flight.values or not is_usable(flight.values[0]):
                flight.values[:] = [work()]
            return flight.values[0]


# A first caller that takes longer than that has nothing to share.
_LONGEST_TURN = 5.0


class FirstCaller:
    """A gate that lets one caller for each place go first, so that the others use what it found."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended: dict[str, threading.Event] = {}

    @contextmanager
    def turn(self, place: str, deadline: float) -> Iterator[Callable[[], None]]:
        """Wait until the first caller releases the others, unless this is the first one.

        Args:
            place: The place, such as a host.
            deadline: The value of `time.monotonic` at which the wait ends.

        Yields:
            A function that releases the others; the end of the block does so too.
        """
        with self._lock:
            is_first = place not in self._ended
            ended = self._ended.setdefault(place, threading.Event())
        if not is_first:
            ended.wait(max(0.0, min(_LONGEST_TURN, deadline - time.monotonic())))
        try:
            yield ended.set
        finally:
            ended.set()
