"""One synth of an app, in a process of its own: seconds, peak memory and crossings.

python -m benchmarks.synth_once '{"variant": "apply_to", "containers": 2000, "stacks": 20}'
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import jsii
from aws_cdk import App, Aspects, IAspect
from constructs import IConstruct

from benchmarks.crossings import counted_crossings
from benchmarks.ecs_app import ecs_app
from benchmarks.processes import peak_memory, print_measured
from pinned_images import PinImages
from pinned_images.testing import FixedResolver


@jsii.implements(IAspect)
class _DoesNothing:
    def visit(self, node: IConstruct) -> None:
        """Not even look at it."""


def _add_aspect(app: App, aspect: Any) -> None:
    Aspects.of(app).add(aspect)


#: What is done to the app before it is synthesized.
VARIANTS: dict[str, Callable[[App], None]] = {
    "no aspect": lambda _: None,
    "an aspect that does nothing": lambda app: _add_aspect(app, _DoesNothing()),
    "PinImages as an Aspect": lambda app: _add_aspect(
        app, PinImages(resolver=FixedResolver.derived())
    ),
    "PinImages.apply_to": lambda app: PinImages.apply_to(app, resolver=FixedResolver.derived()),
}


def _measure(*, variant: str, containers: int, stacks: int, count: bool = False) -> None:
    app = ecs_app(containers, stacks)
    counts: Counter[str] = Counter()
    started = time.perf_counter()
    with counted_crossings() if count else nullcontext(counts) as counts:
        VARIANTS[variant](app)
        app.synth()
    seconds = time.perf_counter() - started
    print_measured(seconds=seconds, crossings=counts, memory=peak_memory())


if __name__ == "__main__":
    _measure(**json.loads(sys.argv[1]))
