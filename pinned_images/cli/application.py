"""The root command: all commands, and how each of them ends."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import click

from pinned_images.cli.check import check
from pinned_images.cli.check_deployed import check_deployed
from pinned_images.cli.command_group import CommandGroup
from pinned_images.cli.exit_codes import ExitCode, code_of, help_text
from pinned_images.cli.lifecycle import lifecycle
from pinned_images.cli.list_images import list_images
from pinned_images.cli.lock import lock
from pinned_images.cli.outdated import outdated
from pinned_images.cli.output import error_lines
from pinned_images.cli.pin import pin
from pinned_images.cli.protect import protect
from pinned_images.cli.release import release
from pinned_images.cli.report import report
from pinned_images.cli.resolve import resolve
from pinned_images.cli.run import run
from pinned_images.cli.serve import serve
from pinned_images.cli.update_files import update_files
from pinned_images.errors import PinnedImagesError
from pinned_images.version import __version__


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


class _Program(CommandGroup):
    """A group whose commands end with an exit code, and with one sentence on failure."""

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


application.add_command(check)
application.add_command(check_deployed)
application.add_command(lifecycle)
application.add_command(list_images)
application.add_command(lock)
application.add_command(outdated)
application.add_command(pin)
application.add_command(protect)
application.add_command(release)
application.add_command(report)
application.add_command(resolve)
application.add_command(run)
application.add_command(serve)
application.add_command(update_files)
