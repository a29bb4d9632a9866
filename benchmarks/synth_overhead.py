"""What pinning adds to the synth of a large app whose digests are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

from benchmarks.processes import run_module
from benchmarks.results import Measurement, Table, at_most
from benchmarks.samples import Samples, in_turns
from benchmarks.variants import APPLY_TO, ASPECT, IDLE, PLAIN

CONTAINERS = 2000
STACKS = 20
REPETITIONS = 5
#: What happens less often than this, in all variants together, is one line.
_OFTEN = 200

_WHY_NOT_THE_ASPECT = (
    "CDK shows every construct to an Aspect, and to one that is written in Python through a call "
    "out of Node.js for each. That is all that the aspect that does nothing costs, `PinImages` "
    "as an Aspect has the same calls, and what it does comes on top. CDK has no way for an aspect "
    "to be shown some constructs only: its own aspects that pass constructs over are written in "
    "TypeScript and call nobody, or, like `Tag`, call for what can be tagged and would miss a "
    "resource that cannot. `PinImages.apply_to` has no such calls."
)


def measure() -> Measurement:
    """Measure the app without an aspect, with one that does nothing, and with `PinImages`."""
    runs = in_turns(
        {name: partial(_run, name) for name in (PLAIN, IDLE, ASPECT, APPLY_TO)}, REPETITIONS
    )
    seconds = {
        name: Samples(tuple(float(each["seconds"]) for each in some)) for name, some in runs.items()
    }
    idle = seconds[IDLE].median
    inside = {name: _run(name, look_inside=True) for name in (IDLE, ASPECT, APPLY_TO)}
    return Measurement(
        "Synth of a large app",
        f"{CONTAINERS:,} containers in {CONTAINERS // 2:,} Fargate task definitions in {STACKS} "
        f"stacks; all digests are known. `app.synth()` and the line that adds the aspect, "
        f"{REPETITIONS} times in turns, each in a process of its own.",
        [
            at_most(
                "as an Aspect: the time of the synth against that with an aspect that does "
                "nothing, at most 1.0",
                seconds[ASPECT].median / idle,
                1.0,
                _WHY_NOT_THE_ASPECT,
            ),
            at_most(
                "by apply_to: the same, below 1.0",
                seconds[APPLY_TO].median / idle,
                0.999,
            ),
        ],
        [_times(seconds), _crossings(inside)],
    )


def _run(variant: str, *, look_inside: bool = False) -> dict[str, Any]:
    arguments = {"variant": variant, "containers": CONTAINERS, "stacks": STACKS}
    return run_module("benchmarks.synth_once", {**arguments, "look_inside": look_inside})


def _times(seconds: Mapping[str, Samples]) -> Table:
    plain, idle = seconds[PLAIN].median, seconds[IDLE].median
    rows = [
        (
            name,
            str(some),
            f"{some.median / plain:.3f}",
            f"{(some.median - plain) / (idle - plain):.2f}",
        )
        for name, some in seconds.items()
    ]
    head = ("", "seconds", f"against {PLAIN}", "what is added, against what doing nothing adds")
    return Table(head, rows)


def _crossings(inside: Mapping[str, dict[str, Any]]) -> Table:
    """Where the time goes: crossings between Python and Node.js by kind."""
    counts = {name: Counter(measured["crossings"]) for name, measured in inside.items()}
    together = sum(counts.values(), Counter[str]())
    often = [kind for kind, count in together.most_common() if count >= _OFTEN]
    rows = [(kind, *(f"{count[kind]:,}" for count in counts.values())) for kind in often]
    rest = [sum(count[kind] for kind in count if kind not in often) for count in counts.values()]
    rows.append(("all others", *(f"{each:,}" for each in rest)))
    rows.append(("together", *(f"{count.total():,}" for count in counts.values())))
    return Table(("crossings between Python and Node.js", *counts), rows)
