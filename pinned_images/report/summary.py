"""The summary of a report that all renderers share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from pinned_images.errors import InvalidReference
from pinned_images.grouping import counted_images
from pinned_images.reference import Digest, ImageReference
from pinned_images.report.registry_pages import registry_page
from pinned_images.report.synth_line import ImageStatus, statuses_by_image
from pinned_images.report.synth_report import ResolvedBy, SiteRecord, SynthReport
from pinned_images.wording import counted

_HASH = re.compile(r"[0-9a-f]{64}")
_PLATFORMS_SHOWN = 3
_CONDITION = re.compile(r" (?:if|unless) \S+")

Status = Literal["pinned", "asset", "exempt", "failed"]
_STATUSES: tuple[Status, ...] = get_args(Status)

#: How a digest became known, in a few words.
WORDS: dict[ResolvedBy, str] = {
    "registry": "registry",
    "mirror": "mirror",
    "ecr-api": "ECR API",
    "lock-file": "lock file",
    "fixed": "fixed",
    "already-pinned": "already pinned",
    "asset": "asset",
    "exempt": "exempt",
    "failed": "failed",
}


class Place(NamedTuple):
    """One place where an image is used.

    Attributes:
        construct_path: Path of the construct in the app.
        property_path: Path in the resource's properties.
        container: The name of the container that runs it, where it is known.
    """

    construct_path: str
    property_path: str
    container: str | None = None

    @property
    def part(self) -> str:
        """The part of the construct: the container, or the property where no name is known.

        Example:
            >>> Place("Shop/Task", "ContainerDefinitions[0].Image if Large", "web").part
            'web if Large'
        """
        if self.container is None:
            return self.property_path
        return "".join([self.container, *_CONDITION.findall(self.property_path)])


@dataclass(frozen=True, slots=True)
class Image:
    """One image of one stack, with every place that uses it in the same way.

    Attributes:
        record: The fields that are the same for all places.
        places: The places, in order.
    """

    record: SiteRecord
    places: tuple[Place, ...]

    @property
    def status(self) -> Status:
        """The status of the image."""
        return _status(self.record.resolved_by)

    @property
    def name(self) -> str:
        """The image as written, without its tag; all of it where it is no reference."""
        reference = self._reference
        return self.record.reference if reference is None else reference.spelled_name

    @property
    def tag(self) -> str | None:
        """The tag; ``latest`` where it is implied."""
        reference = self._reference
        return None if reference is None else reference.effective_tag

    @property
    def short_tag(self) -> str | None:
        """The tag; the first twelve digits of an asset's hash."""
        if self.tag is not None and _HASH.fullmatch(self.tag):
            return f"{self.tag[:12]}…"
        return self.tag

    @property
    def label(self) -> str:
        """Name and short tag, for a narrow column."""
        return self.name if self.short_tag is None else f"{self.name}:{self.short_tag}"

    @property
    def page(self) -> str | None:
        """The page of the image at its registry."""
        return None if self._reference is None else registry_page(self._reference)

    @property
    def short_digest(self) -> str | None:
        """The first digits of the digest."""
        return shown_digest(self.record.digest)

    @property
    def resolved_words(self) -> str:
        """The way in which the digest became known."""
        return WORDS[self.record.resolved_by]

    @property
    def resolved(self) -> str:
        """The way in which the digest became known, and its source."""
        origin = self.record.origin
        return f"{self.resolved_words} ({origin})" if origin else self.resolved_words

    @property
    def _reference(self) -> ImageReference | None:
        return parsed_reference(self.record.reference)


def parsed_reference(text: str) -> ImageReference | None:
    """The image reference in a record; None where it is something else."""
    try:
        return ImageReference.parse(text)
    except InvalidReference:
        return None


def shown_digest(digest: str | None) -> str | None:
    """The first digits of the digest in a record; other text as it is."""
    if digest is None:
        return None
    try:
        return Digest(digest).short
    except InvalidReference:
        return digest


