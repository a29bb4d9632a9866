"""Repeated measurements, taken in turns so that a machine that slows down slows all of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Samples:
    """What one thing took, each time that it was measured.

    Attributes:
        values: In seconds, in the order of measurement.
    """

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one, which a single slow run does not move."""
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """How far apart the fastest and the slowest are, as a part of the median."""
        return (max(self.values) - min(self.values)) / self.median

    def __str__(self) -> str:
        """The median and the spread: ``1.52 s (±3 %)``."""
        return f"{self.median:.3g} s (±{self.spread / 2:.0%})"


def in_turns(variants: Mapping[str, Callable[[], T]], repetitions: int) -> dict[str, list[T]]:
    """Measure every variant once, then every variant again, and so on.

    Args:
        variants: What measures each of them.
        repetitions: How often.

    Returns:
        What was measured of each, in the order of measurement.
    """
    measured: dict[str, list[T]] = {name: [] for name in variants}
    for _ in range(repetitions):
        for name, measure in variants.items():
            measured[name].append(measure())
    return measured
