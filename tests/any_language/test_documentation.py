"""The code in the pages of the languages is that of the apps here, which `test_languages` runs."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from tests.documentation import Block, all_blocks

HERE = Path(__file__).parent
#: The files that hold the code of each language; C# cannot be run here, and says so.
SOURCES = {
    "typescript": [*HERE.glob("typescript/bin/*.ts"), *HERE.glob("typescript/lib/*.ts")],
    "java": list(HERE.glob("java/src/main/java/com/example/*.java")),
    "go": list(HERE.glob("go/*.go")),
}
PAGES = {f"docs/{language}.md": language for language in SOURCES}
BLOCKS = [block for block in all_blocks() if block.page in PAGES]
CODE = [block for block in BLOCKS if block.language in SOURCES]
CONFIGURATIONS = [block for block in BLOCKS if block.language == "json"]


def is_in(code: str, source: str) -> bool:
    """Whether some lines of a file are this code, however far they are indented."""
    lines, length = source.splitlines(), len(code.splitlines())
    return any(
        textwrap.dedent("\n".join(lines[begin : begin + length])) == code.rstrip("\n")
        for begin in range(len(lines) - length + 1)
    )


def test_each_page_shows_code_and_a_configuration() -> None:
    assert {block.page for block in CODE} == {block.page for block in CONFIGURATIONS} == {*PAGES}


@pytest.mark.parametrize("block", CODE, ids=str)
def test_the_code_of_a_page_is_in_the_app(block: Block) -> None:
    assert block.language == PAGES[block.page]
    files = [path.read_text(encoding="utf-8") for path in SOURCES[block.language]]
    assert any(is_in(block.text, file) for file in files)
    assert not any(is_in(block.text + "x\n", file) for file in files)


@pytest.mark.parametrize("block", CONFIGURATIONS, ids=str)
def test_the_command_of_a_page_is_that_of_the_app(block: Block) -> None:
    configuration = (HERE / PAGES[block.page] / "cdk.json").read_text(encoding="utf-8")
    assert json.loads(block.text)["app"] == json.loads(configuration)["app"]


def test_the_page_that_is_not_tried_says_so() -> None:
    page = (HERE.parents[1] / "docs" / "csharp.md").read_text(encoding="utf-8")
    assert "**This page was not tried**" in page
