"""The rule `unverified-digest`: a digest in the app's own code that could not be verified."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pinned_images.pinning import AlreadyPinned
from pinned_images.problem import Problem
from pinned_images.rules.rule import ExaminedImage, Rule


class _UnverifiedDigest(Rule):
    id = "unverified-digest"
    severity = "warning"

    def check_image(self, image: ExaminedImage) -> Iterator[Problem]:
        """Digests that no registry has confirmed: the image may be there all the same."""
        for decided in image.decided:
            decision = decided.decision
            if isinstance(decision, AlreadyPinned) and decision.unverified is not None:
                problem = decided.describe(decision.unverified)
                off = image.policy.option_syntax.written("verify_digests", value=False)
                trust = f"{off} believes such digests, and does not ask for them."
                yield replace(problem, fix=f"{problem.fix} {trust}" if problem.fix else trust)


UNVERIFIED_DIGEST = _UnverifiedDigest()
