"""Time that a test may stop and put forward, so that no test depends on how fast it runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


class Clock:
    """A fake of `time.monotonic`; waits for threads, sockets and queues take real time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._real = time.monotonic
        self._ahead = 0.0
        self._stopped_at: float | None = None
        monkeypatch.setattr(time, "monotonic", self._now)

    def put_forward(self, seconds: float) -> None:
        self._ahead += seconds

    @contextmanager
    def stopped(self) -> Iterator[None]:
        self._stopped_at = self._real()
        try:
            yield
        finally:
            self._stopped_at = None

    def _now(self) -> float:
        now = self._real() if self._stopped_at is None else self._stopped_at
        return now + self._ahead
