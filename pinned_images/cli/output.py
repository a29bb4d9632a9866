"""The output of the commands: text to stdout, messages and grouped errors to stderr."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

import click

from pinned_images.errors import ResolutionError
from pinned_images.grouping import by_cause, named, said_of_several
from pinned_images.lockfile import LockKey
from pinned_images.printable import printable, printable_lines
from pinned_images.wording import counted

if TYPE_CHECKING:
    from msgspec import Struct
    from rich.console import RenderableType


#: A width; 0 is none.
_COLUMNS = re.compile(r"[1-9][0-9]{0,5}")

#: In fewer columns, names would be one letter wide.
_LEAST_WIDTH = 40
_USUAL_WIDTH = 80

#: The name of the handler that prints what is logged.
_DEBUG_HANDLER = "pinned-images --debug"

#: What the line below the heads of a table is made of.
_TABLE_RULE = "\N{BOX DRAWINGS LIGHT HORIZONTAL}"


def show(*parts: RenderableType) -> None:
    """Print to stdout, as wide as the terminal; in a pipe or a file nothing is wrapped.

    ``COLUMNS`` counts before both. It is 0 where a program has a terminal without a size.
    """
    from rich.console import Console  # noqa: PLC0415 - for --help

    from pinned_images.report.terminal import NO_WIDTH  # noqa: PLC0415 - needs rich

    parts = tuple(printable_lines(part) if isinstance(part, str) else part for part in parts)
    columns = os.environ.get("COLUMNS", "")
    asked = max(int(columns), _LEAST_WIDTH) if _COLUMNS.fullmatch(columns) else None
    console = Console(highlight=False, width=asked)
    if console.is_terminal:
        if asked is None:
            console.width = max(console.width, _LEAST_WIDTH) if console.width else _USUAL_WIDTH
        for part in parts:
            console.print(part, markup=False)
        return
    console = Console(highlight=False, width=asked or NO_WIDTH, file=io.StringIO())
    with console.capture() as capture:
        for part in parts:
            console.print(part, markup=False)
    for line in capture.get().splitlines():
        write(line.rstrip() + "\n")


def write(text: str) -> None:
    """Print lines to stdout, each of which ends with a line feed."""
    _put(printable_lines(text), sys.stdout)


def write_json(text: str) -> None:
    """Print JSON to stdout; what the stream has no letters for is escaped as JSON does."""
    import json  # noqa: PLC0415 - for --help

    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        text = "".join(each if each.isascii() else json.dumps(each)[1:-1] for each in text)
    write(text)


def write_document(document: Struct) -> None:
    """Print a JSON document to stdout, in ASCII."""
    import json  # noqa: PLC0415 - for --help

    import msgspec  # noqa: PLC0415 - for --help

    write(json.dumps(msgspec.to_builtins(document, enc_hook=str), indent=2) + "\n")


def echo(text: str) -> None:
    """Print one line to stderr."""
    error_lines(f"{printable(text)}\n")


def error(text: str) -> None:
    """Print an error to stderr; the command continues."""
    echo(f"Error: {text}")


def error_lines(text: str) -> None:
    """Print lines to stderr; if it is closed, the exit code alone reports the failure."""
    with suppress(OSError):
        _put(printable_lines(text), sys.stderr)


def log_to_stderr() -> Callable[[], None]:
    """Print all that this package logs to stderr, with the time since the start.

    Returns:
        What ends this.
    """
    import logging  # noqa: PLC0415 - for --help

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            echo(f"{record.relativeCreated / 1000:7.3f} s  {record.name}: {record.getMessage()}")

    logger, handler = logging.getLogger("pinned_images"), Handler()
    if any(each.name == _DEBUG_HANDLER for each in logger.handlers):
        return lambda: None  # the option was given twice
    handler.set_name(_DEBUG_HANDLER)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)

    def end() -> None:
        logger.removeHandler(handler)
        logger.setLevel(level)

    return end


def _put(text: str, stream: TextIO) -> None:
    # Not all that can be printed can be printed everywhere: a pipe on Windows is often cp1252.
    encoding = getattr(stream, "encoding", None) or "utf-8"
    if not _can_encode(_TABLE_RULE, encoding):
        text = text.replace(_TABLE_RULE, "-")
    text = text.encode(encoding, "backslashreplace").decode(encoding)
    click.echo(text, file=stream, nl=False)


def _can_encode(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def grouped_errors(errors: Iterable[tuple[LockKey, ResolutionError]]) -> list[str]:
    """A sentence for each error; one for all images that fail for the same cause.

    Args:
        errors: Each with its entry.

    Example:
        >>> error = ResolutionError("no network", "check it", place="the registry ghcr.io")
        >>> grouped_errors(
        ...     (LockKey(image), error.about(image))
        ...     for image in ("ghcr.io/org/web:1", "ghcr.io/org/jobs:2")
        ... )[0]
        '2 images (ghcr.io/org/web:1, ghcr.io/org/jobs:2) could not be resolved at the registry ...'
    """
    return [_sentence(group) for group in by_cause(errors, lambda item: item[1])]


def _sentence(group: list[tuple[LockKey, ResolutionError]]) -> str:
    _, error = group[0]
    images = list(dict.fromkeys(str(key) for key, _ in group))
    if len(images) == 1:
        return str(error)
    return f"{counted(len(images), 'image')} ({named(images)}) {said_of_several(error)}"
