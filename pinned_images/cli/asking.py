"""What the commands ask registries about the entries of a lock file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pinned_images.errors import ConfigurationError, ResolutionError
from pinned_images.lockfile import LockEntry, LockFile, LockKey
from pinned_images.resolution import Outcome, Resolution, ResolutionRequest

if TYPE_CHECKING:
    from pinned_images.cli.network import Network


@dataclass(frozen=True, slots=True)
class Answer:
    """What registries say now about one entry.

    Attributes:
        entry: What they say, or None where they said nothing that can be used.
        errors: Why not; also where a platform that the entry lists is gone.
    """

    entry: LockEntry | None
    errors: tuple[ResolutionError, ...] = ()


def read_lock(path: Path) -> LockFile:
    """The lock file that must be there.

    Raises:
        ConfigurationError: It is not.
        LockFileError: It is broken.
    """
    if not path.exists():
        raise ConfigurationError(
            f"There is no lock file {str(path)!r}: synthesize the app with "
            f"PinImages(lock_file={str(path)!r}), or name another one with --lock-file."
        )
    return LockFile.read(path)


def ask(
    entries: Mapping[LockKey, LockEntry],
    network: Network,
    *,
    by_digest: bool = False,
    with_platforms: bool = True,
) -> dict[LockKey, Answer]:
    """Ask for entries, all at once.

    Args:
        entries: What is asked for.
        network: Who is asked.
        by_digest: Ask for what is locked, in place of what the tag names now.
        with_platforms: Learn the platforms too, where the entry lists some; it takes a GET.
    """
    questions = {
        key: list(_questions(key, entry, by_digest=by_digest, with_platforms=with_platforms))
        for key, entry in entries.items()
    }
    asked = [question for each in questions.values() for question in each]
    outcomes = network.registries.resolve(asked) if asked else {}
    return {key: _answer(each, outcomes) for key, each in questions.items()}


def _questions(
    key: LockKey, entry: LockEntry, *, by_digest: bool, with_platforms: bool
) -> Iterable[ResolutionRequest]:
    """A registry lists an image's platforms where it is asked for one that the image has.

    An image may have lost some, so it is asked for each that the entry lists; the resolver reads
    the image once for all.
    """
    request = key.request()
    if by_digest:
        reference = request.reference.with_digest(entry.digest)
        request = replace(request, reference=reference, platform=None, select=False)
    if with_platforms and entry.platforms and key.platform is None:
        return [replace(request, platform=platform) for platform in entry.platforms]
    return [request]


def _answer(
    questions: Iterable[ResolutionRequest], outcomes: Mapping[ResolutionRequest, Outcome]
) -> Answer:
    entry: LockEntry | None = None
    errors: dict[str, ResolutionError] = {}
    for question in questions:
        outcome = outcomes[question]
        if isinstance(outcome, Resolution):
            entry = LockEntry.of(question, outcome)
        else:
            errors[str(outcome)] = outcome
    return Answer(entry, tuple(errors.values()))
