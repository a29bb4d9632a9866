"""How time and memory grow with the number of containers, and of references."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.loopback import registries
from benchmarks.processes import run_module
from benchmarks.results import Mark, Measurement, Table, at_most
from benchmarks.variants import APPLY_TO

CONTAINERS = (100, 1_000, 10_000)
REFERENCES = (1_000, 10_000, 100_000)
HOSTS = 5
#: A line is straight if its second half is not much steeper than its first.
_STEEPER = 1.3
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Point:
    """What one size took.

    Attributes:
        size: How many containers or references.
        seconds: The time.
        memory: The most bytes that Python held.
        others: Further numbers for the table.
    """

    size: int
    seconds: float
    memory: int
    others: Sequence[str] = ()


def measure() -> Measurement:
    """Measure synths of three sizes, and the resolver alone at three sizes."""
    synths = [_synth(size) for size in CONTAINERS]
    resolves = [_resolve(size) for size in REFERENCES]
    return Measurement(
        "Growth",
        "Synths of apps with two containers in each task definition and 100 task definitions in "
        "each stack, digests known: the seconds are those in which Python pins "
        f"(`{APPLY_TO}` itself and every call from Node.js), without what CDK does for itself. "
        f"And the resolver alone, with references on {HOSTS} registries on loopback that answer "
        "without delay from a process of their own. Each size once.",
        [*_marks("containers", synths), *_marks("references", resolves)],
        [
            Table(
                ("containers", "seconds", "ms each", "Python", "Node.js", "seconds with CDK's own"),
                [_row(point) for point in synths],
            ),
            Table(
                ("references", "seconds", "ms each", "Python"), [_row(point) for point in resolves]
            ),
        ],
    )


def _synth(containers: int) -> _Point:
    measured = run_module(
        "benchmarks.synth_once",
        {
            "variant": APPLY_TO,
            "containers": containers,
            "stacks": max(1, containers // 200),
            "look_inside": True,
        },
    )
    others = (_megabytes(measured["node_memory"]), f"{measured['seconds']:.3g}")
    return _Point(containers, measured["inside"], measured["python_memory"], others)


def _resolve(references: int) -> _Point:
    with registries(hosts=HOSTS, references=references, latency=0) as servers:
        given = "\n".join(servers.references)
        measured: dict[str, Any] = run_module(
            "benchmarks.resolve_once", {"deadline": 3600}, given=given
        )
    return _Point(references, measured["seconds"], measured["memory"])


def _marks(what: str, points: Sequence[_Point]) -> list[Mark]:
    small, middle, large = points

    def steeper(first: float, second: float, third: float) -> float:
        before = (second - first) / (middle.size - small.size)
        after = (third - second) / (large.size - middle.size)
        return after / before

    time = steeper(small.seconds, middle.seconds, large.seconds)
    memory = steeper(small.memory, middle.memory, large.memory)
    aim = f"{middle.size:,} to {large.size:,} {what} against {small.size:,} to {middle.size:,}"
    return [
        at_most(f"{aim}: seconds for each, at most {_STEEPER}", time, _STEEPER),
        at_most(f"{aim}: memory for each, at most {_STEEPER}", memory, _STEEPER),
    ]


def _row(point: _Point) -> list[str]:
    each = f"{point.seconds / point.size * 1000:.2f}"
    seconds, memory = f"{point.seconds:.3g}", _megabytes(point.memory)
    return [f"{point.size:,}", seconds, each, memory, *point.others]


def _megabytes(size: int) -> str:
    return f"{size / _MEGABYTE:.0f} MiB"
