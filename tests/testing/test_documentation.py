"""The examples of `docs/testing.md` are those that the user's project runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = re.findall(
    r"^```python\n(.+?)^```$",
    (ROOT / "docs" / "testing.md").read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)


@pytest.fixture(scope="module")
def project() -> str:
    folder = ROOT / "tests" / "user_project" / "project"
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted(folder.rglob("*.py")))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.partition("(")[0])
def test_an_example_is_one_of_a_project_that_is_tested(example: str, project: str) -> None:
    assert example in project


def test_every_test_of_the_project_is_an_example(project: str) -> None:
    tests = re.findall(r"^def test_\w+", project, re.MULTILINE)
    assert len(tests) == 5
    assert all(any(example.startswith(test) for example in EXAMPLES) for test in tests)
