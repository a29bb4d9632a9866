"""``pinned-images outdated``: tags that name another image now than when they were locked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pinned_images.cli.asking import ask, read_lock
from pinned_images.cli.options import json_option, lock_file_option, registry_options
from pinned_images.cli.output import complain, counted, show, tell

if TYPE_CHECKING:
    from pinned_images.registry.settings import RegistrySettings


@click.command()
@lock_file_option
@json_option
@click.option("--exit-code", is_flag=True, help="Exit with 1 where a tag has moved.")
@registry_options
def outdated(lock_file: Path, as_json: bool, exit_code: bool, settings: RegistrySettings) -> None:  # noqa: FBT001 - flags
    """Show the tags that have moved since they were locked; nothing is changed."""
    entries = read_lock(lock_file).entries
    answers = ask(entries, settings, with_platforms=False)
    moved = {
        key: (entries[key], answer.entry)
        for key, answer in answers.items()
        if answer.entry is not None and answer.entry.digest != entries[key].digest
    }
    if as_json:
        rows = [
            {"image": str(key), "locked": old.digest, "now": new.digest}
            for key, (old, new) in moved.items()
        ]
        click.echo(json.dumps(sorted(rows, key=lambda row: row["image"]), indent=2))
    elif moved:
        from pinned_images.cli.tables import changes_table  # noqa: PLC0415 - needs rich

        show(changes_table(moved, "Locked", "Now"))
    unanswered = [answer for answer in answers.values() if answer.entry is None]
    for answer in unanswered:
        complain(str(answer.errors[0]))
    tell(f"{len(moved)} of {counted(len(entries), 'image')} moved.")
    if unanswered or (moved and exit_code):
        raise SystemExit(1)
