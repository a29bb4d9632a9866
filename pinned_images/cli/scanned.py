"""Scanned files, for the commands on files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import click

from pinned_images.cli.configuration import options_of
from pinned_images.cli.output import echo
from pinned_images.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from pinned_images.files.pinned_files import SkippedValue
    from pinned_images.files.places import Place, Skipped
    from pinned_images.files.scanning import ScannedFile
    from pinned_images.options import Options
    from pinned_images.reference import ImageReference

verbose_option = click.option("--verbose", is_flag=True, help="Tell every reference that changes.")
paths_argument = click.argument("paths", metavar="[PATH]...", nargs=-1)


def scanned_files(
    paths: Sequence[str], base: Path | None = None, **others: Any
) -> Iterator[ScannedFile]:
    """`pinned_images.files.scanning.scan`, with unusable paths as usage errors.

    Raises:
        UsageError: A path is not there, leads out of the base, or is in a cloud assembly.
    """
    from pinned_images.files.scanning import scan  # noqa: PLC0415 - for --help

    try:
        yield from scan(paths, base=base, **others)
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error


def options_for_files(typed: Mapping[str, object], *, in_repository: bool) -> Options:
    """The options for plain files; the context of the working directory is not a repository's.

    Args:
        typed: The options of the command, as for `options_of`.
        in_repository: Whether the files are in a repository, and not in the working directory.
    """
    if in_repository:
        return options_of(typed, context={}, with_default_lock_file=False)
    return options_of(typed)


def exempt_today(options: Options) -> Callable[[ImageReference], bool]:
    """A function that tells whether an image is exempt, as of today (in UTC)."""
    from pinned_images.exemptions import ExemptionPatterns  # noqa: PLC0415 - for --help

    exempt, today = ExemptionPatterns.of(options.exempt), datetime.now(timezone.utc).date()
    return lambda reference: exempt.holds_for(reference, today)


def print_skipped(skipped: Iterable[SkippedValue]) -> None:
    """Print the values in the place of an image that are left as they are, with the reason."""
    for file, value in skipped:
        echo(f"Left as it is: {file.location(value)}: {value.shown}: {value.reason}.")


def plain_location(file: ScannedFile, found: Place | Skipped) -> dict[str, Any]:
    """The location of a reference or a skipped value, as plain data."""
    return file.location(found)._asdict()
