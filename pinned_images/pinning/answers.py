"""Resolve: what registries are asked for some images, and what their answers mean for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pinned_images.cloudformation.outcomes import Known, leaves
from pinned_images.errors import AccessDenied, PinnedImagesError, PlatformMismatch
from pinned_images.pinning.images import Image
from pinned_images.pinning.policy import Policy
from pinned_images.problem import Problem
from pinned_images.reference import ImageReference
from pinned_images.resolution import Outcome, Resolution, ResolutionRequest, Resolver

# AWS Lambda developer guide, "Create a Lambda function using a container image": no index.
_SINGLE_PLATFORM_TYPES = frozenset({"AWS::Lambda::Function", "AWS::Serverless::Function"})


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What is known of the digests of some images.

    Attributes:
        policy: What the user decided.
        outcomes: What the resolver answered.
    """

    policy: Policy
    outcomes: Mapping[ResolutionRequest, Outcome]

    @classmethod
    def of(cls, images: Iterable[Image], policy: Policy, resolver: Resolver) -> Answers:
        """Ask for all digests that are wanted, at once and each once."""
        requests = (
            request_for(image, leaf.reference, policy)
            for image in images
            if image.exemption is None
            for leaf in leaves(image.evaluation)
            if isinstance(leaf, Known) and _wants_digest(leaf.reference, policy)
        )
        return cls(policy, resolver.resolve(list(dict.fromkeys(requests))))

    def of_reference(
        self, image: Image, reference: ImageReference
    ) -> Resolution | PinnedImagesError | None:
        """What is known of a reference of an image; None where no digest is wanted."""
        if reference.digest is not None:
            return None
        if self.policy.exempt.match(reference) is not None:
            ended = self.policy.exempt.ended(reference, self.policy.today)
            return None if ended is None else PinnedImagesError(ended)
        outcome = self.outcomes[request_for(image, reference, self.policy)]
        if isinstance(outcome, AccessDenied) and isinstance(image.secret, Problem):
            return AccessDenied(
                f"{outcome} The workload's own credentials were not tried: {image.secret}"
            )
        if isinstance(outcome, Resolution) and self._has_too_many_platforms(image, outcome):
            platforms = ", ".join(map(str, outcome.platforms))
            return PlatformMismatch(
                f"{reference} is an image for several platforms ({platforms}), which "
                f"{image.resource.resource_type} does not run: push one for a single "
                'platform, or use PinImages(platforms="select").'
            )
        return outcome

    def _has_too_many_platforms(self, image: Image, resolution: Resolution) -> bool:
        return (
            self.policy.platforms == "verify"
            and image.resource.resource_type in _SINGLE_PLATFORM_TYPES
            and len(resolution.platforms) > 1
        )


def request_for(image: Image, reference: ImageReference, policy: Policy) -> ResolutionRequest:
    """The question for a reference of an image."""
    return ResolutionRequest(
        reference,
        image.platform,
        policy.platforms == "select" and image.platform is not None,
        image.secret if isinstance(image.secret, str) else None,
    )


def _wants_digest(reference: ImageReference, policy: Policy) -> bool:
    return reference.digest is None and policy.exempt.match(reference) is None
