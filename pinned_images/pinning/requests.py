"""Resolve: the requests to the resolver for some images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType

from pinned_images.cloudformation.outcomes import Known, leaves
from pinned_images.pinning.copies import Copies
from pinned_images.pinning.images import Image
from pinned_images.pinning.policy import Policy
from pinned_images.reference import ImageReference
from pinned_images.resolution import ResolutionRequest

# Registries and clients know others (OCI image specification, "Registered Algorithms"), but a
# request by one of them is answered with the SHA-256.
_VERIFIED_ALGORITHM = "sha256"


def requests_for(
    images: Iterable[Image], policy: Policy, copies: Copies = MappingProxyType({})
) -> list[ResolutionRequest]:
    """The requests for all digests that are wanted or to be verified, each once."""
    requests = (
        request_for(image, leaf.reference, policy, copies)
        for image in images
        if image.exemption is None
        for leaf in leaves(image.evaluation)
        if isinstance(leaf, Known) and _is_requested(leaf.reference, policy, copies)
    )
    return list(dict.fromkeys(requests))


def request_for(
    image: Image,
    reference: ImageReference,
    policy: Policy,
    copies: Copies = MappingProxyType({}),
) -> ResolutionRequest:
    """The request for one reference that an image may be; for its source, if it is a copy."""
    copy = copies.get(reference.normalized)
    if copy is not None and isinstance(copy.source, ImageReference):
        if copy.platform is not None:
            return ResolutionRequest(
                copy.source, copy.platform, select=True, credentials_parameter=copy.secret
            )
        whole = request_for(image, copy.source, policy)
        return replace(whole, credentials_parameter=copy.secret)
    selects = policy.platforms == "select" or image.takes_one_image
    return ResolutionRequest(
        reference,
        image.platform,
        selects and image.platform is not None and reference.digest is None,
        image.secret if isinstance(image.secret, str) else None,
    )


def _is_requested(reference: ImageReference, policy: Policy, copies: Copies) -> bool:
    if reference.digest is not None:
        return policy.verify_digests and reference.digest.algorithm == _VERIFIED_ALGORITHM
    copy = copies.get(reference.normalized)
    is_known = copy is None or isinstance(copy.source, ImageReference)
    return is_known and policy.exempt.match(reference) is None
