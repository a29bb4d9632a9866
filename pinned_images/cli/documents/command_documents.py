"""The JSON documents of the commands on images, files and lock files.

The published schemas are made from these types, from those in `aws_documents` and from those in
`file_documents`. Every document is an object with a version. ``problems`` are findings (exit code
1), and ``unknown`` is what could not be found out (exit code 3). A later release of the same
version may add fields; it takes none away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from pinned_images.cli.exit_codes import is_unknown
from pinned_images.errors import (
    AccessDenied,
    ImageNotFound,
    InvalidReference,
    NotLocked,
    PinnedImagesError,
    PlatformMismatch,
    RegistryUnavailable,
    UntrustedAnswer,
)
from pinned_images.lockfile import LockKey, ParameterKey
from pinned_images.printable import printable

Version = Literal[1]
DigestText = Annotated[str, Meta(pattern=r"^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$")]
Moment = Annotated[str, Meta(description="A time in UTC.", examples=["2027-01-31T12:00:00Z"])]
PlatformText = Annotated[str, Meta(description="os/architecture, perhaps with a variant.")]
ImageKey = Annotated[
    str, Meta(description="An image as in a lock file: written out in full, perhaps a platform.")
]
ParameterText = Annotated[
    str, Meta(description="An SSM parameter as in a lock file: account, region and name.")
]

ProblemKind = Literal[
    "not-found",
    "platform-missing",
    "not-locked",
    "access-denied",
    "unavailable",
    "untrusted",
    "invalid",
    "unusable-value",
    "other-repository",
    "not-editable",
    "unwritable",
    "git",
    "other",
]

_KINDS: Mapping[type[PinnedImagesError], ProblemKind] = {
    ImageNotFound: "not-found",
    PlatformMismatch: "platform-missing",
    NotLocked: "not-locked",
    AccessDenied: "access-denied",
    RegistryUnavailable: "unavailable",
    UntrustedAnswer: "untrusted",
    InvalidReference: "invalid",
}


def moment(time: datetime) -> str:
    """A time as documents have it."""
    return time.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def kind_of(error: PinnedImagesError) -> ProblemKind:
    """What kind of error it is, as a word for scripts."""
    return next((kind for each, kind in _KINDS.items() if isinstance(error, each)), "other")


class Part(msgspec.Struct, rename="camel", kw_only=True):
    """A part of a document."""


class Document(msgspec.Struct, rename="camel", kw_only=True):
    """A document."""

    version: Version = 1


class Problem(Part, kw_only=True, omit_defaults=True):
    """What is wrong with an image or a parameter, or why that is not known."""

    image: ImageKey | UnsetType = UNSET
    parameter: ParameterText | UnsetType = UNSET
    file: str | UnsetType = UNSET
    line: int | UnsetType = UNSET
    column: int | UnsetType = UNSET
    kind: ProblemKind
    reason: Annotated[str, Meta(description="What is wrong, and what to do, as a sentence.")]

    @classmethod
    def of(cls, error: PinnedImagesError, about: LockKey | ParameterKey | str) -> Problem:
        """The problem of an error.

        Args:
            error: The error.
            about: The image or SSM parameter that it is about.
        """
        is_parameter = isinstance(about, ParameterKey)
        return cls(
            image=UNSET if is_parameter else printable(str(about)),
            parameter=printable(str(about)) if is_parameter else UNSET,
            kind=kind_of(error),
            reason=printable(str(error)),
        )


def split(
    errors: Iterable[tuple[LockKey | ParameterKey | str, PinnedImagesError]],
) -> tuple[list[Problem], list[Problem]]:
    """The problems of images and parameters, and what could not be found out of others."""
    problems: list[Problem] = []
    unknown: list[Problem] = []
    for about, error in errors:
        (unknown if is_unknown(error) else problems).append(Problem.of(error, about))
    return problems, unknown


class LockedName(Part, kw_only=True, omit_defaults=True):
    """An entry of a lock file: an image, or an SSM parameter."""

    image: ImageKey | UnsetType = UNSET
    parameter: ParameterText | UnsetType = UNSET

    @classmethod
    def of(cls, key: LockKey | ParameterKey) -> LockedName:
        """The name of an entry."""
        if isinstance(key, LockKey):
            return cls(image=str(key))
        return cls(parameter=str(key))


class MovedImage(Part, kw_only=True, omit_defaults=True):
    """An image whose tag names another digest now."""

    image: ImageKey
    locked: DigestText
    now: DigestText
    same_on: (
        Annotated[
            list[PlatformText],
            Meta(description="The platforms on which it is the same, if these are all it runs on."),
        ]
        | UnsetType
    ) = UNSET


class ChangedParameter(Part, kw_only=True):
    """An SSM parameter that names another image now."""

    parameter: ParameterText
    locked: str
    now: str


class Outdated(Document, kw_only=True):
    """`outdated --json`: what has moved since it was locked."""

    moved: list[MovedImage]
    changed: list[ChangedParameter]
    problems: list[Problem]
    unknown: list[Problem]


class LockUpdate(Document, kw_only=True):
    """`lock update --json`: what was taken over, or would be with --dry-run."""

    dry_run: bool
    moved: list[MovedImage]
    changed: list[ChangedParameter]
    problems: list[Problem]
    unknown: list[Problem]
    warnings: Annotated[
        list[Problem], Meta(description="Platforms that images which moved have lost.")
    ]


class LockVerify(Document, kw_only=True):
    """`lock verify --json`: which locked images and parameters a deployment would find."""

    verified: list[LockedName]
    problems: list[Problem]
    unknown: list[Problem]


class LockPrune(Document, kw_only=True):
    """`lock prune --json`: what was dropped, or would be with --dry-run."""

    dry_run: bool
    dropped: list[LockedName]


class LockCheck(Document, kw_only=True):
    """`lock --check --json`: what the last synth used and the lock file lacks."""

    complete: bool
    lacking: list[LockedName]
    unknown: Annotated[
        list[Problem], Meta(description="Images that failed, and of which no name is known.")
    ]


_GitFailure = (
    Annotated[list[Problem], Meta(description="Why a repository could not be read; else absent.")]
    | UnsetType
)


class Location(Part, kw_only=True):
    """A place in a file."""

    file: str
    line: Annotated[int, Meta(ge=1)]
    column: Annotated[int, Meta(ge=1)]


class ListedReference(Location, kw_only=True):
    """An image reference in a file."""

    reference: str
    format: Annotated[str, Meta(description="The format of the file, as it was read.")]
    pinned: Annotated[bool, Meta(description="Whether it has a digest.")]


class ListedSkip(Location, kw_only=True):
    """A value in the place of an image that is none, such as a variable."""

    text: str
    format: str
    reason: str


class ImageList(Document, kw_only=True):
    """`list --json`: the image references in files."""

    references: list[ListedReference]
    skipped: list[ListedSkip]
    unknown: _GitFailure = UNSET


class UnpinnedReference(Location, kw_only=True):
    """A reference without a digest that is not exempt."""

    reference: str


class SkippedValue(Location, kw_only=True):
    """A value in the place of an image that is left as it is."""

    text: str
    reason: str


class PinCheck(Document, kw_only=True):
    """`pin --check --json`: the references without a digest."""

    unpinned: list[UnpinnedReference]
    unknown: _GitFailure = UNSET


class ChangedReference(Location, kw_only=True):
    """A reference that was changed, or would be with --dry-run."""

    reference: str
    new: Annotated[str, Meta(description="The reference in its place.")]


class FileChanges(Document, kw_only=True):
    """`pin --json` and `update --json`: the changes in files."""

    dry_run: bool
    changes: list[ChangedReference]
    files: Annotated[list[str], Meta(description="The files that were written.")]
    commit: Annotated[
        str | None, Meta(description="The commit that was pushed, with --repository and --commit.")
    ]
    problems: list[Problem]
    unknown: list[Problem]
    skipped: list[SkippedValue]


class ResolvedImage(Part, kw_only=True):
    """An image with its digest, or with an error."""

    reference: Annotated[str, Meta(description="The argument, as it was given.")]
    pinned: str | None
    digest: DigestText | None
    media_type: str | None
    platforms: list[PlatformText]
    error: str | None


class Resolved(Document, kw_only=True):
    """`resolve --json`: images with their digests."""

    images: list[ResolvedImage]
    problems: list[Problem]
    unknown: list[Problem]


class ReportedViolation(Part, kw_only=True):
    """What breaks a rule."""

    rule: str
    severity: Literal["warning", "error", "fatal"]
    construct: str
    resource: str
    location: str
    description: str
    fix: str | None
    kind: Annotated[
        ProblemKind | None,
        Meta(description="The kind of the error, where an image could not be resolved."),
    ]


class Violations(Document, kw_only=True):
    """`check --json`, and `pin --json` of a cloud assembly: what breaks the rules."""

    violations: list[ReportedViolation]
