"""Find and evaluate: each image of a resource, with all that is known before anybody is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from pinned_images.cloudformation.outcomes import Evaluation, SsmParameter, Unknown
from pinned_images.cloudformation.sites import Site, evaluate_site, find_sites
from pinned_images.pinning.policy import Policy
from pinned_images.pinning.resources import ImageResource
from pinned_images.pinning.secrets import secret_of
from pinned_images.platforms import platform_of
from pinned_images.reference import Platform


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """A place in a resource where an image stands.

    Attributes:
        resource: The resource.
        site: The place.
        evaluation: What its value means.
        platform: Where the image will run, as far as that is known and asked for.
        secret: The ARN of the secret that the workload pulls with, or why it is not known; None
            where it pulls with none.
        exemption: Why it stays unpinned, whatever it turns out to be.
        parameters: The SSM parameters that its evaluation has read.
    """

    resource: ImageResource
    site: Site
    evaluation: Evaluation
    platform: Platform | None
    secret: str | Unknown | None
    exemption: str | None
    parameters: frozenset[SsmParameter] = frozenset()

    @property
    def location(self) -> str:
        """The path of its property, in CloudFormation's names."""
        return self.site.location

    @property
    def as_written(self) -> str:
        """Its value for people: a text, or the JSON of intrinsic functions."""
        value = self.site.value
        return value if isinstance(value, str) else json.dumps(value, default=str, sort_keys=True)


def images_of(resource: ImageResource, policy: Policy) -> Iterator[Image]:
    """Every image of a resource."""
    sites = find_sites(resource.resource_type, resource.properties, policy.catalog)
    if not sites:
        return
    platform = (
        None
        if policy.platforms == "ignore"
        else platform_of(resource.resource_type, resource.properties)
    )
    for site in sites:
        yield Image(
            resource,
            site,
            evaluate_site(site, resource.scope),
            platform,
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
