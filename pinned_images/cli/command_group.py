"""Groups of commands: the nearest name for a mistyped one, and exit codes in every help."""

from __future__ import annotations

from collections.abc import Iterator

import click

from pinned_images.cli.exit_codes import COMMANDS, help_text
from pinned_images.cli.output import log_to_stderr
from pinned_images.wording import did_you_mean


def debug_option(*, hidden: bool = False) -> click.Option:
    """The option ``--debug``, which is typed in front of a command or behind it."""
    return click.Option(
        ["--debug"],
        is_flag=True,
        hidden=hidden,
        expose_value=False,
        callback=_log,
        help="Log what registries and AWS answer, and how long they take.",
    )


def _log(context: click.Context, _option: click.Parameter, is_wanted: bool) -> None:  # noqa: FBT001 - a flag
    if is_wanted:
        context.call_on_close(log_to_stderr())


class CommandGroup(click.Group):
    """A group that offers the nearest command, as newer versions of click do."""

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command; its help ends with its exit codes, and it takes ``--debug`` too."""
        super().add_command(cmd, name)
        cmd.params.append(debug_option(hidden=True))
        path = cmd.name if self.name not in COMMANDS else f"{self.name} {cmd.name}"
        if path in COMMANDS:
            cmd.epilog = help_text(path)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments begin with.

        Raises:
            UsageError: There is no such command.
        """
        name = args[0]
        known = self.list_commands(ctx)
        if name not in known and name[:1].isalnum() and not ctx.resilient_parsing:
            ctx.fail(f"No such command {name!r}.{did_you_mean(name, self._words(ctx))}")
        return super().resolve_command(ctx, args)

    def _words(self, ctx: click.Context) -> Iterator[str]:
        """What may be meant by a command's name: a command, one in a group, or an option."""
        for name in self.list_commands(ctx):
            yield name
            command = self.get_command(ctx, name)
            if isinstance(command, click.Group):
                yield from (f"{name} {each}" for each in command.list_commands(ctx))
        for parameter in self.get_params(ctx):
            yield from (each for each in parameter.opts if each.startswith("--"))
