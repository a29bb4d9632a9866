"""Ctrl-C during registry requests, as a terminal sends it: to all processes of the synth."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.cdk import CDK, environment_of_a_synth

APP = """
import sys
import threading
import aws_cdk as cdk
from pinned_images import PinImages

class Silent:
    def resolve(self, requests):
        print("ASKED", file=sys.stderr, flush=True)
        threading.Event().wait()

app = cdk.App()
properties = {"ContainerDefinitions": [{"Name": "app", "Image": "ghcr.io/org/app:1"}]}
stack = cdk.Stack(app, "Web")
cdk.CfnResource(stack, "Task", type="AWS::ECS::TaskDefinition", properties=properties)
PinImages.apply_to(app, resolver=Silent())
"""
SYNTH = APP + "app.synth()\n"
CAUGHT = (
    APP
    + """
try:
    app.synth()
except KeyboardInterrupt:
    print("ours", file=sys.stderr)
"""
)

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups for Ctrl-C")


def interrupted(folder: Path, *command: str) -> tuple[int, list[str]]:
    """The exit code, and what was printed after registries were asked."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment_of_a_synth(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert any(line == "ASKED\n" for line in process.stdout)
    os.killpg(process.pid, signal.SIGINT)
    printed, _ = process.communicate()
    # Ctrl-C reaches Node.js, too, which may lose its pipe before it ends; jsii relays what it says
    # of that as bytes, and a program that catches the interruption keeps its standard error.
    own_lines = [line for line in printed.splitlines() if not line.startswith(("b'", 'b"'))]
    return process.returncode, own_lines


def test_an_app_ends_with_one_line_and_130(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SYNTH, encoding="utf-8")
    assert interrupted(tmp_path, sys.executable, "app.py") == (
        130,
        ["Interrupted: the app was not synthesized."],
    )


def test_a_program_that_catches_the_interruption_goes_on(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(CAUGHT, encoding="utf-8")
    assert interrupted(tmp_path, sys.executable, "app.py") == (0, ["ours"])


def test_the_cdk_cli_shows_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SYNTH, encoding="utf-8")
    command = [str(CDK), "synth", "--quiet", "--no-notices", "--app", f"{sys.executable} app.py"]
    code, printed = interrupted(tmp_path, *command)
    assert code != 0
    assert "Interrupted: the app was not synthesized." in printed
    assert not any("Traceback" in line for line in printed)
