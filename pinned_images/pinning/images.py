"""Find and evaluate: each image of a resource, with all that is known before anybody is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from pinned_images.cloudformation.display import display
from pinned_images.cloudformation.outcomes import Choice, Evaluation, Leaf, Several, SsmParameter
from pinned_images.cloudformation.sites import Site, evaluate_site, find_sites
from pinned_images.cloudformation.workload_platforms import platform_of
from pinned_images.pinning.policy import Policy
from pinned_images.pinning.resources import ImageResource
from pinned_images.pinning.secrets import secret_of
from pinned_images.problem import Problem
from pinned_images.reference import Platform


class ImageOutcome(NamedTuple):
    """One of the images that a place may come to: conditions choose, and a text holds several.

    Attributes:
        location: Where it stands: ``ContainerDefinitions[0].Image if Large``.
        written: How it is written, for people; empty where it cannot be seen.
        leaf: What it is.
    """

    location: str
    written: str
    leaf: Leaf


@dataclass(frozen=True, eq=False)
class Image:
    """A place in a resource where an image stands.

    Attributes:
        resource: The resource.
        site: The place.
        evaluation: What its value means.
        platform: Where the image will run, as far as that is known, and asked for or needed.
        secret: The ARN of the secret that the workload pulls with, or why it is not known; None
            where it pulls with none.
        exemption: Why it stays unpinned, whatever it turns out to be.
        parameters: The SSM parameters that its evaluation has read.
    """

    resource: ImageResource
    site: Site
    evaluation: Evaluation
    platform: Platform | None
    secret: str | Problem | None
    exemption: str | None
    parameters: frozenset[SsmParameter] = frozenset()

    @cached_property
    def location(self) -> str:
        """The path of its property, in CloudFormation's names."""
        return self.site.location

    @property
    def takes_one_image(self) -> bool:
        """Whether the service takes the manifest of one image, and never an index."""
        return self.site.image_property.takes == "one-image"

    def outcomes(self) -> Iterator[ImageOutcome]:
        """Everything that its value may come to, each with its place."""
        return outcomes_of(self.evaluation, self.location, self.site.value)


def outcomes_of(evaluation: Evaluation, location: str, value: Any) -> Iterator[ImageOutcome]:
    """Everything that a value may come to.

    Args:
        evaluation: What it means.
        location: Where it stands.
        value: The value.
    """
    if isinstance(evaluation, Choice):
        yield from outcomes_of(evaluation.when_true, f"{location} if {evaluation.condition}", value)
        yield from outcomes_of(
            evaluation.when_false, f"{location} unless {evaluation.condition}", value
        )
    elif isinstance(evaluation, Several):
        for image in evaluation.images:
            yield from outcomes_of(image.evaluation, f"{location} {image.place}", image.value)
    else:
        yield ImageOutcome(location, "" if value is None else display(value), evaluation)


def images_of(resource: ImageResource, policy: Policy) -> Iterator[Image]:
    """Every image of a resource."""
    sites = find_sites(resource.resource_type, resource.properties, policy.catalog)
    if not sites:
        return
    platform = platform_of(resource.resource_type, resource.properties, resource.scope)
    for site in sites:
        takes_one_image = site.image_property.takes == "one-image"
        yield Image(
            resource,
            site,
            evaluate_site(site, resource.scope),
            platform if policy.platforms != "ignore" or takes_one_image else None,
            secret_of(site, resource.scope),
            _exemption(resource, site, policy),
        )


def asks_for_floating_tag(site: Site) -> bool:
    """Whether an ECS container has switched version consistency off."""
    return bool(site.setting("VersionConsistency") == "disabled")


def _exemption(resource: ImageResource, site: Site, policy: Policy) -> str | None:
    if resource.acknowledged is not None:
        return resource.acknowledged
    name = site.setting("Name")
    if isinstance(name, str) and name in resource.acknowledged_containers:
        return resource.acknowledged_containers[name]
    if policy.version_consistency == "respect" and asks_for_floating_tag(site):
        return "The container asks for a floating tag: its versionConsistency is disabled."
    return None
