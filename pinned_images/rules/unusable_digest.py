"""The rule `unusable-digest`: a digest in the app's own code that a deployment could not use."""

from __future__ import annotations

from collections.abc import Iterator

from pinned_images.pinning import AlreadyPinned
from pinned_images.problem import Problem
from pinned_images.rules.rule import ExaminedImage, Rule


class _UnusableDigest(Rule):
    id = "unusable-digest"
    severity = "error"

    def check_image(self, image: ExaminedImage) -> Iterator[Problem]:
        """Digests that are gone, or that are of an image for another platform."""
        for decided in image.decided:
            decision = decided.decision
            if isinstance(decision, AlreadyPinned) and decision.unusable is not None:
                yield decided.describe(decision.unusable)


UNUSABLE_DIGEST = _UnusableDigest()
