"""``pinned-images list``: the image references in files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from pinned_images.cli.git_repository import clone_options, working_tree
from pinned_images.cli.output import write, write_document
from pinned_images.cli.scanned import (
    paths_argument,
    plain_location,
    print_skipped,
    scanned_files,
)
from pinned_images.cli.shared_options import json_option
from pinned_images.printable import printable

if TYPE_CHECKING:
    from pinned_images.cli.documents.command_documents import Document, Problem
    from pinned_images.cli.git_repository import Repository
    from pinned_images.files.scanning import ScannedFile


@click.command("list")
@paths_argument
@click.option("--no-filename", is_flag=True, help="Print the references alone, each once.")
@json_option
@clone_options
def list_images(
    paths: tuple[str, ...],
    no_filename: bool,  # noqa: FBT001 - a flag
    as_json: bool,  # noqa: FBT001 - a flag
    repository: Repository | None,
) -> None:
    """List the image references in files.

    PATH is a file or a folder; the working folder if left out.

    Task definitions, Compose, Kubernetes, Dockerfiles, CloudFormation, SAM, Terraform, Helm's
    values, Kustomize, GitHub Actions, GitLab CI, Python and TypeScript are read by their structure.
    Of other text, what has a registry host or a digest counts.
    """
    with working_tree(repository, _failed if as_json else None) as base:
        scanned = list(scanned_files(paths, base))
    if as_json:
        write_document(_document(scanned))
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
    from pinned_images.files.pinned_files import skipped_in  # noqa: PLC0415 - for --help

    print_skipped(skipped_in(scanned))


def _failed(unknown: list[Problem]) -> Document:
    from pinned_images.cli.documents.command_documents import ImageList  # noqa: PLC0415 - for --help

    return ImageList(references=[], skipped=[], unknown=unknown)


def _document(scanned: Iterable[ScannedFile]) -> Document:
    from pinned_images.cli.documents.command_documents import (  # noqa: PLC0415 - for --help
        ImageList,
        ListedReference,
        ListedSkip,
    )

    files = sorted(scanned, key=lambda each: each.file.shown)
    return ImageList(
        references=[
            ListedReference(
                **plain_location(file, place),
                reference=str(place.reference),
                format=place.format,
                pinned=place.is_pinned,
            )
            for file in files
            for place in file.places
        ],
        skipped=[
            ListedSkip(
                **plain_location(file, each),
                text=each.shown,
                format=each.format,
                reason=each.reason,
            )
            for file in files
            for each in file.skipped
        ],
    )
