"""``pinned-images release``: takes protection tags off images that nothing uses any more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click
from click.exceptions import Exit

from pinned_images.cli.exit_codes import ExitCode
from pinned_images.cli.images_in_use import (
    EcrRepository,
    ImagesInUse,
    inventory_of,
    open_repository,
    source_options,
)
from pinned_images.cli.output import echo, error, show, write_document
from pinned_images.cli.shared_options import Network, aws_options, json_option
from pinned_images.errors import ConfigurationError, ResolutionError
from pinned_images.printable import printable
from pinned_images.wording import counted

if TYPE_CHECKING:
    from rich.table import Table

    from pinned_images.cli.documents.aws_documents import Release, ReleasedTag, ReleaseResult
    from pinned_images.ecr.protection import Release as ReleasePlan
    from pinned_images.registry.aws.ecr_repositories import Repositories


@click.command()
@source_options
@click.option(
    "--repository",
    "more",
    multiple=True,
    metavar="HOST/NAME",
    help="A repository to look through, also where nothing of it is in use; may be given several "
    "times.",
)
@click.option(
    "--delete-images",
    is_flag=True,
    help="Take a tag away also where it is the last one: ECR then deletes the image.",
)
@click.option("--dry-run", is_flag=True, help="Change nothing, and show what would be done.")
@aws_options
@json_option
def release(
    *,
    lock_files: tuple[Path, ...],
    folders: tuple[Path, ...],
    deployed: tuple[BinaryIO, ...],
    prefix: str,
    more: tuple[str, ...],
    delete_images: bool,
    dry_run: bool,
    network: Network,
    as_json: bool,
) -> None:
    """Take the tags of protect off images that nothing uses.

    Name everything that tells of images in use, what is deployed above all: an image that is not
    in there is taken to be unused. The repositories of those images are looked through. ECR deletes
    an image with its last tag, so such a tag stays unless --delete-images is given.
    """
    from pinned_images.ecr.protection import parse_prefix  # noqa: PLC0415 - for --help

    try:
        parse_prefix(prefix)
    except ConfigurationError as wrong:
        raise click.BadParameter(str(wrong), param_hint="--tag-prefix") from wrong
    used = ImagesInUse.read(lock_files, folders, deployed)
    if as_json and used.hidden:
        write_document(_document([], used.hidden, dry_run=dry_run))
    _refuse_incomplete(used)
    for repository in more:
        host, _, name = repository.partition("/")
        if not name or not used.add_repository(host, name):
            raise click.BadParameter(
                f"{repository!r} is no private repository of ECR: write "
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com/NAME.",
                param_hint="--repository",
            )
    outcomes: list[ReleasedTag] = []
    failures: list[str] = []
    for place in used.repositories:
        repositories = open_repository(
            network.sessions, used.environments[place], network.settings.deadline
        )
        work = _Repository(place, repositories, is_deleting=delete_images, is_dry=dry_run)
        try:
            outcomes.extend(work.released(set(used.repositories[place]), prefix))
        except (ResolutionError, ConfigurationError) as wrong:
            failures.append(str(wrong))
    if as_json:
        write_document(_document(outcomes, failures, dry_run=dry_run))
    elif outcomes:
        show(_table(outcomes))
    _tell(outcomes, failures, dry_run=dry_run)
    is_unknown = failures or _number("failed", outcomes)
    raise Exit(ExitCode.UNKNOWN if is_unknown else ExitCode.FINE)


def _refuse_incomplete(used: ImagesInUse) -> None:
    """Refuse to release anything where images in use may be unknown."""
    for unseen in used.hidden:
        error(f"Not looked at: {unseen}.")
    if used.hidden:
        error("Nothing is released, since images may be in use that could not be seen.")
        raise Exit(ExitCode.UNKNOWN)
    if not used.repositories:
        raise ConfigurationError(
            "The files name no image of a private ECR repository, so nothing is released: name "
            "what tells of all images in use."
        )


@dataclass(frozen=True, slots=True)
class _Repository:
    """A repository that is looked through."""

    repository: EcrRepository
    repositories: Repositories
    is_deleting: bool
    is_dry: bool

    def released(self, in_use: set[Any], prefix: str) -> list[ReleasedTag]:
        """The outcome for each tag that nothing needs."""
        from pinned_images.ecr.protection import plan_release  # noqa: PLC0415 - for --help

        images = inventory_of(self.repositories, self.repository.name) or []
        return [self._done(each) for each in plan_release(images, in_use, prefix=prefix)]

    def _done(self, plan: ReleasePlan) -> ReleasedTag:
        from pinned_images.cli.documents.aws_documents import ReleasedTag  # noqa: PLC0415 - for --help
        from pinned_images.registry.aws.faults import AwsFault  # noqa: PLC0415 - loads late

        result: ReleaseResult = "deleted" if plan.is_last else "released"
        reason: str | None = None
        try:
            if not self.is_dry and not plan.is_last and self._has_become_last(plan):
                result = "deleted"
            if result == "deleted" and not self.is_deleting:
                result = "last-tag"
            elif not self.is_dry:
                self.repositories.remove_tag(self.repository.name, plan.tag)
        except (AwsFault, ResolutionError) as wrong:
            failure = wrong.error if isinstance(wrong, AwsFault) else wrong
            result = "failed"
            reason = str(
                failure.about(
                    subject=f"The tag {plan.tag} in {self.repository.name}",
                    predicate="could not be taken away",
                )
            )
        return ReleasedTag(
            digest=plan.digest,
            account=self.repository.account,
            region=self.repository.region,
            repository=self.repository.name,
            tag=plan.tag,
            result=result,
            reason=reason,
        )

    def _has_become_last(self, plan: ReleasePlan) -> bool:
        """Whether the image's other tags have moved away since it was looked at."""
        return self.repositories.tags(self.repository.name, plan.digest) == {plan.tag}


def _number(result: ReleaseResult, outcomes: list[ReleasedTag]) -> int:
    return sum(each.result == result for each in outcomes)


def _tell(outcomes: list[ReleasedTag], failures: list[str], *, dry_run: bool) -> None:
    for wrong in (*failures, *(each.reason for each in outcomes if each.reason)):
        error(wrong)
    kept = _number("last-tag", outcomes)
    if kept:
        echo(
            f"{counted(kept, 'tag')} stay: ECR would delete the images with them. Give "
            "--delete-images to have them deleted."
            if kept > 1
            else "1 tag stays: ECR would delete the image with it. Give --delete-images to have "
            "it deleted."
        )
    released, deleted = _number("released", outcomes), _number("deleted", outcomes)
    verb = " would be" if dry_run else ""
    echo(f"{counted(released, 'tag')}{verb} released, {counted(deleted, 'image')}{verb} deleted.")


def _document(tags: list[ReleasedTag], unseen: list[str], *, dry_run: bool) -> Release:
    from pinned_images.cli.documents.aws_documents import Release  # noqa: PLC0415 - for --help

    return Release(dry_run=dry_run, tags=tags, unseen=unseen)


def _table(outcomes: list[ReleasedTag]) -> Table:
    from pinned_images.report.terminal import plain_table  # noqa: PLC0415 - needs rich

    table = plain_table("Repository", "Digest", "Tag", "Result")
    for each in outcomes:
        table.add_row(
            printable(each.repository),
            table.digest(each.digest),
            printable(each.tag),
            each.result,
        )
    return table
