"""Pinning in the synth of one App or Stage: what is collected, planned, rendered and reported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aws_cdk import CfnResource, ConstructSelector, Stack, Stage, Validations
from constructs import IConstruct

from pinned_images.acknowledgements import UNPINNED_IMAGE, Acknowledgements, rule_id
from pinned_images.cloudformation.names import template_name
from pinned_images.cloudformation.outcomes import SsmParameter, Unknown
from pinned_images.cloudformation.sites import find_sites
from pinned_images.cloudformation.trees import Path, value_at
from pinned_images.construct_tree.attachment import Attachment, Phase, PhaseOfSynth
from pinned_images.construct_tree.identity import ConstructMap, is_same
from pinned_images.construct_tree.metadata import acknowledgements_of
from pinned_images.construct_tree.rendering import render_template
from pinned_images.construct_tree.replacement import has_attribute
from pinned_images.construct_tree.scopes import StackScopes
from pinned_images.construct_tree.watching import watch_template
from pinned_images.errors import PinnedImagesError
from pinned_images.options import Options
from pinned_images.pinning import Finding, ImageResource, PinnedResource, pin_images
from pinned_images.platforms import PLATFORM_PROPERTIES
from pinned_images.report.records import SiteRecord
from pinned_images.sources import Sources


@dataclass(eq=False)
class Synthesis:
    """Pinning below one scope, whenever the App or Stage that holds it is synthesized.

    Attributes:
        root: The App or Stage.
        scope: The construct below which images are pinned; the root itself, a stack, or less.
        options: What the user decided.
        sources: Who answers.
        records: What happened to each image, after a synth.
        settled: Construct path and property of each image that is exempt or reported already.
        failure: Why nothing could be resolved at all.
    """

    root: Stage
    scope: IConstruct
    options: Options
    sources: Sources
    records: tuple[SiteRecord, ...] = ()
    settled: set[tuple[str, str]] = field(default_factory=set)
    failure: str | None = None
    parameter_values: dict[SsmParameter, str | Unknown] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._attachments: ConstructMap[CfnResource, Attachment] = ConstructMap()
        self._extra: ConstructMap[CfnResource, None] = ConstructMap()
        self._stages: ConstructMap[Stack, Stage | None] = ConstructMap()
        self._results: list[tuple[Attachment, PinnedResource]] = []
        self._phase = PhaseOfSynth(self._plan)
        self._catalog = self.options.catalog()
        self._holds_images: dict[type, bool] = {}
        self.uncovered: ConstructMap[Stage, CfnResource] = ConstructMap()
        self.is_expected = False

    def expect(self) -> None:
        """A synth has begun."""
        self.is_expected = True

    def add(self, construct: IConstruct) -> None:
        """Pin one more resource, which need not be below the scope."""
        if isinstance(construct, CfnResource) and self._is_of_a_type_with_images(construct):
            self._extra[construct] = None

    def _is_of_a_type_with_images(self, resource: CfnResource) -> bool:
        """Asked once for each class, since every question crosses into Node.js."""
        kind = type(resource)
        if not hasattr(kind, "CFN_RESOURCE_TYPE_NAME"):
            return resource.cfn_resource_type in self._catalog.resource_types
        if kind not in self._holds_images:
            self._holds_images[kind] = kind.CFN_RESOURCE_TYPE_NAME in self._catalog.resource_types
        return self._holds_images[kind]

    def before_prepare(self) -> None:
        """Take over the image properties; all aspects are done.

        An App asks once more for the Stages in it, which are synthesized by then: what they found
        stays until they are planned again.
        """
        self._phase.current = Phase.AS_WRITTEN
        self.uncovered.clear()
        self._collect()
        self._phase.current = Phase.WAITING
        self.is_expected = False

    def finish(self) -> None:
        """Report what was found; everything is prepared and nothing is written yet."""
        self._phase.ensure_planned()
        for attachment, result in self._results:
            for finding in result.findings:
                self._report(attachment.resource, finding)

    def pinned(self) -> Iterator[tuple[Stack, SiteRecord]]:
        """The record of each image that carries a digest, with its top-level stack."""
        for attachment, result in self._results:
            for record in result.records:
                if record.digest is not None:
                    yield _top_level_of(attachment.stack), record

    def _collect(self) -> None:
        raw: ConstructMap[Stack, list[Attachment]] = ConstructMap()
        new: list[tuple[Attachment, bool]] = []
        for resource, is_extra in self._selected().items():
            if resource in self._attachments:
                continue
            stack = resource.stack
            stage = self._stage_of(stack)
            if stage is not None and not is_same(stage, self.root):
                self.uncovered.setdefault(stage, resource)
                continue
            path, resource_type = path_and_type(resource)
            attachment = Attachment(
                resource,
                resource_type,
                stack,
                path,
                resource._cfn_properties,  # noqa: SLF001  the values as written, tokens and all
            )
            self._attachments[resource] = attachment
            names = self._property_names(attachment)
            typed = [name for name in names if has_attribute(resource, name)]
            for name in typed:
                attachment.replace((name,), attachment.properties[name], self._phase)
            if len(typed) < len(names):
                raw.setdefault(stack, []).append(attachment)
            new.append((attachment, is_extra))
        for stack, attachments in raw.items():
            self._override_raw(stack, attachments)
        self._watch(new)

    def _watch(self, new: Iterable[tuple[Attachment, bool]]) -> None:
        """Have the template of each stack start the plan; extra resources may come first in it."""
        watched: ConstructMap[Stack, None] = ConstructMap()
        for attachment, is_extra in new:
            if attachment.replaced and (is_extra or attachment.stack not in watched):
                watch_template(attachment, self._phase)
                watched[attachment.stack] = None

    def _selected(self) -> ConstructMap[CfnResource, bool]:
        """The resources to pin in the order of templates, and after them extra ones (True)."""
        selector = ConstructSelector.resources_of_type(*sorted(self._catalog.resource_types))
        selected: ConstructMap[CfnResource, bool] = ConstructMap()
        for construct in selector.select(self.scope):
            if isinstance(construct, CfnResource):
                selected[construct] = False
        for resource in self._extra:
            selected.setdefault(resource, True)
        return selected

    def _stage_of(self, stack: Stack) -> Stage | None:
        if stack not in self._stages:
            self._stages[stack] = Stage.of(stack)
        return self._stages[stack]

    def _property_names(self, attachment: Attachment) -> list[str]:
        """The properties that hold images, under the names that the construct has them under."""
        wanted = {
            image_property.steps[0].name
            for image_property in self._catalog.properties_of(attachment.resource_type)
        }
        return [
            name
            for name, value in attachment.properties.items()
            if value is not None and template_name(name) in wanted
        ]

    def _override_raw(self, stack: Stack, attachments: list[Attachment]) -> None:
        """Override each image of raw resources, where the user has no override of their own.

        An override takes the place of one that stands at the same path or above, so the stack is
        rendered once to see whether there are any. Images that are left are found by the gate.
        """
        resources = render_template(stack).get("Resources", {})
        for attachment in attachments:
            logical_id = str(stack.resolve(attachment.resource.logical_id))
            rendered = resources.get(logical_id, {}).get("Properties", {})
            as_written = stack.resolve(dict(attachment.properties))
            for path, value in self._raw_paths(attachment):
                name = str(path[0])
                if _without_empty(rendered.get(name)) == _without_empty(as_written.get(name)):
                    attachment.replace(path, value, self._phase)

    def _raw_paths(self, attachment: Attachment) -> list[tuple[Path, Any]]:
        sites = find_sites(attachment.resource_type, attachment.properties, self._catalog)
        return [(site.path, site.value) for site in sites]

    def _plan(self) -> None:
        attachments = [each for each in self._attachments.values() if each.replaced]
        self.records, self.settled, self.failure = (), set(), None
        self._results.clear()
        self.parameter_values.clear()
        try:
            resources = self._image_resources(attachments)
            results = pin_images(
                resources,
                self.options.policy(),
                self.sources.resolver(self.options),
                self.sources.parameters(self.options),
                self.parameter_values,
            )
        except PinnedImagesError as error:
            self.failure = str(error)
            return
        for attachment, result in zip(attachments, results, strict=True):
            self._results.append((attachment, result))
            self.settled.update(
                (attachment.construct_path, location) for location in result.settled
            )
            attachment.rendered.clear()
            for path in attachment.replaced:
                if result.properties is not result.resource.properties:
                    attachment.rendered[path] = value_at(result.properties, path)
        self.records = tuple(record for result in results for record in result.records)

    def _image_resources(self, attachments: list[Attachment]) -> list[ImageResource]:
        scopes = StackScopes(self.root, self.options.use_parameter_defaults, self.parameter_values)
        by_stack: ConstructMap[Stack, list[Attachment]] = ConstructMap()
        for attachment in attachments:
            by_stack.setdefault(attachment.stack, []).append(attachment)
        acknowledgements = acknowledgements_of(_top_level(by_stack))
        resolved: dict[Attachment, Mapping[str, Any]] = {}
        for stack, some in by_stack.items():
            values = stack.resolve([_values_as_written(attachment) for attachment in some])
            resolved.update(zip(some, values, strict=True))
        stack_paths: ConstructMap[Stack, str] = ConstructMap()
        stack_paths.update((stack, stack.node.path) for stack in by_stack)
        return [
            ImageResource(
                attachment.resource_type,
                resolved[attachment],
                scopes.of(attachment.stack),
                stack_paths[attachment.stack],
                attachment.construct_path,
                acknowledgements.reason(UNPINNED_IMAGE, attachment.construct_path),
                _acknowledged_containers(attachment, acknowledgements),
            )
            for attachment in attachments
        ]

    def _report(self, resource: CfnResource, finding: Finding) -> None:
        validations = Validations.of(resource)
        if finding.severity == "error":
            validations.add_error(rule_id(finding.rule), finding.message)
        else:
            validations.add_warning(rule_id(finding.rule), finding.message)


def path_and_type(resource: CfnResource) -> tuple[str, str]:
    """Construct path and CloudFormation type, in one crossing: CDK prints both as a text."""
    path, _, resource_type = resource.to_string().rpartition(" [")
    return path, resource_type.removesuffix("]")


def _values_as_written(attachment: Attachment) -> dict[str, Any]:
    """The properties that pinning looks at: those with images, and those with the platform."""
    wanted = {str(path[0]) for path in attachment.replaced}
    return {
        name: value
        for name, value in attachment.properties.items()
        if name in wanted or template_name(name) in PLATFORM_PROPERTIES
    }


def _acknowledged_containers(
    attachment: Attachment, acknowledgements: Acknowledgements
) -> dict[str, str]:
    """Reasons by container name, for containers that are constructs beside the resource."""
    parent = attachment.construct_path.rpartition("/")[0]
    reasons: dict[str, str] = {}
    for path in acknowledgements.below(parent):
        reason = acknowledgements.by_path[path].get(rule_id(UNPINNED_IMAGE))
        identifier = path[len(parent) + 1 :]
        if reason is None or "/" in identifier:
            continue
        scope = attachment.resource.node.scope
        construct = None if scope is None else scope.node.try_find_child(identifier)
        reasons[getattr(construct, "container_name", identifier)] = reason
    return reasons


def _top_level(stacks: Iterable[Stack]) -> list[Stack]:
    found: ConstructMap[Stack, None] = ConstructMap()
    found.update((_top_level_of(stack), None) for stack in stacks)
    return list(found)


def _top_level_of(stack: Stack) -> Stack:
    parent = stack.nested_stack_parent
    return stack if parent is None else _top_level_of(parent)


def _without_empty(value: Any) -> Any:
    """A value as CDK renders it: without nulls, empty objects and empty lists."""
    if isinstance(value, Mapping):
        cleaned = {key: _without_empty(each) for key, each in value.items()}
        return {key: each for key, each in cleaned.items() if each not in (None, {}, [])} or None
    if isinstance(value, list):
        return [each for each in map(_without_empty, value) if each is not None] or None
    return value
