"""Work that is done once, however many threads want its result at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass
class _Result(Generic[Value]):
    lock: threading.Lock = field(default_factory=threading.Lock)
    values: list[Value] = field(default_factory=list)


class Once(Generic[Key, Value]):
    """Results by key. Only those who want the same one wait for each other.

    Example:
        >>> squares = Once[int, int]()
        >>> squares.get(3, lambda: 9), squares.get(3, lambda: 1 // 0)
        (9, 9)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._results: dict[Key, _Result[Value]] = {}

    def get(self, key: Key, work: Callable[[], Value]) -> Value:
        """The result for a key, worked out by the first who asks; what is raised is not kept."""
        with self._lock:
            result = self._results.setdefault(key, _Result())
        with result.lock:
            if not result.values:
                result.values.append(work())
            return result.values[0]
