"""The tables of the lock file's commands; needs rich."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pinned_images.lockfile import LockEntry, LockKey, ParameterKey
from pinned_images.report.terminal import plain_table, printable, shortened


def entries_table(entries: Mapping[LockKey, LockEntry]) -> Table:
    """Every image with its digest and platforms."""
    table = plain_table("Image", "Digest")
    for key, entry in sorted(entries.items(), key=lambda item: str(item[0])):
        table.add_row(_image(key, entry), Text(entry.digest.short))
    return table


def parameters_table(parameters: Mapping[ParameterKey, str]) -> Table:
    """Every SSM parameter with the value that names an image."""
    table = plain_table("SSM parameter", "Value")
    for key, value in sorted(parameters.items()):
        table.add_row(printable(str(key)), printable(value))
    return table


def changes_table(changes: Iterable[tuple[str, str, str]], before: str, after: str) -> Table:
    """What has another digest, or another value, now."""
    table = plain_table("Image", before, after)
    for name, old, new in changes:
        table.add_row(printable(name), printable(old, "dim"), printable(new, "green"))
    return table


def _image(key: LockKey, entry: LockEntry) -> Group:
    lines = [printable(str(key))]
    if entry.platforms:
        platforms = printable(shortened(map(str, entry.platforms)), "dim")
        return Group(*lines, Padding(platforms, (0, 0, 0, 2), expand=False))
    return Group(*lines)
