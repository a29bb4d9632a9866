"""The images under a tag by their platforms, in an index, in indexes inside it, or alone.

It is the same rule for every source of manifests: the registry protocol, and the API of ECR.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pinned_images.errors import (
    ImageNotFound,
    PlatformMismatch,
    ResolutionError,
    UntrustedAnswer,
)
from pinned_images.media_types import INDEX_TYPES, MANIFEST_TYPES
from pinned_images.reference import Digest, Platform
from pinned_images.registry.manifest import Descriptor, Manifest
from pinned_images.registry.platforms import best_match, mismatch

_DEEPEST = 4
_MOST_INDEXES = 64
_MOST_UNNAMED = 16


@dataclass(frozen=True, slots=True)
class PlatformImages:
    """The images of a tag by platform.

    Attributes:
        by_platform: The manifest for each platform; of several for one platform the first.
        missing: The error of an inner index that is not there, if one is not.
    """

    by_platform: dict[Platform, Descriptor] = field(default_factory=dict)
    missing: ResolutionError | None = None

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """All platforms, in the order of the index."""
        return tuple(self.by_platform)

    def best_for(self, wanted: Platform) -> Descriptor:
        """The manifest that a runtime of a platform would take.

        Raises:
            ResolutionError: There is none.
        """
        match = best_match(wanted, self.platforms)
        if match is not None:
            return self.by_platform[match]
        raise self.missing or mismatch(wanted, self.platforms)


def platform_images(
    top: Manifest,
    get_manifest: Callable[[Digest], Manifest],
    platform_of: Callable[[Manifest], Platform | None],
) -> PlatformImages:
    """Find the images under a tag.

    Indexes inside the index are descended into, within bounds. Entries that name no platform are
    read only where no entry names one.

    Args:
        top: The manifest or index of the tag.
        get_manifest: Reads the manifest with a digest.
        platform_of: Reads the platform out of the configuration of a manifest.

    Raises:
        ResolutionError: There is no image, or a manifest cannot be read.
    """
    if not top.is_index:
        platform = platform_of(top)
        if platform is None:
            raise nameless()
        return PlatformImages({platform: Descriptor(top.digest, top.media_type)})
    walk = _Walk(get_manifest)
    found = list(walk.manifests_in(top, None, 0))
    if not found and walk.missing is None and not walk.entries:
        raise PlatformMismatch(
            "its index is empty: it lists no image at all",
            "push the image again, for at least one platform",
        )
    images: dict[Platform, Descriptor] = {}
    for descriptor, named in found:
        if named is not None:
            images.setdefault(named, descriptor)
    if not images:
        unnamed = [descriptor for descriptor, _ in found][:_MOST_UNNAMED]
        for descriptor in unnamed:
            manifest = get_manifest(descriptor.digest)
            platform = platform_of(manifest) if manifest.is_image else None
            if platform is not None:
                images.setdefault(platform, descriptor)
        if unnamed and not images:
            raise nameless()
    return PlatformImages(images, walk.missing)


class _Walk:
    """A walk through an index and all indexes in it."""

    def __init__(self, get_manifest: Callable[[Digest], Manifest]) -> None:
        self.missing: ResolutionError | None = None
        self.entries = 0
        self._get_manifest = get_manifest
        self._seen: set[Digest] = set()

    def manifests_in(
        self, index: Manifest, inherited: Platform | None, depth: int
    ) -> Iterator[tuple[Descriptor, Platform | None]]:
        """The manifests, each with its platform: its own, or that of the index it is in."""
        self._seen.add(index.digest)
        self.entries += index.listed
        for descriptor in index.manifests:
            platform = descriptor.platform or inherited
            if descriptor.media_type in MANIFEST_TYPES:
                yield descriptor, platform
            elif descriptor.media_type in INDEX_TYPES and descriptor.digest not in self._seen:
                yield from self._descend(descriptor, platform, depth + 1)

    def _descend(
        self, descriptor: Descriptor, platform: Platform | None, depth: int
    ) -> Iterator[tuple[Descriptor, Platform | None]]:
        if depth > _DEEPEST or len(self._seen) >= _MOST_INDEXES:
            raise UntrustedAnswer(
                f"its indexes hold more than {_MOST_INDEXES} indexes, or are nested deeper than "
                f"{_DEEPEST} times",
                "check that it is an image that can be run",
            )
        try:
            inner = self._get_manifest(descriptor.digest)
        except ImageNotFound as error:
            self.missing = self.missing or error
            return
        if inner.is_index:
            yield from self.manifests_in(inner, platform, depth)
        else:
            yield Descriptor(inner.digest, inner.media_type), platform


def nameless() -> PlatformMismatch:
    """The error of an image whose configuration names no platform."""
    return PlatformMismatch(
        "the image does not say on which platform it runs",
        "check that it is an image, or do not have its platform checked",
    )
