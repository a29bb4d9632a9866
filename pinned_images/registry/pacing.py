"""How fast one host is asked."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests a second, after a burst of some that need not wait."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class HostLimits:
    """What is known of a host's patience.

    Attributes:
        anonymous: The rate for requests without credentials; None for no limit.
        authenticated: The rate for requests with credentials; None for no limit.
        wants_tokens: Whether nobody is let in without a token.
        shares_tokens: Whether an anonymous token for one repository opens the other public ones.
    """

    anonymous: Rate | None = None
    authenticated: Rate | None = None
    wants_tokens: bool = False
    shares_tokens: bool = False


# ECR Public: "Amazon ECR Public service quotas", rate of image pulls. GHCR counts anonymous tokens
# of all repositories against one bucket, and takes one for any public repository.
_KNOWN_LIMITS = {
    "public.ecr.aws": HostLimits(Rate(1, 4), Rate(10, 10), wants_tokens=True),
    "registry-1.docker.io": HostLimits(wants_tokens=True),
    "ghcr.io": HostLimits(wants_tokens=True, shares_tokens=True),
}
_UNKNOWN = HostLimits()


def limits_of(host: str) -> HostLimits:
    """What is known of a host."""
    return _KNOWN_LIMITS.get(host, _UNKNOWN)


class Pace:
    """Hands out the moments at which requests to one host may start.

    The generic cell rate algorithm (ITU-T I.371, annex A): one moving moment says when the next
    request is due, and a burst may run ahead of it.
    """

    def __init__(self, limits: HostLimits) -> None:
        self._lock = threading.Lock()
        self._limits = limits
        self._rate = limits.anonymous
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
        """Let nobody start for some time: the host has asked one of us to wait."""
        with self._lock:
            self._paused_until = max(self._paused_until, time.monotonic() + seconds)

    def use_authenticated_rate(self) -> None:
        """Go by the rate of those whom the host knows."""
        with self._lock:
            self._rate = self._limits.authenticated
