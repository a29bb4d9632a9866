"""The rule `unused-exemption`: a pattern in `exempt` that exempts no image."""

from __future__ import annotations

from collections.abc import Iterator

from pinned_images.problem import Problem
from pinned_images.rules.rule import ExaminedApp, Rule


class _UnusedExemption(Rule):
    id = "unused-exemption"
    severity = "warning"

    def check_app(self, app: ExaminedApp) -> Iterator[tuple[str, Problem]]:
        """Patterns under which no unpinned image of the app falls."""
        given = {
            pattern: exemption
            for coverage in app.coverages
            if not coverage.is_silent
            for pattern, exemption in coverage.policy.exempt.patterns
        }
        for pattern, exemption in given.items():
            if pattern not in app.patterns:
                what = (
                    f"The exemption {pattern!r} ({exemption.reason.rstrip('.')}) matches no "
                    "unpinned image of the app."
                )
                fix = (
                    "Take it out, or correct the pattern: it is compared with whole references, "
                    "such as docker.io/library/nginx:1.27."
                )
                yield "", Problem(what, fix)


UNUSED_EXEMPTION = _UnusedExemption()
