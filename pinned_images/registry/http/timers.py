"""Timers on one shared thread: nearly all are cancelled before their time is up."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(order=True)
class Timer:
    """An action at a moment, unless it is cancelled before.

    Attributes:
        moment: A value of `time.monotonic`.
        action: Quick, and raises nothing; None once it was done or cancelled.
    """

    moment: float
    action: Callable[[], None] | None = field(compare=False)


class TimerThread:
    """A thread for the actions of all timers, which starts with the first timer."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._timers: list[Timer] = []
        self._is_running = False

    def start(self, seconds: float, action: Callable[[], None]) -> Timer:
        """Run an action after some seconds; it may start further timers and cancel some."""
        timer = Timer(time.monotonic() + seconds, action)
        with self._changed:
            self._forget_cancelled()
            heapq.heappush(self._timers, timer)
            if not self._is_running:
                self._is_running = True
                # A daemon, so that it cannot keep the process from ending.
                threading.Thread(target=self._run, name="pinned-images timers", daemon=True).start()
            elif self._timers[0] is timer:
                self._changed.notify()
        return timer

    def cancel(self, timer: Timer) -> None:
        """Cancel a timer; if its action has begun, it is over when this returns."""
        with self._changed:
            timer.action = None

    def _run(self) -> None:
        with self._changed:
            while True:
                self._forget_cancelled()
                left = self._timers[0].moment - time.monotonic() if self._timers else None
                if left is None or left > 0:
                    self._changed.wait(left)
                    continue
                action = heapq.heappop(self._timers).action
                if action is not None:
                    action()

    def _forget_cancelled(self) -> None:
        while self._timers and self._timers[0].action is None:
            heapq.heappop(self._timers)
