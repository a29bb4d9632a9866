"""What pinning adds to the synth of a large app whose digests are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

from benchmarks.processes import run_module
from benchmarks.results import Mark, Measurement, Table, at_most
from benchmarks.samples import Samples, in_turns
from benchmarks.variants import APPLY_TO, ASPECT, IDLE, PLAIN

#: Task definitions and nothing else.
BARE = {"containers": 2000, "stacks": 20}
BARE_REPETITIONS = 5
#: Each task definition with a service, each container with a log group.
FULL = {"containers": 400, "stacks": 20, "services": True}
FULL_REPETITIONS = 5
#: What happens less often than this, in all variants together, is one line.
_OFTEN = 200

_WHY_NOT_THE_ASPECT = (
    "CDK shows every construct to an Aspect, and to one that is written in Python by a call out of "
    "Node.js for each. These calls are all that the aspect that does nothing costs; `PinImages` as "
    "an Aspect is called as often, and what it does comes on top. CDK has no way to show an aspect "
    "some constructs only: its own aspects that pass constructs over are written in TypeScript. "
    "Only `Tag` could be extended in Python and be called for fewer, for what can be tagged; it "
    "would miss a resource that cannot be, in silence. `PinImages.apply_to` has no such calls."
)
_WHY_NOT_APPLY_TO = (
    "In an app that is nothing but task definitions there are six constructs for each, so doing "
    "nothing costs six calls out of Node.js. `PinImages.apply_to` asks five questions for each and "
    "some forty for each stack, which is as many crossings, as the table shows; finding, pinning "
    "and checking the images comes on top. jsii has no way to ask about many constructs at once. "
    "With what usually stands around a task definition, as in the full app, there are more "
    "constructs and no more questions."
)


def measure() -> Measurement:
    """Measure an app without an aspect, with one that does nothing, and with `PinImages`."""
    bare = _seconds(BARE, BARE_REPETITIONS)
    full = _seconds(FULL, FULL_REPETITIONS)
    inside = {
        name: run_module("benchmarks.synth_once", {"variant": name, **BARE, "look_inside": True})
        for name in (IDLE, ASPECT, APPLY_TO)
    }
    return Measurement(
        "Synth of a large app",
        "All digests are known. What is timed is `app.synth()` and the line that adds the aspect, "
        "in turns, each in a process of its own. The bare app has "
        f"{BARE['containers']:,} containers in half as many Fargate task definitions in "
        f"{BARE['stacks']} stacks, and nothing else ({BARE_REPETITIONS} times). The full app has "
        f"{FULL['containers']:,} containers, and a service with a security group for each task "
        f"definition and a log group for each container ({FULL_REPETITIONS} times).",
        [*_marks(bare, "bare app", _WHY_NOT_APPLY_TO), *_marks(full, "full app")],
        [_times(bare, "bare app"), _times(full, "full app"), _crossings(inside)],
    )


def _seconds(app: Mapping[str, Any], repetitions: int) -> dict[str, Samples]:
    runs = in_turns({name: partial(_run, name, app) for name in _VARIANTS}, repetitions)
    return {name: Samples(tuple(values)) for name, values in runs.items()}


_VARIANTS = (PLAIN, IDLE, ASPECT, APPLY_TO)


def _run(variant: str, app: Mapping[str, Any]) -> float:
    return float(run_module("benchmarks.synth_once", {"variant": variant, **app})["seconds"])


def _marks(seconds: Mapping[str, Samples], app: str, why_not: str = "") -> list[Mark]:
    idle = seconds[IDLE].median
    against = "the synth against one with an aspect that does nothing"
    return [
        at_most(
            f"{app}, by the Aspect: {against}, at most 1.00",
            seconds[ASPECT].median / idle,
            1.005,
            _WHY_NOT_THE_ASPECT,
        ),
        at_most(
            f"{app}, by apply_to: {against}, below 1.00",
            seconds[APPLY_TO].median / idle,
            0.995,
            why_not,
        ),
    ]


def _times(seconds: Mapping[str, Samples], app: str) -> Table:
    plain = seconds[PLAIN].median
    rows = [
        (name, str(some), f"{some.median / plain:.2f}", f"{some.median - plain:+.2f} s")
        for name, some in seconds.items()
    ]
    return Table((app, "seconds", f"against {PLAIN}", "more than that"), rows)


def _crossings(inside: Mapping[str, dict[str, Any]]) -> Table:
    """Where the time goes: crossings between Python and Node.js by kind."""
    counts = {name: Counter(measured["crossings"]) for name, measured in inside.items()}
    together = sum(counts.values(), Counter[str]())
    often = [kind for kind, count in together.most_common() if count >= _OFTEN]
    rows = [(kind, *(f"{count[kind]:,}" for count in counts.values())) for kind in often]
    rest = [sum(count[kind] for kind in count if kind not in often) for count in counts.values()]
    rows.append(("all others", *(f"{each:,}" for each in rest)))
    rows.append(("together", *(f"{count.total():,}" for count in counts.values())))
    return Table(("crossings in the bare app", *counts), rows)
