"""Records of images that an override has put in place of pinned ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from pinned_images.acknowledgements import is_below
from pinned_images.cloudformation.sites import Site, evaluate_site
from pinned_images.errors import ResolutionError
from pinned_images.examination.examination import Examination
from pinned_images.pinning import Image, ImageResource, Policy, decide, records_of
from pinned_images.report.synth_report import SiteRecord
from pinned_images.resolution import Outcome, ResolutionRequest

_OVERRIDDEN = "An override has set it, and it carries no digest."
_MISSED = "Its Stage was synthesized without PinImages."
_NAMED_TEMPLATE = "It is in a template that a resource only names, and it carries no digest."


def records_of_overridden(
    resource: ImageResource, site: Site, policy: Policy, *, is_in_construct: bool
) -> list[SiteRecord]:
    """The records of an image that was not resolved.

    Args:
        resource: The resource.
        site: Where the image is.
        policy: The user's decisions.
        is_in_construct: Whether it is in a stack of the app, and not in a template that one names.
    """
    evaluation = evaluate_site(site, resource.scope)
    image = Image(resource, site, evaluation, None, None, resource.acknowledged)
    why = _OVERRIDDEN if is_in_construct else _NAMED_TEMPLATE
    return records_of(image, decide(image, policy, _NothingWasAsked(why)))


def corrected(
    records: Iterable[SiteRecord], examination: Examination, missed: Collection[str] = ()
) -> list[SiteRecord]:
    """The records corrected by what is in the templates.

    Args:
        records: The records from pinning, before overrides were seen.
        examination: The findings in the finished templates.
        missed: The construct paths of Stages that were synthesized without being pinned.
    """
    overridden = [
        _of_missed(record)
        if any(is_below(record.construct_path, path) for path in missed)
        else record
        for record in examination.overridden
    ]
    all_records = list(records)
    by_place: defaultdict[tuple[str, str], list[SiteRecord]] = defaultdict(list)
    for record in all_records:
        by_place[record.place].append(record)
    moved = [
        replace(record, property_path=location + record.property_path[len(before) :])
        for (path, location), before in examination.moved.items()
        for record in by_place[path, before]
    ]
    places = {record.place for record in overridden} | examination.moved.keys()
    kept = (
        record
        for record in all_records
        if record.place not in places
        and (
            record.place in examination.places or record.construct_path not in examination.resources
        )
    )
    containers = examination.containers
    return [
        replace(record, container=containers.get(record.place, record.container))
        for record in (*kept, *moved, *overridden)
    ]


def _of_missed(record: SiteRecord) -> SiteRecord:
    """A record in a Stage that was not pinned: no override has set the image."""
    reason, cause = (
        None if text is None else text.replace(_OVERRIDDEN, _MISSED)
        for text in (record.reason, record.cause)
    )
    return replace(record, reason=reason, cause=cause)


class _NothingWasAsked(Mapping[ResolutionRequest, Outcome]):
    def __init__(self, why: str) -> None:
        self._why = why

    def __getitem__(self, request: ResolutionRequest) -> Outcome:
        return ResolutionError(self._why)

    def __iter__(self) -> Iterator[ResolutionRequest]:
        return iter(())

    def __len__(self) -> int:
        return 0
