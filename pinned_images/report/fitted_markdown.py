"""Markdown that fits a limit: whole rows are left out and counted, no text is cut.

GitHub refuses a longer body with "Body is too long (maximum is 65536 characters)". What it counts
differs: characters for the text of a pull request, 262,144 bytes of UTF-8 for comments
(github.com/dead-claudia/github-limits, pull request 13, measured). The number of bytes is never
smaller than any other, so that is what is counted here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pinned_images.report.markdown_text import markdown_row, markdown_table
from pinned_images.wording import counted

#: What fits a comment on GitHub.
COMMENT_BYTES = 65_536

#: The least limit: a heading, a sentence and the note about what is left out.
LEAST_BYTES = 1_000

# "and 12345678 more" in its own paragraph; and the last line.
_NOTE_BYTES = 40
_LAST_LINE_BYTES = 120


@dataclass(frozen=True, slots=True)
class MarkdownTable:
    """A table, whose rows may be left out from the end.

    Attributes:
        header: The names of the columns.
        rows: The cells, as Markdown.
        title: A heading above it, or the text of a folded one.
        folded: Whether it is closed at first.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    folded: bool = False

    def render(self, rows: int | None = None) -> str:
        """The table with its first rows; all of them if left out."""
        shown = self.rows if rows is None else self.rows[:rows]
        left_out = len(self.rows) - len(shown)
        text = markdown_table(self.header, shown)
        if left_out:
            text += f"\n\nand {left_out} more"
        if self.folded:
            return f"<details><summary>{self.title}</summary>\n\n{text}\n\n</details>"
        return f"#### {self.title}\n\n{text}" if self.title else text


def fitted(parts: Iterable[str | MarkdownTable], limit: int | None = None) -> str:
    """Paragraphs and tables as one text of at most so many bytes.

    Tables are filled in their order; when one is cut, those after it are left out. Both are said.

    Args:
        parts: Paragraphs, which must fit, and tables.
        limit: The most bytes of UTF-8, at least `LEAST_BYTES`; None for all.

    Example:
        >>> table = MarkdownTable(["a"], [["x" * 500]] * 5)
        >>> print(fitted([table], 1_400).replace("x" * 500, "x..."))
        | a |
        | --- |
        | x... |
        | x... |
        <BLANKLINE>
        and 3 more
        <BLANKLINE>
    """
    if limit is None:
        return "\n\n".join(map(_rendered, parts)) + "\n"
    kept: list[str] = []
    room = limit - _LAST_LINE_BYTES
    left_out: list[MarkdownTable] = []
    for part in parts:
        if isinstance(part, str):
            kept.append(part)
            room -= _size(part) + 2
            continue
        rows = 0 if left_out else _rows_that_fit(part, room)
        if rows:
            kept.append(part.render(rows))
            room -= _size(kept[-1]) + 2
        if not rows and part.rows:
            left_out.append(part)
        elif rows < len(part.rows):
            room = 0
    if left_out:
        kept.append(_last_line(left_out))
    return "\n\n".join(kept) + "\n"


def _rendered(part: str | MarkdownTable) -> str:
    return part if isinstance(part, str) else part.render()


def _rows_that_fit(table: MarkdownTable, room: int) -> int:
    room -= _size(table.render(0)) + 2
    room -= _NOTE_BYTES
    for number, row in enumerate(table.rows):
        room -= _size(markdown_row(row)) + 1
        if room < 0:
            return number
    return len(table.rows)


def _last_line(tables: Sequence[MarkdownTable]) -> str:
    rows = sum(len(table.rows) for table in tables)
    return f"{counted(len(tables), 'more table')} with {counted(rows, 'row')} did not fit here."


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
