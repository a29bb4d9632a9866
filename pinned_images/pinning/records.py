"""Report: the records of an image, read from what was decided about it."""

from __future__ import annotations

from dataclasses import replace

from pinned_images.cloudformation.outcomes import ExemptByRule, Known
from pinned_images.errors import ResolutionError
from pinned_images.grouping import can_be_of_several, said_of_several
from pinned_images.lockfile import ParameterKey
from pinned_images.pinning.decisions import (
    AlreadyPinned,
    DecidedOutcome,
    Decision,
    Exempt,
    NotPinned,
    Pinned,
)
from pinned_images.pinning.images import Image
from pinned_images.problem import Problem
from pinned_images.report.records import SiteRecord


def records_of(image: Image, decision: Decision) -> list[SiteRecord]:
    """One record for each image that may stand at a place: conditions may choose between some."""
    return [_record(image, each, decision.refusal) for each in decision.outcomes]


def _record(image: Image, decided: DecidedOutcome, refusal: Problem | None) -> SiteRecord:
    record = SiteRecord(
        stack=image.resource.stack,
        construct_path=image.resource.construct_path,
        resource_type=image.resource.resource_type,
        property_path=decided.outcome.location,
        reference=_written(decided),
        resolved_by="failed",
        parameters=tuple(sorted(str(ParameterKey.of(each) or each) for each in image.parameters)),
    )
    match decided.decision:
        case Pinned() as pinned if refusal is None:
            return _pinned(record, pinned)
        case Pinned():
            return replace(record, reason=str(refusal))
        case AlreadyPinned(reference):
            return replace(
                record,
                resolved_by="already-pinned",
                pinned=str(reference),
                digest=str(reference.digest),
            )
        case Exempt(reason, is_asset):
            return replace(record, resolved_by="asset" if is_asset else "exempt", reason=reason)
        case NotPinned(ResolutionError() as error) if can_be_of_several(error):
            return replace(record, reason=str(error), cause=said_of_several(error))
        case NotPinned(problem):
            return replace(record, reason=str(problem))


def _written(decided: DecidedOutcome) -> str:
    leaf = decided.outcome.leaf
    if isinstance(leaf, Known):
        return str(leaf.reference)
    return leaf.text if isinstance(leaf, ExemptByRule) else decided.outcome.written


def _pinned(record: SiteRecord, pinned: Pinned) -> SiteRecord:
    request, resolution = pinned.request, pinned.resolution
    return replace(
        record,
        resolved_by=resolution.source,
        pinned=str(pinned.reference),
        digest=str(pinned.reference.digest),
        media_type=resolution.media_type,
        platforms=tuple(map(str, resolution.platforms)),
        platform=None if request.platform is None else str(request.platform),
        selected=request.select,
        origin=resolution.origin,
    )
