"""Images in separate fields of name, tag and digest: Helm's values, Kustomize's transformers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pinned_images.errors import InvalidReference
from pinned_images.files.content import Edit
from pinned_images.files.documents import image
from pinned_images.files.nodes import (
    Mapping,
    Node,
    Scalar,
    child,
    elements_of,
    span_of,
    text_of,
    walk,
)
from pinned_images.files.places import Format, Found, Place, Skipped, Unwritable, interpolation_in
from pinned_images.reference import ImageReference

# YAML 1.1 and 1.2, "Tag resolution": plain scalars that are no strings. A tag written so loses its
# zeros (`1.10`), or is read as another number (`0x10`, `1e3`, `1_000`, `12:30`).
_NUMBER = re.compile(r"[-+]?[0-9][0-9_.:]*(?:[eE][-+]?[0-9]+)?|0[xo][0-9a-fA-F_]+|\.[0-9]+")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null", "~"})
_PLAIN_INTEGER = re.compile(r"0|[1-9][0-9]{0,5}")
_PLAIN_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,5})\.[0-9]{0,5}[1-9]")


@dataclass(frozen=True, slots=True)
class _Field:
    """A scalar that holds a part of a reference."""

    start: int
    end: int
    quote: str
    space: str = ""

    def write(self, text: str) -> Edit:
        """The edit for another value, quoted where YAML would read another type."""
        if not self.quote and _needs_quotes(text):
            text = f'"{text}"'
        return Edit(self.start, self.end, f"{self.space}{text}")


@dataclass(frozen=True, slots=True)
class FieldsWriter:
    """A writer for references in separate fields.

    Attributes:
        tag: The field of the tag.
        digest: The field of the digest; None where there is none.
        before_digest: The text before a new field of a digest.
        digest_at: Where such a field belongs; None where the digest belongs behind the tag.
    """

    tag: _Field | None
    digest: _Field | None
    digest_at: int | None = None
    before_digest: str = ""

    def edits(self, old: ImageReference, new: ImageReference) -> list[Edit]:
        """See `Writer.edits`."""
        edits: list[Edit] = []
        apart = self.digest is not None or self.digest_at is not None
        tag = new.tag or ""
        if not apart and new.digest is not None:
            tag = f"{tag}@{new.digest}"
        if self.tag is not None and (old.tag != new.tag or not apart):
            edits.append(self.tag.write(tag))
        elif self.tag is None and old.tag != new.tag:
            raise Unwritable("it has no field for the tag")
        if not apart or old.digest == new.digest:
            return edits
        digest = new.digest or ""
        if self.digest is not None:
            edits.append(self.digest.write(digest))
        elif self.digest_at is not None:
            edits.append(Edit(self.digest_at, self.digest_at, f"{self.before_digest}{digest}"))
        return edits


def helm_values(masked: str, root: Node) -> Iterator[Found]:
    """Helm's ``values.yaml``: ``image: "repository:tag"``, or its parts in an object.

    Charts agree on no more than that (Helm documentation, "Best Practices: Values"). A chart that
    has no ``digest`` joins repository and tag by a colon, so there the digest follows the tag.
    """
    for path, node in walk(root):
        if isinstance(node, Mapping) and child(node, "repository") is not None:
            is_named = any(_is_image_key(key) for key in path[-2:])
            if is_named or child(node, "registry", "pullPolicy", "imagePullPolicy") is not None:
                yield from _helm_image(masked, node)
        elif isinstance(node, Mapping) and path and _is_image_key(path[-1]):
            if child(node, "name", "repo") is not None and child(node, "tag") is not None:
                yield from _helm_image(masked, node)
        elif isinstance(node, Scalar) and path and _is_image_key(path[-1]):
            yield from _helm_string(masked, node)


def _is_image_key(key: str | int) -> bool:
    return isinstance(key, str) and key.removesuffix("s").lower().endswith("image")


def _helm_string(masked: str, node: Scalar) -> Iterator[Found]:
    """An image in one string; where it has no tag, another value is its tag."""
    for found in image(masked, node, "helm-values"):
        if not isinstance(found, Place) or found.reference.tag or found.reference.digest:
            yield found
        else:
            reason = "its tag is not in this string"
            yield Skipped("helm-values", found.offset, str(found.reference), reason)


def _helm_image(masked: str, node: Mapping) -> Iterator[Found]:
    registry, repository = child(node, "registry"), child(node, "repository", "repo", "name")
    tag, digest = child(node, "tag"), child(node, "digest")
    if not isinstance(repository, Scalar):
        return
    if tag is None and digest is None:
        # Parts of something else, such as a Git repository, unless it is a whole image.
        if registry is None and ":" in repository.value.rpartition("/")[2]:
            yield from image(masked, repository, "helm-values")
        return
    name = repository.value.strip()
    host = (text_of(registry) or "").strip()
    if host and host not in ("null", "~"):
        name = f"{host}/{name}"
    yield _Fields(masked, "helm-values", repository, tag, digest).found(name)


def kustomize(masked: str, root: Node) -> Iterator[Found]:
    """A kustomization: ``images`` with ``newName``, ``newTag`` and ``digest``.

    Kustomize reference, "images".
    """
    for entry in elements_of(child(root, "images")):
        name = child(entry, "newName")
        if not isinstance(name, Scalar) or not name.value.strip():
            name = child(entry, "name")
        tag, digest = child(entry, "newTag"), child(entry, "digest")
        if not isinstance(name, Scalar) or (tag is None and digest is None):
            continue
        fields = _Fields(masked, "kustomize", name, tag, digest)
        yield fields.found(name.value.strip(), _insertion(masked, entry, tag))


def is_kustomization(root: Node) -> bool:
    """Whether a document is a kustomization, or a component of one."""
    return (text_of(child(root, "apiVersion")) or "").startswith("kustomize.config.k8s.io/")


@dataclass(frozen=True, slots=True)
class _Insertion:
    offset: int
    before: str


def _insertion(masked: str, entry: Node, tag: Node | None) -> _Insertion | None:
    """The place for a digest's field: after the tag's, in its style."""
    if not isinstance(entry, Mapping) or not isinstance(tag, Scalar):
        return None
    end = tag.end + (1 if tag.quote in ('"', "'") else 0)
    if entry.is_flow:
        return _Insertion(end, ", digest: ")
    first = entry.entries[0][0]
    line_start = masked.rfind("\n", 0, first.start) + 1
    indent = first.start - line_start - (1 if _is_quoted(first) else 0)
    line_end = masked.find("\n", end)
    line_end = len(masked) if line_end < 0 else line_end
    newline = "\r\n" if masked[line_end - 1 : line_end] == "\r" else "\n"
    if newline == "\r\n":
        line_end -= 1
    return _Insertion(line_end, f"{newline}{' ' * indent}digest: ")


def _is_quoted(node: Node) -> bool:
    return isinstance(node, Scalar) and node.quote in ('"', "'")


@dataclass(frozen=True, slots=True)
class _Fields:
    """The nodes of one image's name, tag and digest."""

    masked: str
    format: Format
    name: Scalar
    tag: Node | None
    digest: Node | None

    def found(self, name: str, insertion: _Insertion | None = None) -> Found:
        """The reference or skipped value in the fields.

        Args:
            name: The whole name of the repository.
            insertion: Where a digest gets a field.
        """
        tag, digest = _value_of(self.tag), _value_of(self.digest)
        shown = f"{name}{f':{tag}' if tag else ''}{f'@{digest}' if digest else ''}"
        reason = interpolation_in(shown) or self._obstacle()
        if reason is None and not tag and not digest:
            reason = "its tag is not in this file"
        if reason is not None:
            return Skipped(self.format, self.name.start, shown, reason)
        try:
            reference = ImageReference.parse(shown)
        except InvalidReference:
            reason = "it is not an image reference"
            return Skipped(self.format, self.name.start, shown, reason)
        writer = FieldsWriter(_field(self.masked, self.tag), _field(self.masked, self.digest))
        if writer.digest is None and insertion is not None:
            writer = FieldsWriter(writer.tag, None, insertion.offset, insertion.before)
        return Place(self.format, self.name.start, reference, writer)

    def _obstacle(self) -> str | None:
        """The reason why the tag or the digest cannot be read or written."""
        # Kustomize leaves the tag out where there is a digest.
        is_read = self.format != "kustomize" or not _value_of(self.digest)
        if is_read and isinstance(self.tag, Scalar) and _is_misread(self.tag):
            return "its tag is a number, which loses zeros: write it in quotation marks"
        for node, what in ((self.tag, "tag"), (self.digest, "digest")):
            if node is not None and _field(self.masked, node) is None:
                return f"its {what} is not a single string"
        return None


def _value_of(node: Node | None) -> str:
    if not isinstance(node, Scalar) or (not node.quote and node.value in ("null", "~")):
        return ""
    return node.value.strip()


def _field(masked: str, node: Node | None) -> _Field | None:
    if not isinstance(node, Scalar):
        return None
    if not node.value:
        if node.quote not in ("", '"', "'"):
            return None
        space = "" if node.quote or masked[node.start - 1 : node.start] != ":" else " "
        return _Field(node.start, node.end, node.quote, space)
    span = span_of(masked, node)
    return None if span is None else _Field(*span, node.quote)


def _is_misread(tag: Scalar) -> bool:
    """Whether Helm or Kustomize reads another value than is written: plain numbers are numbers."""
    if tag.quote or tag.tag is not None or not _NUMBER.fullmatch(tag.value):
        return False
    return not (_PLAIN_INTEGER.fullmatch(tag.value) or _PLAIN_DECIMAL.fullmatch(tag.value))


def _needs_quotes(text: str) -> bool:
    return not text or text.lower() in _WORDS or _NUMBER.fullmatch(text) is not None
