"""The fragments of a JSON text by their positions in it.

A placeholder takes the place of a token, as `json_text` has it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from pinned_images.cloudformation import json_text
from pinned_images.cloudformation.fragments import Fragment, Fragments, LiteralText, Token
from pinned_images.cloudformation.json_text import PLACEHOLDER_WIDTH


class FragmentRow(Struct, frozen=True):
    """Fragments of a JSON text, found by their positions.

    Attributes:
        fragments: The value as a whole.
        row: Its fragments.
        ends: Where each ends in the text.
        text: The text, with placeholders for tokens.
        mark: The character of the placeholders; empty where there are none.
    """

    fragments: Fragments
    row: Sequence[Fragment]
    ends: Sequence[int]
    text: str
    mark: str

    @classmethod
    def of(cls, fragments: Fragments, row: Sequence[Fragment]) -> FragmentRow:
        """Build a row of fragments."""
        texts = [fragment.reads if isinstance(fragment, LiteralText) else None for fragment in row]
        mark = ""
        if None in texts:
            mark = json_text.free_mark("".join(text for text in texts if text is not None))
        placeholder = mark * PLACEHOLDER_WIDTH
        text = "".join(placeholder if text is None else text for text in texts)
        ends = list(accumulate(PLACEHOLDER_WIDTH if each is None else len(each) for each in texts))
        return cls(fragments, row, ends, text, mark)

    def reads_as(self, other: FragmentRow) -> bool:
        """Whether another row has the same text, and the same tokens in it."""
        return self.text == other.text and self._tokens() == other._tokens()

    def _tokens(self) -> list[Any]:
        return [fragment.value for fragment in self.row if isinstance(fragment, Token)]

    def between(self, start: int, end: int | None) -> list[Fragment]:
        """The fragments from one place of the text to another."""
        found: list[Fragment] = []
        index = bisect_right(self.ends, start)
        while index < len(self.row) and (end is None or _start(self.ends, index) < end):
            fragment = self.row[index]
            if isinstance(fragment, LiteralText):
                position = _start(self.ends, index)
                first = max(start - position, 0)
                last = (
                    len(fragment.reads) if end is None else min(end - position, len(fragment.reads))
                )
                if first < last:
                    found.append(fragment.cut(first, last))
            else:
                found.append(fragment)
            index += 1
        return found

    def value(self, start: int, end: int) -> Any:
        """The value of a string in the JSON text."""
        read = [
            _decoded(fragment) if isinstance(fragment, LiteralText) else fragment
            for fragment in self.between(start, end)
        ]
        if not any(isinstance(fragment, Token) for fragment in read):
            return "".join(fragment.reads for fragment in read if isinstance(fragment, LiteralText))
        if self.fragments.form == "sub":
            names = (str(fragment.variable) for fragment in read if isinstance(fragment, Token))
            given = self.fragments.variables
            variables = {name: given[name] for name in names if name in given}
            return Fragments("sub", tuple(read), variables=variables).put_together(read)
        elements = [
            fragment.reads if isinstance(fragment, LiteralText) else fragment.value
            for fragment in read
        ]
        return {"Fn::Join": ["", elements]}


def _start(ends: Sequence[int], index: int) -> int:
    return ends[index - 1] if index else 0


def length_of(row: Sequence[Fragment]) -> int:
    """The number of characters that fragments take in the text."""
    return sum(
        len(fragment.reads) if isinstance(fragment, LiteralText) else PLACEHOLDER_WIDTH
        for fragment in row
    )


def _decoded(fragment: LiteralText) -> LiteralText:
    reads = json_text.decoded(fragment.reads)
    return fragment if reads == fragment.reads else LiteralText(reads, reads)


def written_in_json(value: Any, old: Sequence[Fragment]) -> list[Fragment]:
    """A value as fragments of a JSON string; a token of the old ones stays the same token."""
    tokens = [fragment for fragment in old if isinstance(fragment, Token)]
    row: list[Fragment] = []
    for fragment in Fragments.of(value).row:
        if isinstance(fragment, Token):
            row.append(fragment if fragment in tokens else replace(fragment, variable=None))
        else:
            written = json_text.encoded(fragment.reads)
            row.append(LiteralText(written, written))
    return row
