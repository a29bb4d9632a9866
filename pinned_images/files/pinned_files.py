"""The pinning of files: digests for references without one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pinned_images.errors import ResolutionError
from pinned_images.files.changes import FileChange, Refusal, plan, with_parts
from pinned_images.files.places import Place, Skipped
from pinned_images.files.scanning import ScannedFile
from pinned_images.lockfile import LockKey
from pinned_images.reference import Digest, ImageReference
from pinned_images.resolution import Resolution, ResolutionRequest, Resolver


@dataclass(frozen=True, slots=True)
class Unpinned:
    """A reference without a digest that is not exempt."""

    file: ScannedFile
    place: Place


class SkippedValue(NamedTuple):
    """A value in the place of an image that is left as it is."""

    file: ScannedFile
    value: Skipped


def skipped_in(files: Iterable[ScannedFile]) -> list[SkippedValue]:
    """The values in some files that are left as they are."""
    return [SkippedValue(file, value) for file in files for value in file.skipped]


@dataclass(frozen=True, slots=True)
class Changes:
    """The planned changes of files, with skipped values and errors.

    Attributes:
        files: The files that change.
        skipped: The values in the place of an image that are left, and their files.
        errors: The images that could not be resolved.
    """

    files: Sequence[FileChange]
    skipped: Sequence[SkippedValue]
    errors: Mapping[LockKey, ResolutionError]

    @property
    def refusals(self) -> list[Refusal]:
        """The places that cannot be edited."""
        return [refusal for change in self.files for refusal in change.refusals]

    @property
    def is_whole(self) -> bool:
        """Whether all requested changes can be written."""
        return not self.errors and not self.refusals


def unpinned(
    files: Iterable[ScannedFile], is_exempt: Callable[[ImageReference], bool]
) -> list[Unpinned]:
    """The references without a digest that are not exempt.

    Args:
        files: The files.
        is_exempt: Whether an image may stay without.
    """
    return [
        Unpinned(file, place)
        for file in files
        for place in file.places
        if place.wants_digest and not is_exempt(place.reference)
    ]


def pin(
    files: Sequence[ScannedFile],
    resolver: Resolver,
    is_exempt: Callable[[ImageReference], bool],
) -> Changes:
    """Plan the edits that give every reference its digest.

    Args:
        files: The files.
        resolver: The resolver, called once with all images.
        is_exempt: Whether an image may stay without.
    """
    missing = unpinned(files, is_exempt)
    questions = [each.place.question(each.place.reference) for each in missing]
    digests, errors = resolve(resolver, questions)
    wanted = {(each.file.file.path, each.place.offset) for each in missing}
    changes: list[FileChange] = []
    for file in files:
        path = file.file.path

        def target(place: Place, path: str = path) -> ImageReference | None:
            digest = digests.get(place.question(place.reference))
            if digest is None or (path, place.offset) not in wanted:
                return None
            return with_parts(place, place.reference.effective_tag, digest)

        changes += plan([file], target)
    return Changes(changes, skipped_in(files), errors)


def resolve(
    resolver: Resolver, questions: Iterable[ResolutionRequest]
) -> tuple[dict[ResolutionRequest, Digest], dict[LockKey, ResolutionError]]:
    """Digests by request, and errors by image; each is resolved once."""
    requests = list(dict.fromkeys(questions))
    outcomes = resolver.resolve(requests) if requests else {}
    digests: dict[ResolutionRequest, Digest] = {}
    errors: dict[LockKey, ResolutionError] = {}
    for request in requests:
        outcome = outcomes[request]
        if isinstance(outcome, Resolution):
            digests[request] = outcome.digest
        else:
            errors[LockKey.of(request)] = outcome
    return digests, errors
