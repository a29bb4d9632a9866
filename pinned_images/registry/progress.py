"""A line on the terminal while registries take their time."""

from __future__ import annotations

import time
from collections import Counter
from typing import TextIO

_QUIET_SECONDS = 2.0
_CLEAR_LINE = "\r\x1b[2K"


class Progress:
    """Tells how many images are done, and which host keeps us waiting.

    Nothing is written in the first seconds, nor ever where the stream is no terminal.

    Args:
        stream: Where the line goes: standard error.
        hosts: The host of each image that is asked for.
        quiet: The seconds in which nothing is written yet.
    """

    def __init__(self, stream: TextIO, hosts: list[str], quiet: float = _QUIET_SECONDS) -> None:
        self._stream = stream
        self._waiting = Counter(hosts)
        self._all = len(hosts)
        self._loud_from = time.monotonic() + quiet
        self._shown = False
        self._wanted = stream.isatty()

    def done(self, host: str) -> None:
        """Count an image that has its answer."""
        self._waiting[host] -= 1

    def show(self) -> None:
        """Write the line anew, once it is time."""
        if not self._wanted or time.monotonic() < self._loud_from:
            return
        left = sum(self._waiting.values())
        slowest = max(self._waiting, key=lambda host: self._waiting[host], default="")
        self._write(
            f"{_CLEAR_LINE}Resolving images: {self._all - left}/{self._all}, waiting for {slowest}"
        )
        self._shown = True

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._write(_CLEAR_LINE)
            self._shown = False

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._wanted = False
