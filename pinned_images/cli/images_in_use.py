"""The images in use that ``protect`` and ``release`` are given, and their ECR repositories."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, TypeVar

import click

from pinned_images.cli.configuration import lock_file_of
from pinned_images.errors import ConfigurationError, InvalidReference, ResolutionError
from pinned_images.printable import quoted
from pinned_images.reference import Digest, ImageReference

if TYPE_CHECKING:
    from pinned_images.ecr.inventory import RepositoryImage
    from pinned_images.registry.aws.ecr_repositories import Repositories
    from pinned_images.registry.aws.environments import Environment
    from pinned_images.registry.aws.sessions import AwsSessions

_LONGEST_TEXT = 64 * 1024 * 1024
_DEPLOYED_VERSION = 1

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _configured_lock_file() -> tuple[Path, ...]:
    """The lock file that the configuration names; one that only lies there is not enough."""
    named = lock_file_of(None, with_default=False)
    return () if named is None else (named,)


_SOURCES = (
    click.option(
        "--lock-file",
        "lock_files",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        multiple=True,
        metavar="FILE",
        callback=lambda _context, _parameter, value: value or _configured_lock_file(),
        help="A lock file; may be given several times. [env var: PINNED_IMAGES_LOCK_FILE]",
    ),
    click.option(
        "--app",
        "folders",
        type=click.Path(path_type=Path),
        multiple=True,
        metavar="FOLDER",
        help="The output of a synth (cdk.out); may be given several times.",
    ),
    click.option(
        "--deployed",
        "deployed",
        type=click.File("rb"),
        multiple=True,
        metavar="FILE",
        help="What 'check-deployed --json' printed, '-' for standard input; may be given several "
        "times.",
    ),
    click.option(
        "--tag-prefix",
        "prefix",
        default="in-use-",
        show_default=True,
        metavar="PREFIX",
        help="The beginning of the tags; twelve digits of the digest follow.",
    ),
)


def source_options(command: _Command) -> _Command:
    """The options that name the images in use, and the tags that protect them."""
    for option in reversed(_SOURCES):
        command = option(command)
    return command


class EcrRepository(NamedTuple):
    """A private repository.

    Attributes:
        account: The account that owns it.
        region: Its region.
        name: Its name.
    """

    account: str
    region: str
    name: str


@dataclass(slots=True)
class ImagesInUse:
    """The images that files name as in use.

    Attributes:
        repositories: By repository: by digest, the image as it is written.
        environments: How each repository is reached.
        elsewhere: Images of other registries.
        by_tag: Images that are used by their tag alone: the tag keeps the image that is used.
        unseen: What the files could not see, as clauses.
        limits: What they left aside on purpose, as clauses.
    """

    repositories: dict[EcrRepository, dict[Digest, str]] = field(default_factory=dict)
    environments: dict[EcrRepository, Environment] = field(default_factory=dict)
    elsewhere: dict[str, None] = field(default_factory=dict)
    by_tag: dict[str, None] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)

    @property
    def hidden(self) -> list[str]:
        """All that may be in use and is not in the files, as clauses."""
        return [*self.unseen, *self.limits]

    @classmethod
    def read(
        cls,
        lock_files: tuple[Path, ...],
        folders: tuple[Path, ...],
        deployed: tuple[BinaryIO, ...],
    ) -> ImagesInUse:
        """The images of all sources together.

        Raises:
            UsageError: There is no source.
            ConfigurationError: One of them cannot be read.
        """
        if not (lock_files or folders or deployed):
            raise click.UsageError(
                "Name what tells of the images in use: --lock-file, --app or --deployed."
            )
        found = cls()
        for path in lock_files:
            found._add_lock_file(path)
        for folder in folders:
            found._add_report(folder)
        for stream in deployed:
            found._add_deployed(stream.read(_LONGEST_TEXT + 1), _name_of(stream))
        return found

    def add_repository(self, host: str, name: str) -> bool:
        """Count a repository in, also where no image of it is in use; whether it is of ECR."""
        from pinned_images.registry.aws.environments import Environment  # noqa: PLC0415 - late
        from pinned_images.registry.aws.hosts import parse_ecr_host  # noqa: PLC0415 - loads late

        known = parse_ecr_host(host)
        if known is None:
            return False
        repository = EcrRepository(known.account, known.region, name)
        self.environments.setdefault(repository, Environment.of(known))
        self.repositories.setdefault(repository, {})
        return True

    def _add(self, reference: ImageReference, digest: Digest) -> None:
        written = str(reference if reference.digest else reference.with_digest(digest))
        if not self.add_repository(reference.registry, reference.repository):
            self.elsewhere[written] = None
            return
        from pinned_images.registry.aws.hosts import parse_ecr_host  # noqa: PLC0415 - loads late

        host = parse_ecr_host(reference.registry)
        if host is not None:
            key = EcrRepository(host.account, host.region, reference.repository)
            self.repositories[key].setdefault(digest, written)

    def _add_text(self, text: str, digest: str | None = None) -> None:
        """Add an image as it is written; what is not known of it counts as unseen."""
        try:
            reference = ImageReference.parse(text)
            known = Digest(digest) if digest else reference.digest
        except InvalidReference:
            self.unseen.append(f"the image {quoted(text)} is not known by its name and digest")
            return
        if known is None:
            self.by_tag[str(reference)] = None
        else:
            self._add(reference, known)

    def _add_lock_file(self, path: Path) -> None:
        from pinned_images.cli.comparison import read_lock  # noqa: PLC0415 - for --help

        for key, entry in read_lock(path).entries.items():
            self._add_text(key.reference, entry.digest)

    def _add_report(self, folder: Path) -> None:
        from pinned_images.report import SynthReport  # noqa: PLC0415 - for --help

        for record in SynthReport.read_complete(folder).records:
            if record.resolved_by == "failed":
                self.unseen.append(f"the image {quoted(record.reference)} could not be pinned")
            elif record.digest is not None:
                self._add_text(record.pinned or record.reference, record.digest)
            elif record.pinned is not None or "@" in record.reference:
                self._add_text(record.pinned or record.reference)

    def _add_deployed(self, content: bytes, name: str) -> None:
        document = _deployed_document(content, name)
        hidden = document["unseen"]
        self.unseen.extend(f"check-deployed could not see {quoted(each, 400)}" for each in hidden)
        self.limits.extend(_limits(document.get("scope"), name))
        for image in document["images"]:
            if not isinstance(image, dict):
                raise ConfigurationError(
                    f"{quoted(name)} has an image that is no object: {_REMEDY}."
                )
            reference, digest = image.get("reference"), image.get("digest")
            if not isinstance(reference, str) or not isinstance(digest, (str, type(None))):
                raise ConfigurationError(
                    f"{quoted(name)} has an image without a reference: write it with "
                    "pinned-images check-deployed --json."
                )
            self._add_text(reference, digest)


def _name_of(stream: BinaryIO) -> str:
    name = getattr(stream, "name", None)
    return name if isinstance(name, str) else "<stdin>"


_REMEDY = "write it with pinned-images check-deployed --json"


def _limits(scope: object, name: str) -> Iterator[str]:
    """The clusters and services to which check-deployed was limited."""
    if scope is None:
        return
    is_complete = scope.get("complete") if isinstance(scope, dict) else None
    if not isinstance(scope, dict) or not isinstance(is_complete, bool):
        raise ConfigurationError(f"{quoted(name)} does not say what was looked at: {_REMEDY}.")
    if not is_complete:
        named = [scope.get("clusters"), scope.get("services")]
        words = quoted(
            ", ".join(str(each) for some in named if isinstance(some, list) for each in some), 200
        )
        yield f"{quoted(name)} is limited to {words} by --cluster or --service"


def _deployed_document(content: bytes, name: str) -> Mapping[str, Any]:
    """What check-deployed wrote, with lists of images and of what was not seen.

    Raises:
        ConfigurationError: The content is something else.
    """
    remedy = _REMEDY
    if len(content) > _LONGEST_TEXT:
        raise ConfigurationError(f"{quoted(name)} is longer than 64 MiB: {remedy}.")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{quoted(name)} is not JSON: {remedy}.") from error
    images = document.get("images") if isinstance(document, dict) else None
    hidden = document.get("unseen", []) if isinstance(document, dict) else None
    if not isinstance(images, list) or not isinstance(hidden, list):
        raise ConfigurationError(f"{quoted(name)} has no lists images and unseen: {remedy}.")
    if document.get("version") != _DEPLOYED_VERSION:
        raise ConfigurationError(
            f"{quoted(name)} is of the version {quoted(document.get('version'))}, which this "
            f"pinned-images does not know: {remedy}."
        )
    found: Mapping[str, Any] = document
    return found


def open_repository(
    sessions: AwsSessions, environment: Environment, timeout: float
) -> Repositories:
    """The repositories of an account and region."""
    from pinned_images.registry.aws.ecr_repositories import Repositories  # noqa: PLC0415 - loads late

    return Repositories(sessions, environment, timeout)


def inventory_of(repositories: Repositories, name: str) -> list[RepositoryImage] | None:
    """The images of a repository; None where there is no such repository.

    Raises:
        ResolutionError: It cannot be read.
    """
    from pinned_images.ecr.inventory import RepositoryImage  # noqa: PLC0415 - for --help
    from pinned_images.registry.aws.faults import AwsFault  # noqa: PLC0415 - loads late

    try:
        return [RepositoryImage.of_detail(detail) for detail in repositories.images(name)]
    except AwsFault as fault:
        if fault.code == "RepositoryNotFoundException":
            return None
        raise about_repository(fault.error, name, repositories.environment) from fault


def about_repository(
    error: ResolutionError, name: str, environment: Environment
) -> ResolutionError:
    """The error of a repository that could not be read."""
    return error.about(
        subject=f"The repository {name!r} in {environment}", predicate="could not be read"
    )
