"""The state of an image in one synth, as comparisons see it."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass

from pinned_images.errors import InvalidReference
from pinned_images.reference import ImageReference
from pinned_images.report.summary import Image, Status
from pinned_images.report.synth_report import SiteRecord

# An image asset is named by the hash of its source, which changes with each build.
_ASSET_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ImageState:
    """An image as one synth left it.

    Attributes:
        reference: The image as written.
        name: Registry and repository, normalized; all of it where it is no reference.
        tag: The tag; ``latest`` where it is implied, the hash of an asset.
        digest: The digest, where it is pinned.
        status: Whether it is pinned, an asset, exempt or failed.
        reason: Why it is exempt, or what went wrong.
        platform: The platform that the workload runs on, where it is known.
        platforms: The platforms that the image has, as far as they were learned.
    """

    reference: str
    name: str
    tag: str | None
    digest: str | None
    status: Status
    reason: str | None = None
    platform: str | None = None
    platforms: tuple[str, ...] = ()

    @classmethod
    def of(cls, record: SiteRecord) -> ImageState:
        """The state of one use of an image."""
        name, tag = name_and_tag(record)
        return cls(
            reference=record.reference,
            name=name,
            tag=tag,
            digest=record.digest,
            status=Image(record, ()).status,
            reason=record.reason,
            platform=record.platform,
            platforms=record.platforms,
        )

    @property
    def identity(self) -> tuple[Hashable, ...]:
        """The parts that make two states equal; spelling and source of the digest are none."""
        exempt_for = self.reason if self.status == "exempt" else None
        return self.name, self.tag, self.digest, self.status, exempt_for


def name_and_tag(record: SiteRecord) -> tuple[str, str | None]:
    """The normalized name and the tag of a record's image; the hash of an asset is its tag."""
    text = record.reference
    if record.resolved_by == "asset" and (found := _ASSET_HASH.search(text)):
        # The name may be an intrinsic function, with account and region in it.
        return f"{text[: found.start()]}{text[found.end() :]}".rstrip(":"), found[0]
    try:
        reference = ImageReference.parse(text)
    except InvalidReference:
        return text, None
    return reference.name, reference.effective_tag
