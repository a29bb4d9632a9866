"""Find -> evaluate -> resolve -> decide (and rewrite) -> report, over plain data.

Only the resolver and the source of SSM parameters, which are arguments, touch the network.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from pinned_images.cloudformation.outcomes import SsmParameter
from pinned_images.cloudformation.property_paths import replace_at
from pinned_images.pinning.copies import copies_among
from pinned_images.pinning.deciding import decide
from pinned_images.pinning.decisions import Decision
from pinned_images.pinning.images import Image, images_of
from pinned_images.pinning.policy import Policy
from pinned_images.pinning.records import records_of
from pinned_images.pinning.requests import requests_for
from pinned_images.pinning.resources import ImageResource
from pinned_images.pinning.ssm_parameters import values_that_name_images, with_parameters
from pinned_images.problem import Problem
from pinned_images.report.synth_report import SiteRecord
from pinned_images.resolution import ParameterSource, Resolver


@dataclass(frozen=True, slots=True, eq=False)
class PinnedResource:
    """A resource after pinning.

    Attributes:
        resource: The resource as it was.
        properties: Its properties with pinned images.
        decisions: The decision about each image.
        records: One record for each image.
    """

    resource: ImageResource
    properties: Mapping[str, Any]
    decisions: tuple[Decision, ...]
    records: tuple[SiteRecord, ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems of images that could not be pinned."""
        return tuple(problem for decision in self.decisions for problem in decision.problems)


def pin_images(
    resources: Sequence[ImageResource],
    policy: Policy,
    resolver: Resolver,
    parameters: ParameterSource,
    parameter_values: MutableMapping[SsmParameter, str | Problem],
) -> list[PinnedResource]:
    """Pin every image of some resources, with one call of the resolver.

    Args:
        resources: The resources, in any order.
        policy: The user's decisions.
        resolver: The source of digests.
        parameters: The source of SSM parameters; it keeps those that name images.
        parameter_values: The mapping that the resources' scopes read; new values are added.

    Returns:
        One result for each resource, in their order.

    Raises:
        PinnedImagesError: Nothing can be resolved at all, a broken lock file for instance.
    """
    images = [image for resource in resources for image in images_of(resource, policy)]
    images = with_parameters(images, parameters, parameter_values)
    copies = copies_among(images, policy)
    answers = resolver.resolve(requests_for(images, policy, copies))
    decided = [(image, decide(image, policy, answers, copies)) for image in images]
    parameters.keep(values_that_name_images(decided, parameter_values))
    by_resource: defaultdict[ImageResource, list[tuple[Image, Decision]]] = defaultdict(list)
    for image, decision in decided:
        by_resource[image.resource].append((image, decision))
    return [_pinned(resource, by_resource[resource]) for resource in resources]


def _pinned(resource: ImageResource, images: Iterable[tuple[Image, Decision]]) -> PinnedResource:
    properties: Any = resource.properties
    decisions: list[Decision] = []
    records: list[SiteRecord] = []
    for image, decision in images:
        if decision.value is not image.site.value:
            properties = replace_at(properties, image.site.path, decision.value)
        decisions.append(decision)
        records.extend(records_of(image, decision))
    return PinnedResource(resource, properties, tuple(decisions), tuple(records))
