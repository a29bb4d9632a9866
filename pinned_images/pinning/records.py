"""Report: the records of an image, made from its decision."""

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
from pinned_images.report.synth_report import SiteRecord
from pinned_images.resolution import Resolution, ResolutionRequest


def records_of(image: Image, decision: Decision) -> list[SiteRecord]:
    """One record for each image that may be at a place: conditions may choose between some."""
    return [_record(image, each, decision.refusal) for each in decision.outcomes]


def _record(image: Image, decided: DecidedOutcome, refusal: Problem | None) -> SiteRecord:
    record = SiteRecord(
        stack=image.resource.stack,
        construct_path=image.resource.construct_path,
        resource_type=image.resource.resource_type,
        property_path=decided.outcome.location,
        reference=_written(decided),
        resolved_by="failed",
        container=decided.outcome.container,
        parameters=tuple(sorted(str(ParameterKey.of(each) or each) for each in image.parameters)),
    )
    match decided.decision:
        case Pinned() as pinned:
            return _pinned(record, pinned) if refusal is None else _failed(record, refusal)
        case AlreadyPinned() as pinned:
            if pinned.unusable is not None:
                return _failed(record, pinned.unusable)
            return _already_pinned(record, pinned)
        case Exempt(reason, is_asset):
            return replace(record, resolved_by="asset" if is_asset else "exempt", reason=reason)
        case NotPinned(problem):
            return _failed(record, problem)


def _failed(record: SiteRecord, problem: Problem | ResolutionError) -> SiteRecord:
    cause = None
    if isinstance(problem, ResolutionError) and can_be_of_several(problem):
        cause = said_of_several(problem)
    return replace(record, reason=str(problem), cause=cause)


def _written(decided: DecidedOutcome) -> str:
    leaf = decided.outcome.leaf
    if isinstance(leaf, Known):
        return str(leaf.reference)
    return leaf.text if isinstance(leaf, ExemptByRule) else decided.outcome.written


def _pinned(record: SiteRecord, pinned: Pinned) -> SiteRecord:
    request = pinned.request
    source = str(request.reference)
    return replace(
        _with_answer(record, request, pinned.resolution),
        copied_from=None if source == record.reference else source,
        resolved_by=pinned.resolution.source,
        pinned=str(pinned.reference),
        digest=str(pinned.reference.digest),
        selected=request.select,
    )


def _already_pinned(record: SiteRecord, pinned: AlreadyPinned) -> SiteRecord:
    if pinned.request is not None and pinned.resolution is not None:
        record = _with_answer(record, pinned.request, pinned.resolution)
    return replace(
        record,
        resolved_by="already-pinned",
        pinned=str(pinned.reference),
        digest=str(pinned.reference.digest),
    )


def _with_answer(
    record: SiteRecord, request: ResolutionRequest, resolution: Resolution
) -> SiteRecord:
    return replace(
        record,
        media_type=resolution.media_type,
        platforms=tuple(map(str, resolution.platforms)),
        platform=None if request.platform is None else str(request.platform),
        origin=resolution.origin,
    )
