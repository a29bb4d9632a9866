"""The tables of the commands on files; needs rich."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from pinned_images.files.pinning import Unpinned
from pinned_images.report.terminal import Name, plain_table


def unpinned_table(missing: Iterable[Unpinned]) -> Table:
    """References without a digest, and where they are."""
    table = plain_table("File", "Line", "Reference")
    table.columns[2].no_wrap = False
    for each in missing:
        location = each.file.location(each.place)
        table.add_row(Name(location.file), str(location.line), Name(str(each.place.reference)))
    return table
