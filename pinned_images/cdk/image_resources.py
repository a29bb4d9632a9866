"""The pipeline's input: resources of the construct tree as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Stack

from pinned_images.acknowledgements import Acknowledgements, is_below, rule_id
from pinned_images.cdk.constructs import ConstructMap
from pinned_images.cdk.metadata import acknowledgements_of
from pinned_images.cdk.patched_resource import PatchedResource
from pinned_images.cdk.stack_scopes import StackScopes
from pinned_images.cloudformation.property_paths import template_name
from pinned_images.cloudformation.workload_platforms import PLATFORM_PROPERTIES
from pinned_images.pinning import COPY_PROPERTIES, ImageResource
from pinned_images.rules import UNPINNED_IMAGE

#: The properties without images that say something of them: where they run, what is copied.
_RELATED_PROPERTIES = PLATFORM_PROPERTIES | COPY_PROPERTIES


def image_resources(
    resources: Sequence[PatchedResource], scopes: StackScopes
) -> list[ImageResource]:
    """Some resources as plain data, in their order.

    Args:
        resources: The resources.
        scopes: The scopes of their stacks.
    """
    paths: ConstructMap[Stack, str] = ConstructMap()
    for stack in ConstructMap.of(each.stack for each in resources):
        paths[stack] = stack.node.path
    acknowledgements = acknowledgements_of(ConstructMap.of(map(top_level_of, paths)))
    properties = _resolved(resources)
    found = []
    for patched, resolved in zip(resources, properties, strict=True):
        stack_path = paths[patched.stack]
        at, reason = acknowledgements.nearest(UNPINNED_IMAGE.id, patched.construct_path) or (
            None,
            None,
        )
        found.append(
            ImageResource(
                patched.resource_type,
                resolved,
                scopes.of(patched.stack),
                stack_path,
                patched.construct_path,
                reason,
                at is not None and not is_below(stack_path, at),
                _acknowledged_containers(patched, acknowledgements),
            )
        )
    return found


def _resolved(resources: Sequence[PatchedResource]) -> list[Mapping[str, Any]]:
    """The properties that matter, without tokens: one crossing into Node.js for each stack."""
    by_stack: ConstructMap[Stack, list[PatchedResource]] = ConstructMap()
    for patched in resources:
        by_stack.setdefault(patched.stack, []).append(patched)
    resolved: dict[PatchedResource, Mapping[str, Any]] = {}
    for stack, some in by_stack.items():
        values = stack.resolve([_values_as_written(patched) for patched in some])
        resolved.update(zip(some, values, strict=True))
    return [resolved[patched] for patched in resources]


def _values_as_written(patched: PatchedResource) -> dict[str, Any]:
    """The properties that pinning reads: those with images, and those that say more of them."""
    wanted = {str(path[0]) for path in patched.replaced}
    return {
        name: value
        for name, value in patched.properties.items()
        if name in wanted or template_name(name) in _RELATED_PROPERTIES
    }


def _acknowledged_containers(
    patched: PatchedResource, acknowledgements: Acknowledgements
) -> dict[str, str]:
    """Reasons by container name, for containers that are constructs next to the resource."""
    parent = patched.construct_path.rpartition("/")[0]
    reasons: dict[str, str] = {}
    for path in acknowledgements.below(parent):
        reason = acknowledgements.by_path[path].get(rule_id(UNPINNED_IMAGE.id))
        identifier = path[len(parent) + 1 :]
        if reason is None or "/" in identifier:
            continue
        scope = patched.resource.node.scope
        construct = None if scope is None else scope.node.try_find_child(identifier)
        reasons[getattr(construct, "container_name", identifier)] = reason
    return reasons


def top_level_of(stack: Stack) -> Stack:
    """The stack that a nested one belongs to; any other stack itself."""
    parent = stack.nested_stack_parent
    return stack if parent is None else top_level_of(parent)
