"""Single flight: work that is done once, however many threads want its result at the time."""

from __future__ import annotations

import threading
from collections.abc import Callable
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
