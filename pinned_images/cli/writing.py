"""The end of a command that changes files: what is written, shown, and left undone."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pinned_images.cli.list_images import tell_skipped
from pinned_images.cli.output import echo, error, grouped_errors, write
from pinned_images.errors import ConfigurationError
from pinned_images.wording import counted

if TYPE_CHECKING:
    from pinned_images.files.pinning import Changes


def finish(changes: Changes, *, dry_run: bool) -> None:
    """Write the files, or print the diff; exit with 1 where something could not be done.

    Args:
        changes: The plan.
        dry_run: Print a unified diff and write nothing.
    """
    problems = list(problems_of(changes))
    written = 0
    for change in changes.files:
        if not change.edits:
            continue
        if dry_run:
            _show_diff(change.diff())
            continue
        try:
            change.write()
        except ConfigurationError as failure:
            problems.append(str(failure))
            continue
        written += 1
        echo(f"Updated {change.file.file.shown}.")
    tell_skipped(changes.scanned)
    for problem in problems:
        error(problem)
    if not dry_run:
        echo(f"{counted(written, 'file')} updated.")
    if problems:
        raise SystemExit(1)


def _show_diff(diff: bytes) -> None:
    """Print a diff: so that every character shows in a terminal, as it is for another program."""
    if sys.stdout.isatty():
        write(diff.decode("utf-8", "replace"))
    else:
        sys.stdout.buffer.write(diff)


def problems_of(changes: Changes) -> Iterable[str]:
    """What stands in the way of a plan, each once."""
    from pinned_images.lockfile import LockKey  # noqa: PLC0415 - for --help

    yield from grouped_errors((LockKey(name), error) for name, error in changes.errors.items())
    for refusal in changes.refusals:
        yield str(refusal)
