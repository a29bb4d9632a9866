"""A value as a sequence of literal strings and tokens, to change its text and keep its functions.

``Fn::Join`` and ``Fn::Sub`` are split into fragments and joined again in the same form; any other
function is one token.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any, Literal

from msgspec import Struct

from pinned_images.cloudformation.interpreter import variable_value
from pinned_images.cloudformation.intrinsics import intrinsic_of, sub_arguments, sub_fragments


class LiteralText(Struct, frozen=True):
    """A literal string.

    Attributes:
        reads: The string.
        written: How it is written in ``Fn::Sub``, where ``${!Name}`` reads ``${Name}``.
        element: Which element of the value it came from; -1 for what is new.
        is_delimiter: Whether it is what ``Fn::Join`` puts between two elements.
    """

    reads: str
    written: str = ""
    element: int = -1
    is_delimiter: bool = False

    def cut(self, start: int, end: int | None = None) -> LiteralText:
        """A part of the fragments."""
        if start == 0 and (end is None or end >= len(self.reads)):
            return self
        part = self.reads[start:end]
        return LiteralText(part, part, self.element, self.is_delimiter)


class Token(Struct, frozen=True):
    """A value that is not a literal string; `variable` is its name where ``Fn::Sub`` names it."""

    value: Any
    variable: str | None = None


Fragment = LiteralText | Token


class Fragments(Struct, frozen=True):
    """A value split into literals and tokens.

    Example:
        >>> fragments = Fragments.of({"Fn::Join": ["", ["app:", {"Ref": "Tag"}]]})
        >>> Fragments.put_together(fragments, [*fragments.row, LiteralText("@sha256:...")])
        {'Fn::Join': ['', ['app:', {'Ref': 'Tag'}, '@sha256:...']]}
    """

    form: Literal["text", "join", "sub", "token"]
    row: tuple[Fragment, ...]
    delimiter: str = ""
    variables: Mapping[str, Any] = {}

    @classmethod
    def of(cls, value: Any) -> Fragments:
        """Split a value; every value can be split."""
        if isinstance(value, str):
            return cls("text", (LiteralText(value, value, 0),))
        match intrinsic_of(value):
            case ("Fn::Join", [str(delimiter), list(elements)]):
                return cls("join", tuple(_join_row(delimiter, elements)), delimiter)
            case ("Fn::Sub", argument):
                arguments = sub_arguments(argument)
                if arguments is not None:
                    text, variables = arguments
                    return cls("sub", tuple(_sub_row(text, variables)), variables=variables)
        return cls("token", (Token(value),))

    def put_together(self, row: Sequence[Fragment]) -> Any:
        """A value of the same form from other fragments, as far as the form can hold them."""
        if self.form == "sub":
            return self._sub(row)
        if self.form == "join" and self.delimiter:
            elements = _between_delimiters(row)
            if elements is not None and (len(elements) > 1 or len(self.row) == 1):
                return {"Fn::Join": [self.delimiter, [_plain(fragment) for fragment in elements]]}
        merged = _merged(row)
        if len(merged) == 1 and (self.form == "text" or len(self.row) > 1):
            return _plain(merged[0])
        return {"Fn::Join": ["", [_plain(fragment) for fragment in merged]]}

    def _sub(self, row: Sequence[Fragment]) -> Any:
        before = {fragment.variable for fragment in self.row if isinstance(fragment, Token)}
        variables = dict(self.variables)
        fresh_names = _fresh_names({*before, *variables})
        after: set[str] = set()
        parts: list[str] = []
        for fragment in row:
            if isinstance(fragment, LiteralText):
                parts.append(fragment.written)
                continue
            name = fragment.variable
            if name is None:
                name = next(fresh_names)
                variables[name] = fragment.value
            after.add(name)
            parts.append(f"${{{name}}}")
        for name in before - after:
            variables.pop(str(name), None)
        text = "".join(parts)
        return {"Fn::Sub": [text, variables] if variables else text}


def _join_row(delimiter: str, elements: list[Any]) -> Iterator[Fragment]:
    for index, element in enumerate(elements):
        if index and delimiter:
            yield LiteralText(delimiter, delimiter, is_delimiter=True)
        yield LiteralText(element, element, index) if isinstance(element, str) else Token(element)


def _sub_row(text: str, variables: Mapping[str, Any]) -> Iterator[Fragment]:
    for index, fragment in enumerate(sub_fragments(text)):
        if fragment.variable is None:
            yield LiteralText(fragment.reads, fragment.written, index)
        else:
            yield Token(variable_value(fragment.variable, variables), fragment.variable)


def _between_delimiters(row: Sequence[Fragment]) -> list[Fragment] | None:
    """The elements of a row that still is elements with one delimiter between each two."""
    elements = row[::2]
    if len(row) % 2 == 0 or any(_is_delimiter(fragment) for fragment in elements):
        return None
    return list(elements) if all(_is_delimiter(fragment) for fragment in row[1::2]) else None


def _is_delimiter(fragment: Fragment) -> bool:
    return isinstance(fragment, LiteralText) and fragment.is_delimiter


def _merged(row: Sequence[Fragment]) -> list[Fragment]:
    """The row with new text and parts of one element joined; elements apart stay apart."""
    merged: list[Fragment] = []
    parts: list[LiteralText] = []
    element = -1
    for fragment in row:
        if (
            isinstance(fragment, LiteralText)
            and parts
            and (-1 in (fragment.element, element) or fragment.element == element)
        ):
            parts.append(fragment)
            element = max(element, fragment.element)
            continue
        merged += _joined(parts)
        parts = []
        if isinstance(fragment, LiteralText):
            parts, element = [fragment], fragment.element
        else:
            merged.append(fragment)
    merged += _joined(parts)
    return merged


def _joined(parts: Sequence[LiteralText]) -> Sequence[LiteralText]:
    """Parts joined to one string."""
    if len(parts) < 2:  # noqa: PLR2004 - nothing to join
        return parts
    return [
        LiteralText(
            "".join(part.reads for part in parts),
            "".join(part.written for part in parts),
            max(part.element for part in parts),
        )
    ]


def _plain(fragment: Fragment) -> Any:
    return fragment.reads if isinstance(fragment, LiteralText) else fragment.value


def _fresh_names(taken: set[Any]) -> Iterator[str]:
    return (name for number in count(1) if (name := f"Image{number}") not in taken)
