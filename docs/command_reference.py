"""The page of commands, from their own help."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator

import click

_MARKDOWN = re.compile(r"(`[^`]*`)|([*_<>\[\]|\\])")


def command_reference(command: click.Command, name: str) -> str:
    """MyST Markdown on a command and the commands below it.

    Args:
        command: The root command.
        name: The name of the program.
    """
    context = click.Context(command, info_name=name)
    return "\n\n".join(block for each in _contexts(context) for block in _section(each))


def _contexts(context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(context.command, click.Group):
        for name, command in context.command.commands.items():
            if not command.hidden:
                yield from _contexts(click.Context(command, info_name=name, parent=context))


def _section(context: click.Context) -> Iterator[str]:
    command = context.command
    yield f"## {context.command_path}"
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        text = paragraph.removeprefix("\b\n")
        is_literal = text != paragraph or text.startswith("    ")
        yield _literal(textwrap.dedent(text)) if is_literal else _escaped(text)
    pieces = " ".join(command.collect_usage_pieces(context))
    yield _literal(f"{context.command_path} {pieces}")
    rows = [f"| {_code(option)} | {_escaped(text)} |" for option, text in _options(context)]
    if rows:
        yield "\n".join(("| option | meaning |", "|---|---|", *rows))
    if command.epilog:
        yield _literal(textwrap.dedent(command.epilog.removeprefix("\b\n")))


def _options(context: click.Context) -> Iterator[tuple[str, str]]:
    """Each option with its text; without ``--help``, which all commands have."""
    for parameter in context.command.params:
        option, text = parameter.get_help_record(context) or ("", "")
        if text:
            yield option, text


def _code(text: str) -> str:
    """Code in the cell of a table."""
    return f"`{text}`".replace("|", "\\|")


def _literal(text: str) -> str:
    return f"```text\n{text}\n```"


def _escaped(text: str) -> str:
    """Plain text as Markdown; what is in backquotes is code in both."""
    return _MARKDOWN.sub(lambda match: match[1] or f"\\{match[2]}", text)
