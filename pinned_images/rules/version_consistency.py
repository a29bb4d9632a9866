"""The rule `version-consistency`: a pinned container that is set to follow its tag."""

from __future__ import annotations

from collections.abc import Iterator

from pinned_images.cloudformation.outcomes import Known
from pinned_images.pinning import ImageOutcome, follows_its_tag
from pinned_images.problem import Problem
from pinned_images.rules.rule import ExaminedImage, Rule
from pinned_images.rules.unpinned_image import is_unpinned


class _VersionConsistency(Rule):
    id = "version-consistency"
    severity = "warning"

    def check_image(self, image: ExaminedImage) -> Iterator[Problem]:
        """Pinned images with ``versionConsistency`` off, where ECS would follow the tag."""
        if not follows_its_tag(image.site) or image.policy.version_consistency == "respect":
            return
        unpinned = any(is_unpinned(outcome, image.policy) for outcome in image.outcomes)
        if not unpinned and any(map(_carries_digest, image.outcomes)):
            yield Problem(
                f"The container at {image.site.location} switches versionConsistency off to "
                "follow a moving tag, and is pinned all the same.",
                'Take the setting out, or use version_consistency="respect" to leave such images '
                "unpinned.",
            )


def _carries_digest(outcome: ImageOutcome) -> bool:
    return isinstance(outcome.leaf, Known) and outcome.leaf.reference.digest is not None


VERSION_CONSISTENCY = _VersionConsistency()
