"""``pinned-images outdated``: tags that name another image now than when they were locked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.exceptions import Exit

from pinned_images.cli.comparison import Comparison, read_lock, show_comparison
from pinned_images.cli.exit_codes import ExitCode, worst
from pinned_images.cli.output import echo, error, write_document
from pinned_images.cli.shared_options import (
    json_option,
    lock_file_option,
    moved_only_option,
    platform_option,
    registry_options,
)
from pinned_images.reference import Platform

if TYPE_CHECKING:
    from pinned_images.cli.shared_options import Network


@click.command()
@lock_file_option
@json_option
@click.option("--exit-code", is_flag=True, help="Exit with 1 where a tag has moved.")
@moved_only_option
@platform_option
@registry_options
def outdated(
    *,
    lock_file: Path,
    as_json: bool,
    exit_code: bool,
    moved_only: bool,
    platforms: tuple[Platform, ...],
    network: Network,
) -> None:
    """Show the tags that have moved since they were locked.

    Nothing is changed.
    """
    lock = read_lock(lock_file)
    comparison = Comparison.of(lock, network, with_platforms=False, platforms=platforms)
    moved = comparison.really_moved if moved_only else comparison.moved
    if as_json:
        from pinned_images.cli.documents.comparison_documents import outdated_document  # noqa: PLC0415

        write_document(outdated_document(comparison, moved))
    else:
        show_comparison(comparison, "Locked", "Now", moved_only=moved_only)
    for problem in comparison.problems:
        error(problem)
    echo(comparison.summary)
    found = [ExitCode.FINDING] if exit_code and (moved or comparison.changed) else []
    raise Exit(worst([comparison.code, *found]))
