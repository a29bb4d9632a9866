"""The output of a command that changes files: written files, diffs and errors."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from click.exceptions import Exit

from pinned_images.cli.exit_codes import ExitCode, code_of, worst
from pinned_images.cli.output import echo, error, grouped_errors, write, write_document
from pinned_images.cli.scanned import print_skipped
from pinned_images.errors import ConfigurationError
from pinned_images.wording import counted

if TYPE_CHECKING:
    from pinned_images.files.pinned_files import Changes


def finish(
    changes: Changes, *, dry_run: bool, verbose: bool = False, as_json: bool = False
) -> None:
    """Write the files, or print the diff; exits with the code of the errors.

    Args:
        changes: The plan.
        dry_run: Print a unified diff and write nothing.
        verbose: Print every reference that changes.
        as_json: Print the changes as JSON, and no diff.
    """
    written: list[str] = []
    unwritten: dict[str, str] = {}
    if verbose:
        print_changes(changes)
    if not dry_run:
        written, unwritten = _write(changes)
    if as_json:
        from pinned_images.cli.documents.changes_document import changes_document  # noqa: PLC0415

        write_document(
            changes_document(changes, dry_run=dry_run, written=written, unwritten=unwritten)
        )
    elif dry_run:
        show_diffs(changes)
    show_problems(changes)
    for problem in unwritten.values():
        error(problem)
    raise Exit(worst([code_of_changes(changes), *([ExitCode.FINDING] if unwritten else [])]))


def _write(changes: Changes) -> tuple[list[str], dict[str, str]]:
    """Write the files; those that were written, and the errors of the others."""
    written: list[str] = []
    unwritten: dict[str, str] = {}
    for change in changes.files:
        if not change.edits:
            continue
        name = change.file.file.shown
        try:
            change.write()
        except ConfigurationError as failure:
            unwritten[name] = str(failure)
            continue
        written.append(name)
        echo(f"Updated {name}.")
    print_skipped(changes.skipped)
    echo(f"{counted(len(written), 'file')} updated.")
    return written, unwritten


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


def show_problems(changes: Changes) -> None:
    """Print the errors and refusals of a plan, each once."""
    for problem in (*grouped_errors(changes.errors.items()), *map(str, changes.refusals)):
        error(problem)


def code_of_changes(changes: Changes) -> ExitCode:
    """The exit code of a plan: that of its errors and refusals."""
    refused = [ExitCode.FINDING] if changes.refusals else []
    return worst([*map(code_of, changes.errors.values()), *refused])
