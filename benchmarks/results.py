"""What a measurement comes to, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """What is to be reached, and what was.

    Attributes:
        aim: What is to be reached, in words: ``at most 1.3 times the limit``.
        measured: What was, in words: ``1.18``.
        is_reached: Whether it was.
        reason: Why not, where that is known.
    """

    aim: str
    measured: str
    is_reached: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers in rows.

    Attributes:
        head: The names of the columns.
        rows: One text for each column.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement.

    Attributes:
        title: What was measured, in a few words.
        setting: How, in a paragraph.
        marks: What was to be reached.
        tables: The numbers.
        remarks: What else there is to know, a paragraph each.
    """

    title: str
    setting: str
    marks: Sequence[Mark]
    tables: Sequence[Table]
    remarks: Sequence[str] = ()


def at_most(aim: str, value: float, limit: float, reason: str = "") -> Mark:
    """A mark that a number must not be above."""
    return Mark(aim, f"{value:.2f}", value <= limit, reason)


def at_least(aim: str, value: float, limit: float, reason: str = "") -> Mark:
    """A mark that a number must not be below."""
    return Mark(aim, f"{value:.1f}", value >= limit, reason)
