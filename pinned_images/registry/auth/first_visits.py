"""At a registry where nobody gets in without a token, one goes first and tells the others how."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# A first visitor who is kept that long teaches nobody.
_PATIENCE = 5.0


class FirstVisits:
    """Lets one visitor of each place go first, so that a refusal teaches all and not only one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._doors: dict[str, threading.Event] = {}

    @contextmanager
    def turn(self, place: str, deadline: float) -> Iterator[Callable[[], None]]:
        """Wait until the first visitor has been let in, unless this is the first one.

        Args:
            place: Where one wants to go.
            deadline: The value of `time.monotonic` at which nobody waits any longer.

        Yields:
            A function that lets the others in; the end of the block does so too.
        """
        with self._lock:
            first = place not in self._doors
            door = self._doors.setdefault(place, threading.Event())
        if not first:
            door.wait(max(0.0, min(_PATIENCE, deadline - time.monotonic())))
        try:
            yield door.set
        finally:
            door.set()
