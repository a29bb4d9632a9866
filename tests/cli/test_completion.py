"""Completion in a real bash, as the page sets it up."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documentation import example

# What readline does at the Tab key (bash manual, "Programmable Completion").
COMPLETE = """
try() {
  COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
  _pinned_images_completion pinned-images "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
  echo "${COMPREPLY[*]}"
}
try pinned-images lo
try pinned-images lock ver
try pinned-images outdated --js
try pinned-images check-deployed --fail-on arch
try pinned-images schema lock-v
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no bash on Windows")
def test_bash_completes_commands_options_and_values(folder: Path) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    result = subprocess.run(
        [bash, "--norc", "-c", example("scripts.md", "bash") + COMPLETE],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    expected = ["lock", "verify", "--json", "archived", "lock-verify"]
    assert result.stdout.splitlines() == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_of_the_page_has_a_script(shell: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "pinned_images"],
        env={**os.environ, "_PINNED_IMAGES_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0
    assert "pinned-images" in result.stdout
