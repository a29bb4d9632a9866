"""The retry policy: the number of attempts, and the waits between them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

#: Answers that may be different next time (RFC 9110, section 15; RFC 6585, section 4).
#: From 520 on they are those of proxies such as Cloudflare's, which is in front of Docker Hub.
PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504, *range(520, 528), 529, 530})

# Not Python's shared one, whose seed may be the app's.
_random = Random()  # noqa: S311  jitter is no secret


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """A retry policy: attempts, and exponential waits with jitter.

    Attributes:
        attempts: The most attempts for a request.
        first_wait: Seconds after the first failure; doubled after each further one, and spread
            at random over the upper half so that clients do not come back all at once.
        longest_wait: The cap of that growth.
    """

    attempts: int = 5
    first_wait: float = 0.25
    longest_wait: float = 8.0

    def wait_after(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row."""
        wait = min(self.longest_wait, self.first_wait * 2.0 ** (failures - 1))
        return wait * _random.uniform(0.5, 1.0)
