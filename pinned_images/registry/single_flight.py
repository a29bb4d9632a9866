"""Single flight: work that is done once, however many threads want its result at the time."""

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
    """Results by key, each worked out by the first that asks; only those who want the same wait.

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
            key: What is wanted.
            work: Works it out; what it raises is not kept.
            is_usable: Whether a result that was kept still serves; if not, it is worked out again.
        """
        with self._lock:
            flight = self._flights.setdefault(key, _Flight())
        with flight.lock:
            if not flight.values or not is_usable(flight.values[0]):
                flight.values[:] = [work()]
            return flight.values[0]


# A first caller that takes longer than that teaches the others nothing.
_LONGEST_TURN = 5.0


class FirstCaller:
    """Lets one caller for each place go first, so that what it learns serves all the others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended: dict[str, threading.Event] = {}

    @contextmanager
    def turn(self, place: str, deadline: float) -> Iterator[Callable[[], None]]:
        """Wait until the first caller has let the others go, unless this is the first one.

        Args:
            place: Where the caller goes.
            deadline: The value of `time.monotonic` at which the wait ends.

        Yields:
            A function that lets the others go; the end of the block does so too.
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
