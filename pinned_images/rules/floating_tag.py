"""The rule `floating-tag`: a tag that names no version."""

from __future__ import annotations

from collections.abc import Iterator

from pinned_images.cloudformation.outcomes import Known
from pinned_images.pinning import follows_its_tag
from pinned_images.problem import Problem
from pinned_images.reference import DEFAULT_TAG
from pinned_images.rules.rule import ExaminedImage, Rule


class _FloatingTag(Rule):
    id = "floating-tag"
    severity = "warning"

    def check_image(self, image: ExaminedImage) -> Iterator[Problem]:
        """Images by a floating tag, except those that `version-consistency` reports."""
        if follows_its_tag(image.site):
            return
        for outcome in image.outcomes:
            leaf = outcome.leaf
            if isinstance(leaf, Known) and leaf.reference.effective_tag == DEFAULT_TAG:
                yield Problem(
                    f"The tag {DEFAULT_TAG} of {leaf.reference.spelled_name} at "
                    f"{outcome.location} tells no version.",
                    "Name a version in the tag.",
                )


FLOATING_TAG = _FloatingTag()
