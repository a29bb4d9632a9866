"""The update of files: other tags for references, with their digests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pinned_images.errors import ConfigurationError, ResolutionError
from pinned_images.files.changes import plan, with_parts
from pinned_images.files.pinned_files import Changes, resolve, skipped_in
from pinned_images.files.places import Place
from pinned_images.files.plain_text import Names
from pinned_images.files.scanning import ScannedFile
from pinned_images.files.tags import TagLister, other_tags
from pinned_images.lockfile import LockKey
from pinned_images.reference import DEFAULT_TAG, ImageReference
from pinned_images.registry.aws.hosts import parse_ecr_host
from pinned_images.resolution import ResolutionRequest, Resolver

Resolve = Literal["digest", "tag"]


@dataclass(frozen=True)
class Update:
    """The wanted update: the references that change, and their new tags.

    Attributes:
        references: The references to set; None for all that are found.
        matching_tag: Change only the references that have the same tag.
        resolve: Add the digest, or write another tag of the same digest.

    Raises:
        ConfigurationError: A reference has neither tag nor digest, or a repository is given twice.
    """

    references: tuple[ImageReference, ...] | None
    matching_tag: bool = False
    resolve: Resolve | None = None

    def __post_init__(self) -> None:
        """Refuse ambiguous references."""
        given: dict[tuple[str, str | None], ImageReference] = {}
        for reference in self.references or ():
            if reference.tag is None and reference.digest is None:
                raise ConfigurationError(
                    f"The image reference {str(reference)!r} has no tag: write "
                    f"{f'{reference}:TAG'!r}, or add a digest."
                )
            key = (_repository(reference), reference.tag if self.matching_tag else None)
            other = given.setdefault(key, reference)
            if other != reference:
                raise ConfigurationError(
                    f"{str(other)!r} and {str(reference)!r} are of one repository: give one of "
                    "them, or add --matching-tag."
                )

    @property
    def wanted(self) -> Names:
        """The repositories whose every spelling counts in text."""
        return frozenset(reference.name for reference in self.references or ())

    def unmatched(self, files: Iterable[ScannedFile]) -> list[ImageReference]:
        """The references to set for which files have no place."""
        matched = {self._given(place.reference) for file in files for place in file.places}
        return [each for each in self.references or () if each not in matched]

    def may_mean(self, text: str) -> bool:
        """Whether a value that cannot be read may be one of the references."""
        lasts = (name.rpartition("/")[2] for name in self.wanted)
        return self.references is None or any(last in text for last in lasts)

    def base(self, place: Place) -> ImageReference | None:
        """The new reference of a place, not yet resolved; None to leave it."""
        reference = place.reference
        if self.references is not None:
            return self._given(reference)
        if not self.matching_tag:
            return ImageReference(reference.registry, reference.repository, DEFAULT_TAG)
        tag = reference.effective_tag
        if tag is None or self.resolve is None:
            # A digest without a tag names no tag, and its own tag alone changes nothing.
            return None
        return ImageReference(reference.registry, reference.repository, tag)

    def _given(self, reference: ImageReference) -> ImageReference | None:
        for given in self.references or ():
            same_tag = given.tag is not None and given.tag == reference.effective_tag
            same_repository = _repository(given) == _repository(reference)
            if same_repository and (same_tag or not self.matching_tag):
                return given
        return None


def _repository(reference: ImageReference) -> str:
    """The key of a repository for all its spellings; hosts of ECR have several names."""
    host = parse_ecr_host(reference.registry)
    if host is None:
        return f"{reference.registry.lower()}/{reference.repository}"
    return f"{host.account} {host.region}/{reference.repository}"


def update(
    files: Sequence[ScannedFile],
    requested: Update,
    resolver: Resolver,
    tags: TagLister,
    is_exempt: Callable[[ImageReference], bool] = lambda _: False,
) -> Changes:
    """Plan the edits of an update.

    Args:
        files: The files.
        requested: The wanted update.
        resolver: Learns digests.
        tags: Learns the tags of repositories.
        is_exempt: Whether an image is left as it is, if it is not one of those to set.
    """

    def base_of(place: Place) -> ImageReference | None:
        if requested.references is None and is_exempt(place.reference):
            return None
        return requested.base(place)

    questions = {
        place.question(base): base
        for file in files
        for place in file.places
        if (base := base_of(place)) is not None
    }
    resolved, errors = _resolved(questions, requested.resolve, resolver, tags)

    def target(place: Place) -> ImageReference | None:
        base = base_of(place)
        new = None if base is None else resolved.get(place.question(base))
        return None if new is None else with_parts(place, new.tag, new.digest)

    changes = plan(files, target, requested.wanted)
    skipped = [each for each in skipped_in(files) if requested.may_mean(each.value.text)]
    return Changes(changes, skipped, errors)


def _resolved(
    questions: Mapping[ResolutionRequest, ImageReference],
    requested: Resolve | None,
    resolver: Resolver,
    tags: TagLister,
) -> tuple[dict[ResolutionRequest, ImageReference], dict[LockKey, ResolutionError]]:
    """The new reference of each one that changes."""
    if requested == "tag":
        return _with_other_tags(questions, resolver, tags)
    if requested != "digest":
        return dict(questions), {}
    without = [question for question, base in questions.items() if base.digest is None]
    digests, errors = resolve(resolver, without)
    resolved = {
        question: base.with_digest(digests[question]) if question in digests else base
        for question, base in questions.items()
        if question in digests or base.digest is not None
    }
    return resolved, errors


def _with_other_tags(
    questions: Mapping[ResolutionRequest, ImageReference], resolver: Resolver, tags: TagLister
) -> tuple[dict[ResolutionRequest, ImageReference], dict[LockKey, ResolutionError]]:
    outcomes = other_tags(_each(questions.values()), resolver, tags)
    resolved: dict[ResolutionRequest, ImageReference] = {}
    errors: dict[LockKey, ResolutionError] = {}
    for question, base in questions.items():
        outcome = outcomes[base]
        if isinstance(outcome, ResolutionError):
            errors[LockKey.of(question)] = outcome
        else:
            resolved[question] = ImageReference(base.registry, base.repository, outcome)
    return resolved, errors


def _each(references: Iterable[ImageReference]) -> list[ImageReference]:
    return list(dict.fromkeys(references))
