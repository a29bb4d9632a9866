"""``pinned-images demo``, as a newcomer runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pinned_images.lockfile import LockFile
from tests.cli.conftest import Run
from tests.documentation import example

#: An installation without extras, in which an import of what they bring fails.
BASE = """
import sys
class Absent:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in (
            "aws_cdk", "constructs", "jsii", "pytest", "syrupy", "starlette", "uvicorn"
        ):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
from pinned_images.cli.__main__ import main
"""
INTERRUPTED = """
import os, signal
from pinned_images.testing.registry_server import RegistryServer
signal.signal(signal.SIGINT, signal.default_int_handler)
RegistryServer.move_tag = lambda *_: os.kill(os.getpid(), signal.SIGINT)
"""


def demo(code: str, temporary: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the demo for a user whose settings lead elsewhere."""
    return subprocess.run(
        [sys.executable, "-c", f"{BASE}{code}main()", "demo", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={
            **os.environ,
            "TMPDIR": str(temporary),
            "HTTP_PROXY": "http://127.0.0.1:1",
            "PINNED_IMAGES_MIRRORS": "docker.io=http://127.0.0.1:1",
            "PINNED_IMAGES_UPDATE": "never",
            "DOCKER_CONFIG": "/nonexistent",
        },
    )


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def test_the_demo_prints_what_the_page_shows_and_leaves_nothing(
    folder: Path, temporary: Path
) -> None:
    result = demo("", temporary)
    assert result.returncode == 0, result.stdout
    command, _, printed = example("demo.md", "demo").partition("\n")
    assert command == "$ pinned-images demo"
    assert result.stdout == printed
    assert list(temporary.iterdir()) == []
    assert list(folder.iterdir()) == [temporary]


def test_ctrl_c_in_the_demo_is_one_line_and_leaves_nothing(folder: Path, temporary: Path) -> None:
    result = demo(INTERRUPTED, temporary)
    assert result.returncode == 130
    assert result.stdout.endswith("2 pinned.\n\nInterrupted.\n")
    assert list(temporary.iterdir()) == []


def test_the_files_of_the_demo_can_be_kept(run: Run, folder: Path) -> None:
    before = dict(os.environ)
    result = run("demo", "shop")
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith("The files are in shop.\n")
    assert {path.name for path in Path("shop").iterdir()} == {
        "compose.yaml",
        "cdk.out",
        "pinned-images.lock.json",
    }
    assert run("pin", "shop/compose.yaml", "--check").exit_code == 0
    assert len(LockFile.read("shop/pinned-images.lock.json").entries) == 2
    assert (Path.cwd(), dict(os.environ)) == (folder, before)
    again = run("demo", "shop")
    assert again.exit_code == 2
    assert "is not empty" in again.stderr


def test_a_folder_that_cannot_be_made_is_one_sentence(run: Run, folder: Path) -> None:
    Path("file").write_text("")
    result = run("demo", "file/below")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
