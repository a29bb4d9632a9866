"""A worker pool: concurrent tasks, with a limit for each host."""

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
    """Threads that run tasks; results are returned in the order of completion.

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
        """The result of the next task that completes.

        Raises:
            queue.Empty: No task completes in time.
            Exception: The exception of the task.
        """
        result = self._results.get(timeout=timeout)
        if isinstance(result, Exception):
            raise result
        return result

    def cancel(self) -> None:
        """Start no further task; running ones end by themselves."""
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
    """The result of a task: outcomes, and further tasks.

    Attributes:
        outcomes: The outcomes.
        tasks: Tasks for the rest.
    """

    outcomes: dict[Key, Value] = field(default_factory=dict)
    tasks: list[Callable[[], Step[Key, Value]]] = field(default_factory=list)

    def add(self, other: Step[Key, Value]) -> None:
        """Add the outcomes and tasks of another step."""
        self.outcomes.update(other.outcomes)
        self.tasks.extend(other.tasks)


def run_steps(
    tasks: Iterable[Callable[[], Step[Key, Value]]], deadline: float, workers: int = 16
) -> dict[Key, Value]:
    """Run tasks and their further tasks.

    Args:
        tasks: The first tasks.
        deadline: When to stop waiting, on the clock of `time.monotonic`.
        workers: How many tasks run at a time.

    Returns:
        The outcomes in time.
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
