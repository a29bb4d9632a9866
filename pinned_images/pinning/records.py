"""Report, for machines: the record of each image."""

from __future__ import annotations

from dataclasses import replace

from pinned_images.cloudformation.outcomes import Absent, ExemptByRule, Known
from pinned_images.errors import PinnedImagesError
from pinned_images.lockfile import ParameterKey
from pinned_images.pinning.answers import Answers, request_for
from pinned_images.pinning.findings import problem_of
from pinned_images.pinning.images import Image, ImageOutcome
from pinned_images.pinning.values import style_of
from pinned_images.problem import Problem
from pinned_images.reference import ImageReference
from pinned_images.report.records import ResolvedBy, SiteRecord


def records_of(image: Image, answers: Answers, refusal: Problem | None) -> list[SiteRecord]:
    """One record for each image that may stand at a place: conditions may choose between some.

    Args:
        image: The image.
        answers: What is known of digests.
        refusal: Why its value could not be written with a digest.
    """
    return [
        _record(image, outcome, answers, refusal)
        for outcome in image.outcomes()
        if not isinstance(outcome.leaf, Absent)
    ]


def _record(
    image: Image, outcome: ImageOutcome, answers: Answers, refusal: Problem | None
) -> SiteRecord:
    location, written, leaf = outcome
    if isinstance(leaf, Known):
        return _known(image, location, leaf.reference, answers, refusal)
    if isinstance(leaf, ExemptByRule):
        by_asset = leaf.rule == "content-addressed-asset"
        resolved_by: ResolvedBy = "asset" if by_asset else "exempt"
        return _plain(image, location, leaf.text, resolved_by, reason=leaf.reason)
    if image.exemption is not None:
        return _plain(image, location, written, "exempt", reason=image.exemption)
    reason = str(problem_of(image, leaf, answers))
    return _plain(image, location, written, "failed", reason=reason)


def _known(
    image: Image,
    location: str,
    reference: ImageReference,
    answers: Answers,
    refusal: Problem | None,
) -> SiteRecord:
    text = str(reference)
    if reference.digest is not None:
        return _plain(image, location, text, "already-pinned", pinned=reference)
    if image.exemption is not None:
        return _plain(image, location, text, "exempt", reason=image.exemption)
    outcome = answers.of_reference(image, reference)
    if isinstance(outcome, PinnedImagesError) or refusal is not None:
        return _plain(image, location, text, "failed", reason=str(refusal or outcome))
    if outcome is None:
        matched = answers.policy.exempt.match(reference)
        return _plain(
            image, location, text, "exempt", reason=matched[1].reason if matched else None
        )
    request = request_for(image, reference, answers.policy)
    pinned = reference.with_digest(outcome.digest, style_of(image, answers.policy))
    return replace(
        _plain(image, location, text, outcome.source, pinned=pinned),
        media_type=outcome.media_type,
        platforms=tuple(map(str, outcome.platforms)),
        platform=None if request.platform is None else str(request.platform),
        selected=request.select,
        origin=outcome.origin,
    )


def _plain(
    image: Image,
    location: str,
    written: str,
    resolved_by: ResolvedBy,
    *,
    reason: str | None = None,
    pinned: ImageReference | None = None,
) -> SiteRecord:
    return SiteRecord(
        stack=image.resource.stack,
        construct_path=image.resource.construct_path,
        resource_type=image.resource.resource_type,
        property_path=location,
        reference=written,
        resolved_by=resolved_by,
        pinned=None if pinned is None else str(pinned),
        digest=None if pinned is None or pinned.digest is None else str(pinned.digest),
        reason=reason,
        parameters=tuple(sorted(str(ParameterKey.of(each) or each) for each in image.parameters)),
    )
