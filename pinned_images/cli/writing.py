"""The end of a command that changes files: what is written, shown, and left undone."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pinned_images.cli.output import echo, error, grouped_errors, write
from pinned_images.cli.scanned import tell_skipped
from pinned_images.errors import ConfigurationError
from pinned_images.wording import counted

if TYPE_CHECKING:
    from pinned_images.files.pinning import Changes


def finish(changes: Changes, *, dry_run: bool, verbose: bool = False) -> None:
    """Write the files, or print the diff; exit with 1 where something could not be done.

    Args:
        changes: The plan.
        dry_run: Print a unified diff and write nothing.
        verbose: Tell every reference that changes.
    """
    problems = list(problems_of(changes))
    if verbose:
        tell_changes(changes)
    if dry_run:
        show_diffs(changes)
    else:
        problems += _write(changes)
    for problem in problems:
        error(problem)
    if problems:
        raise SystemExit(1)


def _write(changes: Changes) -> list[str]:
    """Write the files; gives what went wrong."""
    problems: list[str] = []
    written = 0
    for change in changes.files:
        if not change.edits:
            continue
        try:
            change.write()
        except ConfigurationError as failure:
            problems.append(str(failure))
            continue
        written += 1
        echo(f"Updated {change.file.file.shown}.")
    tell_skipped(changes.skipped)
    echo(f"{counted(written, 'file')} updated.")
    return problems


def tell_changes(changes: Changes) -> None:
    """Say what becomes of every reference that changes, and where."""
    for change in changes.files:
        for place in change.file.places:
            new = change.targets.get(place.offset)
            if new is not None:
                echo(f"{change.file.location(place)}: {place.reference} -> {new}")


def show_diffs(changes: Changes) -> None:
    """Print the changes as a unified diff, and say what is left as it is."""
    for change in changes.files:
        _show_diff(change.diff())
    tell_skipped(changes.skipped)


def _show_diff(diff: bytes) -> None:
    """Print a diff: so that every character shows in a terminal, as it is for another program."""
    if sys.stdout.isatty():
        write(diff.decode("utf-8", "replace"))
    else:
        sys.stdout.buffer.write(diff)


def problems_of(changes: Changes) -> Iterable[str]:
    """The errors and refusals of a plan, each once."""
    yield from grouped_errors(changes.errors.items())
    for refusal in changes.refusals:
        yield str(refusal)
