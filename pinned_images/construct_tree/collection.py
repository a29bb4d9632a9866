"""Which resources of an App or Stage one `PinImages` has to look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

from aws_cdk import CfnResource, ConstructSelector, Stage
from constructs import IConstruct

from pinned_images.cloudformation.catalog import Catalog
from pinned_images.construct_tree.identity import ConstructMap, is_same


@dataclass(eq=False)
class Collection:
    """The resources with images below the constructs that a `PinImages` was applied to.

    Attributes:
        root: The App or Stage that is synthesized.
        scope: The construct that it was applied to first.
        catalog: The resource types that hold images.
    """

    root: Stage
    scope: IConstruct
    catalog: Catalog
    _visited: list[IConstruct] = field(default_factory=list)
    _further_scopes: ConstructMap[IConstruct, None] = field(default_factory=ConstructMap)

    def visit(self, construct: IConstruct) -> None:
        """Take note of a construct that the Aspect was shown.

        One Aspect can be added to several constructs; nothing but where it is shown tells so.
        """
        if not is_same(self.scope, self.root):
            self._visited.append(construct)

    def scopes(self) -> list[IConstruct]:
        """The constructs that the `PinImages` was applied to."""
        if self._visited:
            self._further_scopes.update(self._scopes_of_visited())
            self._visited.clear()
        return [self.scope, *self._further_scopes]

    def _scopes_of_visited(self) -> Iterator[tuple[IConstruct, None]]:
        known = ConstructMap.of(self.scope.node.find_all())
        others = ConstructMap.of(each for each in self._visited if each not in known)
        for construct in others:
            parent = construct.node.scope
            if parent is None or parent not in others:
                yield construct, None

    def resources(self) -> ConstructMap[CfnResource, bool]:
        """The resources in the order of templates, and after them those of further scopes (True).

        Those in Stages below the scopes are among them.
        """
        selector = ConstructSelector.resources_of_type(*sorted(self.catalog.resource_types))
        found: ConstructMap[CfnResource, bool] = ConstructMap()
        for scope in self.scopes():
            for resource in selector.select(scope):
                found.setdefault(cast("CfnResource", resource), scope is not self.scope)
        return found
