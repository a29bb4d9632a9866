"""The tables of the commands; needs rich."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pinned_images.acknowledgements import rule_id
from pinned_images.cli.compared_parameters import ChangedParameter
from pinned_images.lockfile import LockEntry, LockKey, ParameterKey
from pinned_images.reference import Platform
from pinned_images.report.summary import some_platforms
from pinned_images.report.terminal import Name, plain_table, printable

if TYPE_CHECKING:
    from pinned_images.files.pinned_files import Unpinned
    from pinned_images.rules import Violation


def entries_table(entries: Mapping[LockKey, LockEntry]) -> Table:
    """A table of images with digest and platforms."""
    table = plain_table("Image", "Digest")
    for key, entry in sorted(entries.items(), key=lambda item: str(item[0])):
        platforms = some_platforms(map(str, entry.platforms or ()))
        below = [printable(platforms, "dim")] if platforms else []
        table.add_row(_above(key, *below), table.digest(entry.digest))
    return table


def parameters_table(parameters: Mapping[ParameterKey, str]) -> Table:
    """A table of SSM parameters with their values."""
    table = plain_table("SSM parameter")
    for key, value in sorted(parameters.items()):
        table.add_row(_above(key, printable(value, "dim")))
    return table


def changes_table(
    changes: Mapping[LockKey, tuple[LockEntry, LockEntry]],
    before: str,
    after: str,
    unchanged: Mapping[LockKey, Sequence[Platform]],
) -> Table:
    """A table of images with another digest, and the platforms on which they are the same."""
    table = plain_table("Image", before, after)
    for key, (old, new) in sorted(changes.items(), key=lambda item: str(item[0])):
        platforms = some_platforms(map(str, unchanged.get(key, ())))
        below = [printable(f"the same on {platforms}", "dim")] if platforms else []
        table.add_row(
            _above(key, *below), table.digest(old.digest, "dim"), table.digest(new.digest, "green")
        )
    return table


def parameter_changes_table(changes: Iterable[ChangedParameter], before: str, after: str) -> Table:
    """A table of SSM parameters that name another image; each value has its line."""
    table = plain_table("SSM parameter")
    width = max(len(before), len(after))
    for each in sorted(changes, key=lambda change: change.key):
        old = printable(f"{before:{width}}  {each.locked}", "dim")
        table.add_row(_above(each.key, old, printable(f"{after:{width}}  {each.value}", "green")))
    return table


def unpinned_table(missing: Iterable[Unpinned]) -> Table:
    """A table of references without a digest, with their locations."""
    table = plain_table("File", "Line", "Reference")
    table.columns[2].no_wrap = False
    for each in missing:
        location = each.file.location(each.place)
        table.add_row(Name(location.file), str(location.line), Name(str(each.place.reference)))
    return table


def violation_table(violations: Iterable[Violation]) -> Table:
    """Each violation with its construct, its property and the way out; errors come first."""
    table = plain_table("Construct", "Problem")
    table.columns[1].no_wrap = False
    table.columns[1].overflow = "fold"
    for each in sorted(violations, key=lambda each: each.rule.severity == "warning"):
        is_warning = each.rule.severity == "warning"
        where = " ".join(part for part in (each.logical_id, each.location) if part)
        rule = each.rule.id if each.rule.severity == "fatal" else rule_id(each.rule.id)
        lines = [
            printable(each.problem.what, "yellow" if is_warning else "red"),
            *([printable(each.problem.fix)] if each.problem.fix else []),
            printable(f"{each.rule.severity} {rule}", "dim"),
        ]
        below = [Padding(printable(where, "dim"), (0, 0, 0, 2), expand=False)] if where else []
        table.add_row(Group(Name(each.construct_path or "the app"), *below), Group(*lines))
    return table


def _above(key: LockKey | ParameterKey, *lines: Text) -> Group:
    return Group(Name(str(key)), *(Padding(line, (0, 0, 0, 2), expand=False) for line in lines))
