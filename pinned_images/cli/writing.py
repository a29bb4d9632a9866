"""The output of a command that changes files: written files, diffs and errors."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pinned_images.cli.output import echo, error, grouped_errors, write
from pinned_images.cli.scanned import print_skipped
from pinned_images.errors import ConfigurationError
from pinned_images.wording import counted

if TYPE_CHECKING:
    from pinned_images.files.pinned_files import Changes


def finish(changes: Changes, *, dry_run: bool, verbose: bool = False) -> None:
    """Write the files, or print the diff; exit with 1 if there is an error.

    Args:
        changes: The plan.
        dry_run: Print a unified diff and write nothing.
        verbose: Print every reference that changes.
    """
    problems = list(problems_of(changes))
    if verbose:
        print_changes(changes)
    if dry_run:
        show_diffs(changes)
    else:
        problems += _write(changes)
    for problem in problems:
        error(problem)
    if problems:
        raise SystemExit(1)


def _write(changes: Changes) -> list[str]:
    """Write the files, and return the errors."""
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
    print_skipped(changes.skipped)
    echo(f"{counted(written, 'file')} updated.")
    return problems


def print_changes(changes: Changes) -> None:
    """Print every reference that changes, with its location."""
    for change in changes.files:
        for place in change.file.places:
            new = change.targets.get(place.offset)
            if new is not None:
                echo(f"{change.file.location(place)}: {place.reference} -> {new}")


def show_diffs(changes: Changes) -> None:
    """Print the changes as a unified diff, and the skipped values."""
    for change in changes.files:
        _show_diff(change.diff())
    print_skipped(changes.skipped)


def _show_diff(diff: bytes) -> None:
    """Print a diff: printable in a terminal, byte for byte to another program."""
    if sys.stdout.isatty():
        write(diff.decode("utf-8", "replace"))
    else:
        sys.stdout.buffer.write(diff)


def problems_of(changes: Changes) -> Iterable[str]:
    """The errors and refusals of a plan, each once."""
    yield from grouped_errors(changes.errors.items())
    for refusal in changes.refusals:
        yield str(refusal)
