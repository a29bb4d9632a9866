"""Exemptions that exempt nothing any more."""

from __future__ import annotations

from collections.abc import Iterable

from pinned_images.acknowledgements import UNUSED_EXEMPTION
from pinned_images.examination.coverage import Coverage
from pinned_images.examination.stacks import Examination
from pinned_images.examination.violations import AppProblem


def unused_exemptions(examination: Examination, coverages: Iterable[Coverage]) -> list[AppProblem]:
    """What is said of patterns under which no unpinned image of the app falls.

    Args:
        examination: What was found in the whole app.
        coverages: The parts of the app, with the patterns that users have given for them.
    """
    given = {
        pattern: exemption
        for coverage in coverages
        if not coverage.is_silent
        for pattern, exemption in coverage.policy.exempt.patterns
    }
    return [
        AppProblem(
            f"The exemption {pattern!r} ({exemption.reason.rstrip('.')}) matches no unpinned image "
            "of the app.",
            "Take it out, or correct the pattern: it is compared with whole references, such as "
            "docker.io/library/nginx:1.27.",
            UNUSED_EXEMPTION,
            "warning",
        )
        for pattern, exemption in given.items()
        if pattern not in examination.patterns
    ]
