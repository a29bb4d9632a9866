"""``pinned-images update``: other tags for the images in files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pinned_images.cli.git_repository import change, repository_options
from pinned_images.cli.output import echo
from pinned_images.cli.scanned import (
    exempt_today,
    options_for_files,
    paths_argument,
    scanned_files,
    verbose_option,
)
from pinned_images.cli.shared_options import (
    exempt_option,
    exemptions_of,
    json_option,
    registry_options,
)
from pinned_images.errors import ConfigurationError, InvalidReference

if TYPE_CHECKING:
    from pathlib import Path

    from pinned_images.cli.git_repository import Repository
    from pinned_images.cli.shared_options import Network
    from pinned_images.files.pinned_files import Changes
    from pinned_images.files.updating import Resolve, Update


@click.command("update")
@paths_argument
@click.option("--all", "all_", is_flag=True, help="Set every reference to the tag latest.")
@click.option(
    "--image-reference",
    "references",
    multiple=True,
    metavar="REF",
    help="Set every reference to REF's repository to REF; may be given several times.",
)
@click.option(
    "--matching-tag",
    is_flag=True,
    help="Change only references with REF's tag; with --all, leave each at its own tag.",
)
@click.option("--resolve-digest", is_flag=True, help="Add the digest, and keep the tag.")
@click.option(
    "--resolve-tag",
    is_flag=True,
    help="Write another tag of the same digest: the version with the most numbers; of those the "
    "highest, then the one with the shortest ending.",
)
@exempt_option
@click.option("--dry-run", is_flag=True, help="Write nothing; print the changes as a diff.")
@json_option
@verbose_option
@repository_options
@registry_options
def update_files(  # noqa: PLR0917 - click gives them by name
    paths: tuple[str, ...],
    all_: bool,  # noqa: FBT001 - a flag
    references: tuple[str, ...],
    matching_tag: bool,  # noqa: FBT001 - a flag
    resolve_digest: bool,  # noqa: FBT001 - a flag
    resolve_tag: bool,  # noqa: FBT001 - a flag
    exemptions: tuple[str, ...],
    dry_run: bool,  # noqa: FBT001 - a flag
    as_json: bool,  # noqa: FBT001 - a flag
    verbose: bool,  # noqa: FBT001 - a flag
    repository: Repository | None,
    network: Network,
) -> None:
    """Set image references to other tags.

    PATH is a file or a folder; the working folder if left out. Without --resolve-digest or
    --resolve-tag a digest goes with the old tag. References that have a digest and no tag are not
    taken for latest by --matching-tag. --all leaves exempt images as they are.
    """
    if all_ == bool(references):
        raise click.UsageError("Give --all, or --image-reference REF.")
    if exemptions and not all_:
        raise click.UsageError("--exempt is for --all: --image-reference names what changes.")
    if resolve_digest and resolve_tag:
        raise click.UsageError("--resolve-digest and --resolve-tag exclude each other.")
    resolve: Resolve | None = "digest" if resolve_digest else "tag" if resolve_tag else None
    requested = _requested_update(None if all_ else references, resolve, matching_tag=matching_tag)
    typed = {"exempt": exemptions_of(exemptions) or None}
    is_exempt = exempt_today(options_for_files(typed, in_repository=repository is not None))
    from pinned_images.files.tags import ListedTags  # noqa: PLC0415 - for --help
    from pinned_images.files.updating import update  # noqa: PLC0415 - for --help

    def plan(base: Path | None) -> Changes:
        scanned = list(scanned_files(paths, base, wanted=requested.wanted))
        for each in requested.unmatched(scanned):
            with_tag = f" with the tag {each.tag}" if matching_tag else ""
            echo(f"No reference to {each.name}{with_tag} was found.")
        tags = ListedTags(network.registries)
        return update(scanned, requested, network.registries, tags, is_exempt)

    change(repository, plan, dry_run=dry_run, verbose=verbose, as_json=as_json)


def _requested_update(
    references: tuple[str, ...] | None, resolve: Resolve | None, *, matching_tag: bool
) -> Update:
    from pinned_images.files.updating import Update  # noqa: PLC0415 - for --help
    from pinned_images.reference import ImageReference  # noqa: PLC0415 - for --help

    try:
        parsed = None
        if references is not None:
            parsed = tuple(ImageReference.parse(each) for each in references)
        return Update(parsed, matching_tag, resolve)
    except (InvalidReference, ConfigurationError) as error:
        raise click.BadParameter(str(error), param_hint="--image-reference") from error
