"""The report of images that an override has put into the place of those that were pinned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from pinned_images.cloudformation.sites import Site, evaluate_site
from pinned_images.errors import ResolutionError
from pinned_images.pinning import Image, ImageResource, Policy, decide, records_of
from pinned_images.report.records import SiteRecord
from pinned_images.resolution import Outcome, ResolutionRequest

if TYPE_CHECKING:
    from pinned_images.examination.stacks import Examination


def records_of_overridden(resource: ImageResource, site: Site, policy: Policy) -> list[SiteRecord]:
    """The records of an image that nobody was asked about.

    Args:
        resource: The resource.
        site: Where the image stands.
        policy: What the user decided.
    """
    evaluation = evaluate_site(site, resource.scope)
    image = Image(resource, site, evaluation, None, None, resource.acknowledged)
    return records_of(image, decide(image, policy, _NobodyWasAsked()))


def corrected(records: Iterable[SiteRecord], examination: Examination) -> list[SiteRecord]:
    """The records of what really stands in the templates.

    Args:
        records: Those of what was pinned, before overrides were seen.
        examination: What was found in the finished templates.
    """
    places = {record.place for record in examination.overridden}
    kept = (
        record
        for record in records
        if record.place not in places
        and (
            record.place in examination.places or record.construct_path not in examination.resources
        )
    )
    return [*kept, *examination.overridden]


class _NobodyWasAsked(Mapping[ResolutionRequest, Outcome]):
    def __getitem__(self, request: ResolutionRequest) -> Outcome:
        return ResolutionError("An override has set it, and it carries no digest.")

    def __iter__(self) -> Iterator[ResolutionRequest]:
        return iter(())

    def __len__(self) -> int:
        return 0
