"""The rule `tag-beside-digest`: a tag and a digest where the service takes one of them."""

from __future__ import annotations

from collections.abc import Iterator

from pinned_images.cloudformation.outcomes import Known
from pinned_images.problem import Problem
from pinned_images.rules.rule import ExaminedImage, Rule


class _TagBesideDigest(Rule):
    id = "tag-beside-digest"
    severity = "warning"

    def check_image(self, image: ExaminedImage) -> Iterator[Problem]:
        """Images that the app writes with tag and digest, which stay byte for byte."""
        if image.site.image_property.style != "digest":
            return
        for outcome in image.outcomes:
            leaf = outcome.leaf
            if not isinstance(leaf, Known):
                continue
            reference = leaf.reference
            if reference.tag is not None and reference.digest is not None:
                yield Problem(
                    f"{reference} at {outcome.location} has a tag beside its digest, and "
                    f"{image.resource.resource_type} takes one of them: its deployment may fail.",
                    f"Take the tag out: {reference.spelled_name}@{reference.digest}.",
                )


TAG_BESIDE_DIGEST = _TagBesideDigest()
