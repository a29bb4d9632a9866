"""Decide: the decision about an image, after all answers of the resolver."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pinned_images.cloudformation.outcomes import Absent, ExemptByRule, Known, NeedsParameters
from pinned_images.cloudformation.rewriting import pin_site
from pinned_images.errors import (
    AccessDenied,
    ImageNotFound,
    PlatformMismatch,
    ResolutionError,
)
from pinned_images.media_types import INDEX_TYPES
from pinned_images.pinning.copies import Copies
from pinned_images.pinning.decisions import (
    AlreadyPinned,
    DecidedOutcome,
    Decision,
    Exempt,
    NotPinned,
    OutcomeDecision,
    Pinned,
)
from pinned_images.pinning.images import Image, ImageOutcome, compared_with_patterns
from pinned_images.pinning.policy import Policy
from pinned_images.pinning.requests import request_for
from pinned_images.problem import Problem
from pinned_images.reference import ImageReference, Style
from pinned_images.resolution import Outcome, Resolution, ResolutionRequest, outcome_of


def decide(
    image: Image,
    policy: Policy,
    answers: Mapping[ResolutionRequest, Outcome],
    copies: Copies = MappingProxyType({}),
) -> Decision:
    """The decision about an image.

    Args:
        image: The image.
        policy: The user's decisions.
        answers: The resolver's outcome for each request about it.
        copies: The images that the deployment copies into registries.
    """
    outcomes = tuple(
        DecidedOutcome(outcome, _covered(_decide(image, outcome, policy, answers, copies), image))
        for outcome in image.outcomes()
        if not isinstance(outcome.leaf, Absent)
    )
    value, refusal = _rewritten(image, outcomes, policy)
    if refusal is not None and image.exemption_of_unknown is not None:
        exempt = Exempt(image.exemption_of_unknown)
        outcomes = tuple(
            each._replace(decision=exempt) if isinstance(each.decision, Pinned) else each
            for each in outcomes
        )
        refusal = None
    patterns = (
        frozenset[str]()
        if image.exemption is not None
        else policy.exempt.patterns_for(
            subject
            for each in outcomes
            if (subject := compared_with_patterns(each.outcome)) is not None
        )
    )
    return Decision(image.location, value, outcomes, refusal, image.exemption, patterns)


def _covered(decision: OutcomeDecision, image: Image) -> OutcomeDecision:
    """The decision about an image that cannot be pinned and is acknowledged."""
    if isinstance(decision, NotPinned) and image.exemption_of_unknown is not None:
        return Exempt(image.exemption_of_unknown)
    return decision


def _decide(
    image: Image,
    outcome: ImageOutcome,
    policy: Policy,
    answers: Mapping[ResolutionRequest, Outcome],
    copies: Copies,
) -> OutcomeDecision:
    leaf = outcome.leaf
    if isinstance(leaf, ExemptByRule):
        return Exempt(leaf.reason, is_asset=leaf.rule == "content-addressed-asset")
    if isinstance(leaf, Known) and leaf.reference.digest is not None:
        return _decide_pinned(image, leaf.reference, policy, answers, copies)
    if image.exemption is not None:
        return Exempt(image.exemption)
    if isinstance(leaf, NeedsParameters):
        names = ", ".join(sorted(map(str, leaf.parameters)))
        return NotPinned(Problem(f"The value of the SSM parameter {names} could not be read."))
    if isinstance(leaf, Known):
        return _decide_reference(image, leaf.reference, policy, answers, copies)
    if isinstance(leaf, Problem):
        return _by_pattern(outcome.written, policy) or NotPinned(leaf)
    raise AssertionError(leaf)  # pragma: no cover - Absent is nothing to decide about


def _decide_reference(
    image: Image,
    reference: ImageReference,
    policy: Policy,
    answers: Mapping[ResolutionRequest, Outcome],
    copies: Copies,
) -> OutcomeDecision:
    by_pattern = _by_pattern(reference, policy)
    if by_pattern is not None:
        return by_pattern
    copy = copies.get(reference.normalized)
    if copy is not None:
        problem = copy.problem(reference, image.platform)
        if problem is not None:
            return NotPinned(problem)
        if isinstance(copy.source, ExemptByRule):
            return Exempt(copy.source.reason, is_asset=True)
    request = request_for(image, reference, policy, copies)
    answer = _answer(image, request, answers)
    if isinstance(answer, ResolutionError):
        return NotPinned(answer)
    return Pinned(request, answer, reference.with_digest(answer.digest, _style_of(image, policy)))


def _decide_pinned(
    image: Image,
    reference: ImageReference,
    policy: Policy,
    answers: Mapping[ResolutionRequest, Outcome],
    copies: Copies,
) -> AlreadyPinned:
    request = request_for(image, reference, policy)
    if image.exemption is not None or request not in answers:
        return AlreadyPinned(reference)
    answer = _answer(image, request, answers)
    by_tag = ImageReference(reference.registry, reference.repository, reference.tag)
    if isinstance(answer, ImageNotFound) and by_tag.normalized in copies:
        return AlreadyPinned(reference)  # the deployment itself puts it there
    return AlreadyPinned(reference, request, answer)


def _by_pattern(image: ImageReference | str, policy: Policy) -> Exempt | NotPinned | None:
    matched = policy.exempt.match(image)
    if matched is None:
        return None
    ended = policy.exempt.ended(image, policy.today)
    return Exempt(matched[1].reason) if ended is None else NotPinned(Problem(ended))


def _answer(
    image: Image, request: ResolutionRequest, answers: Mapping[ResolutionRequest, Outcome]
) -> Outcome:
    """The outcome for an image, checked against what its service takes."""
    answer = outcome_of(request, answers)
    if isinstance(answer, AccessDenied) and isinstance(image.secret, Problem):
        return answer.noted(f"The workload's own credentials were not tried: {image.secret}")
    if isinstance(answer, Resolution) and image.takes_one_image and _is_index(request, answer):
        return _index_for_one_image(image, request)
    return answer


def _is_index(request: ResolutionRequest, resolution: Resolution) -> bool:
    """Whether a digest is that of an index; without a media type, by the number of platforms."""
    if resolution.media_type is not None:
        return resolution.media_type in INDEX_TYPES
    return not request.select and len(resolution.platforms) > 1


def _index_for_one_image(image: Image, request: ResolutionRequest) -> PlatformMismatch:
    takes = f"and {image.resource.resource_type} takes one image and no index"
    if request.select:
        predicate = f"has another index for {request.platform} in its index, {takes}"
        remedy = "push an image whose index holds images alone"
    elif request.reference.digest is not None:
        predicate = f"is the digest of an index, {takes}"
        platform = request.platform or "the function's architecture"
        remedy = f"write the digest of the image for {platform} that is in it, or the tag alone"
    else:
        predicate = f"is an index, {takes}: which one of those in it is not known at synth"
        remedy = (
            "write the function's Architectures as text, or push the image without an index "
            "(docker buildx build --provenance=false --platform ...)"
        )
    return PlatformMismatch(remedy=remedy, reference=str(request.reference), predicate=predicate)


def _rewritten(
    image: Image, outcomes: tuple[DecidedOutcome, ...], policy: Policy
) -> tuple[Any, Problem | None]:
    """The value to render, and why it could not be written with its digests."""
    digests = {
        each.outcome.leaf.reference: each.decision.resolution.digest
        for each in outcomes
        if isinstance(each.decision, Pinned) and isinstance(each.outcome.leaf, Known)
    }
    if not digests:
        return image.site.value, None
    rewritten = pin_site(
        image.site,
        image.resource.scope,
        digests.get,
        _style_of(image, policy),
        evaluated=image.evaluation,
        partly=image.exemption_of_unknown is not None,
    )
    if isinstance(rewritten, Problem):
        return image.site.value, rewritten
    return rewritten.value, None


def _style_of(image: Image, policy: Policy) -> Style:
    """The digest style: the service's own where it takes a digest in the tag's place only."""
    styles = (policy.style, image.site.image_property.style)
    return "digest" if "digest" in styles else "tag-and-digest"
