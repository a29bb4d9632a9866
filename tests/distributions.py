"""The sdist and the wheel of this checkout, built once in a run of the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from filelock import FileLock

PROJECT = Path(__file__).parents[1]


def build_distributions(shared: Path) -> Path:
    """Build both, or wait until another process has.

    The wheel is built from the unpacked sdist, as pip does it.

    Args:
        shared: A folder of this run, for all its processes.

    Returns:
        The folder that holds them.
    """
    folder = shared / "distributions"
    with FileLock(shared / "distributions.lock"):
        if not folder.is_dir():
            building = shared / "distributions.building"
            options = ["--no-isolation", "--outdir", str(building)]
            build = [sys.executable, "-m", "build", *options, str(PROJECT)]
            environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
            finished = subprocess.run(
                build, env=environment, capture_output=True, text=True, check=False
            )
            assert finished.returncode == 0, finished.stdout + finished.stderr
            building.rename(folder)
    return folder
