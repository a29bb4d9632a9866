"""The real CDK CLI, as the tests run it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tools.example_network import OF_THE_USER, without

PROJECT = Path(__file__).resolve().parents[2]
#: The TypeScript compiler is a Go program, and collects garbage for a third of its time.
OF_TYPESCRIPT = {"GOGC": "off"}
#: The CLI in `node_modules`, with what V8 has compiled of it before.
CDK = Path(__file__).parent / "bin" / "cdk"


def cdk_synth(
    folder: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """``cdk synth`` in a folder that holds an app, into its ``cdk.out``.

    Args:
        folder: Where ``cdk.json`` is, unless the arguments name an app.
        arguments: Further arguments of the CLI.
        environment: Further environment variables.
    """
    return subprocess.run(
        [str(CDK), "synth", "--quiet", "--no-notices", *arguments],
        cwd=folder,
        env=environment_of_a_synth(**environment),
        capture_output=True,
        text=True,
        check=False,
    )


def cdk_reads(
    assembly: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """``cdk synth`` of a finished cloud assembly: the CLI reads it and prints its report.

    For apps that the tests synthesize in their own process, which has the CDK loaded.

    Args:
        assembly: The cloud assembly.
        arguments: Further arguments of the CLI.
        environment: Further environment variables.
    """
    return cdk_synth(assembly.parent, "--app", str(assembly), *arguments, **environment)


def environment_of_a_synth(**more: str) -> dict[str, str]:
    """Environment variables in which an app finds Python, this project, and no one's settings."""
    return {
        **without(os.environ, OF_THE_USER),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "PYTHONPATH": str(PROJECT),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_VALIDATION": "false",  # see tests/conftest.py
        **more,
    }
