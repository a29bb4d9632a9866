"""``pinned-images run``: runs a CDK app in any language, then pins its cloud assembly."""

from __future__ import annotations

import gc
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import FrameType

import click
from click.exceptions import Exit

from pinned_images.cli.assembly_commands import (
    code_of_outcome,
    print_summary,
    print_violations,
)
from pinned_images.cli.configuration import options_of
from pinned_images.cli.output import error
from pinned_images.cli.shared_options import (
    exempt_option,
    exemptions_of,
    optional_lock_file_option,
)
from pinned_images.errors import ConfigurationError

_OUTPUT = "CDK_OUTDIR"
_SUMMARY = "PINNED_IMAGES_SUMMARY"
_MANIFEST = "manifest.json"

#: The first version of the CDK CLI that prints ``validation-report.json``.
_READS_REPORT = (2, 1129)
_VERSION = re.compile(r"(\d+)\.(\d+)\.")

#: Pinning begins when the app has ended, and need not wait for its modules then.
_LOADED_MEANWHILE = ("pinned_images.assembly", "pinned_images.option_values")

_NOT_FOUND = 127
_SIGNALED = 128


@click.command(context_settings={"allow_interspersed_args": False})
@optional_lock_file_option
@exempt_option
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(lock_file: str | None, exemptions: tuple[str, ...], command: tuple[str, ...]) -> None:
    """Run a CDK app, and pin every image in what it synthesizes.

    Write it in cdk.json in front of the command that runs the app:

        "app": "npx tsc && pinned-images run -- npx tsx bin/app.ts"

    All else is configured as for the Aspect of Python apps: by the context in cdk.json and by
    environment variables.
    """
    output = Path(os.environ.get(_OUTPUT) or "cdk.out")
    exempt = exemptions_of(exemptions) or None
    before = _last_written(output)
    code = _run_app(command)
    if code:
        raise Exit(code)
    if _last_written(output) in (None, before):
        raise ConfigurationError(
            f"The command {command[0]!r} wrote no cloud assembly into {str(output)!r}. Where the "
            "app in cdk.json is several commands, joined by `&&`, write `pinned-images run --` in "
            "front of the one that runs the app."
        )
    gc.disable()  # a fifth of the time of pinning goes there, and the process ends soon
    from pinned_images.assembly import pin_assembly  # noqa: PLC0415 - for --help

    options = options_of({"lock_file": lock_file, "exempt": exempt})
    outcome = pin_assembly(output, options)
    gc.freeze()  # nor is all this looked through when it ends
    if options.summary is not False and outcome.is_complete:
        print_summary(outcome, options)
    if outcome.has_errors and not _cli_reads_report():
        print_violations(outcome)
        raise Exit(code_of_outcome(outcome))


def _last_written(output: Path) -> tuple[int, ...] | None:
    """The state of an assembly's manifest, which every synth writes; None where there is none."""
    try:
        found = (output / _MANIFEST).stat()
    except OSError:
        return None
    # A copy may keep the time of modification, but not that of change.
    return found.st_ctime_ns, found.st_mtime_ns, found.st_ino, found.st_size


def _run_app(command: Sequence[str]) -> int:
    """Run the app's command with this process' own streams, and return its exit code."""
    program = shutil.which(command[0])
    if program is None:
        error(f"The command {command[0]!r} was not found.")
        return _NOT_FOUND
    environment = {
        **os.environ,
        _OUTPUT: os.environ.get(_OUTPUT) or "cdk.out",
        _SUMMARY: "false",  # of an app that pins its images itself: one line is enough
    }
    sys.stdout.flush()
    try:
        process = subprocess.Popen([program, *command[1:]], env=environment)
    except OSError as failure:
        error(f"The command {command[0]!r} could not be started ({failure.strerror}).")
        return _NOT_FOUND - 1
    with _passing_on_signals(process):
        for module in _LOADED_MEANWHILE:
            import_module(module)
        code = process.wait()
    return _SIGNALED - code if code < 0 else code


@contextmanager
def _passing_on_signals(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Forward signals, so that the app decides; a terminal sends Ctrl-C to both processes."""

    def pass_on(number: int, _: FrameType | None) -> None:
        if number != signal.SIGINT or not sys.stdin.isatty():
            process.send_signal(number)

    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, pass_on) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _cli_reads_report() -> bool:
    """Whether the CDK CLI that runs the app prints the violations itself."""
    found = _VERSION.match(os.environ.get("CDK_CLI_VERSION", ""))
    return found is not None and (int(found[1]), int(found[2])) >= _READS_REPORT
