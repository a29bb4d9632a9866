"""Measure everything and write RESULTS.md: what `make bench` runs.

python -m benchmarks            all measurements, into benchmarks/RESULTS.md
python -m benchmarks imports    some of them, onto standard output
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from benchmarks import (
    cold_resolve,
    growth,
    imports,
    list_files,
    manifests,
    run_overhead,
    synth_overhead,
    warm_synth,
)
from benchmarks.machine import describe_machine
from benchmarks.processes import PROJECT
from benchmarks.report import render
from benchmarks.results import Measurement

RESULTS = PROJECT / "benchmarks" / "RESULTS.md"

MEASUREMENTS: dict[str, Callable[[], Measurement]] = {
    "imports": imports.measure,
    "warm_synth": warm_synth.measure,
    "cold_resolve": cold_resolve.measure,
    "synth_overhead": synth_overhead.measure,
    "run_overhead": run_overhead.measure,
    "growth": growth.measure,
    "manifests": manifests.measure,
    "list_files": list_files.measure,
}


def main() -> int:
    """Run the measurements that are named, or all."""
    names = sys.argv[1:]
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        print(f"There is no measurement {unknown[0]!r}: choose among {', '.join(MEASUREMENTS)}.")
        return 2
    measured: list[Measurement] = []
    for name in names or MEASUREMENTS:
        measured.append(_measured(name))
        if not names:  # what was measured stays if the run is broken off
            RESULTS.write_text(render(describe_machine(), measured), encoding="utf-8")
    print(render(describe_machine(), measured) if names else f"Written to {RESULTS.name}.")
    return 0


def _measured(name: str) -> Measurement:
    started = time.perf_counter()
    print(f"{name} ...", file=sys.stderr, flush=True)
    measurement = MEASUREMENTS[name]()
    print(f"{name} took {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    return measurement


if __name__ == "__main__":
    sys.exit(main())
