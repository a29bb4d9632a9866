"""Rewrite: the value that is rendered for an image, with its digest."""

from __future__ import annotations

from typing import Any

from pinned_images.cloudformation.rewriting import pin_site
from pinned_images.pinning.answers import Answers
from pinned_images.pinning.images import Image
from pinned_images.pinning.policy import Policy
from pinned_images.problem import Problem
from pinned_images.reference import Digest, ImageReference, Style
from pinned_images.resolution import Resolution


def rewritten(image: Image, answers: Answers) -> tuple[Any, Problem | None]:
    """The value to render for an image, and why it could not be written with a digest."""
    if image.exemption is not None:
        return image.site.value, None

    def digest_of(reference: ImageReference) -> Digest | None:
        outcome = answers.of_reference(image, reference)
        return outcome.digest if isinstance(outcome, Resolution) else None

    pinned = pin_site(
        image.site,
        image.resource.scope,
        digest_of,
        style_of(image, answers.policy),
        evaluated=image.evaluation,
    )
    if isinstance(pinned, Problem):
        return image.site.value, pinned
    return pinned.value, None


def style_of(image: Image, policy: Policy) -> Style:
    """Where a service takes a digest in the tag's place only, that is what it gets."""
    styles = (policy.style, image.site.image_property.style)
    return "digest" if "digest" in styles else "tag-and-digest"
