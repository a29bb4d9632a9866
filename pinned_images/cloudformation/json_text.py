"""JSON as data, with the place of each string in its text, and placeholders for unknown values.

The grammar is that of RFC 8259, read by the parser of Python's ``json``. A placeholder is a run
of marks in the text: inside a string, or in the place of a value, where `PLACEHOLDER` is read.
Strings are numbered in the order of the text, keys included, which is also the order of the data.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from functools import cached_property
from typing import Any, Final

from msgspec import Struct

#: The number of characters that a placeholder takes in a text: as many as `_WORD` has.
PLACEHOLDER_WIDTH: Final = 3
MAXIMUM_DEPTH: Final = 150
_WORD = "NaN"  # no JSON, but a word of Python's parser, which then calls `parse_constant`
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_MARKS = range(0xE000, 0xF8FF)  # Unicode, "Private Use Area"


class InvalidJson(Exception):
    """The text is not JSON; the message says where."""


class Members(list[tuple[str, Any]]):
    """The members of an object, in the order of the text; a key may be there twice."""


class Placeholder:
    """A value that is not known, because a function gives it."""

    def __repr__(self) -> str:
        return "PLACEHOLDER"


PLACEHOLDER: Final = Placeholder()


class Document(Struct, frozen=True, dict=True):
    """A parsed JSON text.

    Attributes:
        root: `Members`, lists, strings, numbers, booleans, None and `PLACEHOLDER`.
        text: The text.
    """

    root: Any
    text: str

    def span(self, number: int) -> tuple[int, int]:
        """The position of a string: from after its opening quotation mark to its closing one."""
        start = self._starts[number]
        return start + 1, _end_of_string(self.text, start) - 1

    @cached_property
    def _starts(self) -> list[int]:
        return _starts_of_strings(self.text)


def free_mark(text: str) -> str:
    """A character that a text does not contain, to mark its placeholders.

    Raises:
        InvalidJson: The text uses them all.
    """
    for code in _MARKS:
        if chr(code) not in text:
            return chr(code)
    raise InvalidJson("it uses every private character of Unicode")


def parse(text: str, mark: str = "") -> Document:
    """Parse a text.

    Args:
        text: The text; each placeholder is `PLACEHOLDER_WIDTH` marks in it.
        mark: The character that marks placeholders; empty where there are none.

    Raises:
        InvalidJson: The text is not JSON.

    Example:
        >>> document = parse('{"image": "nginx"}')
        >>> document.root, document.span(1)
        ([('image', 'nginx')], (11, 16))
    """
    prepared, words = _with_words(text, mark) if mark else (text, 0)
    placeholders: list[Placeholder] = []

    def constant(word: str) -> Placeholder:
        # A word of the text's own: RFC 8259 has no such value.
        if word != _WORD or len(placeholders) == words:
            raise InvalidJson(f"{word} is no value")
        placeholders.append(PLACEHOLDER)
        return PLACEHOLDER

    decoder = json.JSONDecoder(
        object_pairs_hook=Members,
        parse_int=float,  # numbers do not matter, and Python refuses long integers
        parse_constant=constant,
        strict=False,
    )
    try:
        root = decoder.decode(prepared)
    except json.JSONDecodeError as error:
        # The text is not shown: it may be a part of a Secret.
        raise InvalidJson(f"{error.msg} at character {error.pos}") from error
    except RecursionError as error:
        raise InvalidJson(f"it is nested more than {MAXIMUM_DEPTH} levels deep") from error
    return Document(root, text)


def decoded(fragment: str) -> str:
    """The value of a part of a JSON string.

    Raises:
        InvalidJson: It holds an escape that is none, or only a part of one.
    """
    if "\\" not in fragment:
        return fragment
    try:
        return str(json.loads(f'"{fragment}"', strict=False))
    except ValueError as error:
        raise InvalidJson(f"{fragment[:60]!r} is not a part of a JSON string") from error


def encoded(text: str) -> str:
    """A string escaped as a part of a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _starts_of_strings(text: str) -> list[int]:
    return [match.start() for match in _STRING.finditer(text)]


def _end_of_string(text: str, start: int) -> int:
    match = _STRING.match(text, start)
    return len(text) if match is None else match.end()


def _with_words(text: str, mark: str) -> tuple[str, int]:
    """The text with each value that has a placeholder outside of strings written as `_WORD`."""
    value = re.compile(rf'[^\s,:\[\]{{}}"{mark}]*{mark}[^\s,:\[\]{{}}"]*')
    starts = _starts_of_strings(text)
    parts: list[str] = []
    written = words = 0
    position = text.find(mark)
    while position >= 0:
        index = bisect_right(starts, position)
        end = _end_of_string(text, starts[index - 1]) if index else 0
        if position < end:
            position = text.find(mark, end)
            continue
        following = starts[index] if index < len(starts) else len(text)
        changed, count = value.subn(lambda match: _WORD.ljust(len(match[0])), text[end:following])
        parts += (text[written:end], changed)
        written = following
        words += count
        position = text.find(mark, following)
    parts.append(text[written:])
    return "".join(parts), words
