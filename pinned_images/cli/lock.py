"""``pinned-images lock``: what the lock file holds, refreshed, pruned and verified."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pinned_images.cli.asking import Answer, ask, read_lock
from pinned_images.cli.options import (
    json_option,
    lock_file_option,
    own_lock_file_option,
    registry_options,
)
from pinned_images.cli.output import complain, counted, show, tell
from pinned_images.errors import ConfigurationError, InvalidReference
from pinned_images.lockfile import LockEntry, LockFile, LockKey
from pinned_images.reference import ImageReference

if TYPE_CHECKING:
    from pinned_images.registry.settings import RegistrySettings


@click.group(invoke_without_command=True)
@lock_file_option
@json_option
@click.pass_context
def lock(context: click.Context, lock_file: Path, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Show the lock file, or change it with a command of its own."""
    context.obj = lock_file
    if context.invoked_subcommand is not None:
        return
    found = read_lock(lock_file)
    if as_json:
        click.echo(found.render(), nl=False)
        return
    from pinned_images.cli.tables import entries_table  # noqa: PLC0415 - needs rich

    show(entries_table(found.entries), f"\n{counted(len(found.entries), 'image')} in {lock_file}")


@lock.command()
@click.argument("patterns", metavar="[PATTERN]...", nargs=-1)
@registry_options
@own_lock_file_option
def update(lock_file: Path, patterns: tuple[str, ...], settings: RegistrySettings) -> None:
    """Ask anew for what is locked, and print old and new digests.

    PATTERN is an image (nginx:1.25) or a pattern with * and ? for the names that `lock` shows
    ("ghcr.io/acme/*"); without one, every entry is refreshed.
    """
    entries = _matching(read_lock(lock_file), patterns)
    answers = ask(entries, settings)
    found = {key: answer.entry for key, answer in answers.items() if answer.entry is not None}
    LockFile.change(
        lock_file,
        lambda lock: lock.replaced({key: found[key] for key in found.keys() & lock.entries.keys()}),
    )
    moved = {
        key: (entries[key], entry)
        for key, entry in found.items()
        if entry.digest != entries[key].digest
    }
    if moved:
        from pinned_images.cli.tables import changes_table  # noqa: PLC0415 - needs rich

        show(changes_table(moved, "Old", "New"))
    tell(f"{len(moved)} of {counted(len(entries), 'image')} moved.")
    _tell_of_lost_platforms(answers)
    _exit_where_unanswered(answers)


@lock.command()
@click.option(
    "--app",
    "folders",
    type=click.Path(path_type=Path),
    multiple=True,
    default=["cdk.out"],
    show_default=True,
    metavar="FOLDER",
    help="Output of the last synth; several where several apps share the lock file.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be dropped, and drop nothing.")
@own_lock_file_option
def prune(lock_file: Path, folders: tuple[Path, ...], dry_run: bool) -> None:  # noqa: FBT001 - a flag
    """Drop what no image of the app uses any more.

    What is used stands in the report that the last synth wrote into its output folder.
    """
    found = read_lock(lock_file)
    used = {key for folder in folders for key in _used(folder)}
    unused = found.entries.keys() - used
    for key in sorted(map(str, unused)):
        click.echo(key)
    if not dry_run:
        LockFile.change(lock_file, lambda lock: lock.without(unused))
    tell(f"{counted(len(unused), 'entry')} {'would be ' if dry_run else ''}dropped.")


@lock.command()
@click.option(
    "--platforms", is_flag=True, help="Check too that each image still has the platforms listed."
)
@registry_options
@own_lock_file_option
def verify(lock_file: Path, platforms: bool, settings: RegistrySettings) -> None:  # noqa: FBT001 - a flag
    """Check that each locked digest still exists in its registry, else exit with 1."""
    entries = read_lock(lock_file).entries
    answers = ask(entries, settings, by_digest=True, with_platforms=platforms)
    wrong = {key: answer for key, answer in answers.items() if answer.errors}
    for answer in wrong.values():
        for error in answer.errors:
            complain(str(error))
    tell(f"{len(answers) - len(wrong)} of {counted(len(answers), 'image')} verified.")
    if wrong:
        raise SystemExit(1)


def _matching(lock: LockFile, patterns: Collection[str]) -> Mapping[LockKey, LockEntry]:
    """The entries that some pattern names.

    Raises:
        ConfigurationError: A pattern names none.
    """
    chosen: set[LockKey] = set()
    for pattern in patterns:
        names = {pattern, _normalized(pattern)}
        matched = {
            key
            for key in lock.entries
            if any(fnmatchcase(str(key), name) or key.reference == name for name in names)
        }
        if not matched:
            raise ConfigurationError(
                f"No image of the lock file is {pattern!r}: `pinned-images lock` shows their "
                "names, and a synth adds new ones."
            )
        chosen |= matched
    return {key: lock.entries[key] for key in lock.entries if not patterns or key in chosen}


def _normalized(pattern: str) -> str:
    try:
        return ImageReference.parse(pattern).normalized
    except InvalidReference:
        return pattern


def _tell_of_lost_platforms(answers: Mapping[LockKey, Answer]) -> None:
    """An image that moved may have lost a platform: the next synth stops where that is used."""
    for answer in answers.values():
        if answer.entry is not None:
            for error in answer.errors:
                tell(f"Warning: {error}")


def _exit_where_unanswered(answers: Mapping[LockKey, Answer]) -> None:
    unanswered = [answer for answer in answers.values() if answer.entry is None]
    for answer in unanswered:
        complain(str(answer.errors[0]))
    if unanswered:
        tell(f"{counted(len(unanswered), 'image')} kept the old digest, for want of an answer.")
        raise SystemExit(1)


def _used(folder: Path) -> set[LockKey]:
    """The entries that an app uses.

    Raises:
        ConfigurationError: There is no report of the app, or of a synth that failed.
    """
    from pinned_images.report import SynthReport  # noqa: PLC0415 - for --help

    report = SynthReport.read(folder)
    if report.failed:
        raise ConfigurationError(
            f"The synth in {str(folder)!r} failed for {counted(len(report.failed), 'image')}, so "
            "what the app uses is not known: mend that, synthesize again, then prune."
        )
    return {record.lock_key for record in report.records if record.lock_key is not None}
