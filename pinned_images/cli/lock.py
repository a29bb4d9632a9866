"""``pinned-images lock``: the content of the lock file, and its unused entries."""

from __future__ import annotations

from pathlib import Path

import click

from pinned_images.cli.command_group import CommandGroup
from pinned_images.cli.comparison import read_lock
from pinned_images.cli.configuration import required_lock_file
from pinned_images.cli.lock_update import update
from pinned_images.cli.lock_verify import verify
from pinned_images.cli.output import echo, show, write, write_document
from pinned_images.cli.shared_options import (
    app_option,
    group_lock_file_option,
    json_option,
    own_lock_file_option,
)
from pinned_images.errors import ConfigurationError
from pinned_images.lockfile import LockFile
from pinned_images.wording import counted


@click.group(cls=CommandGroup, invoke_without_command=True)
@group_lock_file_option
@json_option
@click.option(
    "--check",
    "is_check",
    is_flag=True,
    help="Check that the file has all that the app uses.",
)
@app_option
@click.pass_context
def lock(
    context: click.Context,
    /,
    *,
    lock_file: str | None,
    as_json: bool,
    is_check: bool,
    folders: tuple[Path, ...],
) -> None:
    """Show or change the lock file."""
    context.obj = lock_file
    if context.invoked_subcommand is not None:
        for option, is_given in (("--json", as_json), ("--check", is_check)):
            if is_given:
                raise click.UsageError(
                    f"{option} is for `pinned-images lock` alone, or goes behind the command: "
                    f"pinned-images lock {context.invoked_subcommand} {option}."
                )
        return
    path = required_lock_file(lock_file)
    found = read_lock(path)
    if is_check:
        from pinned_images.cli.lock_check import check_lock  # noqa: PLC0415 - for --help

        check_lock(found, folders, as_json=as_json)
        return
    if as_json:
        write(found.render())
        return
    from pinned_images.cli.tables import (  # noqa: PLC0415 - needs rich
        entries_table,
        parameters_table,
    )

    holds = counted(len(found.entries), "image")
    show(entries_table(found.entries))
    if found.parameters:
        holds += f" and {counted(len(found.parameters), 'SSM parameter')}"
        show("", parameters_table(found.parameters))
    show(f"\n{holds} in {path}")


@lock.command()
@app_option
@click.option("--dry-run", is_flag=True, help="Say what would be dropped, and drop nothing.")
@json_option
@own_lock_file_option
def prune(*, lock_file: Path, folders: tuple[Path, ...], dry_run: bool, as_json: bool) -> None:
    """Drop what no image of the app uses any more.

    What is used is in the report that the last synth wrote into its output folder.
    """
    found = read_lock(lock_file)
    used = {key for folder in folders for key in _used(folder, found)}
    unused = {key for key in found.keys if str(key) not in used}
    in_order = sorted(unused, key=str)
    if not dry_run:
        LockFile.change(lock_file, lambda lock: lock.without(unused))
    if as_json:
        from pinned_images.cli.documents.command_documents import LockedName, LockPrune  # noqa: PLC0415

        write_document(LockPrune(dry_run=dry_run, dropped=list(map(LockedName.of, in_order))))
    else:
        for key in in_order:
            write(f"{key}\n")
    echo(f"{counted(len(unused), 'entry')} {'would be ' if dry_run else ''}dropped.")


def _used(folder: Path, lock: LockFile) -> set[str]:
    """The keys in a lock file that an app uses.

    Raises:
        ConfigurationError: There is no report of the app, or of a synth that failed.
    """
    from pinned_images.report import SynthReport  # noqa: PLC0415 - for --help

    report = SynthReport.read_complete(folder)
    if report.failed:
        raise ConfigurationError(
            f"The synth in {str(folder)!r} failed for {counted(len(report.failed), 'image')}, so "
            "what the app uses is not known: correct that, synthesize again, then prune."
        )
    keys = {record.lock_key for record in report.records if record.lock_key is not None}
    images = {str(lock.answering(key)) for key in keys}
    return images.union(*(record.parameters for record in report.records))


lock.add_command(update)
lock.add_command(verify)
