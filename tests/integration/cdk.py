"""The real CDK CLI, as the tests run it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
CDK = PROJECT / "node_modules" / ".bin" / "cdk"

#: What the user who runs the tests has set must not lead a synth elsewhere.
_OF_THE_USER = ("PINNED_IMAGES_", "CDK_", "AWS_", "HTTP_PROXY", "HTTPS_PROXY")


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


def environment_of_a_synth(**more: str) -> dict[str, str]:
    """Environment variables in which an app finds Python, this project, and no one's settings."""
    inherited = {
        name: text for name, text in os.environ.items() if not name.startswith(_OF_THE_USER)
    }
    return {
        **inherited,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "PYTHONPATH": str(PROJECT),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        **more,
    }


def mirrors_variable(mirrors: Mapping[str, str]) -> str:
    """Mirrors as ``PINNED_IMAGES_MIRRORS`` takes them."""
    return ",".join(f"{host}={url}" for host, url in mirrors.items())
