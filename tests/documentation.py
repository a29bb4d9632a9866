"""The pages of the documentation, as the tests read them."""

from __future__ import annotations

import re
from pathlib import Path

_PAGES = Path(__file__).parents[1] / "docs"


def page(name: str) -> str:
    """A page's text."""
    return (_PAGES / name).read_text(encoding="utf-8")


def example(name: str, title: str) -> str:
    """The example of a page that has this title in a comment above it."""
    comment = re.escape(f"<!-- example: {title} -->")
    match = re.search(rf"{comment}\n```\w*\n(.*?)```", page(name), re.DOTALL)
    assert match, title
    return match[1]
