"""Pinning in the synth of one App or Stage: resources are collected, planned and rendered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

from aws_cdk import CfnResource, ConstructSelector, Stack, Stage
from constructs import IConstruct

from pinned_images.cdk.constructs import ConstructMap, is_same
from pinned_images.cdk.image_resources import image_resources, top_level_of
from pinned_images.cdk.patched_resource import PatchedResource, Phase, PhaseOfSynth
from pinned_images.cdk.patched_resources import PatchedResources
from pinned_images.cdk.stack_scopes import StackScopes
from pinned_images.cloudformation.catalog import Catalog
from pinned_images.cloudformation.outcomes import SsmParameter
from pinned_images.cloudformation.property_paths import Path, value_at
from pinned_images.errors import PinnedImagesError
from pinned_images.options import Options
from pinned_images.pinning import Decision, PinnedResource, pin_images
from pinned_images.problem import Problem
from pinned_images.report.synth_report import SiteRecord
from pinned_images.sources import Sources


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
        """Note a construct that the Aspect visits.

        One Aspect can be added to several constructs, which only its visits show.
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


@dataclass(eq=False)
class Synthesis:
    """Pinning by one `PinImages` in every synth of its App or Stage.

    Attributes:
        root: The App or Stage.
        scope: The construct below which images are pinned; the root itself, a stack, or less.
        applied_at: The construct path that the user named; that of an App is for its Stages too.
        options: The user's decisions.
        sources: The resolver and the parameter source.
        records: The record of each image, after a synth.
        decisions: The decisions about images, by construct path and property.
        failure: Why nothing could be resolved at all.
    """

    root: Stage
    scope: IConstruct
    applied_at: str
    options: Options
    sources: Sources
    records: tuple[SiteRecord, ...] = ()
    decisions: Mapping[tuple[str, str], Decision] = field(default_factory=dict)
    failure: str | None = None
    parameter_values: dict[SsmParameter, str | Problem] = field(default_factory=dict)

    def __post_init__(self) -> None:
        catalog = self.options.catalog()
        self.collection = Collection(self.root, self.scope, catalog)
        self._phase = PhaseOfSynth(self._plan)
        self._patched = PatchedResources(self.root, catalog, self._phase)
        self._current: list[PatchedResource] = []
        self._results: list[tuple[PatchedResource, PinnedResource]] = []
        self.is_expected = False

    def expect(self) -> None:
        """Reset for a synth that begins."""
        self.is_expected = True

    def before_prepare(self, taken: ConstructMap[CfnResource, None]) -> None:
        """Install tokens in the image properties; called after all aspects.

        Args:
            taken: The resources that other syntheses pin; those of this one are added.
        """
        self._phase.current = Phase.AS_WRITTEN
        found = self.collection.resources()
        free: ConstructMap[CfnResource, bool] = ConstructMap()
        free.update((each, further) for each, further in found.items() if each not in taken)
        self._current = self._patched.restart(free)
        taken.update((each.resource, None) for each in self._current)
        self._phase.current = Phase.WAITING
        self.is_expected = False

    def ensure_planned(self) -> None:
        """Compute what to render; everything is prepared and nothing is written yet."""
        self._phase.ensure_planned()

    def scope_paths(self) -> list[str]:
        """The construct paths below which images are pinned."""
        return [scope.node.path for scope in self.collection.scopes()]

    def pinned(self) -> Iterator[tuple[Stack, SiteRecord]]:
        """The record of each image that carries a digest, with its top-level stack."""
        for patched, result in self._results:
            for record in result.records:
                if record.digest is not None:
                    yield top_level_of(patched.stack), record

    def results(self) -> Iterator[PinnedResource]:
        """The result for each resource."""
        return (result for _, result in self._results)

    def _plan(self, is_final: bool) -> None:  # noqa: FBT001  a callback with one argument
        resources = self._patched.read(self._current)
        self.records, self.decisions, self.failure = (), {}, None
        self._results.clear()
        self.parameter_values.clear()
        scopes = StackScopes(self.root, self.options.use_parameter_defaults, self.parameter_values)
        try:
            results = pin_images(
                image_resources(resources, scopes),
                self.options.policy(),
                self.sources.resolver(self.options),
                self.sources.parameters(self.options),
                self.parameter_values,
            )
        except PinnedImagesError as error:
            self.failure = str(error)
            return
        self._results.extend(zip(resources, results, strict=True))
        for patched, result in self._results:
            values = _values_of(patched, result)
            patched.render(values, is_final=is_final)
        self._keep(results)

    def _keep(self, results: list[PinnedResource]) -> None:
        self.records = tuple(record for result in results for record in result.records)
        self.decisions = {
            (result.resource.construct_path, decision.location): decision
            for result in results
            for decision in result.decisions
        }


def _values_of(patched: PatchedResource, result: PinnedResource) -> Mapping[Path, Any]:
    """The values to render in place of the app's own; empty if nothing differs.

    A value that resolves to nothing, a Lazy for instance, is not in the resolved properties.
    """
    if result.properties is result.resource.properties:
        return {}
    values: dict[Path, Any] = {}
    for path in patched.replaced:
        with suppress(LookupError):
            values[path] = value_at(result.properties, path)
    return values
