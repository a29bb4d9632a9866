"""JSON documents with the bytes of every string (RFC 8259), comments allowed.

The parsers on PyPI that keep positions are slow or read other languages, and a grammar of this size
is quickly read. Comments and trailing commas are those of JSON with Comments, which `cdk.json` and
`devcontainer.json` may be.
"""

from __future__ import annotations

import json
import re

from pinned_images.files.nodes import (
    JSON_WORD,
    MAXIMUM_DEPTH,
    Mapping,
    Node,
    Scalar,
    Sequence,
    Unparsable,
)

_SPACE = re.compile(r"(?:[ \t\r\n]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"')
# Also what only a template puts into a number's place: `"cpu": CPU`.
_WORD = re.compile(r"[-+.0-9A-Za-z]+")


def parse(text: str) -> Node:
    """Parse a string with one character for each byte.

    Raises:
        Unparsable: It is not JSON, or is nested too deep.

    Example:
        >>> root = parse('{"image": "nginx"}')
        >>> [(key.value, value.start, value.end) for key, value in root.entries]
        [('image', 11, 16)]
    """
    parser = _Parser(text)
    node = parser.value(0)
    parser.skip()
    if parser.position < len(text):
        raise parser.unparsable()
    return node


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def skip(self) -> None:
        match = _SPACE.match(self.text, self.position)
        self.position = match.end() if match else self.position

    def unparsable(self) -> Unparsable:
        return Unparsable(f"it is not JSON at byte {self.position}")

    def value(self, depth: int) -> Node:
        if depth > MAXIMUM_DEPTH:
            raise Unparsable(f"it is nested more than {MAXIMUM_DEPTH} levels deep")
        self.skip()
        first = self.text[self.position : self.position + 1]
        if first == "{":
            return self._object(depth)
        if first == "[":
            return self._list(depth)
        if first == '"':
            return self._string()
        match = _WORD.match(self.text, self.position)
        if match is None:
            raise self.unparsable()
        self.position = match.end()
        return Scalar(match.start(), match.end(), match[0], tag=JSON_WORD)

    def _object(self, depth: int) -> Mapping:
        node = Mapping(self.position, self.position, is_flow=True)
        self.position += 1
        while not self._takes("}"):
            if node.entries and not self._takes(","):
                raise self.unparsable()
            if self._takes("}"):
                break
            self.skip()
            key = self._string()
            if not self._takes(":"):
                raise self.unparsable()
            node.entries.append((key, self.value(depth + 1)))
        node.end = self.position
        return node

    def _list(self, depth: int) -> Sequence:
        node = Sequence(self.position, self.position, is_flow=True)
        self.position += 1
        while not self._takes("]"):
            if node.items and not self._takes(","):
                raise self.unparsable()
            if self._takes("]"):
                break
            node.items.append(self.value(depth + 1))
        node.end = self.position
        return node

    def _takes(self, character: str) -> bool:
        self.skip()
        if not self.text.startswith(character, self.position):
            return False
        self.position += 1
        return True

    def _string(self) -> Scalar:
        match = _STRING.match(self.text, self.position)
        if match is None:
            raise self.unparsable()
        self.position = match.end()
        raw = match[0]
        if "\\" not in raw:
            return Scalar(match.start() + 1, match.end() - 1, raw[1:-1], '"')
        try:
            value = str(json.loads(raw, strict=False))
        except ValueError as error:
            raise self.unparsable() from error
        return Scalar(match.start() + 1, match.end() - 1, value, '"')
