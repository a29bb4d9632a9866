"""Counts how often Python and the Node.js process of CDK speak with each other, and about what."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import jsii._kernel
from jsii._kernel.providers.process import _NodeProcess
from jsii._kernel.types import Callback

_ANSWER = "_CompleteRequest"


@contextmanager
def counted_crossings() -> Iterator[Counter[str]]:
    """Count each crossing between Python and Node.js while the context is open, by kind.

    A crossing is a question and its answer: ``get stack``, ``invoke toString``, ``create
    Intrinsic`` where Python asks, ``called back: visit`` where Node.js does.
    """
    counts: Counter[str] = Counter()
    send = _NodeProcess.send

    def counting_send(self: _NodeProcess, request: Any, response_type: Any) -> Any:
        kind = type(request).__name__
        if kind != _ANSWER:
            counts[_question(kind, request)] += 1
        response = send(self, request, response_type)
        if isinstance(response, Callback):
            counts[f"called back: {response.cookie}"] += 1
        return response

    with mock.patch.object(_NodeProcess, "send", counting_send):
        yield counts


def _question(kind: str, request: Any) -> str:
    verb = kind.removesuffix("Request").removeprefix("Static").lower()
    about = getattr(request, "method", None) or getattr(request, "property", None)
    return f"{verb} {about or str(getattr(request, 'fqn', '')).rpartition('.')[2]}".strip()


@dataclass
class Stopwatch:
    """The seconds that were spent in calls from Node.js into Python, with all that these asked."""

    seconds: float = 0.0
    depth: int = 0


@contextmanager
def timed_callbacks() -> Iterator[Stopwatch]:
    """Take the time of calls from Node.js while the context is open."""
    watch = Stopwatch()
    handle = jsii._kernel._handle_callback  # noqa: SLF001  measured from outside the product

    def timed_handle(kernel: Any, callback: Any) -> Any:
        started = time.perf_counter()
        watch.depth += 1
        try:
            return handle(kernel, callback)
        finally:
            watch.depth -= 1
            if watch.depth == 0:
                watch.seconds += time.perf_counter() - started

    with mock.patch.object(jsii._kernel, "_handle_callback", timed_handle):  # noqa: SLF001
        yield watch
