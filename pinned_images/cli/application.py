"""The root command: all commands, and how each of them ends."""

from __future__ import annotations

import io
import os
import sys
from collections import UserDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any

import click

from pinned_images.cli.command_group import CommandGroup, debug_option
from pinned_images.cli.exit_codes import ExitCode, code_of, help_text
from pinned_images.cli.output import error_lines
from pinned_images.errors import PinnedImagesError
from pinned_images.version import __version__

#: The module of each command, and its name there. Few of them are used in a run.
_COMMANDS = {
    "check": "check",
    "check-deployed": "check_deployed",
    "demo": "demo",
    "lifecycle": "lifecycle",
    "list": "list_images",
    "lock": "lock",
    "outdated": "outdated",
    "pin": "pin",
    "protect": "protect",
    "release": "release",
    "report": "report",
    "resolve": "resolve",
    "run": "run",
    "schema": "schema",
    "serve": "serve",
    "update": "update_files",
}


class _Failure(click.ClickException):
    """An error that ends a command, with its exit code."""

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.code = code


class _Interrupted(click.ClickException):
    """Ctrl-C while a command runs."""

    exit_code = ExitCode.INTERRUPTED

    def show(self, file: Any = None) -> None:
        click.echo(self.message, file=file)


class _Commands(UserDict[str, click.Command]):
    """Commands by name, each imported and added to its group when it is used."""

    def __init__(self, group: click.Group) -> None:
        super().__init__()
        self._group = group

    def __getitem__(self, name: str) -> click.Command:
        if name in _COMMANDS and name not in self.data:
            module = import_module(f"pinned_images.cli.{_COMMANDS[name]}")
            self._group.add_command(getattr(module, _COMMANDS[name]))
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        return name in _COMMANDS

    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    def __len__(self) -> int:
        return len(_COMMANDS)


class _Program(CommandGroup):
    """A group whose commands end with an exit code, and with one sentence on failure."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _Commands(self)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PinnedImagesError as error:
            raise _Failure(str(error), code_of(error)) from error
        except KeyboardInterrupt:
            raise _Interrupted("Interrupted.") from None
        except BrokenPipeError:
            _give_up_output()
            raise click.exceptions.Exit(ExitCode.READER_GONE) from None

    def main(self, *arguments: Any, standalone_mode: bool = True, **options: Any) -> Any:
        run = partial(super().main, *arguments, standalone_mode=False, **options)
        if not standalone_mode:
            return run()
        _replace_closed_streams()
        sys.exit(_exit_code(run))


def _exit_code(run: Callable[[], Any]) -> int:
    try:
        result = run()
        sys.stdout.flush()
    except click.ClickException as error:
        words = io.StringIO()
        error.show(file=words)
        error_lines(words.getvalue())
        if isinstance(error, _Failure):
            return error.code
        # click's own is 1 for all that is not wrong use by its grammar.
        return ExitCode.WRONG_USE if error.exit_code == ExitCode.FINDING else error.exit_code
    except click.Abort:
        error_lines("Interrupted.\n")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        _give_up_output()
        return ExitCode.READER_GONE
    except OSError as error:
        # All files but the output itself are spoken of by their names.
        error_lines(f"Error: The output cannot be written ({error.strerror}).\n")
        _give_up_output()
        return ExitCode.UNKNOWN
    # click gives the code of an early end, such as that of --help; a command gives nothing.
    return result if isinstance(result, int) else ExitCode.FINE


def _replace_closed_streams() -> None:
    """Open the null device for streams that the caller has closed (`>&-`).

    Python has no object for them, and a file that is opened later would get their number, into
    which a program that is started writes.
    """
    for name, flags, mode in (("stdin", os.O_RDONLY, "r"), ("stdout", os.O_WRONLY, "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), mode, encoding="utf-8"))


def _give_up_output() -> None:
    """Discard the rest of the output, so that Python does not fail to flush it at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(
    cls=_Program,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=help_text(),
)
@click.version_option(__version__)
def application() -> None:
    """Pin container images: of files, and of an AWS CDK app."""


application.params.insert(0, debug_option())
