"""JSON and YAML documents as one kind of tree, in which every node has its byte span."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MAXIMUM_DEPTH = 150
_MOST_MERGED = 256
#: The tag of numbers and words of JSON, where every string has quotation marks.
JSON_WORD = "json:word"


class Unparsable(Exception):
    """A string that is not valid in its language."""


@dataclass(eq=False, slots=True)
class Scalar:
    """A string, number or word.

    Attributes:
        start: The first byte between the quotes, or of the whole.
        end: The byte after the last one.
        value: Its text, as the language reads it.
        quote: The quotation mark; empty for a plain scalar, ``|`` or ``>`` for a block.
        tag: The YAML tag, such as ``!Sub``.
    """

    start: int
    end: int
    value: str
    quote: str = ""
    tag: str | None = None


@dataclass(eq=False, slots=True)
class Sequence:
    """A list."""

    start: int
    end: int
    items: list[Node] = field(default_factory=list)
    tag: str | None = None
    is_flow: bool = False


@dataclass(eq=False, slots=True)
class Mapping:
    """An object, in which a key may be twice."""

    start: int
    end: int
    entries: list[tuple[Node, Node]] = field(default_factory=list)
    tag: str | None = None
    is_flow: bool = False


Node = Scalar | Sequence | Mapping


def items_of(node: Node | None) -> Iterator[tuple[str, Node]]:
    """The items of a mapping with a plain key; in YAML, the merged ones after its own."""
    if not isinstance(node, Mapping):
        return
    seen: set[str] = set()
    merged_in: set[int] = set()
    pending: list[Node] = [node]
    # Each service of a hostile file may merge all those before it.
    while pending and len(merged_in) < _MOST_MERGED:
        mapping = pending.pop()
        if not isinstance(mapping, Mapping) or id(mapping) in merged_in:
            continue
        merged_in.add(id(mapping))
        merged: list[Node] = []
        for key, value in mapping.entries:
            if not isinstance(key, Scalar):
                continue
            if key.value == "<<" and not key.quote:
                merged = value.items if isinstance(value, Sequence) else [value]
            elif key.value not in seen or mapping is node:
                seen.add(key.value)
                yield key.value, value
        pending.extend(reversed(merged))


def child(node: Node | None, *names: str) -> Node | None:
    """The value of a mapping under the first of some keys that it has.

    Where a key is there twice, the last value counts, as for the parsers that take such a document
    (Go's and Python's `json`, PyYAML); others refuse it.
    """
    if not isinstance(node, Mapping):
        return None
    for name in names:
        for written, value in reversed(node.entries):
            if isinstance(written, Scalar) and written.value == name:
                return value
        for key, value in items_of(node):
            if key == name:
                return value
    return None


def text_of(node: Node | None) -> str | None:
    """The text of a scalar."""
    return node.value if isinstance(node, Scalar) else None


def elements_of(node: Node | None) -> list[Node]:
    """The elements of a list."""
    return node.items if isinstance(node, Sequence) else []


def walk(node: Node) -> Iterator[tuple[tuple[str | int, ...], Node]]:
    """Every node with its path of keys and indices; a shared node is yielded once."""
    pending: list[tuple[tuple[str | int, ...], Node]] = [((), node)]
    seen: set[int] = set()
    while pending:
        path, current = pending.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield path, current
        if isinstance(current, Sequence):
            below: list[Any] = list(enumerate(current.items))
        elif isinstance(current, Mapping):
            below = [
                (key.value if isinstance(key, Scalar) else "", value)
                for key, value in current.entries
            ]
        else:
            continue
        pending.extend(((*path, key), value) for key, value in reversed(below))


def size_of(root: Node) -> int:
    """How many nodes there are, each alias of one counted as the whole of it."""
    sizes: dict[int, int] = {}
    pending: list[tuple[Node, bool]] = [(root, False)]
    while pending:
        node, is_counted = pending.pop()
        below = _below(node)
        if is_counted:
            sizes[id(node)] = 1 + sum(sizes[id(each)] for each in below)
        elif id(node) not in sizes:
            sizes[id(node)] = 1  # also of an anchor that holds its own alias
            pending.append((node, True))
            pending.extend((each, False) for each in below)
    return sizes[id(root)]


def _below(node: Node) -> list[Node]:
    if isinstance(node, Sequence):
        return node.items
    return [value for _, value in node.entries] if isinstance(node, Mapping) else []


def span_of(masked: str, scalar: Scalar) -> tuple[int, int] | None:
    """The byte span of a scalar's value; None where it holds more.

    Args:
        masked: The text of the file.
        scalar: A scalar of it.
    """
    text, raw = scalar.value.strip(), masked[scalar.start : scalar.end]
    if raw == text:
        return scalar.start, scalar.end
    if text and raw.endswith(text):  # an anchor or a tag is before it
        return scalar.end - len(text), scalar.end
    if text and raw.count(text) == 1:
        start = scalar.start + raw.index(text)
        return start, start + len(text)
    return (scalar.start, scalar.end) if scalar.quote in ('"', "'") and "\n" not in raw else None
