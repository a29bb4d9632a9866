"""Foreign text in GitHub Flavored Markdown: code spans, escaped words and rows of tables.

Images and paths are in code spans, where nothing is markup; other words are escaped. A pipe
is escaped in both, as "Tables (extension)" of the GFM specification requires. Both are bounded, so
that no row fills a comment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pinned_images.grouping import MOST_NAMED
from pinned_images.printable import printable, shortened

# Mentions and references to issues are looked for in what is rendered, where a backslash is gone: a
# comment parts them.
_ESCAPES = str.maketrans(
    {character: f"\\{character}" for character in "\\`*_{}[]()+!|~$"}
    | {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "@<!-- -->", "#": r"\#<!-- -->"}
)
# No image reference and no sentence of this library is longer.
_LONGEST_SPAN = 600
_LONGEST_WORDS = 1_000


def code_span(text: str) -> str:
    """A code span, fenced by more backticks than it holds ("Code spans")."""
    text = _one_line(shortened(text, _LONGEST_SPAN))
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{blank}{text}{blank}{fence}".replace("|", r"\|")


def code_spans(texts: Sequence[str]) -> str:
    """The first texts, each in a code span on a line of its own, and the number of the others."""
    shown = [code_span(text) for text in texts[:MOST_NAMED]]
    more = len(texts) - len(shown)
    return "<br>".join([*shown, f"and {more} more"] if more else shown)


def escaped_words(text: str) -> str:
    """Escaped text, without mentions (``@name``) and references to issues (``#1``)."""
    return _one_line(shortened(text, _LONGEST_WORDS)).translate(_ESCAPES)


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are Markdown."""
    return "\n".join(map(markdown_row, [header, ["---"] * len(header), *rows]))


def markdown_row(cells: Sequence[str]) -> str:
    """A row of a table."""
    return f"| {' | '.join(cells)} |"


def _one_line(text: str) -> str:
    return " ".join(printable(text).split())
