"""YAML documents with the bytes of every node, from PyYAML's events.

Events are read in place of PyYAML's own node graph because building that is recursive. libyaml is
used where PyYAML was built with it, as its wheels are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from pinned_images.files.nodes import (
    MAXIMUM_DEPTH,
    Mapping,
    Node,
    Scalar,
    Sequence,
    Unparsable,
)

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Document(NamedTuple):
    """One document of a file, and the bytes that it takes up."""

    root: Node
    start: int
    end: int


def documents(text: str) -> list[Document]:
    """The documents of a file that are not empty.

    Args:
        text: One character for each byte.

    Raises:
        Unparsable: It is not YAML, or is nested too deep.
    """
    try:
        return list(_documents(text))
    except yaml.YAMLError as error:
        raise Unparsable(str(getattr(error, "problem", error))) from error
    except (ValueError, RecursionError) as error:
        raise Unparsable(str(error)) from error


def _documents(text: str) -> Iterator[Document]:
    builder = _Builder()
    start = 0
    for event in _events(text):
        if isinstance(event, yaml.DocumentStartEvent):
            builder, start = _Builder(), _index(event.start_mark)
        elif isinstance(event, yaml.DocumentEndEvent):
            if builder.root is not None:
                yield Document(builder.root, start, _index(event.end_mark))
        else:
            builder.add(event)


def _events(text: str) -> Iterator[Any]:
    """PyYAML's events, with marks: its types allow missing ones, which a parser never gives."""
    return yaml.parse(text, Loader=_LOADER)


def _index(mark: Any) -> int:
    index: int = mark.index
    return index


class _Builder:
    def __init__(self) -> None:
        self.root: Node | None = None
        self._anchors: dict[str, Node] = {}
        self._open: list[Node] = []
        self._keys: list[Node | None] = []

    def add(self, event: Any) -> None:
        """Process one event."""
        start, end = event.start_mark.index, event.end_mark.index
        if isinstance(event, yaml.ScalarEvent):
            quote = event.style or ""
            inset = 1 if quote in ('"', "'") else 0
            self._put(
                Scalar(start + inset, end - inset, event.value, quote, event.tag), event.anchor
            )
        elif isinstance(event, yaml.AliasEvent):
            self._put(self._anchors.get(event.anchor or "") or Scalar(start, end, ""), None)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._begin(
                Sequence(start, end, tag=event.tag, is_flow=bool(event.flow_style)), event.anchor
            )
        elif isinstance(event, yaml.MappingStartEvent):
            self._begin(
                Mapping(start, end, tag=event.tag, is_flow=bool(event.flow_style)), event.anchor
            )
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            self._open.pop().end = end
            self._keys.pop()

    def _begin(self, node: Node, anchor: str | None) -> None:
        if len(self._open) >= MAXIMUM_DEPTH:
            raise Unparsable(f"it is nested more than {MAXIMUM_DEPTH} levels deep")
        self._put(node, anchor)
        self._open.append(node)
        self._keys.append(None)

    def _put(self, node: Node, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = node
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
        elif isinstance(parent, Mapping):
            key = self._keys[-1]
            if key is None:
                self._keys[-1] = node
            else:
                parent.entries.append((key, node))
                self._keys[-1] = None
