"""``pinned-images lifecycle``: the images of an ECR repository that its lifecycle policy takes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pinned_images.cli.output import echo, show, write_document
from pinned_images.cli.shared_options import json_option, profile_option
from pinned_images.errors import ConfigurationError, ResolutionError
from pinned_images.printable import printable
from pinned_images.wording import counted

if TYPE_CHECKING:
    from rich.table import Table

    from pinned_images.cli.documents.aws_documents import Lifecycle
    from pinned_images.ecr.inventory import RepositoryImage
    from pinned_images.ecr.lifecycle_policy import LifecyclePolicy, Removal

_DAY = re.compile(r"\d{4}-?\d{2}-?\d{2}")
_SECONDS = 60.0


def _moment(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    from pinned_images.ecr.inventory import parse_time  # noqa: PLC0415 - for --help

    if value is None:
        return None
    time = parse_time(value)
    if time is None:
        raise click.BadParameter(
            "write a day such as 2027-03-31, or a time such as 2027-03-31T12:00Z."
        )
    # ECR acts at some time of the day: an image that is due on that day counts.
    return time + timedelta(days=1, microseconds=-1) if _DAY.fullmatch(value) else time


@click.command()
@click.argument(
    "policy", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--images",
    "inventory",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The images, as 'aws ecr describe-images' prints them.",
)
@click.option(
    "--repository",
    metavar="NAME",
    help="Read the images of this repository from ECR, and its policy where no POLICY is given.",
)
@click.option(
    "--region",
    metavar="REGION",
    help="The region of the repository; that of the SDK if left out.",
)
@profile_option
@click.option(
    "--at",
    callback=_moment,
    metavar="DATE",
    help="The day, to its end, or the time to look at, in UTC; now if left out.",
)
@json_option
def lifecycle(
    policy: Path | None,
    *,
    inventory: Path | None,
    repository: str | None,
    region: str | None,
    profile: str | None,
    at: datetime | None,
    as_json: bool,
) -> None:
    """Show which images a lifecycle policy of ECR takes.

    Each is shown with the rule that takes it, and since when. POLICY is a file with the policy, as
    'aws ecr put-lifecycle-policy' takes it. Nothing is changed; tags, pushes and pulls are taken to
    stay as they are.
    """
    if (inventory is None) == (repository is None):
        raise click.UsageError("Name the images: with --images FILE, or with --repository NAME.")
    if policy is None and repository is None:
        raise click.UsageError("Name a file with the lifecycle policy.")
    now = datetime.now(timezone.utc)
    text = None if policy is None else _read(policy)
    if repository is not None:
        try:
            text, images = _from_ecr(repository, region, profile, text)
        except ResolutionError as unseen:
            if as_json:
                write_document(_document([], [str(unseen)]))
            raise
    else:
        from pinned_images.ecr.inventory import parse_inventory  # noqa: PLC0415 - for --help

        images = parse_inventory(_read(inventory or Path()))
    rules = _parsed(text)
    removals = [] if rules is None else rules.removals(images, at or now, read_at=now)
    if as_json:
        write_document(_document(removals, []))
        return
    if removals:
        show(_table(removals))
    day = f"{(at or now).astimezone(timezone.utc):%Y-%m-%d}"
    echo(
        f"The repository {repository} has no lifecycle policy."
        if rules is None
        else f"{len(removals)} of {counted(len(images), 'image')} taken by {day}."
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{str(path)!r} is not written in UTF-8.") from error
    except OSError as error:
        raise ConfigurationError(f"{str(path)!r} cannot be read ({error.strerror}).") from error


def _parsed(text: str | None) -> LifecyclePolicy | None:
    from pinned_images.ecr.lifecycle_policy import LifecyclePolicy  # noqa: PLC0415 - for --help

    return None if text is None else LifecyclePolicy.parse(text)


def _from_ecr(
    repository: str, region: str | None, profile: str | None, text: str | None
) -> tuple[str | None, list[RepositoryImage]]:
    """The policy of a repository, unless one is given, and its images."""
    from pinned_images.ecr.inventory import RepositoryImage  # noqa: PLC0415 - for --help
    from pinned_images.registry.aws.ecr_repositories import Repositories  # noqa: PLC0415 - loads late
    from pinned_images.registry.aws.environments import Environment  # noqa: PLC0415 - loads late
    from pinned_images.registry.aws.faults import AwsFault  # noqa: PLC0415 - loads late
    from pinned_images.registry.aws.sessions import AwsSessions  # noqa: PLC0415 - loads late

    sessions = AwsSessions(profile=profile)
    chosen = region or sessions.setting("region")
    if not chosen:
        raise click.UsageError("Name the region of the repository with --region.")
    repositories = Repositories(sessions, Environment(None, chosen), _SECONDS)
    try:
        if text is None:
            text = repositories.lifecycle_policy(repository)
        details = repositories.images(repository)
    except AwsFault as fault:
        told = fault.error.about(
            subject=f"The repository {repository!r}", predicate=f"could not be read in {chosen}"
        )
        if fault.code == "RepositoryNotFoundException":
            raise ConfigurationError(str(told)) from None
        raise told from None
    return text, [RepositoryImage.of_detail(detail) for detail in details]


def _document(removals: Sequence[Removal], unseen: list[str]) -> Lifecycle:
    from pinned_images.cli.documents.aws_documents import (  # noqa: PLC0415 - for --help
        Lifecycle,
        RemovedImage,
    )
    from pinned_images.cli.documents.command_documents import moment  # noqa: PLC0415 - for --help

    images = [
        RemovedImage(
            digest=each.image.digest,
            tags=sorted(each.image.tags),
            action=each.rule.action,
            rule=each.rule.priority,
            at=moment(each.at),
        )
        for each in removals
    ]
    return Lifecycle(images=images, unseen=unseen)


def _table(removals: Sequence[Removal]) -> Table:
    from pinned_images.report.terminal import plain_table  # noqa: PLC0415 - needs rich

    table = plain_table("Digest", "Tags", "Action", "Rule", "Since")
    for each in removals:
        table.add_row(
            table.digest(each.image.digest),
            printable(", ".join(sorted(each.image.tags)) or "untagged"),
            each.rule.action,
            str(each.rule.priority),
            f"{each.at.astimezone(timezone.utc):%Y-%m-%d}",
        )
    return table
