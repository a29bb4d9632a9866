"""Concurrent resolving: a few workers for each host, and one deadline for all."""

from __future__ import annotations

import logging
import queue
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pinned_images.errors import RegistryUnavailable
from pinned_images.registry.progress import Progress
from pinned_images.registry.worker_pool import WorkerPool
from pinned_images.resolution import Outcome, ResolutionRequest

_logger = logging.getLogger(__name__)

_TICK = 0.25
# A task with the same deadline may give a better reason for a missing answer.
_GRACE = 1.0

Outcomes = Mapping[ResolutionRequest, Outcome]


@dataclass(frozen=True)
class ResolutionTask:
    """A task that answers some requests together.

    Attributes:
        host: The host; the number of tasks that run for one host at a time is limited.
        requests: The requests.
        ask: Answers all of them, given the deadline.
    """

    host: str
    requests: tuple[ResolutionRequest, ...]
    ask: Callable[[float], Outcomes]


def resolve_concurrently(
    tasks: Sequence[ResolutionTask], deadline: float, concurrency: int
) -> dict[ResolutionRequest, Outcome]:
    """Run all tasks, with an error for each request whose answer did not come in time.

    Args:
        tasks: The tasks.
        deadline: The value of `time.monotonic` at which nothing is awaited any longer.
        concurrency: How many tasks run for one host at a time.
    """
    hosts = {request: task.host for task in tasks for request in task.requests}
    outcomes: dict[ResolutionRequest, Outcome] = {}
    progress = Progress(sys.stderr, list(hosts.values()))
    started = time.monotonic()
    pool = WorkerPool[Outcomes](concurrency)
    for task in tasks:
        pool.submit(task.host, partial(_run, task, deadline))
    while len(outcomes) < len(hosts):
        left = max(0.0, deadline + _GRACE - time.monotonic())
        try:
            answered = pool.next_result(min(_TICK, left))
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
    pool.cancel()
    allowed = f"{max(0.0, deadline - started):.0f} s"
    return {
        request: outcomes.get(request) or _late(request, host, allowed)
        for request, host in hosts.items()
    }


def _run(task: ResolutionTask, deadline: float) -> Outcomes:
    try:
        return task.ask(deadline)
    except Exception as error:  # the task's death would be silence
        _logger.debug("Asking %s failed", task.host, exc_info=True)
        return {request: _broken(request, task.host, error) for request in task.requests}


def _late(request: ResolutionRequest, host: str, allowed: str) -> RegistryUnavailable:
    return RegistryUnavailable(
        f"{host} gave no answer in the {allowed} that all images have",
        "try again later, or allow more time",
        reference=str(request.reference),
    )


def _broken(request: ResolutionRequest, host: str, error: Exception) -> RegistryUnavailable:
    # The error's own message may quote anything, so only its class is named.
    return RegistryUnavailable(
        f"an unexpected {type(error).__name__} came up",
        "report it, with the log of pinned_images at debug level",
        reference=str(request.reference),
        place=host,
    )
