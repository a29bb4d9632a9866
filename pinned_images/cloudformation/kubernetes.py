"""Images in the Kubernetes objects that CDK writes as text into templates.

They stand in ``KubernetesManifest`` resources, and as patches in ``KubernetesPatch`` resources.
The text is JSON, mostly as ``Fn::Join`` with tokens in between. The fields are those of the
Kubernetes API reference, "PodSpec": ``containers``, ``initContainers`` and
``ephemeralContainers`` with their ``image``, and ``volumes`` with their ``image.reference``.
They are found wherever they stand, so that custom resources with a pod's template count too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from pinned_images.cloudformation import json_text
from pinned_images.cloudformation.evaluation import MAXIMUM_CONDITIONS, Assumptions, evaluate
from pinned_images.cloudformation.fragments import Fragment, Fragments, LiteralText, Token
from pinned_images.cloudformation.intrinsics import NO_VALUE, if_arguments, intrinsic_of
from pinned_images.cloudformation.json_text import (
    ListNode,
    Node,
    ObjectNode,
    ScalarNode,
    StringNode,
    Unreadable,
)
from pinned_images.cloudformation.outcomes import (
    Absent,
    Choice,
    Condition,
    Evaluation,
    PlacedImage,
    Several,
)
from pinned_images.cloudformation.property_paths import Path, path_text
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.problem import Problem

_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
#: Keys on the way to a pod's containers: a hole in their place may hide images.
_ON_THE_WAY = (
    *_CONTAINERS,
    "image",
    "items",
    "jobTemplate",
    "podTemplate",
    "spec",
    "template",
    "volumes",
)
_INDEX = re.compile("[0-9]{1,9}")
_PRIVATE_USE = range(0xE000, 0xF8FF)

_BY_HAND = (
    "Write the manifest as JSON with tokens inside its strings only, as KubernetesManifest does, "
    "or exempt it with a reason."
)


class ManifestImage(NamedTuple):
    """One image in a manifest.

    Attributes:
        place: Where in the objects, for people: ``[0].spec.containers[0].image``.
        value: The image: a text, or functions as plain data; an `Problem` where one may stand
            that cannot be seen.
    """

    place: str
    value: Any


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that has been read.

    Example:
        >>> manifest = read_manifest('{"kind": "Pod", "spec": {"containers": [{"image": "a"}]}}')
        >>> manifest.images
        (ManifestImage(place='spec.containers[0].image', value='a'),)
        >>> manifest.with_images(["b"])
        '{"kind": "Pod", "spec": {"containers": [{"image": "b"}]}}'
    """

    images: tuple[ManifestImage, ...]
    _pieces: Fragments
    _spans: tuple[tuple[int, int], ...]

    def with_images(self, values: Sequence[Any]) -> Any:
        """The manifest with other images, one for each; the rest of the text stays as it is."""
        row: list[Fragment] = []
        position = 0
        for (start, end), image, value in zip(self._spans, self.images, values, strict=True):
            row += _between(self._pieces.row, position, start)
            old = _between(self._pieces.row, start, end)
            row += old if value is image.value else _written(value, old)
            position = end
        row += _between(self._pieces.row, position, None)
        return self._pieces.put_together(row)


def evaluate_manifest(
    value: Any, scope: TemplateScope, assumptions: Assumptions | None = None
) -> Evaluation:
    """What the images of a manifest are, each with its place; both sides of an ``Fn::If``.

    Args:
        value: The value of the ``Manifest`` property.
        scope: The template that it stands in, and what is known around it.
        assumptions: Answers to conditions that hold where the value stands.
    """
    return _evaluate(value, scope, dict(assumptions or {}), 0)


def _evaluate(value: Any, scope: TemplateScope, assumptions: Assumptions, depth: int) -> Evaluation:
    if value == NO_VALUE:
        return Absent()
    intrinsic = intrinsic_of(value)
    if intrinsic is not None and intrinsic.name == "Fn::If":
        return _either(intrinsic.argument, scope, assumptions, depth + 1)
    manifest = read_manifest(value)
    if isinstance(manifest, Problem):
        return manifest
    return Several(
        tuple(
            PlacedImage(image.place, None, image.value)
            if isinstance(image.value, Problem)
            else PlacedImage(
                image.place, image.value, evaluate(image.value, scope, assumptions=assumptions)
            )
            for image in manifest.images
        )
    )


def _either(
    argument: Any, scope: TemplateScope, assumptions: Assumptions, depth: int
) -> Evaluation:
    branches = if_arguments(argument)
    if branches is None or depth > MAXIMUM_CONDITIONS:
        return Problem(
            "The Kubernetes manifest is chosen by an Fn::If that cannot be followed.", _BY_HAND
        )
    condition = Condition(branches.condition, scope.stack)
    known = assumptions.get(condition)
    if known is not None:
        taken = branches.when_true if known else branches.when_false
        return _evaluate(taken, scope, assumptions, depth)
    return Choice(
        condition,
        _evaluate(branches.when_true, scope, {**assumptions, condition: True}, depth),
        _evaluate(branches.when_false, scope, {**assumptions, condition: False}, depth),
    )


