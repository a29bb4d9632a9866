"""One synth of an app, in a process of its own: seconds, peak memory and crossings.

python -m benchmarks.synth_once '{"variant": "no aspect", "containers": 200, "stacks": 2}'
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import jsii
from aws_cdk import App, Aspects, IAspect
from constructs import IConstruct

from benchmarks.crossings import counted_crossings, timed_callbacks
from benchmarks.ecs_app import ecs_app
from benchmarks.processes import peak_memory, print_measured
from benchmarks.variants import APPLY_TO, ASPECT, IDLE, PLAIN
from pinned_images import PinImages
from pinned_images.testing import FixedResolver


@jsii.implements(IAspect)
class _DoesNothing:
    def visit(self, node: IConstruct) -> None:
        """Not even look at it."""


def _add(app: App, aspect: Any) -> None:
    Aspects.of(app).add(aspect)


_VARIANTS: dict[str, Callable[[App], None]] = {
    PLAIN: lambda _: None,
    IDLE: lambda app: _add(app, _DoesNothing()),
    ASPECT: lambda app: _add(app, PinImages(resolver=FixedResolver.derived())),
    APPLY_TO: lambda app: PinImages.apply_to(app, resolver=FixedResolver.derived()),
}


def _measure(
    *,
    variant: str,
    containers: int,
    stacks: int,
    services: bool = False,
    look_inside: bool = False,
) -> None:
    """Make the app and synthesize it; what is looked into takes longer by that.

    `PinImages` and what it needs is imported before: imports are measured on their own.
    """
    app = ecs_app(containers, stacks, services=services)
    counts: Counter[str] = Counter()
    inside = 0.0
    with ExitStack() as stack:
        if look_inside:
            counts = stack.enter_context(counted_crossings())
        watch = stack.enter_context(timed_callbacks()) if look_inside else None
        started = time.perf_counter()
        _VARIANTS[variant](app)
        applied = time.perf_counter()
        app.synth()
        seconds = time.perf_counter() - started
        if watch is not None:
            inside = applied - started + watch.seconds
    print_measured(
        seconds=seconds,
        inside=inside,
        crossings=counts,
        python_memory=peak_memory(),
        node_memory=_peak_memory_of_node(),
    )


def _peak_memory_of_node() -> int:
    """The most bytes that Node.js has held, in whichever of its processes; 0 but on Linux."""
    from jsii._runtime import kernel  # noqa: PLC0415  private, and nobody else's business

    provider: Any = kernel.provider
    first = provider._process._process.pid  # noqa: SLF001  see above
    children = Path(f"/proc/{first}/task/{first}/children")
    all_processes = [str(first), *(children.read_text().split() if children.exists() else [])]
    return max(map(peak_memory, all_processes))


if __name__ == "__main__":
    _measure(**json.loads(sys.argv[1]))
