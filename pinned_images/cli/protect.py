"""``pinned-images protect``: gives images in use a tag of their own in ECR."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click
from click.exceptions import Exit

from pinned_images.cli.exit_codes import ExitCode, worst
from pinned_images.cli.images_in_use import (
    EcrRepository,
    ImagesInUse,
    about_repository,
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

    from pinned_images.cli.documents.aws_documents import (
        ProtectedImage,
        ProtectionChange,
        ProtectionState,
    )
    from pinned_images.ecr.protection import Protection
    from pinned_images.reference import Digest
    from pinned_images.registry.aws.ecr_repositories import Repositories


@click.command()
@source_options
@click.option("--dry-run", is_flag=True, help="Change nothing, and show what would be done.")
@aws_options
@json_option
def protect(
    *,
    lock_files: tuple[Path, ...],
    folders: tuple[Path, ...],
    deployed: tuple[BinaryIO, ...],
    prefix: str,
    dry_run: bool,
    network: Network,
    as_json: bool,
) -> None:
    """Give images in use a tag of their own in ECR.

    So no lifecycle rule takes them: rules for untagged images spare an image that has a tag; rules
    that would take it all the same are named. No tag is moved.
    """
    from pinned_images.ecr.protection import parse_prefix  # noqa: PLC0415 - for --help

    try:
        parse_prefix(prefix)
    except ConfigurationError as wrong:
        raise click.BadParameter(str(wrong), param_hint="--tag-prefix") from wrong
    used = ImagesInUse.read(lock_files, folders, deployed)
    outcomes: list[ProtectedImage] = []
    for repository, digests in used.repositories.items():
        repositories = open_repository(
            network.sessions, used.environments[repository], network.settings.deadline
        )
        work = _Repository(repository, digests, repositories, prefix, dry_run)
        outcomes.extend(work.protected())
    if as_json:
        from pinned_images.cli.documents.aws_documents import Protect  # noqa: PLC0415 - for --help

        write_document(
            Protect(
                dry_run=dry_run,
                images=outcomes,
                elsewhere=list(used.elsewhere),
                by_tag=list(used.by_tag),
                unseen=used.unseen,
            )
        )
    elif outcomes:
        show(_table(outcomes))
    _tell(outcomes, used, prefix, dry_run=dry_run)
    is_unknown = bool(used.unseen or _having("failed", outcomes))
    is_found = any(each.state not in ("protected", "failed") for each in outcomes)
    raise Exit(
        worst(
            [
                ExitCode.FINDING if is_found else ExitCode.FINE,
                ExitCode.UNKNOWN if is_unknown else ExitCode.FINE,
            ]
        )
    )


@dataclass(frozen=True, slots=True)
class _Repository:
    """The images of one repository that are to be protected."""

    repository: EcrRepository
    digests: dict[Digest, str]
    repositories: Repositories
    prefix: str
    is_dry: bool

    def protected(self) -> Iterator[ProtectedImage]:
        """The outcome for each image; a failure is that of the image, or of them all."""
        try:
            plans = self._plans()
        except (ResolutionError, ConfigurationError) as wrong:
            for digest in self.digests:
                yield self._failed(digest, str(wrong))
            return
        for plan in plans:
            yield self._done(plan)

    def _plans(self) -> list[Protection]:
        from pinned_images.ecr.lifecycle_policy import LifecyclePolicy  # noqa: PLC0415 - for --help
        from pinned_images.ecr.protection import plan_protection  # noqa: PLC0415 - for --help
        from pinned_images.registry.aws.faults import AwsFault  # noqa: PLC0415 - loads late

        name = self.repository.name
        images = inventory_of(self.repositories, name)
        policy: LifecyclePolicy | None = None
        if images is not None:
            try:
                text = self.repositories.lifecycle_policy(name)
            except AwsFault as fault:
                raise about_repository(fault.error, name, self.repositories.environment) from fault
            policy = None if text is None else LifecyclePolicy.parse(text)
        now = datetime.now(timezone.utc)
        return plan_protection(self.digests, images or [], policy, now, prefix=self.prefix)

    def _done(self, plan: Protection) -> ProtectedImage:
        from pinned_images.registry.aws.faults import AwsFault  # noqa: PLC0415 - loads late

        change: ProtectionChange = "none"
        if plan.needs_tag and self.is_dry:
            change = "would-tag"
        elif plan.needs_tag:
            change = "tagged"
            try:
                self.repositories.add_tag(self.repository.name, plan.digest, plan.tag)
            except (AwsFault, ResolutionError) as wrong:
                failure = wrong.error if isinstance(wrong, AwsFault) else wrong
                told = failure.about(
                    subject=f"The image {self.digests[plan.digest]}",
                    predicate="could not be tagged",
                )
                return self._failed(plan.digest, str(told))
        rule = None if plan.rule is None else plan.rule.priority
        return self._image(
            plan.digest, plan.tag, plan.state, change, _reason(plan), rule=rule, at=plan.at
        )

    def _failed(self, digest: Digest, reason: str) -> ProtectedImage:
        from pinned_images.ecr.protection import protection_tag  # noqa: PLC0415 - for --help

        return self._image(digest, protection_tag(digest, self.prefix), "failed", "none", reason)

    def _image(
        self,
        digest: Digest,
        tag: str,
        state: ProtectionState,
        change: ProtectionChange,
        reason: str | None,
        *,
        rule: int | None = None,
        at: datetime | None = None,
    ) -> ProtectedImage:
        from pinned_images.cli.documents.aws_documents import ProtectedImage  # noqa: PLC0415 - for --help
        from pinned_images.cli.documents.command_documents import moment  # noqa: PLC0415 - for --help

        return ProtectedImage(
            reference=self.digests[digest],
            digest=digest,
            account=self.repository.account,
            region=self.repository.region,
            repository=self.repository.name,
            tag=tag,
            state=state,
            change=change,
            reason=reason,
            rule=rule,
            at=None if at is None else moment(at),
        )


def _reason(plan: Protection) -> str | None:
    """The reason why an image is not protected, as a clause."""
    if plan.rule is not None:
        if plan.at is None:
            when = "once other images are pushed or its other tags move"
        else:
            when = f"due on {plan.at.astimezone(timezone.utc):%Y-%m-%d}"
        return f"{plan.rule.summary()}, which takes it with the tag too ({when})"
    return {
        "protected": None,
        "taken": None,
        "gone": "the repository has no such image: push it again, or deploy another one",
        "archived": "it is archived and cannot be pulled: restore it",
        "tag-exists": f"the tag {plan.tag} is on another image, {plan.holder}: choose another "
        "--tag-prefix",
    }[plan.state]


def _having(state: ProtectionState, outcomes: Iterable[ProtectedImage]) -> list[ProtectedImage]:
    return [each for each in outcomes if each.state == state]


def _tell(outcomes: list[ProtectedImage], used: ImagesInUse, prefix: str, *, dry_run: bool) -> None:
    from pinned_images.ecr.protection import shielding_rule  # noqa: PLC0415 - for --help

    for wrong in dict.fromkeys(each.reason for each in _having("failed", outcomes)):
        error(wrong or "")
    for each in outcomes:
        if each.state not in ("protected", "failed"):
            error(f"The image {each.reference} is not protected: {each.reason}.")
    if _having("taken", outcomes):
        echo(
            "Put this rule in front of the lifecycle policy, and count the rulePriority of the "
            f"others up: {shielding_rule(prefix)}"
        )
    for unseen in used.unseen:
        error(f"Not looked at: {unseen}.")
    if used.elsewhere:
        echo(
            f"{counted(len(used.elsewhere), 'image')} of other registries than private ECR: "
            "nothing to do."
        )
    if used.by_tag:
        echo(
            f"{counted(len(used.by_tag), 'image')} used by a tag alone, which has no digest to "
            "protect: pin it to one."
        )
    protected = len(_having("protected", outcomes))
    tagged = sum(each.change != "none" for each in outcomes)
    verb, done = ("would be ", "would be tagged") if dry_run else ("", "tagged now")
    echo(f"{protected} of {counted(len(outcomes), 'image')} {verb}protected, {tagged} {done}.")


def _table(outcomes: list[ProtectedImage]) -> Table:
    from pinned_images.report.terminal import plain_table  # noqa: PLC0415 - needs rich

    table = plain_table("Repository", "Digest", "Tag", "State", "Change")
    for each in outcomes:
        table.add_row(
            printable(each.repository),
            table.digest(each.digest),
            printable(each.tag),
            each.state,
            each.change,
        )
    return table
