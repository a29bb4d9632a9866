"""Find and evaluate: each image of a resource, with all that is known without the network."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from pinned_images.cloudformation.display import display
from pinned_images.cloudformation.evaluation import Assumptions, text_of
from pinned_images.cloudformation.intermediate import NeedsCondition
from pinned_images.cloudformation.interpreter import Interpreter
from pinned_images.cloudformation.outcomes import (
    Choice,
    Evaluation,
    ExemptByRule,
    Known,
    Leaf,
    Several,
    SsmParameter,
    leaves,
)
from pinned_images.cloudformation.partitions import partition_of
from pinned_images.cloudformation.property_paths import value_of
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.cloudformation.sites import Site, evaluate_site, find_sites
from pinned_images.cloudformation.workload_platforms import platform_of
from pinned_images.pinning.policy import Policy
from pinned_images.pinning.resources import ImageResource
from pinned_images.problem import Problem
from pinned_images.reference import ImageReference, Platform

_GIVE_ARN = "Name it by its ARN, or log in to the registry."


class ImageOutcome(NamedTuple):
    """One of the images that a place may hold: conditions choose, and a string holds several.

    Attributes:
        location: Its place: ``ContainerDefinitions[0].Image if Large``.
        written: How it is written, for display; empty where it cannot be seen.
        leaf: Its evaluation.
        container: The name of the container that runs it, where that is written.
    """

    location: str
    written: str
    leaf: Leaf
    container: str | None = None


@dataclass(frozen=True, eq=False)
class Image:
    """A place in a resource where an image is.

    Attributes:
        resource: The resource.
        site: The place.
        evaluation: The evaluation of its value.
        platform: The platform that it will run on, if that is known, and to be checked or needed.
        secret: The ARN of the secret that the workload pulls with, or why it is not known; None
            where it pulls with none.
        exemption: Why it stays unpinned, whatever its value is.
        exemption_of_unknown: Why it stays unpinned, if it cannot be pinned.
        parameters: The SSM parameters that its evaluation has read.
    """

    resource: ImageResource
    site: Site
    evaluation: Evaluation
    platform: Platform | None
    secret: str | Problem | None
    exemption: str | None
    exemption_of_unknown: str | None = None
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
        """The outcomes that its value may have, each with its place."""
        return outcomes_of(self.evaluation, self.site, self.resource.scope)


def outcomes_of(evaluation: Evaluation, site: Site, scope: TemplateScope) -> Iterator[ImageOutcome]:
    """The outcomes that the value at a site may have.

    Args:
        evaluation: Its evaluation.
        site: The site.
        scope: The template that it is in.
    """
    place = _Place(site.location, site.value, container_name_of(site))
    return _outcomes(evaluation, place, scope, site.assumed(scope))


class _Place(NamedTuple):
    """The place of one image, and what is written there."""

    location: str
    value: Any
    container: str | None


def _outcomes(
    evaluation: Evaluation, place: _Place, scope: TemplateScope, assumptions: Assumptions
) -> Iterator[ImageOutcome]:
    if isinstance(evaluation, Choice):
        condition = evaluation.condition
        for answer, word, side in (
            (True, "if", evaluation.when_true),
            (False, "unless", evaluation.when_false),
        ):
            assumed = {**assumptions, condition: answer}
            chosen = place._replace(location=f"{place.location} {word} {condition}")
            yield from _outcomes(side, chosen, scope, assumed)
    elif isinstance(evaluation, Several):
        for image in evaluation.images:
            inside = _Place(f"{place.location} {image.place}", image.value, image.container)
            yield from _outcomes(image.evaluation, inside, scope, assumptions)
    else:
        shape = None
        if isinstance(evaluation, Problem):
            interpreter = Interpreter(assumptions, symbolic=True, shows_repositories=True)
            shape = interpreter.text(place.value, scope)
        written = _written(place.value, shape)
        yield ImageOutcome(place.location, written, evaluation, place.container)


def container_name_of(site: Site) -> str | None:
    """The name of the container that an image is a property of, where it is a plain string.

    Args:
        site: Where the image is.
    """
    names = map(site.setting, _CONTAINER_NAMES)
    return next((name for name in names if isinstance(name, str) and name), None)


#: Amazon ECS and AWS Batch; GameLift and Lightsail; SageMaker.
_CONTAINER_NAMES = ("Name", "ContainerName", "ContainerHostname")


def _written(value: Any, shape: object) -> str:
    """A value for display; a repository whose name CloudFormation makes up is shown by its path."""
    if isinstance(shape, str) and _REPOSITORY in shape:
        return display(_HOST_OF_REPOSITORY.sub("", shape))
    return "" if value is None else display(value)


_REPOSITORY = "<repository "
_HOST_OF_REPOSITORY = re.compile(rf"\A[^/<]*/(?={_REPOSITORY})")


def compared_with_patterns(outcome: ImageOutcome) -> ImageReference | str | None:
    """The string that exemption patterns are compared with; None for what needs no exemption.

    That is the reference, or, where it cannot be known, what the report shows.
    """
    leaf = outcome.leaf
    if isinstance(leaf, Known) and leaf.reference.digest is None:
        return leaf.reference
    if isinstance(leaf, ExemptByRule) and leaf.rule == "tag-only":
        return ImageReference.parse(leaf.text)
    return outcome.written if isinstance(leaf, Problem) and outcome.written else None


def images_of(resource: ImageResource, policy: Policy) -> Iterator[Image]:
    """Every image of a resource."""
    sites = find_sites(resource.resource_type, resource.properties, policy.catalog)
    if not sites:
        return
    platform = platform_of(resource.resource_type, resource.properties, resource.scope)
    evaluations = [evaluate_site(site, resource.scope) for site in sites]
    covers_unknown_alone = resource.is_acknowledged_itself and any(
        isinstance(leaf, Problem) for evaluation in evaluations for leaf in leaves(evaluation)
    )
    acknowledged = resource.acknowledged
    for site, evaluation in zip(sites, evaluations, strict=True):
        takes_one_image = site.image_property.takes == "one-image"
        yield Image(
            resource,
            site,
            evaluation,
            platform if policy.platforms != "ignore" or takes_one_image else None,
            secret_of(site, resource.scope),
            _exemption(resource, site, policy, None if covers_unknown_alone else acknowledged),
            acknowledged if covers_unknown_alone else None,
        )


def follows_its_tag(site: Site) -> bool:
    """Whether an ECS container has switched version consistency off."""
    return bool(site.setting("VersionConsistency") == "disabled")


def _exemption(
    resource: ImageResource, site: Site, policy: Policy, acknowledged: str | None
) -> str | None:
    if acknowledged is not None:
        return acknowledged
    name = site.setting("Name")
    if isinstance(name, str) and name in resource.acknowledged_containers:
        return resource.acknowledged_containers[name]
    if policy.version_consistency == "respect" and follows_its_tag(site):
        return "The container asks for a floating tag: its versionConsistency is disabled."
    return None


def secret_of(site: Site, scope: TemplateScope) -> str | Problem | None:
    """The ECS ``repositoryCredentials`` of a container, or the ``SrcCreds`` of an ECR deployment.

    Args:
        site: Where the container's image is.
        scope: The template.

    Returns:
        The ARN of a secret in AWS Secrets Manager, perhaps without the characters that AWS
        appends to the name; why it is not known at synth; or None where the container
        names no secret.
    """
    value = _named_secret(site)
    if value is None:
        return None
    text = text_of(value, scope, site.assumed(scope))
    if isinstance(text, str) and ":" in text and not text.startswith("arn:"):
        return None  # cdk-ecr-deployment takes user:password as a string, too
    if isinstance(text, Problem):
        return text
    if isinstance(text, NeedsCondition):
        return Problem("Which secret it is depends on a condition of the template.", _GIVE_ARN)
    if not isinstance(text, str):
        return Problem("The name of the secret is known at deployment only.", _GIVE_ARN)
    return text if text.startswith("arn:") else _arn_of(text, scope)


def _named_secret(site: Site) -> Any:
    credentials = site.setting("RepositoryCredentials")
    if isinstance(credentials, Mapping):
        return value_of(credentials, "CredentialsParameter")
    return site.setting("SrcCreds") if site.image_property.path == "SrcImage" else None


def _arn_of(name: str, scope: TemplateScope) -> str | Problem:
    """The ARN of a secret by name, which ECS takes in the task's own account and region."""
    if scope.account is None or scope.region is None:
        return Problem(f"The account or the region of the secret {name!r} is unknown.", _GIVE_ARN)
    partition = partition_of(scope.region).name
    return f"arn:{partition}:secretsmanager:{scope.region}:{scope.account}:secret:{name}"
