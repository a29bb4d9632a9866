"""A pool of workers: tasks side by side, so many at a time for each host."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Result = TypeVar("Result")
Key = TypeVar("Key")
Value = TypeVar("Value")

_Task = Callable[[], Result]


class WorkerPool(Generic[Result]):
    """Threads that run tasks and hand out their results in the order in which they are done.

    Workers are daemons: one that is stuck in the name service cannot keep the process from ending.

    Args:
        workers_per_host: How many tasks run for one host at a time.

    Example:
        >>> pool = WorkerPool[int](workers_per_host=2)
        >>> pool.submit("ghcr.io", lambda: 7)
        >>> pool.next_result(timeout=60)
        7
    """

    def __init__(self, workers_per_host: int) -> None:
        self._limit = workers_per_host
        self._lock = threading.Lock()
        self._waiting: dict[str, deque[_Task[Result]]] = {}
        self._running: dict[str, int] = {}
        self._results: queue.SimpleQueue[Result | Exception] = queue.SimpleQueue()

    def submit(self, host: str, task: Callable[[], Result]) -> None:
        """Run a task as soon as there is a worker for its host."""
        with self._lock:
            self._waiting.setdefault(host, deque()).append(task)
            running = self._running.get(host, 0)
            if running >= self._limit:
                return
            self._running[host] = running + 1
        name = f"pinned-images {host} {running}"
        threading.Thread(target=self._work, args=(host,), name=name, daemon=True).start()

    def next_result(self, timeout: float) -> Result:
        """The result of the task that is done next.

        Raises:
            queue.Empty: None is done in time.
            Exception: What the task has raised.
        """
        result = self._results.get(timeout=timeout)
        if isinstance(result, Exception):
            raise result
        return result

    def cancel(self) -> None:
        """Begin no task any more; those under way end by themselves."""
        with self._lock:
            self._waiting.clear()

    def _work(self, host: str) -> None:
        while (task := self._next_task(host)) is not None:
            try:
                self._results.put(task())
            except Exception as error:  # noqa: BLE001, PERF203  raised again where the result is awaited
                self._results.put(error)

    def _next_task(self, host: str) -> _Task[Result] | None:
        with self._lock:
            waiting = self._waiting.get(host)
            if waiting:
                return waiting.popleft()
            self._running[host] -= 1
            return None


@dataclass(frozen=True)
class Step(Generic[Key, Value]):
    """What a task gives: outcomes, and what is to be done next.

    Attributes:
        outcomes: What is answered.
        tasks: Tasks for what is not.
    """

    outcomes: dict[Key, Value] = field(default_factory=dict)
    tasks: list[Callable[[], Step[Key, Value]]] = field(default_factory=list)

    def add(self, other: Step[Key, Value]) -> None:
        """Take over what another step gives."""
        self.outcomes.update(other.outcomes)
        self.tasks.extend(other.tasks)


def run_steps(
    tasks: Iterable[Callable[[], Step[Key, Value]]], deadline: float, workers: int = 16
) -> dict[Key, Value]:
    """Run tasks, and all that they bring.

    Args:
        tasks: What to begin with.
        deadline: When to stop waiting, on the clock of `time.monotonic`.
        workers: How many tasks run at a time.

    Returns:
        What was answered in time.
    """
    pool = WorkerPool[Step[Key, Value]](workers)
    outcomes: dict[Key, Value] = {}
    next_tasks = list(tasks)
    running = 0
    try:
        while True:
            for task in next_tasks:
                pool.submit("aws", task)
            running += len(next_tasks)
            left = deadline - time.monotonic()
            if not running or left <= 0:
                return outcomes
            step = pool.next_result(left)
            running -= 1
            outcomes.update(step.outcomes)
            next_tasks = step.tasks
    except queue.Empty:
        return outcomes
    finally:
        pool.cancel()
