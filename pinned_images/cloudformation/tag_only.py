"""Images of services that take no digest: they are left at their tag."""

from __future__ import annotations

from dataclasses import replace

from pinned_images.cloudformation.catalog import ImageProperty
from pinned_images.cloudformation.outcomes import (
    Choice,
    Evaluation,
    ExemptByRule,
    Known,
    Leaf,
    PlacedImage,
    Several,
)
from pinned_images.problem import Problem


def left_at_tag(evaluation: Evaluation, image_property: ImageProperty) -> Evaluation:
    """What a value means where the service takes images by their tag alone.

    Args:
        evaluation: What the value means elsewhere.
        image_property: The property, which has the style ``tag``.

    Returns:
        The same, with images exempt by the rule ``tag-only``; what carries a digest, or is too
        long, is a problem, for the service refuses it.
    """
    if isinstance(evaluation, Choice):
        return replace(
            evaluation,
            when_true=left_at_tag(evaluation.when_true, image_property),
            when_false=left_at_tag(evaluation.when_false, image_property),
        )
    if isinstance(evaluation, Several):
        images = (
            PlacedImage(place, value, left_at_tag(each, image_property))
            for place, value, each in evaluation.images
        )
        return Several(tuple(images))
    return _left(evaluation, image_property)


def _left(leaf: Leaf, image_property: ImageProperty) -> Leaf:
    if not isinstance(leaf, (Known, ExemptByRule)):
        return leaf
    service, most = image_property.resource_type, image_property.maximum_length
    if "@" in leaf.text:
        return Problem.about(
            leaf.text,
            leaf.text,
            f"carries a digest, and {service} takes images by their tag alone.",
            "Write it as name:tag, with a tag that is never moved.",
        )
    if most is not None and len(leaf.text) > most:
        return Problem.about(
            leaf.text,
            f"{leaf.text[:60]!r}...",
            f"has {len(leaf.text)} characters, and this property takes at most {most}.",
            "Give the repository or the tag a shorter name.",
        )
    if isinstance(leaf, ExemptByRule):
        return leaf
    reason = f"{service} takes images by their tag alone, so this one is left at its tag."
    return ExemptByRule(leaf.text, "tag-only", reason)
