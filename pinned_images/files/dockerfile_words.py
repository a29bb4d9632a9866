"""Words of a Dockerfile: continuation lines, flags, quotes and variables, with byte offsets.

The rules are those of BuildKit's own parser (github.com/moby/buildkit, `frontend/dockerfile/parser`
and `frontend/dockerfile/shell`), as far as images depend on them. Bytes are read as Latin-1: what
matters here is ASCII, and a character's position is its byte's.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

#: Longer than any image reference with a registry, a tag and a digest.
MAXIMUM_LENGTH = 2_000
_MAXIMUM_DEPTH = 20

#: The place of a character that is not written in the file, such as one of a build argument.
NOWHERE = -1

_SPACES = " \t\v\f\r"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?\-$!]")
_HEREDOC = re.compile(r"[0-9]*<<(?P<chomp>-?)\s*(?P<name>[^<\s][^<]*)")


class Unexpandable(Exception):
    """A word whose value cannot be known; the message is the reason, as a clause."""


class Word(NamedTuple):
    """A string with the byte offset of each of its characters."""

    text: str
    places: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> Word:
        """A word that is not written in the file."""
        return cls(text, (NOWHERE,) * len(text))

    @property
    def span(self) -> tuple[int, int] | None:
        """The byte span of the word; None where it is joined from several."""
        if not self.places or self.places[0] == NOWHERE:
            return None
        start, end = self.places[0], self.places[-1] + 1
        is_whole = all(place == start + index for index, place in enumerate(self.places))
        return (start, end) if is_whole else None

    def cut(self, start: int, end: int | None = None) -> Word:
        """A part of the word."""
        return Word(self.text[start:end], self.places[start:end])


@dataclass(slots=True)
class LogicalLine:
    """An instruction, its continuation lines joined.

    Attributes:
        number: The number of its first line in the file, from 1.
        text: The text.
    """

    number: int
    text: str = ""
    _starts: list[int] = field(default_factory=list)
    _offsets: list[int] = field(default_factory=list)

    @classmethod
    def joined(cls, number: int, parts: list[tuple[str, int]]) -> LogicalLine:
        """The parts of some lines, each with its byte offset, as one line."""
        line = cls(number, "".join(text for text, _ in parts))
        position = 0
        for text, offset in parts:
            line._starts.append(position)
            line._offsets.append(offset)
            position += len(text)
        return line

    def place(self, position: int) -> int:
        """The byte offset of a character."""
        part = bisect_right(self._starts, position) - 1
        return self._offsets[part] + position - self._starts[part]

    def word(self, start: int, end: int) -> Word:
        """A part of the line, as it is written."""
        return Word(self.text[start:end], tuple(map(self.place, range(start, end))))

    def skip_spaces(self, position: int) -> int:
        """The position of the next character that is no space."""
        while position < len(self.text) and self.text[position] in _SPACES:
            position += 1
        return position

    def end_of_word(self, position: int) -> int:
        """The position of the next space."""
        while position < len(self.text) and self.text[position] not in _SPACES:
            position += 1
        return position

    def words(self, position: int) -> Iterator[Word]:
        """The words from a position on, separated by spaces."""
        position = self.skip_spaces(position)
        while position < len(self.text):
            end = self.end_of_word(position)
            yield self.word(position, end)
            position = self.skip_spaces(end)

    def quoted_words(self, position: int, escape: str) -> Iterator[Word]:
        """The words from a position on; quotes, which stay in them, may hold spaces."""
        position = self.skip_spaces(position)
        while position < len(self.text):
            start, quote = position, ""
            while position < len(self.text):
                character = self.text[position]
                if not quote and character in _SPACES:
                    break
                if character == escape and quote != "'":
                    position += 1
                elif quote:
                    quote = "" if character == quote else quote
                elif character in "'\"":
                    quote = character
                position += 1
            position = min(position, len(self.text))
            yield self.word(start, position)
            position = self.skip_spaces(position)

    def flags(self, position: int, escape: str) -> tuple[list[Word], int]:
        """The ``--name=value`` flags of an instruction without their quotes, and where they end."""
        found: list[Word] = []
        position = self.skip_spaces(position)
        while self.text.startswith("--", position):
            flag, position = self._flag(position, escape)
            if flag.text == "--":
                break
            found.append(flag)
            position = self.skip_spaces(position)
        return found, position

    def _flag(self, position: int, escape: str) -> tuple[Word, int]:
        kept: list[int] = []
        quote = ""
        while position < len(self.text):
            character = self.text[position]
            if not quote and character in _SPACES:
                break
            if character == quote:
                quote = ""
            elif not quote and character in "'\"":
                quote = character
            else:
                if character == escape:
                    position += 1
                kept.append(position)
            position += 1
        kept = [each for each in kept if each < len(self.text)]
        text = "".join(self.text[each] for each in kept)
        return Word(text, tuple(map(self.place, kept))), position


class Heredoc(NamedTuple):
    """A here-document: the line that ends it, and whether that may be indented by tabs."""

    name: str
    ignores_tabs: bool


def heredocs(text: str) -> list[Heredoc]:
    """The here-documents that an instruction's line begins."""
    if "<<" not in text:
        return []
    found = []
    for word in _raw_words(text):
        match = _HEREDOC.fullmatch(word)
        if match is not None:
            name = re.sub(r"\\(.)|['\"]", r"\1", match["name"])
            found.append(Heredoc(name, match["chomp"] == "-"))
    return found


