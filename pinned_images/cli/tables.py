"""The tables of the lock file's commands; needs rich."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pinned_images.lockfile import LockEntry, LockKey
from pinned_images.report.terminal import plain_table, printable, shortened

_Value = TypeVar("_Value")


def entries_table(entries: Mapping[LockKey, LockEntry]) -> Table:
    """Every image with its digest and platforms."""
    table = plain_table("Image", "Digest")
    for key, entry in _sorted(entries):
        table.add_row(_image(key, entry), Text(entry.digest.short))
    return table


def changes_table(
    changes: Mapping[LockKey, tuple[LockEntry, LockEntry]], before: str, after: str
) -> Table:
    """Images whose digest is another one now."""
    table = plain_table("Image", before, after)
    for key, (old, new) in _sorted(changes):
        table.add_row(
            printable(str(key)), Text(old.digest.short, "dim"), Text(new.digest.short, "green")
        )
    return table


def _image(key: LockKey, entry: LockEntry) -> Group:
    lines = [printable(str(key))]
    if entry.platforms:
        platforms = printable(shortened(map(str, entry.platforms)), "dim")
        return Group(*lines, Padding(platforms, (0, 0, 0, 2), expand=False))
    return Group(*lines)


def _sorted(entries: Mapping[LockKey, _Value]) -> list[tuple[LockKey, _Value]]:
    return sorted(entries.items(), key=lambda item: str(item[0]))
