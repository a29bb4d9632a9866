"""The progress line of a long resolution."""

from __future__ import annotations

import time
from collections import Counter
from typing import TextIO

_QUIET_SECONDS = 2.0
# Where no terminal is, in the log of a pipeline for instance, one line is enough, and later.
_QUIET_SECONDS_OF_LOG = 10.0
_CLEAR_LINE = "\r\x1b[2K"


class Progress:
    """The progress line: the number of resolved images, and the slowest host.

    Nothing is written in the first seconds. On a terminal it is one line that changes; elsewhere
    it is one plain line, written once.

    Args:
        stream: Where the line goes: standard error.
        hosts: The host of each requested image.
        quiet: The seconds in which nothing is written yet on a terminal.
        quiet_in_log: The same where there is no terminal.
    """

    def __init__(
        self,
        stream: TextIO,
        hosts: list[str],
        quiet: float = _QUIET_SECONDS,
        quiet_in_log: float = _QUIET_SECONDS_OF_LOG,
    ) -> None:
        self._stream = stream
        self._waiting = Counter(hosts)
        self._all = len(hosts)
        self._is_terminal = stream.isatty()
        self._shown = False
        self._started = time.monotonic()
        self._quiet = quiet if self._is_terminal else quiet_in_log
        self._wanted = True

    def done(self, host: str) -> None:
        """Count a resolved image."""
        self._waiting[host] -= 1

    def show(self) -> None:
        """Write the line, if the quiet time is over."""
        waited = time.monotonic() - self._started
        if not self._wanted or waited < self._quiet:
            return
        left = sum(self._waiting.values())
        slowest = max(self._waiting, key=lambda host: self._waiting[host], default="")
        line = f"Resolving images: {self._all - left}/{self._all}, waiting for {slowest}"
        if self._is_terminal:
            self._write(f"{_CLEAR_LINE}{line}")
            self._shown = True
        elif left:
            self._write(f"{line} since {waited:.0f} s\n")
            self._wanted = False

    def clear(self) -> None:
        """Remove the line from a terminal."""
        if self._shown:
            self._write(_CLEAR_LINE)
            self._shown = False

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._wanted = False
