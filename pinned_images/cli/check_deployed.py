"""``pinned-images check-deployed``: the images that run, and what is wrong with them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.exceptions import Exit

from pinned_images.cli.comparison import read_lock
from pinned_images.cli.exit_codes import ExitCode, worst
from pinned_images.cli.output import echo, error, grouped_errors, show, write, write_document
from pinned_images.cli.shared_options import (
    account_options,
    json_option,
    named_lock_file_option,
)
from pinned_images.ecr.used_images import (
    FINDING_KINDS,
    Drift,
    Finding,
    FindingKind,
    RegistryAnswer,
    UsedImage,
    UsedImages,
    expiries,
    findings_of,
)
from pinned_images.ecr.workloads import uses_of
from pinned_images.errors import (
    ConfigurationError,
    ImageNotFound,
    PlatformMismatch,
    ResolutionError,
)
from pinned_images.lockfile import LockKey
from pinned_images.printable import printable
from pinned_images.reference import Digest, ImageReference, Platform
from pinned_images.registry.aws.hosts import EcrHost, parse_ecr_host
from pinned_images.report import SynthReport
from pinned_images.resolution import Outcome, Resolution, ResolutionRequest
from pinned_images.wording import counted

if TYPE_CHECKING:
    from rich.table import Table

    from pinned_images.cli.documents.aws_documents import Deployed, Scope
    from pinned_images.cli.shared_options import Network
    from pinned_images.ecr.inventory import RepositoryImage

_FAIL_ON: tuple[FindingKind, ...] = ("gone", "archived")
_CALL_SECONDS = 60.0

_Question = tuple[ImageReference, Platform | None]


@click.command("check-deployed")
@click.option(
    "--cluster",
    "clusters",
    multiple=True,
    metavar="NAME",
    help="Look at this ECS cluster; may be given several times; all if left out.",
)
@click.option(
    "--service",
    "services",
    multiple=True,
    metavar="NAME",
    help="Look at this ECS service; may be given several times; all if left out.",
)
@click.option(
    "--region",
    "regions",
    multiple=True,
    metavar="REGION",
    help="Look at this region; may be given several times; that of the SDK if left out.",
)
@click.option(
    "--app",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Show the drift from the app whose last synth is in FOLDER.",
)
@named_lock_file_option(help="Show the drift from this lock file.")
@click.option(
    "--fail-on",
    multiple=True,
    type=click.Choice([*FINDING_KINDS]),
    metavar="KIND",
    help=f"Exit with 1 for findings of this kind: {', '.join(FINDING_KINDS)}; may be given several "
    "times; gone and archived if left out.",
)
@json_option
@click.option("--markdown", "as_markdown", is_flag=True, help="Write Markdown.")
@click.option("--html", "as_html", is_flag=True, help="Write one page for a browser.")
@account_options
def check_deployed(
    *,
    clusters: tuple[str, ...],
    services: tuple[str, ...],
    regions: tuple[str, ...],
    folder: Path | None,
    lock_file: Path | None,
    fail_on: tuple[FindingKind, ...],
    as_json: bool,
    as_markdown: bool,
    as_html: bool,
    network: Network,
) -> None:
    """Check the images that deployed workloads use.

    Looked at are ECS services and tasks, EventBridge rules and schedules that start tasks, and
    Lambda functions. Nothing is changed. With --cluster or --service, rules, schedules and
    functions are left aside.
    """
    if as_json + as_markdown + as_html > 1:
        raise click.UsageError("--json, --markdown and --html exclude each other: give one.")
    declared = _declared(folder, lock_file)
    used = _read(network, regions, clusters, services)
    answers = _Answers(network)
    images = answers.about(used.images, with_tags=declared is not None)
    if declared is not None:
        images = [declared.with_drift(image, answers.of_tag(image)) for image in images]
    unseen = [*used.unseen, *answers.unseen]
    _clear_progress()
    if as_json:
        write_document(_document(images, unseen, _scope(network, regions, clusters, services)))
    elif as_markdown or as_html:
        from pinned_images.report.deployed import (  # noqa: PLC0415 - for --help
            render_deployed_html,
            render_deployed_markdown,
        )

        write((render_deployed_html if as_html else render_deployed_markdown)(images, unseen))
    else:
        _show(images, with_drift=declared is not None)
    for sentence in unseen:
        error(sentence)
    echo(_summary(images, unseen))
    if clusters or services:
        named = [
            *(f"the cluster {each}" for each in clusters),
            *(f"the service {each}" for each in services),
        ]
        echo(f"Limited to {', '.join(named)}: nothing else was looked at.")
    kinds = {finding.kind for image in images for finding in image.findings}
    found = [ExitCode.FINDING] if kinds & set(fail_on or _FAIL_ON) else []
    raise Exit(worst([*found, *([ExitCode.UNKNOWN] if unseen else [])]))


def _read(
    network: Network, regions: Sequence[str], clusters: Sequence[str], services: Sequence[str]
) -> UsedImages:
    from pinned_images.registry.aws.deployments import Deployments  # noqa: PLC0415 - loads late
    from pinned_images.registry.aws.environments import Environment  # noqa: PLC0415 - loads late

    chosen = list(dict.fromkeys(regions)) or [network.region]
    uses, unseen = [], []
    for region in chosen:
        environment = Environment(None, region)
        deployments = Deployments(network.sessions, environment, _CALL_SECONDS, _show_progress)
        found = deployments.read(clusters, services)
        unseen += found.unseen
        uses += uses_of(
            services=found.services,
            revisions=found.revisions,
            tasks=found.tasks,
            task_definitions=found.task_definitions,
            rules=found.rules,
            schedules=found.schedules,
            functions=found.functions,
        )
    images = UsedImages.of(uses)
    images.unseen = [*unseen, *images.unseen]
    return images


def _scope(
    network: Network, regions: Sequence[str], clusters: Sequence[str], services: Sequence[str]
) -> Scope:
    """The part of AWS that was looked at."""
    from pinned_images.cli.documents.aws_documents import Scope  # noqa: PLC0415 - for --help

    return Scope(
        regions=list(dict.fromkeys(regions)) or [network.region],
        clusters=list(clusters),
        services=list(services),
        complete=not clusters and not services,
    )


def _document(images: Iterable[UsedImage], unseen: list[str], scope: Scope) -> Deployed:
    from pinned_images.cli.documents.aws_documents import (  # noqa: PLC0415 - for --help
        Deployed,
        DeployedImage,
    )

    return Deployed(scope=scope, images=list(map(DeployedImage.of, images)), unseen=unseen)


@dataclass
class _Answers:
    """The answers of the registries and the lifecycle policies of ECR about images in use."""

    network: Network
    unseen: list[str] = field(default_factory=list)
    _known: dict[_Question, RegistryAnswer] = field(default_factory=dict)
    _expiries: dict[tuple[ImageReference, Digest], Finding] = field(default_factory=dict)

    def about(self, images: Sequence[UsedImage], *, with_tags: bool) -> list[UsedImage]:
        """The images with what was found about each.

        Args:
            images: The images in use.
            with_tags: Ask for every tag, also where a workload pulls by digest.
        """
        questions = dict.fromkeys(
            question for image in images for question in _questions(image, with_tags=with_tags)
        )
        _show_progress(f"{counted(len(questions), 'question')} to the registries")
        requests = [ResolutionRequest(*question) for question in questions]
        outcomes = self.network.registries.resolve(requests) if requests else {}
        self._known = {
            (request.reference, request.platform): _answer(outcome)
            for request, outcome in outcomes.items()
        }
        self._look_into_repositories(images)
        self.unseen += grouped_errors(
            (LockKey(str(request.reference)), outcome)
            for request, outcome in outcomes.items()
            if isinstance(outcome, ResolutionError)
            and self._known[request.reference, request.platform].state == "unknown"
        )
        return [
            replace(image, findings=findings_of(image, self._known, self._expiry(image)))
            for image in images
        ]

    def of_tag(self, image: UsedImage) -> str | None:
        """The digest that the tag of an image names now."""
        if image.tagged is None:
            return None
        answer = self._known.get((image.tagged, None))
        return None if answer is None else answer.digest

    def _expiry(self, image: UsedImage) -> Finding | None:
        if image.digest is None:
            return None
        return self._expiries.get((image.reference, image.digest))

    def _look_into_repositories(self, images: Iterable[UsedImage]) -> None:
        repositories: dict[tuple[EcrHost, str], list[UsedImage]] = {}
        for image in images:
            host = parse_ecr_host(image.reference.registry)
            if host is not None:
                repositories.setdefault((host, image.reference.repository), []).append(image)
        for number, ((host, name), some) in enumerate(repositories.items(), 1):
            _show_progress(f"repository {number} of {len(repositories)}")
            self._look_into(host, name, some)

    def _look_into(self, host: EcrHost, name: str, images: Sequence[UsedImage]) -> None:
        from pinned_images.ecr.inventory import RepositoryImage  # noqa: PLC0415 - for --help
        from pinned_images.ecr.lifecycle_policy import LifecyclePolicy  # noqa: PLC0415 - for --help
        from pinned_images.registry.aws.ecr_repositories import Repositories  # noqa: PLC0415
        from pinned_images.registry.aws.environments import Environment  # noqa: PLC0415
        from pinned_images.registry.aws.faults import AwsFault  # noqa: PLC0415

        environment = Environment.of(host)
        repositories = Repositories(self.network.sessions, environment, _CALL_SECONDS)
        present = [image for image in images if self._state(image) == "present"]
        unknown = [image for image in images if self._state(image) == "unknown"]
        tags = [
            image.tagged
            for image in present
            if image.tagged is not None and self._is_unknown(image.tagged)
        ]
        now = datetime.now(timezone.utc)
        try:
            text = repositories.lifecycle_policy(name) if present else None
            if text is None and not unknown and not tags:
                return
            inventory = [RepositoryImage.of_detail(each) for each in repositories.images(name)]
            self._mark_archived(unknown, inventory)
            self._find_tags(tags, inventory)
            if text is not None:
                policy = LifecyclePolicy.parse(text)
                self._expiries.update(expiries(present, policy, inventory, now))
        except AwsFault as fault:
            told = fault.error.about(
                subject=f"The repository {name!r}", predicate=f"could not be read in {environment}"
            )
            self.unseen.append(str(told))
        except ConfigurationError as problem:
            self.unseen.append(f"The repository {name!r} in {environment}: {problem}")

    def _is_unknown(self, tagged: ImageReference) -> bool:
        answer = self._known.get((tagged, None))
        return answer is not None and answer.state == "unknown"

    def _find_tags(
        self, tags: Iterable[ImageReference], inventory: Iterable[RepositoryImage]
    ) -> None:
        """Images of tags taken from the inventory, where the question for them was not answered."""
        named = {tag: image.digest for image in inventory for tag in image.tags}
        for tagged in tags:
            if tagged.tag in named:
                self._known[tagged, None] = RegistryAnswer("present", named[tagged.tag])

    def _state(self, image: UsedImage) -> str:
        return self._known[image.pulled, None].state

    def _mark_archived(
        self, images: Iterable[UsedImage], inventory: Iterable[RepositoryImage]
    ) -> None:
        archived = {
            name for each in inventory if each.is_archived for name in (each.digest, *each.tags)
        }
        for image in images:
            name = image.digest or (image.tagged and image.tagged.tag)
            if name in archived:
                for question in _questions(image, with_tags=False):
                    if question[0] == image.pulled:
                        self._known[question] = RegistryAnswer("archived")


def _questions(image: UsedImage, *, with_tags: bool) -> Iterator[_Question]:
    yield image.pulled, None
    for platform in sorted(image.platforms, key=str):
        yield image.pulled, platform
    is_recorded = any(use.is_recorded for use in image.uses)
    if image.tagged is not None and (with_tags or is_recorded):
        yield image.tagged, None


def _answer(outcome: Outcome) -> RegistryAnswer:
    if isinstance(outcome, Resolution):
        return RegistryAnswer("present", outcome.digest)
    if isinstance(outcome, ImageNotFound):
        return RegistryAnswer("gone")
    if isinstance(outcome, PlatformMismatch):
        return RegistryAnswer("platform-missing")
    return RegistryAnswer("unknown", message=str(outcome))


@dataclass(frozen=True)
class _Declared:
    """The digests that an app declares and that a lock file holds, by reference."""

    app: Mapping[str, Sequence[str]]
    lock: Mapping[str, Sequence[str]]

    def with_drift(self, image: UsedImage, registry: str | None) -> UsedImage:
        """An image with its drift."""
        name = "" if image.tagged is None else image.tagged.normalized
        drift = Drift(
            declared=_nearest(self.app.get(name, ()), image.digest),
            locked=_nearest(self.lock.get(name, ()), image.digest),
            registry=registry,
            running=image.digest,
        )
        return replace(image, drift=drift)


def _nearest(digests: Sequence[str], running: str | None) -> str | None:
    """The digest that runs, if it is one of them; an image may have one for each platform."""
    if running in digests:
        return running
    return digests[0] if digests else None


def _declared(folder: Path | None, lock_file: Path | None) -> _Declared | None:
    if folder is None and lock_file is None:
        return None
    app: dict[str, list[str]] = {}
    lock: dict[str, list[str]] = {}
    for record in () if folder is None else SynthReport.read_complete(folder).records:
        if record.digest is not None:
            app.setdefault(_by_tag(record.pinned or record.reference), []).append(record.digest)
    for key, entry in {} if lock_file is None else read_lock(lock_file).entries.items():
        lock.setdefault(_by_tag(key.reference), []).append(entry.digest)
    return _Declared(app, lock)


def _by_tag(text: str) -> str:
    """A reference without its digest, with nothing left to be understood."""
    try:
        reference = ImageReference.parse(text)
    except ValueError:  # intrinsics, of which only the deployment knows the value
        return text
    tag = reference.effective_tag
    return ImageReference(reference.registry, reference.repository, tag).normalized


def _show(images: Sequence[UsedImage], *, with_drift: bool) -> None:
    if images:
        show(_table(images))
    if with_drift and images:
        show("", _drift_table(images))
    findings = [finding for image in images for finding in image.findings]
    for severity in ("error", "warning"):
        for finding in findings:
            if finding.severity == severity:
                write(f"{severity.capitalize()}: {printable(finding.message)}\n")


def _table(images: Iterable[UsedImage]) -> Table:
    from pinned_images.report.terminal import Name, plain_table  # noqa: PLC0415 - needs rich

    table = plain_table("Image", "Digest", "Used by", "Findings")
    for image in images:
        workloads = Counter(kind for kind, _ in {(use.kind, use.name) for use in image.uses})
        table.add_row(
            Name(image.name),
            table.digest(image.digest),
            ", ".join(counted(number, kind) for kind, number in sorted(workloads.items())),
            ", ".join(finding.kind for finding in image.findings) or "-",
        )
    return table


def _drift_table(images: Iterable[UsedImage]) -> Table:
    from pinned_images.report.terminal import Name, plain_table  # noqa: PLC0415 - needs rich

    table = plain_table("Image", "Declared", "Locked", "Registry", "Running")
    for image in images:
        drift = image.drift
        if drift is not None:
            sides = drift.declared, drift.locked, drift.registry, drift.running
            table.add_row(Name(image.name), *map(table.digest, sides))
    return table


def _summary(images: Sequence[UsedImage], unseen: Sequence[str]) -> str:
    kinds = Counter(finding.kind for image in images for finding in image.findings)
    told = [f"{kinds[kind]} {kind}" for kind in FINDING_KINDS if kinds[kind]]
    sentence = f"{counted(len(images), 'image')} in use: {', '.join(told) or 'nothing found'}."
    if unseen:
        sentence += f" {counted(len(unseen), 'thing')} could not be looked at."
    return sentence


def _show_progress(text: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[2K{printable(text)[:70]}", nl=False, err=True)


def _clear_progress() -> None:
    if sys.stderr.isatty():
        click.echo("\r\x1b[2K", nl=False, err=True)
