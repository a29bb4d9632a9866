"""What the package costs before it does anything."""

from __future__ import annotations

import json
import sys

from benchmarks.processes import run
from benchmarks.results import Mark, Measurement, Table, at_most
from benchmarks.samples import Samples, in_turns

REPETITIONS = 11

_IMPORT = """
import json, time
import aws_cdk
started = time.perf_counter()
{statement}
print(json.dumps(time.perf_counter() - started))
"""
_LOADED = """
import contextlib, io, json, sys
from pinned_images.cli.__main__ import main
sys.argv = ["pinned-images", "--help"]
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    main()
print(json.dumps(sorted({"aws_cdk", "boto3"} & sys.modules.keys())))
"""

_WHY_NOT = (
    "The class brings what every synth needs: sixty modules with their types and regular "
    "expressions, which Python makes anew in each process. No single one stands out, and loading "
    "them later would move the time into the synth. The package itself loads without them."
)
_PACKAGE = "import pinned_images"
_CLASS = "from pinned_images import PinImages"
_HELP = "pinned-images --help"
_NOTHING = "python -c pass"


def measure() -> Measurement:
    """Measure imports beside `aws_cdk`, and the help of the command line."""
    runs = in_turns(
        {
            _PACKAGE: lambda: _import(_PACKAGE),
            _CLASS: lambda: _import(_CLASS),
            _HELP: lambda: run([sys.executable, "-m", "pinned_images.cli", "--help"]).seconds,
            _NOTHING: lambda: run([sys.executable, "-c", "pass"]).seconds,
        },
        REPETITIONS,
    )
    samples = {name: Samples(tuple(values)) for name, values in runs.items()}
    return Measurement(
        "Import and start",
        f"Each {REPETITIONS} times in turns, in a process of its own: imports after "
        "`import aws_cdk`, the help as a whole process.",
        [
            _milliseconds(f"`{_PACKAGE}` after `import aws_cdk`", samples[_PACKAGE], 30),
            _milliseconds(f"`{_CLASS}` after `import aws_cdk`", samples[_CLASS], 30, _WHY_NOT),
            _milliseconds(f"`{_HELP}`", samples[_HELP], 150),
            _loaded(),
        ],
        [Table(("", "seconds"), [(name, str(each)) for name, each in samples.items()])],
    )


def _import(statement: str) -> float:
    output = run([sys.executable, "-c", _IMPORT.format(statement=statement)]).output
    return float(json.loads(output.splitlines()[-1]))


def _milliseconds(what: str, samples: Samples, limit: int, why_not: str = "") -> Mark:
    return at_most(f"{what}: at most {limit} ms", samples.median * 1000, limit, why_not)


def _loaded() -> Mark:
    loaded = json.loads(run([sys.executable, "-c", _LOADED]).output.splitlines()[-1])
    aim = f"`{_HELP}` imports neither aws_cdk nor boto3"
    return Mark(aim, ", ".join(loaded) or "neither", not loaded)
