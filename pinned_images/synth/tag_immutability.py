"""Immutable tags in the synth of one App or Stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from aws_cdk import CfnResource, ConstructSelector, Stack, Stage
from constructs import IConstruct

from pinned_images.acknowledgements import Acknowledgements
from pinned_images.cdk.constructs import ConstructMap, is_same
from pinned_images.cdk.image_resources import top_level_of
from pinned_images.cdk.metadata import acknowledgements_of
from pinned_images.cdk.rendering import render_template
from pinned_images.ecr.tag_mutability import (
    CREATION_TEMPLATE,
    MUTABILITY,
    RESOURCE_TYPES,
    immutable_properties,
    is_immutable,
    is_set,
)
from pinned_images.rules import KEPT_MUTABLE, MUTABLE_REPOSITORY, Violation


@dataclass(eq=False)
class TagImmutability:
    """The work of one `ImmutableTags` in every synth of an App or Stage.

    Attributes:
        root: The App or Stage.
        scope: The construct below which repositories are made immutable.
        filters: The tags that stay mutable, as ECR's filters.
        violations: The settings that were kept in the last synth.
    """

    root: Stage
    scope: IConstruct
    filters: tuple[str, ...]
    violations: list[Violation] = field(default_factory=list)
    _made: ConstructMap[CfnResource, list[Violation]] = field(default_factory=ConstructMap)

    def before_prepare(self) -> None:
        """Set tag mutability where the app does not; called after all aspects.

        A setting of the app's, by property or by override, is in the rendered template.
        """
        self.violations = [each for violations in self._made.values() for each in violations]
        by_stack: ConstructMap[Stack, list[CfnResource]] = ConstructMap()
        for resource in repositories_below(self.scope):
            stage = Stage.of(resource)
            if stage is not None and is_same(stage, self.root) and resource not in self._made:
                by_stack.setdefault(resource.stack, []).append(resource)
        if not by_stack:
            return
        tops = ConstructMap.of(top_level_of(stack) for stack in by_stack)
        acknowledged = acknowledgements_of(tops)
        for stack, resources in by_stack.items():
            rendered = render_template(stack).get("Resources", {})
            for resource in resources:
                logical_id = str(stack.resolve(resource.logical_id))
                properties = rendered.get(logical_id, {}).get("Properties", {})
                self._set_mutability(resource, logical_id, properties, acknowledged)

    def _set_mutability(
        self,
        resource: CfnResource,
        logical_id: str,
        properties: Mapping[str, Any],
        acknowledged: Acknowledgements,
    ) -> None:
        path = resource.node.path
        if acknowledged.reason(MUTABLE_REPOSITORY.id, path) is not None:
            return
        resource_type = resource.cfn_resource_type
        if is_set(properties):
            if not is_immutable(properties):
                value = properties.get(MUTABILITY)
                self.violations.append(KEPT_MUTABLE.kept(resource_type, value, path, logical_id))
            return
        for name, value in immutable_properties(self.filters).items():
            resource.add_property_override(name, value)
        applied_for = properties.get("AppliedFor")
        is_for_caches = isinstance(applied_for, list) and "PULL_THROUGH_CACHE" in applied_for
        self._made[resource] = (
            [KEPT_MUTABLE.caches(path, logical_id)]
            if resource_type == CREATION_TEMPLATE and is_for_caches
            else []
        )
        self.violations += self._made[resource]


def repositories_below(scope: IConstruct) -> Iterator[CfnResource]:
    """The repositories and the templates of repositories below a construct, in Stages too."""
    selector = ConstructSelector.resources_of_type(*RESOURCE_TYPES)
    for resource in selector.select(scope):
        yield cast("CfnResource", resource)
