"""A rate limiter for one host."""

from __future__ import annotations

import threading
import time

from pinned_images.registry.host_profiles import HostProfile


class RateLimiter:
    """A rate limiter: the moments at which requests to one host may start.

    The generic cell rate algorithm (ITU-T I.371, annex A): one moving moment says when the next
    request is due, and a burst may run ahead of it.
    """

    def __init__(self, profile: HostProfile) -> None:
        self._lock = threading.Lock()
        self._profile = profile
        self._rate = profile.anonymous
        self._due = 0.0
        self._paused_until = 0.0

    def next_start(self, *, counted: bool = True) -> float:
        """Reserve the next start, as a value of `time.monotonic`.

        Args:
            counted: Whether the host counts the request against its limit.
        """
        with self._lock:
            start = max(time.monotonic(), self._paused_until)
            if self._rate is None or not counted:
                return start
            interval = 1 / self._rate.per_second
            start = max(start, self._due - (self._rate.burst - 1) * interval)
            self._due = max(self._due, start) + interval
            return start

    def pause(self, seconds: float) -> None:
        """Start no request for some time, as ``Retry-After`` requires."""
        with self._lock:
            self._paused_until = max(self._paused_until, time.monotonic() + seconds)

    def use_authenticated_rate(self) -> None:
        """Use the rate for requests with credentials."""
        with self._lock:
            self._rate = self._profile.authenticated