def some_platforms(platforms: Iterable[str]) -> str:
    """The first platforms, and the number of the others."""
    names = list(platforms)
    more = len(names) - _PLATFORMS_SHOWN
    if more > 1:
        names = [*names[:_PLATFORMS_SHOWN], f"{more} more"]
    return ", ".join(names)


def images_of(records: Iterable[SiteRecord]) -> list[Image]:
    """The images among some records of one stack, each once."""
    places: dict[tuple[object, ...], list[SiteRecord]] = {}
    for record in records:
        same = (
            record.reference,
            record.resolved_by,
            record.pinned,
            record.digest,
            record.platforms,
            record.platform,
            record.selected,
            record.origin,
            record.reason,
            record.parameters,
            record.cause,
        )
        places.setdefault(same, []).append(record)
    return [
        Image(
            group[0],
            tuple(Place(one.construct_path, one.property_path, one.container) for one in group),
        )
        for group in places.values()
    ]


@dataclass(frozen=True, slots=True)
class Failure:
    """Images that could not be pinned, for one reason.

    Attributes:
        images: The images.
    """

    images: tuple[Image, ...]

    @property
    def title(self) -> str:
        """The title: the image, or the number of images."""
        if len(self.images) == 1:
            return self.images[0].label
        return counted_images(image.record.reference for image, _ in self._all_places)

    @property
    def reason(self) -> str:
        """The cause and the remedy."""
        record = self.images[0].record
        if len(self.images) == 1 or record.cause is None:
            return record.reason or "No reason was given."
        return f"{record.cause[:1].upper()}{record.cause[1:]}"

    @property
    def places(self) -> list[str]:
        """The places: the construct of one image; each image and its construct of several."""
        if len(self.images) == 1:
            return [place.construct_path for place in self.images[0].places]
        return [f"{image.label} at {construct}" for image, construct in self._all_places]

    @property
    def stacks(self) -> list[str]:
        """The stacks of the images."""
        return list(dict.fromkeys(image.record.stack for image in self.images))

    @property
    def _all_places(self) -> list[tuple[Image, str]]:
        return [(image, place.construct_path) for image in self.images for place in image.places]


def failures_of(report: SynthReport) -> list[Failure]:
    """The failures of a report, grouped by cause."""
    groups: dict[object, list[Image]] = {}
    for image in images_of(report.failed):
        groups.setdefault(image.record.cause or object(), []).append(image)
    return [Failure(tuple(images)) for images in groups.values()]


#: Of a synth that failed before any image was looked at, and of one that failed in a part.
NOTHING_KNOWN = "The images are not known, since the synth failed."
OTHERS_NOT_KNOWN = "Others are not known, since the synth failed."


def headline(report: SynthReport) -> str:
    """A sentence with the number of images, and of those that are pinned.

    An image counts once, wherever it is used, as in the line of a synth.

    Example:
        >>> headline(SynthReport())
        'No container images.'
        >>> headline(SynthReport(failure="The lock file cannot be read."))
        'The images are not known, since the synth failed.'
    """
    if not report.records:
        return NOTHING_KNOWN if report.failure is not None else "No container images."
    statuses = statuses_by_image(report.records)
    found = Counter(_status(each) for each in statuses.values())
    parts = [
        counted(found[status], status) if status == "asset" else f"{found[status]} {status}"
        for status in _STATUSES
        if found[status]
    ]
    extent = (
        f"{counted(len(statuses), 'image')} in {counted(len(report.records), 'place')} of "
        f"{counted(len(report.by_stack()), 'stack')}"
    )
    unknown = "" if report.failure is None else f" {OTHERS_NOT_KNOWN}"
    return f"{extent}: {', '.join(parts)}.{unknown}"


def counts(images: Iterable[Image]) -> dict[Status, int]:
    """The number of images of each status."""
    found = Counter(image.status for image in images)
    return {status: found[status] for status in _STATUSES}


def _status(by: ResolvedBy | ImageStatus) -> Status:
    return by if by in ("asset", "exempt", "failed") else "pinned"