def read_manifest(value: Any) -> Manifest | Problem:
    """Read a manifest, as far as its text is written in the template.

    Args:
        value: A text, ``Fn::Join`` or ``Fn::Sub``.
    """
    pieces = Fragments.of(value)
    if pieces.form == "hole":
        return Problem(
            "The Kubernetes manifest is not written in the template, so its images cannot be seen.",
            _BY_HAND,
        )
    hole = _free_character(pieces.row)
    text = "".join(piece.reads if isinstance(piece, LiteralText) else hole for piece in pieces.row)
    try:
        found = list(_Search(text, hole).images(json_text.parse(text), ()))
        values = [
            _value_of(pieces, _between(pieces.row, node.start, node.end))
            if isinstance(node, StringNode)
            else _hidden(path)
            for path, node in found
        ]
    except Unreadable as unreadable:
        return Problem(f"The Kubernetes manifest is not JSON: {unreadable}.", _BY_HAND)
    return Manifest(
        tuple(
            ManifestImage(path_text(path), value)
            for (path, _), value in zip(found, values, strict=True)
        ),
        pieces,
        tuple(
            (node.start, node.end) if isinstance(node, StringNode) else (0, 0) for _, node in found
        ),
    )


@dataclass(frozen=True, slots=True)
class _Search:
    """A search for images in a text, in which one character stands for each hole."""

    text: str
    hole: str

    def images(self, node: Node, path: Path) -> Iterator[tuple[Path, Node]]:
        """The images of all pod specs, in the order of the text, and holes that may hide some."""
        if isinstance(node, ScalarNode) and self.hole in node.text and _may_hold_a_pod(path):
            yield path, node
        elif isinstance(node, ListNode):
            for index, element in enumerate(node.elements):
                yield from self.images(element, (*path, index))
        elif isinstance(node, ObjectNode):
            patched = self._patched(node)
            for key, member in node.members:
                below = (*path, key) if patched is None or key != "value" else patched
                yield from self._member(member, below)

    def _member(self, node: Node, path: Path) -> Iterator[tuple[Path, Node]]:
        if not _is_image(path):
            yield from self.images(node, path)
        elif isinstance(node, StringNode) or (
            isinstance(node, ScalarNode) and self.hole in node.text
        ):
            yield path, node

    def _patched(self, node: ObjectNode) -> Path | None:
        """Where an operation of a JSON patch (RFC 6902) writes its value; None of other objects."""
        members = dict(node.members)
        pointer = members.get("path")
        if not members.keys() >= {"op", "path", "value"} or not isinstance(pointer, StringNode):
            return None
        text = json_text.decoded(self.text[pointer.start : pointer.end])
        return tuple(
            -1 if part == "-" else int(part) if _INDEX.fullmatch(part) else part
            for part in text.split("/")[1:]
        )


def _is_image(path: Path) -> bool:
    """Whether what stands at a path is an image."""
    match path:
        case (*_, field, int(), "image"):
            return field in _CONTAINERS
        case (*_, "volumes", int(), "image", "reference"):
            return True
    return False


def _may_hold_a_pod(path: Path) -> bool:
    keys = [key for key in path if isinstance(key, str)]
    return not keys or keys[-1] in _ON_THE_WAY


def _hidden(path: Path) -> Problem:
    return Problem(
        f"A token stands for the whole of {path_text(path) or 'a Kubernetes object'}, and images "
        "may be in it.",
        _BY_HAND,
    )


def _free_character(row: Sequence[Fragment]) -> str:
    """A character that the text does not use, to stand for its holes."""
    used = {
        character for piece in row if isinstance(piece, LiteralText) for character in piece.reads
    }
    return next(chr(code) for code in _PRIVATE_USE if chr(code) not in used)


def _between(row: Sequence[Fragment], start: int, end: int | None) -> list[Fragment]:
    """The pieces from one position of the text to another; a hole is one character long."""
    found: list[Fragment] = []
    position = 0
    for piece in row:
        length = len(piece.reads) if isinstance(piece, LiteralText) else 1
        first = max(start - position, 0)
        last = length if end is None else min(end - position, length)
        if first < last:
            found.append(piece.cut(first, last) if isinstance(piece, LiteralText) else piece)
        position += length
    return found


def _value_of(pieces: Fragments, row: Sequence[Fragment]) -> Any:
    """What stands in a string of the manifest, as a value."""
    read = [_decoded(piece) if isinstance(piece, LiteralText) else piece for piece in row]
    if not any(isinstance(piece, Token) for piece in read):
        return "".join(piece.reads for piece in read if isinstance(piece, LiteralText))
    if pieces.form == "sub":
        names = {piece.variable for piece in read if isinstance(piece, Token)}
        variables = {name: each for name, each in pieces.variables.items() if name in names}
        return Fragments("sub", tuple(read), variables=variables).put_together(read)
    return {
        "Fn::Join": [
            "",
            [piece.reads if isinstance(piece, LiteralText) else piece.value for piece in read],
        ]
    }


def _decoded(piece: LiteralText) -> LiteralText:
    reads = json_text.decoded(piece.reads)
    return piece if reads == piece.reads else LiteralText(reads, reads)


def _written(value: Any, old: Sequence[Fragment]) -> list[Fragment]:
    """A value as pieces of a string of the manifest; what was a hole there stays the same hole."""
    holes = [piece for piece in old if isinstance(piece, Token)]
    row: list[Fragment] = []
    for piece in Fragments.of(value).row:
        if isinstance(piece, Token):
            row.append(piece if piece in holes else replace(piece, variable=None))
        else:
            written = json_text.encoded(piece.reads)
            row.append(LiteralText(written, written))
    return row
