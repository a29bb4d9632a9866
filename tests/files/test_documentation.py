"""What `docs/files.md` shows is what the commands print."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.documentation import example
from tests.files.conftest import Program

FILES = {
    "Dockerfile": "FROM python:3.12\n",
    "compose.yaml": "services: {web: {image: nginx:1.25}}\n",
    "task.json": '{"containerDefinitions": [{"image": "mvanholsteijn/paas-monitor:3.1.0"}]}\n',
}


@pytest.mark.parametrize("title", ["list", "pin", "update", "resolve"])
def test_an_example_prints_what_is_shown(folder: Path, program: Program, title: str) -> None:
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    command, _, output = example("files.md", title).partition("\n")
    result = program(*shlex.split(command.removeprefix("$ pinned-images ")))
    assert result.returncode == 0
    assert result.stdout + result.stderr == output
