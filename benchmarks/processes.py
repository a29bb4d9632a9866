"""Each measured thing runs in a process of its own, so that none finds what another has warmed."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
CDK = str(PROJECT / "node_modules" / ".bin" / "cdk")

_ENVIRONMENT = {
    # As on a user's machine: what was imported once is not compiled again.
    "PYTHONDONTWRITEBYTECODE": "",
    # jsii warns at length about versions of Node.js past their end of life; they work.
    "CDK_DISABLE_CLI_TELEMETRY": "true",
    "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION": "1",
    "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "18,20",
    "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
}


@dataclass(frozen=True, slots=True)
class Finished:
    """A process that has ended well.

    Attributes:
        seconds: From its start to its end.
        processor: The seconds of the processor that it took, with its children.
        output: What it printed.
    """

    seconds: float
    processor: float
    output: str


class ProcessFailed(Exception):
    """A measured process did not end well; nothing that it did counts."""


def run(
    command: Sequence[str], environment: Mapping[str, str] | None = None, given: str = ""
) -> Finished:
    """Run a command in the project's folder and take its time.

    Args:
        command: The program and its arguments.
        environment: Variables beside those that are there.
        given: What it reads from standard input.

    Raises:
        ProcessFailed: It ended with another status than 0; the message holds what it said.
    """
    used = _processor_of_children()
    started = time.perf_counter()
    finished = subprocess.run(
        command,
        cwd=PROJECT,
        env={**os.environ, **_ENVIRONMENT, **(environment or {})},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    if finished.returncode:
        said = (finished.stdout + finished.stderr)[-2000:]
        raise ProcessFailed(f"{' '.join(command[:4])} ended with {finished.returncode}:\n{said}")
    return Finished(seconds, _processor_of_children() - used, finished.stdout)


def _processor_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run_module(
    module: str,
    arguments: Mapping[str, Any],
    environment: Mapping[str, str] | None = None,
    given: str = "",
) -> dict[str, Any]:
    """Run a module of the benchmarks, which prints what it has measured as its last line.

    Args:
        module: Its name.
        arguments: What it is told, as JSON.
        environment: As for `run`.
        given: As for `run`.

    Returns:
        What it measured, and the seconds that the process took in all as ``process``.

    Raises:
        ProcessFailed: See `run`.
    """
    finished = run([sys.executable, "-m", module, json.dumps(arguments)], environment, given)
    measured: dict[str, Any] = json.loads(finished.output.splitlines()[-1])
    return {**measured, "process": finished.seconds}


def print_measured(**measured: Any) -> None:
    """Hand to `run_module`, in the other process, what was measured here."""
    sys.stdout.write("\n" + json.dumps(measured) + "\n")


def peak_memory(process: int | str = "self") -> int:
    """The most bytes of memory that a process has held at any time.

    ``ru_maxrss`` counts from before ``exec``, so it is at least what the process held that started
    this one. The kernel's own figure is taken where there is one: ``VmHWM`` of proc(5).

    Args:
        process: Its ID; without one, this process.

    Returns:
        The bytes; 0 of another process where there is no ``/proc``.
    """
    status = Path(f"/proc/{process}/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text("utf-8")) if status.exists() else None
    if found:
        return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 if process == "self" else 0
