"""Evaluate with SSM parameters: images whose names are read from them."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping, Sequence
from dataclasses import replace

from pinned_images.cloudformation.outcomes import (
    ExemptByRule,
    Known,
    SsmParameter,
    missing_parameters,
)
from pinned_images.cloudformation.sites import evaluate_site
from pinned_images.pinning.decisions import AlreadyPinned, DecidedOutcome, Decision, NotPinned
from pinned_images.pinning.images import Image
from pinned_images.problem import Problem
from pinned_images.resolution import ParameterSource, ParameterValues


def with_parameters(
    images: Sequence[Image],
    source: ParameterSource,
    values: MutableMapping[SsmParameter, str | Problem],
) -> list[Image]:
    """The images, evaluated again after the SSM parameters that they wait for were read.

    A value may decide which others are needed, so it is repeated until none is.

    Args:
        images: The images.
        source: The source of parameters.
        values: The mapping that the images' scopes read; new values are added.
    """
    found = list(images)
    requested: set[SsmParameter] = set()
    while wanted := frozenset().union(*map(_needed, found)) - requested:
        requested |= wanted
        values.update(source.read(sorted(wanted, key=repr)))
        found = [_evaluated_again(image) for image in found]
    return found


def _needed(image: Image) -> frozenset[SsmParameter]:
    return missing_parameters(image.evaluation) if image.exemption is None else frozenset()


def _evaluated_again(image: Image) -> Image:
    needed = _needed(image)
    if not needed:
        return image
    evaluation = evaluate_site(image.site, image.resource.scope)
    return replace(image, evaluation=evaluation, parameters=image.parameters | needed)


def values_that_name_images(
    images: Iterable[tuple[Image, Decision]], values: ParameterValues
) -> dict[SsmParameter, str]:
    """The values that are in the names of known images.

    A parameter may hold anything, secrets too. A value counts only if all of it is in the
    name of an image that a registry knows, that carries its digest, or that is exempt.

    Args:
        images: The images, each with its decision.
        values: The values that were read.
    """
    return {
        parameter: value
        for image, decision in images
        for decided in decision.outcomes
        for parameter in image.parameters
        if isinstance(value := values.get(parameter), str)
        if _is_part_of_name(value, decided)
    }


def _is_part_of_name(value: str, decided: DecidedOutcome) -> bool:
    leaf = decided.outcome.leaf
    decision = decided.decision
    is_absent = isinstance(decision, AlreadyPinned) and decision.unusable is not None
    if isinstance(decision, NotPinned) or is_absent:
        return False
    return isinstance(leaf, (Known, ExemptByRule)) and value in leaf.text
