"""Places of image references in a file, and the edits that change them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Protocol

from pinned_images.errors import InvalidReference
from pinned_images.files.content import Edit
from pinned_images.printable import without_credentials
from pinned_images.reference import ImageReference, Platform, Style
from pinned_images.resolution import ResolutionRequest

#: The format of a file, or of one document in it.
Format = Literal[
    "ansible",
    "azure-pipelines",
    "bitbucket-pipelines",
    "buildkite",
    "circleci",
    "cloud-build",
    "cloudformation",
    "compose",
    "copilot",
    "devcontainer",
    "dockerfile",
    "drone",
    "ecs-task-definition",
    "github-actions",
    "gitlab-ci",
    "helm-values",
    "kubernetes",
    "kustomize",
    "python",
    "serverless",
    "terraform",
    "text",
    "typescript",
]

#: How a digest is written: after the tag, instead of it, or not at all.
PlaceStyle = Style | Literal["tag"]

MAXIMUM_LENGTH = 2_000

# Placeholders of deployment scripts: `app:__TAG__`, `app:@VERSION@`, `app:%TAG%`, `app:<tag>`.
_PLACEHOLDER = re.compile(r"__[A-Z][A-Z0-9_]*__|@[A-Z][A-Z0-9_]*@|%[A-Z][A-Z0-9_]*%|<[^<>]*>")

_QUERY = re.compile(r"\?[A-Za-z0-9_.-]+=[^\s\"']*")
# An image of the machine itself, as `docker images --no-trunc` shows it.
_IMAGE_ID = re.compile(r"sha256:[0-9a-f]{64}")


class Unwritable(Exception):
    """A reference that cannot be written by editing its place; the message is the reason."""


class Writer(Protocol):
    """A writer: it knows the byte spans of a reference's parts."""

    def edits(self, old: ImageReference, new: ImageReference) -> list[Edit]:
        """The edits that write a new reference in the place of the old one.

        Raises:
            Unwritable: It takes more than editing the place.
        """
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """One image reference in a file.

    Attributes:
        format: What the file is.
        offset: The first byte of the reference, or of its name where its parts are apart.
        reference: The reference.
        writer: Writes another reference there.
        style: How the digest is written.
        platform: The platform whose own manifest is wanted, where the service takes no index.
    """

    format: Format
    offset: int
    reference: ImageReference
    writer: Writer
    style: PlaceStyle = "tag-and-digest"
    platform: Platform | None = None

    @property
    def is_pinned(self) -> bool:
        """Whether the reference has a digest."""
        return self.reference.digest is not None

    @property
    def wants_digest(self) -> bool:
        """Whether the reference has no digest, and the service takes one."""
        return not self.is_pinned and self.style != "tag"

    def question(self, reference: ImageReference) -> ResolutionRequest:
        """The request for the digest of a reference that is to be written here."""
        return ResolutionRequest(reference, self.platform, select=self.platform is not None)

    def edits(self, new: ImageReference) -> list[Edit]:
        """The edits that write a new reference here; none where it is there already.

        Raises:
            Unwritable: It takes more than editing the place.
        """
        return [] if str(new) == str(self.reference) else self.writer.edits(self.reference, new)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A value in the place of an image that is left as it is.

    Attributes:
        format: What the file is.
        offset: The first byte of the value.
        text: The value.
        reason: Why it is left, as a clause: ``it is interpolated``.
    """

    format: Format
    offset: int
    text: str
    reason: str

    @property
    def shown(self) -> str:
        """The value for output, without what may be a password in a URL."""
        return _QUERY.sub("?***", without_credentials(self.text))


Found = Place | Skipped


@dataclass(frozen=True, slots=True)
class Span:
    """A writer for a reference, or for its end, in one byte span.

    Attributes:
        start: The first byte.
        end: The byte after the last one.
        length: How many characters of the reference are written there, counted from its end; None
            where it is the whole reference.
    """

    start: int
    end: int
    length: int | None = None

    def edits(self, old: ImageReference, new: ImageReference) -> list[Edit]:
        """See `Writer.edits`."""
        before, after = str(old), str(new)
        kept = 0 if self.length is None else len(before) - self.length
        if before[:kept] != after[:kept]:
            raise Unwritable("functions make up the part that would have to change")
        if self.length is None and after.startswith(before):
            return [Edit(self.end, self.end, after[len(before) :])]
        return [Edit(self.start, self.end, after[kept:])]


def found_in(
    format: Format,  # noqa: A002 - the word of the field
    text: str,
    span: tuple[int, int],
    style: PlaceStyle = "tag-and-digest",
    platform: Platform | None = None,
) -> Found | None:
    """The place or skipped value, where a format has an image.

    Args:
        format: What the file is.
        text: The value.
        span: The bytes that hold it, and nothing else.
        style: How the digest is written there.
        platform: The platform whose own manifest is wanted.
    """
    start, end = span
    if not text:
        return None
    if (reason := interpolation_in(text)) is not None:
        return Skipped(format, start, text, reason)
    if _IMAGE_ID.fullmatch(text):
        return Skipped(format, start, text, "it is the ID of an image, which no registry knows")
    try:
        reference = ImageReference.parse(text)
    except InvalidReference:
        return Skipped(format, start, text, "it is not an image reference")
    return Place(format, start, reference, Span(start, end), style, platform)


def interpolation_in(text: str) -> str | None:
    """The reason why a value is a template, such as a placeholder; None for a plain value."""
    if any(sign in text for sign in ("{{", "{%", "<%", "#{")):
        return "it holds a template expression"
    if "$" in text:
        return "it holds a variable"
    return "it holds a placeholder" if _PLACEHOLDER.search(text) else None
