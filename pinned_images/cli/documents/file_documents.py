"""The JSON files that a synth writes, and a comparison of two of them; see `command_documents`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from pinned_images.cli.documents.command_documents import (
    DigestText,
    ParameterText,
    PlatformText,
    Version,
)
from pinned_images.report.comparison.synth_comparison import Kind
from pinned_images.report.summary import Status
from pinned_images.report.synth_report import ResolvedBy


class LockedImage(msgspec.Struct, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """The entry of an image."""

    digest: DigestText
    media_type: str = ""
    platforms: list[PlatformText] = []


class LockedParameter(msgspec.Struct, forbid_unknown_fields=True):
    """The entry of an SSM parameter."""

    value: Annotated[str, Meta(description="An image, or a part of its name.")]


class LockFileContent(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """`pinned-images.lock.json`, and `lock --json`."""

    version: Version
    images: Annotated[
        dict[str, LockedImage],
        Meta(description="By image: written out in full, perhaps with a space and a platform."),
    ]
    parameters: Annotated[
        dict[str, LockedParameter],
        Meta(description="By SSM parameter: account (but for public ones), region and name."),
    ] = {}


class RecordedImage(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """One image at one place in a template."""

    stack: str
    construct_path: str
    resource_type: str
    property_path: str
    reference: Annotated[str, Meta(description="The image as written, or JSON of its intrinsics.")]
    resolved_by: ResolvedBy
    pinned: str = ""
    digest: DigestText = ""
    media_type: str = ""
    platforms: list[PlatformText] = []
    platform: PlatformText = ""
    selected: bool = False
    origin: str = ""
    reason: str = ""
    parameters: list[ParameterText] = []
    cause: str = ""
    copied_from: str = ""
    container: str = ""


class Record(msgspec.Struct, omit_defaults=True, kw_only=True):
    """`pinned-images.json` of a synth, and `report --json`."""

    version: Version
    failure: Annotated[
        str, Meta(description="Why images are missing: the synth, or a part of it, failed.")
    ] = ""
    images: list[RecordedImage]


class ComparedImage(msgspec.Struct, omit_defaults=True, kw_only=True):
    """An image as one of the two synths left it."""

    reference: str
    tag: str = ""
    digest: DigestText = ""
    status: Status
    reason: str = ""
    platform: PlatformText = ""
    platforms: list[PlatformText] = []


class ComparedPlace(msgspec.Struct, rename="camel", omit_defaults=True):
    """A place in a template that names an image."""

    stack: str
    construct_path: str
    property_path: str
    container: str = ""


class ComparedChange(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """A change of one image, with all places where the same happened."""

    kinds: list[Kind]
    image: Annotated[str, Meta(description="Registry and repository.")]
    before: ComparedImage | None
    after: ComparedImage | None
    stacks: list[str]
    moved_from: list[str] = []
    platforms: list[PlatformText] = []
    places: list[ComparedPlace] = []


class Compared(msgspec.Struct, rename="camel"):
    """`report --compare BASE --json`: what changed between two synths."""

    version: Version
    changed: bool
    unchanged_places: int
    changes: list[ComparedChange]
