"""The example app with everything in its lock file, against the app without `PinImages`."""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.processes import CDK, run
from benchmarks.results import Measurement, Table, at_most
from benchmarks.samples import Samples, in_turns

REPETITIONS = 5


def measure() -> Measurement:
    """Fill a lock file as `make synth` would, then synthesize with it and without `PinImages`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lock_file = ["-c", f"pinned-images:lock-file={folder / 'pinned-images.lock.json'}"]
        _make_synth(folder, lock_file)
        frozen = [*lock_file, "-c", "pinned-images:update=never"]
        runs = in_turns(
            {
                "without PinImages": partial(_synth, "without", folder, []),
                "with PinImages and a lock file": partial(_synth, "with", folder, frozen),
            },
            REPETITIONS,
        )
    without, with_it = (Samples(tuple(values)) for values in runs.values())
    return Measurement(
        "Warm synth of the example app",
        f"`cdk synth` of app.py, {REPETITIONS} times in turns, from the start of the CDK CLI to "
        "its end. The lock file holds every digest, and nobody is asked.",
        [
            at_most(
                "with PinImages and a lock file against without PinImages, at most 1.1",
                with_it.median / without.median,
                1.1,
            )
        ],
        [
            Table(
                ("", "seconds"),
                list(zip(runs, map(str, (without, with_it)), strict=True)),
            )
        ],
    )


def _make_synth(folder: Path, context: list[str]) -> None:
    output = ["--output", str(folder / "first")]
    run([sys.executable, "-m", "tools.synth_example", "--quiet", *output, *context])


def _synth(variant: str, folder: Path, context: list[str]) -> float:
    app = f"{sys.executable} -m benchmarks.example_app {variant}"
    output = ["--output", str(folder / variant)]
    return run([CDK, "synth", "--quiet", "--app", app, *output, *context]).seconds
