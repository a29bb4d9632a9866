"""The rule `tag-only`: an image that keeps its tag alone, as its service takes no digest."""

from __future__ import annotations

from collections.abc import Iterator

from pinned_images.cloudformation.outcomes import ExemptByRule
from pinned_images.problem import Problem
from pinned_images.rules.rule import ExaminedImage, Rule

_NEVER_MOVE_IT = (
    "Use a tag that is never moved (image_tag_mutability=IMMUTABLE for an ECR repository), and "
    "acknowledge it with a reason."
)


class _TagOnly(Rule):
    id = "tag-only"
    severity = "warning"

    def check_image(self, image: ExaminedImage) -> Iterator[Problem]:
        """Images by tag alone: what the tag leads to when the service pulls is what runs."""
        if image.site.image_property.style != "tag":
            return
        decided = image.decision
        if decided is not None and decided.exemption is not None:
            return
        outcomes = [*image.outcomes, *(each.outcome for each in image.decided)]
        for outcome in dict.fromkeys(outcomes):
            leaf = outcome.leaf
            if isinstance(leaf, ExemptByRule) and leaf.rule == "tag-only":
                yield Problem(
                    f"The image {leaf.text} at {outcome.location} is not pinned. {leaf.reason}",
                    _NEVER_MOVE_IT,
                )


TAG_ONLY = _TagOnly()
