"""The rule `image-format`: an image of a media type that its service is known to refuse."""

from __future__ import annotations

from collections.abc import Iterator

from pinned_images.media_types import DOCKER_MANIFEST, INDEX_TYPES
from pinned_images.pinning import AlreadyPinned, Pinned
from pinned_images.problem import Problem
from pinned_images.rules.rule import ExaminedImage, Rule


class _ImageFormat(Rule):
    id = "image-format"
    severity = "warning"

    def check_image(self, image: ExaminedImage) -> Iterator[Problem]:
        """Pinned images of such a media type; the catalog has the facts and their source."""
        if image.site.image_property.takes != "docker-image":
            return
        for decided in image.decided:
            decision = decided.decision
            if not isinstance(decision, (Pinned, AlreadyPinned)) or decision.resolution is None:
                continue
            media_type = decision.resolution.media_type
            if media_type in (None, DOCKER_MANIFEST):
                continue
            kind = "an index" if media_type in INDEX_TYPES else "an image in OCI's format"
            yield Problem(
                f"{decided.name} is {kind} ({media_type}): "
                f"{image.resource.resource_type} is known to take single images in Docker's format "
                "alone.",
                "Push it so: docker buildx build --provenance=false --output type=docker, then "
                "docker push.",
            )


IMAGE_FORMAT = _ImageFormat()
