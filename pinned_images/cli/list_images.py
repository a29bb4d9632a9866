"""``pinned-images list``: the image references in files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from pinned_images.cli.output import echo, write
from pinned_images.cli.shared_options import json_option
from pinned_images.errors import ConfigurationError
from pinned_images.printable import printable

if TYPE_CHECKING:
    from pathlib import Path

    from pinned_images.files.places import Place, Skipped
    from pinned_images.files.scanning import ScannedFile

paths_argument = click.argument("paths", metavar="[PATH]...", nargs=-1)

JSON_VERSION = 1


@click.command("list")
@paths_argument
@click.option("--no-filename", is_flag=True, help="Print the references alone, each once.")
@json_option
def list_images(paths: tuple[str, ...], no_filename: bool, as_json: bool) -> None:  # noqa: FBT001 - flags
    """List the image references in files; PATH is a file or a folder, the working folder if none.

    Task definitions, Compose, Kubernetes, Dockerfiles, CloudFormation, SAM, Terraform, Helm's
    values, Kustomize, GitHub Actions, GitLab CI, Python and TypeScript are read by their structure.
    Of other text, what has a registry host or a digest counts.
    """
    scanned = list(scanned_files(paths))
    if as_json:
        write(json.dumps(_plain(scanned), indent=2) + "\n")
        return
    if no_filename:
        lines = {str(place.reference) for file in scanned for place in file.places}
    else:
        lines = set()
        for file in sorted(scanned, key=lambda each: each.file.shown):
            shown = printable(file.file.shown)
            for reference in sorted({str(place.reference) for place in file.places}):
                write(f"{shown}: {reference}\n")
    for line in sorted(lines):
        write(f"{line}\n")
    tell_skipped(scanned)


def scanned_files(
    paths: Sequence[str], base: Path | None = None, **others: Any
) -> Iterator[ScannedFile]:
    """`pinned_images.files.scanning.scan`, with paths that cannot be used as wrong use.

    Raises:
        UsageError: A path is not there, leads out of the base, or is in a cloud assembly.
    """
    from pinned_images.files.scanning import scan  # noqa: PLC0415 - for --help

    try:
        yield from scan(paths, base=base, **others)
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error


def tell_skipped(scanned: Iterable[ScannedFile]) -> None:
    """Say which values in the place of an image are left as they are, and why."""
    for file in scanned:
        for each in file.skipped:
            echo(f"Left as it is: {file.location(each)}: {printable(each.text)}: {each.reason}.")


def _plain(scanned: Iterable[ScannedFile]) -> dict[str, Any]:
    files = sorted(scanned, key=lambda each: each.file.shown)
    return {
        "version": JSON_VERSION,
        "references": [
            {
                **plain_location(file, place),
                "reference": str(place.reference),
                "format": place.format,
                "pinned": place.is_pinned,
            }
            for file in files
            for place in file.places
        ],
        "skipped": [
            {
                **plain_location(file, each),
                "text": each.text,
                "format": each.format,
                "reason": each.reason,
            }
            for file in files
            for each in file.skipped
        ],
    }


def plain_location(file: ScannedFile, found: Place | Skipped) -> dict[str, Any]:
    """Where something is written, as plain data."""
    return file.location(found)._asdict()
