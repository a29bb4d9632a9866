"""Measurements as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.results import Mark, Measurement, Table

_HEAD = """# Results of `make bench`

Written by `make bench`; do not edit. What the numbers mean stands in
[docs/performance.md](../docs/performance.md). Seconds are medians with half the distance between
the fastest and the slowest run; ratios are between medians of runs that were made in turns on the
same machine, so they hold elsewhere where seconds do not."""


def render(machine: Sequence[tuple[str, str]], measurements: Sequence[Measurement]) -> str:
    """The whole page.

    Args:
        machine: Names and values that say what was measured on what.
        measurements: In the order of the page.
    """
    parts = [_HEAD, *_table(Table(("", ""), machine)), "## Marks", *_marks(measurements)]
    for measurement in measurements:
        parts += [f"## {measurement.title}", measurement.setting]
        for table in measurement.tables:
            parts += _table(table)
        parts += measurement.remarks
    return "\n\n".join(parts) + "\n"


def _marks(measurements: Sequence[Measurement]) -> Iterator[str]:
    marks = [(each, mark) for each in measurements for mark in each.marks]
    yield from _table(
        Table(
            ("measurement", "mark", "measured", "reached"),
            [
                (each.title, mark.aim, mark.measured, "yes" if mark.is_reached else "**no**")
                for each, mark in marks
            ],
        )
    )
    for each, mark in marks:
        if not mark.is_reached:
            yield _reason(each, mark)


def _reason(measurement: Measurement, mark: Mark) -> str:
    why = mark.reason or "The reason is not known."
    return f'Not reached in "{measurement.title}", {mark.aim}: {why}'


def _table(table: Table) -> Iterator[str]:
    lines = [table.head, ["---"] * len(table.head), *table.rows]
    yield "\n".join(f"| {' | '.join(line)} |" for line in lines)
