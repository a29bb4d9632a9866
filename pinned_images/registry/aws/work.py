"""Tasks side by side, each of which may bring further ones, until all are done or time is up."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

_WORKERS = 16

Key = TypeVar("Key")
Value = TypeVar("Value")


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


def work_off(tasks: Iterable[Callable[[], Step[Key, Value]]], deadline: float) -> dict[Key, Value]:
    """Work off tasks, and all that they bring.

    Args:
        tasks: What to begin with.
        deadline: When to stop waiting, on the clock of `time.monotonic`.

    Returns:
        What was answered in time.
    """
    return _Work[Key, Value](deadline).finish(tasks)


class _Work(Generic[Key, Value]):
    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._tasks: queue.SimpleQueue[Callable[[], Step[Key, Value]] | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[Step[Key, Value] | Exception] = queue.SimpleQueue()
        self._open = 0
        self._workers = 0

    def finish(self, tasks: Iterable[Callable[[], Step[Key, Value]]]) -> dict[Key, Value]:
        outcomes: dict[Key, Value] = {}
        try:
            self._start(tasks)
            while self._open and (left := self._deadline - time.monotonic()) > 0:
                try:
                    step = self._results.get(timeout=left)
                except queue.Empty:
                    break
                if isinstance(step, Exception):
                    raise step
                self._open -= 1
                outcomes.update(step.outcomes)
                self._start(step.tasks)
        finally:
            for _ in range(self._workers):
                self._tasks.put(None)
        return outcomes

    def _start(self, tasks: Iterable[Callable[[], Step[Key, Value]]]) -> None:
        for task in tasks:
            self._tasks.put(task)
            self._open += 1
            if self._workers < min(self._open, _WORKERS):
                self._workers += 1
                # A daemon, so that a connection that hangs cannot keep the process from ending.
                threading.Thread(target=self._run, name="pinned-images aws", daemon=True).start()

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            if time.monotonic() >= self._deadline:
                continue
            try:
                self._results.put(task())
            except Exception as error:  # noqa: BLE001 - raised again where it is waited for
                self._results.put(error)
