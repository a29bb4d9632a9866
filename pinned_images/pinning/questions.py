"""Resolve: what registries are asked about some images."""

from __future__ import annotations

from collections.abc import Iterable

from pinned_images.cloudformation.outcomes import Known, leaves
from pinned_images.pinning.images import Image
from pinned_images.pinning.policy import Policy
from pinned_images.reference import ImageReference
from pinned_images.resolution import ResolutionRequest


def questions_about(images: Iterable[Image], policy: Policy) -> list[ResolutionRequest]:
    """The questions about all digests that are wanted, each once."""
    questions = (
        question_about(image, leaf.reference, policy)
        for image in images
        if image.exemption is None
        for leaf in leaves(image.evaluation)
        if isinstance(leaf, Known) and _wants_digest(leaf.reference, policy)
    )
    return list(dict.fromkeys(questions))


def question_about(image: Image, reference: ImageReference, policy: Policy) -> ResolutionRequest:
    """The question about one reference that an image may be."""
    return ResolutionRequest(
        reference,
        image.platform,
        policy.platforms == "select" and image.platform is not None,
        image.secret if isinstance(image.secret, str) else None,
    )


def _wants_digest(reference: ImageReference, policy: Policy) -> bool:
    return reference.digest is None and policy.exempt.match(reference) is None
