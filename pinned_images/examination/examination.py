"""`Examination`: the findings in the finished templates of an app."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pinned_images.report.synth_report import SiteRecord
from pinned_images.rules import Coverage, Violation


@dataclass(frozen=True, slots=True)
class Examination:
    """The findings of an examination.

    Attributes:
        violations: The violations of rules.
        patterns: The patterns of exemptions that images fall under, and need.
        resources: The construct paths of the resources that `PinImages` has pinned.
        places: Construct path and property of each image in them.
        containers: The names of their containers, where the properties have them.
        moved: The former places of those that are at another place of their list now, since an
            override has taken away one before them.
        overridden: Records of those that an override has replaced.
    """

    violations: list[Violation] = field(default_factory=list)
    patterns: set[str] = field(default_factory=set)
    resources: set[str] = field(default_factory=set)
    places: set[tuple[str, str]] = field(default_factory=set)
    containers: dict[tuple[str, str], str] = field(default_factory=dict)
    moved: dict[tuple[str, str], str] = field(default_factory=dict)
    overridden: list[SiteRecord] = field(default_factory=list)

    def without(self, other: Examination, coverages: Sequence[Coverage]) -> Examination:
        """The findings without those of another examination.

        Args:
            other: The other one, of the same stacks.
            coverages: The parts that it covered.
        """
        said = {violation.subject for violation in other.violations}
        remaining = [
            each
            for each in self.violations
            if each.subject not in said and not _is_silent(each.construct_path, coverages)
        ]
        return replace(self, violations=remaining)


def _is_silent(path: str, coverages: Sequence[Coverage]) -> bool:
    return next((each.is_silent for each in coverages if each.holds(path)), False)
