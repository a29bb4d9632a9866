"""The evaluation scope of each stack of a synth, with its Docker image assets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from aws_cdk import CfnResource, CfnStack, ConstructSelector, NestedStack, Stack, Stage, Token
from constructs import IConstruct

from pinned_images.cdk.constructs import ConstructMap, is_same
from pinned_images.cdk.rendering import render_template
from pinned_images.cdk.stack_deployers import deployer_of
from pinned_images.cloudformation.exempt_rules import asset_image
from pinned_images.cloudformation.interpreter import Interpreter
from pinned_images.cloudformation.outcomes import SsmParameter
from pinned_images.cloudformation.scope import AppTemplates, AssetImages, TemplateScope
from pinned_images.problem import Problem


def asset_images_below(root: Stage) -> AssetImages:
    """The Docker image assets of an App or Stage, from their synthesizers.

    It visits every construct, which takes long; assets in CDK's own bootstrap repository are
    known by their names, so it is called only for an app with a repository of its own for them.
    """
    from aws_cdk.aws_ecr_assets import (  # noqa: PLC0415  seldom needed
        DockerImageAsset,
        TarballImageAsset,
    )

    locations = {
        Interpreter({}, symbolic=True).text(
            Stack.of(construct).resolve(construct.image_uri), TemplateScope()
        )
        for construct in root.node.find_all()
        if isinstance(construct, (DockerImageAsset, TarballImageAsset))
    }
    found = (asset_image(each) for each in locations if isinstance(each, str))
    return frozenset(each for each in found if each is not None)


@dataclass(eq=False)
class StackScopes:
    """The scopes of stacks, made on first use; their templates are rendered later still.

    Attributes:
        root: The App or Stage that holds the stacks.
        use_parameter_defaults: See `TemplateScope`.
        parameter_values: See `TemplateScope`; may be filled while scopes are in use.
    """

    root: Stage
    use_parameter_defaults: bool
    parameter_values: Mapping[SsmParameter, str | Problem]
    _app: AppTemplates = field(default_factory=AppTemplates)
    _scopes: ConstructMap[Stack, TemplateScope] = field(default_factory=ConstructMap)

    def __post_init__(self) -> None:
        """Let cross-stack references fall back to all stacks of the app."""
        self._app.make_others = self._make_others

    def of(self, stack: Stack) -> TemplateScope:
        """The scope of a stack, and with it those of the stacks that it may refer to."""
        known = self._scopes.get(stack)
        if known is not None:
            return known
        parent = stack.nested_stack_parent
        if parent is not None:
            self.of(parent)
            return self._scopes[stack]
        scope = TemplateScope(
            template=lambda: render_template(stack),
            account=_known(stack.account) or os.environ.get("CDK_DEFAULT_ACCOUNT") or None,
            region=_known(stack.region) or os.environ.get("CDK_DEFAULT_REGION") or None,
            stack=stack.stack_name,
            app=self._app,
            parameter_values=self.parameter_values,
            use_parameter_defaults=self.use_parameter_defaults,
            asset_images=lambda: self._asset_images,
        )
        deployer = deployer_of(stack)
        if deployer is not None:
            scope = scope.detached(scope.stack, scope.template, deployer)
        self._scopes[stack] = scope
        self._nest(stack, scope)
        for producer in stack.dependencies:
            self.of(producer)
        return scope

    def _make_others(self) -> None:
        for construct in self.root.node.root.node.find_all():
            if isinstance(construct, Stack):
                self.of(construct)

    @cached_property
    def _asset_images(self) -> AssetImages:
        return asset_images_below(self.root)

    @cached_property
    def _has_nested_stacks(self) -> bool:
        """Whether there are nested stacks; most apps have none, which saves calls for each."""
        return bool(_nested_stack_resources(self.root.node.root))

    def _nest(self, stack: Stack, scope: TemplateScope) -> None:
        for resource in _nested_stack_resources(stack) if self._has_nested_stacks else ():
            if not isinstance(resource, CfnResource):
                continue
            nested = _nested_stack(resource)
            if nested is None or nested in self._scopes or not _is_parent(stack, nested):
                continue
            logical_id = str(stack.resolve(resource.logical_id))
            self._scopes[nested] = scope.nest(logical_id, _Rendered(nested))
            self._nest(nested, self._scopes[nested])


@dataclass(frozen=True, eq=False)
class _Rendered:
    stack: Stack

    def __call__(self) -> Mapping[str, object]:
        return render_template(self.stack)


def _nested_stack_resources(scope: IConstruct) -> list[IConstruct]:
    return ConstructSelector.resources_of_type(CfnStack.CFN_RESOURCE_TYPE_NAME).select(scope)


def _nested_stack(resource: CfnResource) -> NestedStack | None:
    """The nested stack of a resource; CDK puts the two next to each other."""
    holder = resource.node.scope
    parent = holder.node.scope if holder is not None else None
    if holder is None or parent is None:
        return None
    sibling = parent.node.try_find_child(holder.node.id.removesuffix(".NestedStack"))
    return sibling if isinstance(sibling, NestedStack) else None


def _is_parent(stack: Stack, nested: NestedStack) -> bool:
    parent = nested.nested_stack_parent
    return parent is not None and is_same(parent, stack)


def _known(value: str) -> str | None:
    """An account or a region; each token in a string has a dollar sign, and few have tokens."""
    return None if "$" in value and Token.is_unresolved(value) else value
