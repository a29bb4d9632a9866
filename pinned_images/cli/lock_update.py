"""``pinned-images lock update``: newer digests for locked images."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.exceptions import Exit

from pinned_images.cli.comparison import Answer, Comparison, read_lock, show_comparison
from pinned_images.cli.output import echo, error, write_document
from pinned_images.cli.shared_options import (
    json_option,
    moved_only_option,
    own_lock_file_option,
    platform_option,
    registry_options,
)
from pinned_images.errors import ConfigurationError
from pinned_images.lockfile import LockFile, LockKey
from pinned_images.lockfile.patterns import matching, near_names
from pinned_images.reference import Platform
from pinned_images.wording import counted

if TYPE_CHECKING:
    from pinned_images.cli.shared_options import Network


@click.command()
@click.argument("patterns", metavar="[PATTERN]...", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Change nothing, and show what would change.")
@moved_only_option
@platform_option
@json_option
@registry_options
@own_lock_file_option
def update(
    *,
    lock_file: Path,
    patterns: tuple[str, ...],
    dry_run: bool,
    moved_only: bool,
    platforms: tuple[Platform, ...],
    as_json: bool,
    network: Network,
) -> None:
    """Ask again for what is locked, and print old and new digests.

    PATTERN is an image (nginx:1.25; nginx means all its tags), an SSM parameter (/shop/image), or
    holds * and ? ("nginx:1.*", "ghcr.io/acme/*"); without one, all is refreshed.
    """
    lock = read_lock(lock_file)
    part = _matching(lock, patterns)
    comparison = Comparison.of(lock, network, part=part, platforms=platforms)
    if not dry_run:
        _write(lock_file, comparison, left=comparison.unchanged if moved_only else ())
    moved = comparison.really_moved if moved_only else comparison.moved
    if as_json:
        from pinned_images.cli.documents.comparison_documents import update_document  # noqa: PLC0415

        write_document(update_document(comparison, moved, dry_run=dry_run))
    else:
        show_comparison(comparison, "Old", "New", moved_only=moved_only)
    echo(comparison.summary)
    _warn_of_lost_platforms(comparison.answers.values())
    for problem in comparison.problems:
        error(problem)
    if comparison.problems:
        left = len(comparison.unanswered) + len(comparison.unusable)
        echo(f"{counted(left, 'entry')} left as locked.")
    if dry_run and (moved or comparison.changed):
        echo(f"Nothing was written to {lock_file}: leave --dry-run out to take it over.")
    raise Exit(comparison.code)


def _write(lock_file: Path, comparison: Comparison, left: Collection[LockKey]) -> None:
    """Write the new entries to the file; entries removed meanwhile stay removed."""
    successors = {key for each in comparison.renamed for key in each.successors}

    def edit(lock: LockFile) -> LockFile:
        images = (comparison.found.keys() & (lock.entries.keys() | successors)) - set(left)
        return lock.replaced(
            {key: comparison.found[key] for key in images},
            {each.key: each.value for each in comparison.renamed if each.key in lock.parameters},
        )

    LockFile.change(lock_file, edit)


def _matching(lock: LockFile, patterns: Collection[str]) -> LockFile:
    """The part of a lock file that some patterns name; all of it without one.

    Raises:
        ConfigurationError: A pattern names nothing.
    """
    if not patterns:
        return lock
    unnamed = set(lock.keys)
    for pattern in patterns:
        matched = matching(pattern, lock.keys)
        if not matched:
            raise ConfigurationError(
                f"No image of the lock file is {pattern!r}, nor an SSM parameter."
                f"{near_names(pattern, lock.keys)} `pinned-images lock` shows their names, and a "
                "synth adds new ones."
            )
        unnamed -= matched
    return lock.without(unnamed)


def _warn_of_lost_platforms(answers: Iterable[Answer]) -> None:
    """Warn of platforms that moved images have lost: a synth that uses them fails."""
    for answer in answers:
        if answer.entry is not None:
            for error in answer.errors:
                echo(f"Warning: {error}")
