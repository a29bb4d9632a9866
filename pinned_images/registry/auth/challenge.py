"""The grammar of the ``WWW-Authenticate`` header.

The grammar is that of RFC 9110, sections 11.2, 11.3 and 11.6.1: a list of challenges, each a
scheme followed by a token68 or by a list of parameters. The list of challenges and the lists of
parameters are separated by the same comma, so that only the next lexeme tells them apart.
Registries forget quotes, and write blanks or semicolons for commas.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, section 5.6.2
# Each alternative begins with another character, so that nothing is matched twice.
_LEXEMES = re.compile(
    r"""
    (?P<blank>[ \t]+)
    | (?P<separator>[,;])
    | (?P<equals>=)
    | (?P<quoted>"(?:[^"\\]|\\.)*")
    | (?P<word>[^ \t,;="]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LONGEST_HEADERS = 16 * 1024


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge of a server.

    Attributes:
        scheme: The scheme's name in lower case: ``bearer``, ``basic``.
        parameters: Names in lower case to values, quotes and escapes undone.
    """

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def parse_challenges(headers: Iterable[str]) -> list[Challenge]:
    """Parse all challenges of a response, in their order.

    Anything else is skipped, since a registry's malformed extra must not hide the
    challenge that can be answered. It takes linear time, and reads 16 KiB of all headers at most.

    Args:
        headers: The values of all ``WWW-Authenticate`` fields; each may hold several challenges.

    Example:
        >>> parse_challenges(['Basic realm="x", Bearer realm="https://auth.example/token"'])[1]
        Challenge(scheme='bearer', parameters={'realm': 'https://auth.example/token'})
    """
    challenges: list[Challenge] = []
    left = _LONGEST_HEADERS
    for header in headers:
        challenges += _parse(_lexemes_of(header[:left]))
        left -= len(header)
        if left <= 0:
            break
    return challenges


class _Lexeme(NamedTuple):
    kind: str
    text: str


_END = _Lexeme("end", "")


def _lexemes_of(header: str) -> list[_Lexeme]:
    lexemes: list[_Lexeme] = []
    position = 0
    while position < len(header):
        match = _LEXEMES.match(header, position)
        if match is None:  # a quotation without an end
            rest = header[position:].replace('"', " ")
            return [*lexemes, _Lexeme("junk", ""), *_lexemes_of(rest)]
        lexemes.append(_Lexeme(match.lastgroup or "", match[0]))
        position = match.end()
    return lexemes


def _parse(lexemes: list[_Lexeme]) -> list[Challenge]:
    challenges: list[tuple[str, dict[str, str]]] = []
    reader = _Reader(lexemes)
    may_begin = True  # a scheme is at the beginning or after a separator
    while not reader.is_at_end:
        lexeme = reader.next()
        if lexeme.kind in ("blank", "separator"):
            may_begin = may_begin or lexeme.kind == "separator"
            continue
        name = lexeme.text if lexeme.kind == "word" and _TOKEN.fullmatch(lexeme.text) else None
        value = reader.value() if name is not None else None
        if name is not None and value is not None:
            if challenges:
                challenges[-1][1].setdefault(name.lower(), value)
        elif name is not None and may_begin and reader.ends_scheme:
            challenges.append((name.lower(), {}))
            reader.skip_token68()
        else:
            reader.skip_to_separator()
        may_begin = False
    return [Challenge(scheme, parameters) for scheme, parameters in challenges]


class _Reader:
    """A position in a list of lexemes; it only moves forward."""

    def __init__(self, lexemes: list[_Lexeme]) -> None:
        self._lexemes = lexemes
        self._position = 0

    @property
    def is_at_end(self) -> bool:
        return self._position >= len(self._lexemes)

    @property
    def ends_scheme(self) -> bool:
        """Whether a word is a scheme: a space, a separator or the end follows."""
        return self._peek(self._position).kind in ("blank", "separator", "end")

    def next(self) -> _Lexeme:
        self._position += 1
        return self._lexemes[self._position - 1]

    def value(self) -> str | None:
        """The value after ``=`` and spaces; None (and no move) where there is none."""
        position = self._after_blank(self._position)
        if self._peek(position).kind != "equals":
            return None
        position = self._after_blank(position + 1)
        first = self._peek(position)
        end = position + 1
        if first.kind == "quoted":
            text = _ESCAPED.sub(r"\1", first.text[1:-1])
        elif first.kind == "word":
            # Some registries forget the quotes around a realm, which may hold a "=".
            while self._peek(end).kind in ("word", "equals"):
                end += 1
            text = "".join(lexeme.text for lexeme in self._lexemes[position:end])
        else:
            return None
        if self._peek(end).kind not in ("blank", "separator", "end"):
            return None
        self._position = end
        return text

    def skip_token68(self) -> None:
        """Move past a token68 after a scheme (RFC 9110, section 11.2)."""
        position = self._after_blank(self._position)
        if position == self._position or self._peek(position).kind != "word":
            return
        end = position + 1
        while self._peek(end).kind == "equals":
            end += 1
        if self._peek(self._after_blank(end)).kind in ("separator", "end"):
            self._position = end

    def skip_to_separator(self) -> None:
        while self._peek(self._position).kind not in ("separator", "end"):
            self._position += 1

    def _after_blank(self, position: int) -> int:
        return position + 1 if self._peek(position).kind == "blank" else position

    def _peek(self, position: int) -> _Lexeme:
        return self._lexemes[position] if position < len(self._lexemes) else _END
