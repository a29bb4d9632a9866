"""How the commands speak: tables and text to the output, all else to the error stream."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import RenderableType

_UNBOUNDED = 1000


def show(*parts: RenderableType) -> None:
    """Print for people: as wide as the terminal; in a pipe or a file nothing is wrapped."""
    from rich.console import Console  # noqa: PLC0415 - for --help

    console = Console(highlight=False)
    if console.is_terminal:
        for part in parts:
            console.print(part, markup=False)
        return
    width = console.width if "COLUMNS" in os.environ else _UNBOUNDED
    console = Console(highlight=False, width=width, file=io.StringIO())
    with console.capture() as capture:
        for part in parts:
            console.print(part, markup=False)
    for line in capture.get().splitlines():
        click.echo(line.rstrip())


def tell(text: str) -> None:
    """Say something beside the output."""
    click.echo(text, err=True)


def complain(text: str) -> None:
    """Say what went wrong, where the command goes on."""
    click.echo(f"Error: {text}", err=True)
