"""The examples of `docs/testing.md` are those that the user's project runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documentation import Block, all_blocks

FOLDER = Path(__file__).parents[1] / "user_project" / "project"
PROJECT = [file.read_text(encoding="utf-8") for file in sorted(FOLDER.rglob("*.py"))]
EXAMPLES = [
    block
    for block in all_blocks()
    if block.page == "docs/testing.md" and block.language == "python" and "def " in block.text
]


def imports(source: str) -> Iterator[tuple[str | None, str]]:
    for node in ast.parse(source).body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            yield from ((module, alias.name) for alias in node.names)


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_is_a_part_of_a_project_that_is_tested(example: Block) -> None:
    [file] = [
        text for text in PROJECT if re.findall(r"^def .*", example.text, re.MULTILINE)[0] in text
    ]
    names = {*imports(file), ("shop", "Shop")}
    assert set(imports(example.text)) <= names
    for node in ast.parse(example.text).body:
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            assert (ast.get_source_segment(example.text, node) or "?") in file


def test_every_test_of_the_project_is_an_example() -> None:
    tests = re.findall(r"^def test_\w+", "\n".join(PROJECT), re.MULTILINE)
    assert len(tests) == 5
    assert all(any(test in example.text for example in EXAMPLES) for test in tests)
