"""Find -> evaluate -> resolve -> rewrite -> report, over plain data.

Only the resolver and the source of SSM parameters, which are handed in, touch the network.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, MutableMapping, Sequence
from typing import Any

from pinned_images.cloudformation.outcomes import SsmParameter
from pinned_images.cloudformation.trees import replace_at
from pinned_images.parameters import ParameterSource
from pinned_images.pinning.answers import Answers
from pinned_images.pinning.findings import verdict_of
from pinned_images.pinning.images import Image, images_of
from pinned_images.pinning.parameters import values_that_name_images, with_parameters
from pinned_images.pinning.policy import Policy
from pinned_images.pinning.records import records_of
from pinned_images.pinning.resources import ImageResource, PinnedResource, Verdict
from pinned_images.pinning.values import rewritten
from pinned_images.problem import Problem
from pinned_images.report.records import SiteRecord
from pinned_images.resolution import Resolver


def pin_images(
    resources: Sequence[ImageResource],
    policy: Policy,
    resolver: Resolver,
    parameters: ParameterSource,
    parameter_values: MutableMapping[SsmParameter, str | Problem],
) -> list[PinnedResource]:
    """Pin every image of some resources, all digests being asked for at once.

    Args:
        resources: The resources, in any order.
        policy: What the user decided.
        resolver: Who knows digests.
        parameters: Who knows SSM parameters; told which of them name images.
        parameter_values: What the resources' scopes read parameters from; what is read is put in.

    Returns:
        One result for each resource, in their order.

    Raises:
        PinnedImagesError: Nothing can be resolved at all, a broken lock file for instance.
    """
    images = [image for resource in resources for image in images_of(resource, policy)]
    images = with_parameters(images, parameters, parameter_values)
    answers = Answers.of(images, policy, resolver)
    parameters.keep(values_that_name_images(images, answers, parameter_values))
    by_resource: defaultdict[ImageResource, list[Image]] = defaultdict(list)
    for image in images:
        by_resource[image.resource].append(image)
    return [_pinned(resource, by_resource[resource], answers) for resource in resources]


def _pinned(resource: ImageResource, images: Iterable[Image], answers: Answers) -> PinnedResource:
    properties: Any = resource.properties
    verdicts: list[Verdict] = []
    records: list[SiteRecord] = []
    for image in images:
        value, refusal = rewritten(image, answers)
        if value is not image.site.value:
            properties = replace_at(properties, image.site.path, value)
        verdicts.append(verdict_of(image, value, answers, refusal))
        records.extend(records_of(image, answers, refusal))
    return PinnedResource(resource, properties, tuple(verdicts), tuple(records))
