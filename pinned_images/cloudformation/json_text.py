"""JSON read with the place of every string, and with holes where a value is not known yet.

A hole stands inside a string, or in the place of a value. The grammar is that of RFC 8259; what
stands in a hole is taken to keep to it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import NamedTuple

_MAXIMUM_DEPTH = 150
_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SCALAR = re.compile(r'[^\s,:\[\]{}"]+')


class Unreadable(Exception):
    """The text is not JSON; the message says where."""


class StringNode(NamedTuple):
    """A string, from behind its opening quotation mark to its closing one."""

    start: int
    end: int


class ScalarNode(NamedTuple):
    """A number, a word or a hole."""

    text: str


@dataclass(frozen=True, slots=True)
class ListNode:
    """An array."""

    elements: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ObjectNode:
    """An object; a key may stand in it twice."""

    members: tuple[tuple[str, Node], ...]


Node = StringNode | ScalarNode | ListNode | ObjectNode


def parse(text: str) -> Node:
    """Parse a text in which every hole is one character that JSON has no use for.

    Raises:
        Unreadable: The text is not JSON.

    Example:
        >>> parse('{"image": "nginx"}')
        ObjectNode(members=(('image', StringNode(start=11, end=16)),))
    """
    parser = _Parser(text)
    node = parser.value(0)
    parser.skip_space()
    if parser.position < len(text):
        raise parser.unreadable("the end")
    return node


def decoded(fragment: str) -> str:
    """What a part of a string reads.

    Raises:
        Unreadable: It holds an escape that is none, or only a part of one.
    """
    if "\\" not in fragment:
        return fragment
    try:
        return str(json.loads(f'"{fragment}"', strict=False))
    except ValueError as error:
        raise Unreadable(f"{fragment[:60]!r} is not a part of a JSON string") from error


def encoded(text: str) -> str:
    """How a text is written as a part of a string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def value(self, depth: int) -> Node:
        if depth > _MAXIMUM_DEPTH:
            raise Unreadable(f"it is nested more than {_MAXIMUM_DEPTH} levels deep")
        self.skip_space()
        if self.takes("{"):
            return self._object(depth)
        if self.takes("["):
            return self._list(depth)
        if self.text.startswith('"', self.position):
            return self._string()
        match = _SCALAR.match(self.text, self.position)
        if match is None:
            raise self.unreadable("a value")
        self.position = match.end()
        return ScalarNode(match[0])

    def _object(self, depth: int) -> ObjectNode:
        members: list[tuple[str, Node]] = []
        while not self.takes("}"):
            if members:
                self.expect(",")
            self.skip_space()
            key = self._string()
            self.expect(":")
            members.append((decoded(self.text[key.start : key.end]), self.value(depth + 1)))
        return ObjectNode(tuple(members))

    def _list(self, depth: int) -> ListNode:
        elements: list[Node] = []
        while not self.takes("]"):
            if elements:
                self.expect(",")
            elements.append(self.value(depth + 1))
        return ListNode(tuple(elements))

    def _string(self) -> StringNode:
        match = _STRING.match(self.text, self.position)
        if match is None:
            raise self.unreadable("a string")
        self.position = match.end()
        return StringNode(match.start() + 1, match.end() - 1)

    def skip_space(self) -> None:
        match = _SPACE.match(self.text, self.position)
        self.position = match.end() if match else self.position

    def takes(self, character: str) -> bool:
        self.skip_space()
        if not self.text.startswith(character, self.position):
            return False
        self.position += 1
        return True

    def expect(self, character: str) -> None:
        if not self.takes(character):
            raise self.unreadable(repr(character))

    def unreadable(self, expected: str) -> Unreadable:
        found = self.text[self.position : self.position + 20]
        return Unreadable(f"{expected} is expected at character {self.position}, before {found!r}")
