"""The rule `fixed-name`: a resource that a new digest replaces, under a name that stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pinned_images.cloudformation.intrinsics import NO_VALUE
from pinned_images.cloudformation.outcomes import Known
from pinned_images.cloudformation.property_paths import value_of
from pinned_images.problem import Problem
from pinned_images.rules.rule import ExaminedImage, Rule

_FIXES = {
    "Version": "Raise the Version with each new image, or write it as 1.0.x to have it counted up.",
    "VersionName": "Change the VersionName with each new image.",
}


class _FixedName(Rule):
    id = "fixed-name"
    severity = "warning"

    def check_image(self, image: ExaminedImage) -> Iterator[Problem]:
        """Images of named resources: CloudFormation creates the new before it deletes the old."""
        key = image.site.image_property.replaced_by_name
        first = next(
            (each for each in image.resource.sites if each.image_property.replaced_by_name), None
        )
        if key is None or first is None or first.path != image.site.path:
            return
        name = value_of(image.resource.properties, key)
        if not _is_fixed(name) or not any(
            isinstance(outcome.leaf, Known) and outcome.leaf.reference.digest is not None
            for outcome in image.outcomes
        ):
            return
        yield Problem(
            f"A new digest at {image.site.location} replaces the {image.resource.resource_type}, "
            f"whose {key} stays the same, so the deployment of the next image ends in "
            "'already exists'.",
            _FIXES.get(
                key,
                f"Leave the {key} out, so that CloudFormation makes one up, or change it with the "
                "image.",
            ),
        )


def _is_fixed(name: Any) -> bool:
    """Whether a name stays; EC2 Image Builder counts up ``x`` (`WildcardVersionNumber`)."""
    if name is None or name == NO_VALUE:
        return False
    return not (isinstance(name, str) and "x" in name.split("."))


FIXED_NAME = _FixedName()
