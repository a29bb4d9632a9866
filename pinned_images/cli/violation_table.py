"""The table of what breaks a rule; needs rich."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group
from rich.padding import Padding
from rich.table import Table

from pinned_images.acknowledgements import rule_id
from pinned_images.report.terminal import Name, plain_table, printable
from pinned_images.rules import Violation


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
