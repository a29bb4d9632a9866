"""The pages of the documentation, as the tests read them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

PROJECT = Path(__file__).parents[1]
_PAGES = PROJECT / "docs"
_TITLE = re.compile(r"<!-- example: (.*?) -->")


@dataclass(frozen=True)
class Block:
    """A block of code in a page.

    Attributes:
        page: The page's path in the project.
        language: As after the fence: ``python``; ``indented`` where there is no fence.
        title: The title in a comment above it, by which a test finds it; empty where there is none.
        text: The code.
    """

    page: str
    language: str
    title: str
    text: str

    @property
    def name(self) -> str:
        """The title, or the first line."""
        return self.title or self.text.partition("\n")[0]

    def __str__(self) -> str:
        return f"{self.page}: {self.name}"


def page(name: str) -> str:
    """A page's text."""
    return (_PAGES / name).read_text(encoding="utf-8")


def example(name: str, title: str) -> str:
    """The example of a page that has this title in a comment above it."""
    comment = re.escape(f"<!-- example: {title} -->")
    match = re.search(rf"{comment}\n```\w*\n(.*?)```", page(name), re.DOTALL)
    assert match, title
    return match[1]


@functools.cache
def all_blocks() -> Sequence[Block]:
    """The blocks of code of all pages, and of the files of the project that are pages too."""
    pages = [*PROJECT.glob("*.md"), *_PAGES.glob("*.md"), *PROJECT.glob("examples/*/*.md")]
    return tuple(block for path in sorted(pages) for block in _blocks(path))


def _blocks(path: Path) -> Iterator[Block]:
    name = path.relative_to(PROJECT).as_posix()
    title = ""
    for token in MarkdownIt().parse(path.read_text(encoding="utf-8")):
        if token.type in ("fence", "code_block"):
            language = token.info.strip() if token.type == "fence" else "indented"
            yield Block(name, language, title, token.content)
        comment = _TITLE.fullmatch(token.content.strip()) if token.type == "html_block" else None
        title = comment[1] if comment else ""