def _raw_words(text: str) -> list[str]:
    """The words of a shell's command with their quotes; none where a quote has no end."""
    words: list[str] = []
    word: list[str] = []
    position, quote = 0, ""
    while position < len(text):
        character = text[position]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif text.startswith("<<", position):
            word.append("<<")
            position += 2
            while position < len(text) and text[position] in " \t":
                position += 1
            continue
        elif character.isspace():
            words.append("".join(word))
            word = []
            position += 1
            continue
        if character == "\\" and quote != "'":
            word.append(character)
            position += 1
        word.append(text[position : position + 1])
        position += 1
    return [] if quote else [each for each in (*words, "".join(word)) if each]


class Expanded(NamedTuple):
    """A word without quotes, its variables expanded.

    Attributes:
        word: The text.
        variables: The variables that it is made of.
        unset: Those of them that have no value, which read as nothing.
    """

    word: Word
    variables: frozenset[str]
    unset: frozenset[str]


def expand(word: Word, escape: str, variables: Mapping[str, Word | None]) -> Expanded:
    """Remove a word's quotes and expand its variables.

    Args:
        word: The word as written.
        escape: The escape character.
        variables: Values by name; None for one whose value is unknown.

    Raises:
        Unexpandable: Its text cannot be known.
    """
    expansion = _Expansion(word, escape, variables)
    text, places = expansion.until("", 0)
    return Expanded(
        Word("".join(text), tuple(places)),
        frozenset(expansion.used),
        frozenset(expansion.unset),
    )


class _Characters(NamedTuple):
    text: list[str]
    places: list[int]

    def add(self, word: Word) -> None:
        self.text.extend(word.text)
        self.places.extend(word.places)
        if len(self.text) > MAXIMUM_LENGTH:
            raise Unexpandable("is longer than any image reference")


class _Expansion:
    def __init__(self, word: Word, escape: str, variables: Mapping[str, Word | None]) -> None:
        self._word = word
        self._escape = escape
        self._variables = variables
        self._position = 0
        self.used: set[str] = set()
        self.unset: set[str] = set()

    def until(self, stop: str, depth: int) -> _Characters:
        """Everything up to a character, or up to the end."""
        if depth > _MAXIMUM_DEPTH:
            raise Unexpandable("nests its variables too deep")
        found = _Characters([], [])
        while self._position < len(self._word.text):
            character = self._word.text[self._position]
            if character == stop:
                self._position += 1
                return found
            if character == "$":
                found.add(self._variable(depth))
            elif character == "'":
                found.add(self._single_quoted())
            elif character == '"':
                self._position += 1
                self._double_quoted(found, depth)
            else:
                if character == self._escape:
                    self._position += 1
                found.add(self._next())
        if stop:
            raise Unexpandable(f"has no {stop} where one belongs")
        return found

    def _next(self) -> Word:
        self._position += 1
        return self._word.cut(self._position - 1, self._position)

    def _peek(self) -> str:
        return self._word.text[self._position : self._position + 1]

    def _single_quoted(self) -> Word:
        start = self._position + 1
        end = self._word.text.find("'", start)
        if end == -1:
            raise Unexpandable("has a quotation mark without its second one")
        self._position = end + 1
        return self._word.cut(start, end)

    def _double_quoted(self, found: _Characters, depth: int) -> None:
        while (character := self._peek()) != '"':
            if not character:
                raise Unexpandable("has a quotation mark without its second one")
            if character == "$":
                found.add(self._variable(depth))
                continue
            if character == self._escape:
                following = self._word.text[self._position + 1 : self._position + 2]
                if following in ('"', "$", self._escape):
                    self._position += 1
            found.add(self._next())
        self._position += 1

    def _variable(self, depth: int) -> Word:
        dollar = self._next()
        if self._peek() != "{":
            name = self._name()
            return self._value(name) if name else dollar
        self._position += 1
        name = self._name()
        modifier = self._next().text
        if not name or not modifier:
            raise Unexpandable("has a ${ that is no variable")
        if modifier == "}":
            return self._value(name)
        counts_empty = modifier == ":"
        if counts_empty:
            modifier = self._next().text
        if modifier not in ("-", "+", "?"):
            raise Unexpandable(f"changes the variable {name} by a pattern")
        self.used.add(name)
        unset = set(self.unset)
        text, places = self.until("}", depth + 1)
        is_set = name in self._variables
        if is_set and counts_empty:
            is_set = bool(self._value(name).text)
        if modifier == "+" if is_set else modifier == "-":
            return Word("".join(text), tuple(places))
        self.unset = unset
        if is_set:
            return self._value(name)
        if modifier == "?":
            raise Unexpandable(f"needs a value for {name}")
        return Word.of("")

    def _name(self) -> str:
        match = _NAME.match(self._word.text, self._position)
        if match is None:
            return ""
        self._position = match.end()
        return match[0]

    def _value(self, name: str) -> Word:
        self.used.add(name)
        if name not in self._variables:
            self.unset.add(name)
            return Word.of("")
        value = self._variables[name]
        if value is None:
            raise Unexpandable(f"depends on {name}, which is known when it is built")
        return value
