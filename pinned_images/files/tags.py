"""Other tags of the same image: the most specific version."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from pinned_images.errors import ImageNotFound, ResolutionError
from pinned_images.files.pinned_files import resolve
from pinned_images.lockfile import LockKey
from pinned_images.reference import Digest, ImageReference
from pinned_images.resolution import ResolutionRequest, Resolver

#: The rule, for messages.
RULE = (
    "of the tags of the same digest, the version with the most numbers; of those the highest, then "
    "the one with the shortest ending"
)

_VERSION = re.compile(r"v?(?P<numbers>[0-9]+(?:\.[0-9]+)*)(?P<ending>.*)", re.IGNORECASE)
_MOST_DIGITS = 18
_CONCURRENT_LISTS = 8


class TagLister(Protocol):
    """A source of the tags of several repositories."""

    def tags(
        self, repositories: Sequence[ImageReference]
    ) -> Mapping[str, list[str] | ResolutionError]:
        """The tags of each repository, by `ImageReference.name`."""
        ...


class TagSource(Protocol):
    """A source of the tags of one repository, such as `RegistryResolver`."""

    def list_tags(self, reference: ImageReference) -> list[str]:
        """The tags of an image's repository.

        Raises:
            ResolutionError: They cannot be listed.
        """
        ...


class ListedTags:
    """A `TagLister` that lists several repositories concurrently.

    Args:
        source: Lists the tags of one.
    """

    def __init__(self, source: TagSource) -> None:
        self._source = source

    def tags(
        self, repositories: Sequence[ImageReference]
    ) -> Mapping[str, list[str] | ResolutionError]:
        """See `TagLister.tags`."""
        by_name = {each.name: each for each in repositories}
        with ThreadPoolExecutor(_CONCURRENT_LISTS) as pool:
            return dict(zip(by_name, pool.map(self._listed, by_name.values()), strict=True))

    def _listed(self, repository: ImageReference) -> list[str] | ResolutionError:
        try:
            return self._source.list_tags(repository)
        except ResolutionError as error:
            return error


def most_specific(tags: Iterable[str]) -> str | None:
    """The tag of the most specific version; see `RULE`.

    Example:
        >>> most_specific(["latest", "1", "1.25", "1.25.3", "1.25.3-bookworm", "mainline"])
        '1.25.3'
    """
    ordered = sorted(tags, key=_rank)
    return ordered[0] if ordered else None


def _rank(tag: str) -> tuple[int, list[int], int, str]:
    match = _VERSION.fullmatch(tag)
    if match is None:
        return (0, [], len(tag), tag)
    numbers = [int(each[:_MOST_DIGITS]) for each in match["numbers"].split(".")]
    return (-len(numbers), [-each for each in numbers], len(match["ending"]), tag)


def other_tags(
    references: Sequence[ImageReference], resolver: Resolver, lister: TagLister
) -> dict[ImageReference, str | ResolutionError]:
    """Another tag for each image, of the same digest.

    Args:
        references: Images by tag, or by digest.
        resolver: The resolver, called once with all tags.
        lister: Lists the tags of repositories.
    """
    unknown = [each for each in references if each.digest is None]
    digests, errors = resolve(resolver, map(ResolutionRequest, unknown))
    known = {
        reference: reference.digest or digests[ResolutionRequest(reference)]
        for reference in references
        if reference.digest is not None or ResolutionRequest(reference) in digests
    }
    listed = lister.tags(list(known)) if known else {}
    candidates = {
        reference: [
            ImageReference(reference.registry, reference.repository, tag)
            for tag in tags
            if tag != reference.tag
        ]
        for reference in known
        if not isinstance(tags := listed[reference.name], ResolutionError)
    }
    others = (each for some in candidates.values() for each in some)
    tagged, _ = resolve(resolver, map(ResolutionRequest, others))
    outcomes: dict[ImageReference, str | ResolutionError] = {}
    for reference in references:
        if reference not in known:
            outcomes[reference] = errors[LockKey(reference.normalized)]
            continue
        tags = listed[reference.name]
        if isinstance(tags, ResolutionError):
            outcomes[reference] = tags
        else:
            outcomes[reference] = _chosen(
                reference, known[reference], candidates[reference], tagged
            )
    return outcomes


def _chosen(
    reference: ImageReference,
    digest: Digest,
    candidates: Iterable[ImageReference],
    tagged: Mapping[ResolutionRequest, Digest],
) -> str | ResolutionError:
    same = [each.tag or "" for each in candidates if tagged.get(ResolutionRequest(each)) == digest]
    chosen = most_specific(same)
    if chosen is None:
        return ImageNotFound(
            f"{reference} has no other tag of the digest {digest.short}: leave the tag as it is, "
            "or add the digest with --resolve-digest."
        )
    return chosen
