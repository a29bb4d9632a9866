"""Ctrl-C in a synth: one line and the exit code 130, in place of a traceback through jsii."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

#: 128 + SIGINT, as shells report it.
EXIT_CODE = 130


@contextmanager
def interruptible() -> Iterator[None]:
    """A callback from CDK that raises an interruption as a `KeyboardInterrupt`, as usual.

    That ends a run of pytest, for instance. Python prints its traceback only where nothing in the
    program catches it; this is where it becomes one line.
    """
    try:
        yield
    except KeyboardInterrupt as interrupt:
        if not hasattr(sys, "ps1"):  # a prompt goes on after it
            _print_one_line_for(interrupt)
        raise


def _print_one_line_for(interrupt: KeyboardInterrupt) -> None:
    others = sys.excepthook

    def excepthook(
        kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        if error is not interrupt:
            others(kind, error, traceback)
            return
        print("Interrupted: the app was not synthesized.", file=sys.stderr)  # noqa: T201  for people
        # Node.js was interrupted too, and jsii would print its errors about broken pipes.
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  to the end
        raise SystemExit(EXIT_CODE)

    sys.excepthook = excepthook
