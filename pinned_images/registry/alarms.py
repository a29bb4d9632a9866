"""Alarms that are nearly always called off: one thread keeps them all, not one for each."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(order=True)
class Alarm:
    """What happens at a moment, unless it is called off before.

    Attributes:
        moment: A value of `time.monotonic`.
        action: Quick, and raises nothing; None once it was done or called off.
    """

    moment: float
    action: Callable[[], None] | None = field(compare=False)


class AlarmClock:
    """Sets off alarms, each at its moment, in a thread that starts with the first."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._alarms: list[Alarm] = []
        self._is_running = False

    def set(self, seconds: float, action: Callable[[], None]) -> Alarm:
        """Have something done after some seconds; it may set further alarms and call some off."""
        alarm = Alarm(time.monotonic() + seconds, action)
        with self._changed:
            self._forget_what_was_called_off()
            heapq.heappush(self._alarms, alarm)
            if not self._is_running:
                self._is_running = True
                # A daemon, so that nobody waits for it at the end.
                threading.Thread(target=self._run, name="pinned-images alarms", daemon=True).start()
            elif self._alarms[0] is alarm:
                self._changed.notify()
        return alarm

    def call_off(self, alarm: Alarm) -> None:
        """Do not set it off, unless that was done; whatever it does is over when this returns."""
        with self._changed:
            alarm.action = None

    def _run(self) -> None:
        with self._changed:
            while True:
                self._forget_what_was_called_off()
                left = self._alarms[0].moment - time.monotonic() if self._alarms else None
                if left is None or left > 0:
                    self._changed.wait(left)
                    continue
                action = heapq.heappop(self._alarms).action
                if action is not None:
                    action()

    def _forget_what_was_called_off(self) -> None:
        while self._alarms and self._alarms[0].action is None:
            heapq.heappop(self._alarms)
