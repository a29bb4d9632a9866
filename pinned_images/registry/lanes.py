"""Work side by side: a lane for each host, a few workers in each, and one moment to end it all."""

from __future__ import annotations

import logging
import queue
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pinned_images.errors import RegistryUnavailable
from pinned_images.registry.progress import Progress
from pinned_images.resolution import Outcome, ResolutionRequest

_logger = logging.getLogger(__name__)

_TICK = 0.25
# Whoever works to the same deadline may say better what kept it from an answer.
_GRACE = 1.0

Outcomes = Mapping[ResolutionRequest, Outcome]


@dataclass(frozen=True)
class Task:
    """Some requests that are answered together.

    Attributes:
        host: Who is asked; only so many tasks run for one host at a time.
        requests: What is answered.
        ask: Answers all of them, given the deadline.
    """

    host: str
    requests: tuple[ResolutionRequest, ...]
    ask: Callable[[float], Outcomes]


def finish(
    tasks: Sequence[Task], deadline: float, concurrency: int
) -> dict[ResolutionRequest, Outcome]:
    """Do all tasks, or say of a request that its answer did not come in time.

    Args:
        tasks: What is to be done.
        deadline: The value of `time.monotonic` at which nobody waits any longer.
        concurrency: How many tasks run for one host at a time.
    """
    hosts = {request: task.host for task in tasks for request in task.requests}
    outcomes: dict[ResolutionRequest, Outcome] = {}
    results = _start(tasks, deadline, concurrency)
    progress = Progress(sys.stderr, list(hosts.values()))
    started = time.monotonic()
    while len(outcomes) < len(hosts):
        left = max(0.0, deadline + _GRACE - time.monotonic())
        try:
            answered = results.get(timeout=min(_TICK, left))
        except queue.Empty:
            if not left:
                break
            progress.show()
            continue
        outcomes.update(answered)
        for request in answered:
            progress.done(hosts[request])
        progress.show()
    progress.clear()
    allowed = f"{deadline - started:.0f} s"
    return {
        request: outcomes.get(request) or _late(request, host, allowed)
        for request, host in hosts.items()
    }


def _start(tasks: Sequence[Task], deadline: float, concurrency: int) -> queue.SimpleQueue[Outcomes]:
    """Set workers to the tasks, and give the queue into which they put what they learn."""
    results: queue.SimpleQueue[Outcomes] = queue.SimpleQueue()
    lanes: defaultdict[str, queue.SimpleQueue[Task]] = defaultdict(queue.SimpleQueue)
    for task in tasks:
        lanes[task.host].put(task)
    for host, lane in lanes.items():
        for number in range(min(concurrency, lane.qsize())):
            # A daemon, so that a worker that is stuck in the name service cannot keep the
            # process from ending.
            threading.Thread(
                target=_work,
                args=(lane, results, deadline),
                name=f"pinned-images {host} {number}",
                daemon=True,
            ).start()
    return results


def _work(
    lane: queue.SimpleQueue[Task], results: queue.SimpleQueue[Outcomes], deadline: float
) -> None:
    while True:
        try:
            task = lane.get_nowait()
        except queue.Empty:
            return
        try:
            outcomes = task.ask(deadline)
        except Exception as error:  # a worker's death would be silence
            _logger.debug("Asking %s failed", task.host, exc_info=True)
            outcomes = {request: _broken(request, task.host, error) for request in task.requests}
        results.put(outcomes)


def _late(request: ResolutionRequest, host: str, allowed: str) -> RegistryUnavailable:
    return RegistryUnavailable(
        f"{host} gave no answer in the {allowed} that all images have",
        "try again later, or allow more time",
        reference=str(request.reference),
    )


def _broken(request: ResolutionRequest, host: str, error: Exception) -> RegistryUnavailable:
    # The error's own text may quote anything, so only its class is told.
    return RegistryUnavailable(
        f"an unexpected {type(error).__name__} came up",
        "report it, with the log of pinned_images at debug level",
        reference=str(request.reference),
        place=host,
    )
