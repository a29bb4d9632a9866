"""Pinning in the synth of one App or Stage: what is collected, planned and rendered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from aws_cdk import CfnResource, Stack, Stage
from constructs import IConstruct

from pinned_images.cloudformation.names import template_name
from pinned_images.cloudformation.outcomes import SsmParameter, Unknown
from pinned_images.cloudformation.trees import value_at
from pinned_images.construct_tree.attachment import Attachment, Phase, PhaseOfSynth
from pinned_images.construct_tree.collection import Collection
from pinned_images.construct_tree.identity import ConstructMap, is_same
from pinned_images.construct_tree.image_resources import image_resources, top_level_of
from pinned_images.construct_tree.raw_resources import override_images
from pinned_images.construct_tree.replacement import has_attribute
from pinned_images.construct_tree.scopes import StackScopes
from pinned_images.construct_tree.watching import watch_template
from pinned_images.errors import PinnedImagesError
from pinned_images.options import Options
from pinned_images.pinning import PinnedResource, Verdict, pin_images
from pinned_images.report.records import SiteRecord
from pinned_images.sources import Sources


@dataclass(eq=False)
class Synthesis:
    """Pinning by one `PinImages`, whenever the App or Stage that it is in is synthesized.

    Attributes:
        root: The App or Stage.
        scope: The construct below which images are pinned; the root itself, a stack, or less.
        applied_at: The construct path that the user named: an App is named for its Stages too.
        options: What the user decided.
        sources: Who answers.
        records: What happened to each image, after a synth.
        verdicts: What was decided about images that carry no digest, by construct path and
            property.
        failure: Why nothing could be resolved at all.
    """

    root: Stage
    scope: IConstruct
    applied_at: str
    options: Options
    sources: Sources
    records: tuple[SiteRecord, ...] = ()
    verdicts: Mapping[tuple[str, str], Verdict] = field(default_factory=dict)
    failure: str | None = None
    parameter_values: dict[SsmParameter, str | Unknown] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._catalog = self.options.catalog()
        self.collection = Collection(self.root, self.scope, self._catalog)
        self._attachments: ConstructMap[CfnResource, Attachment] = ConstructMap()
        self._current: list[Attachment] = []
        self._is_elsewhere: ConstructMap[Stack, bool] = ConstructMap()
        self._results: list[tuple[Attachment, PinnedResource]] = []
        self._phase = PhaseOfSynth(self._plan)
        self.is_expected = False

    def expect(self) -> None:
        """A synth has begun."""
        self.is_expected = True

    def before_prepare(self, taken: ConstructMap[CfnResource, None]) -> None:
        """Take over the image properties; all aspects are done.

        Args:
            taken: The resources that other syntheses have taken over; those of this one are added.
        """
        self._phase.current = Phase.AS_WRITTEN
        found = self.collection.resources()
        free = [each for each in found if each not in taken]
        new = self._attach(each for each in free if each not in self._attachments)
        self._watch(new, found)
        mine = [each for each in free if each in self._attachments]
        self._current = [self._attachments[each] for each in mine]
        taken.update((each, None) for each in mine)
        self._phase.current = Phase.WAITING
        self.is_expected = False

    def ensure_planned(self) -> None:
        """Work out what to render; everything is prepared and nothing is written yet."""
        self._phase.ensure_planned()

    def scope_paths(self) -> list[str]:
        """The construct paths below which images are pinned."""
        return [scope.node.path for scope in self.collection.scopes()]

    def pinned(self) -> Iterator[tuple[Stack, SiteRecord]]:
        """The record of each image that carries a digest, with its top-level stack."""
        for attachment, result in self._results:
            for record in result.records:
                if record.digest is not None:
                    yield top_level_of(attachment.stack), record

    def _attach(self, resources: Iterable[CfnResource]) -> list[Attachment]:
        new: list[Attachment] = []
        raw: ConstructMap[Stack, list[Attachment]] = ConstructMap()
        for resource in resources:
            stack = resource.stack
            if self._is_in_another_stage(stack):
                continue
            path, resource_type = _path_and_type(resource)
            attachment = Attachment(
                resource,
                resource_type,
                stack,
                path,
                resource._cfn_properties,  # noqa: SLF001  the values as written, tokens and all
            )
            self._attachments[resource] = attachment
            new.append(attachment)
            names = self._property_names(attachment)
            typed = [name for name in names if has_attribute(resource, name)]
            for name in typed:
                attachment.replace((name,), attachment.properties[name], self._phase)
            if len(typed) < len(names):
                raw.setdefault(stack, []).append(attachment)
        for stack, some in raw.items():
            override_images(stack, some, self._catalog, self._phase)
        return new

    def _watch(self, new: Iterable[Attachment], found: ConstructMap[CfnResource, bool]) -> None:
        """Have the template of each stack start the plan; further scopes may come first in it."""
        watched: ConstructMap[Stack, None] = ConstructMap()
        for attachment in new:
            is_further = found[attachment.resource]
            if attachment.replaced and (is_further or attachment.stack not in watched):
                watch_template(attachment, self._phase)
                watched[attachment.stack] = None

    def _is_in_another_stage(self, stack: Stack) -> bool:
        """Stages below are synthesized on their own, and before this one."""
        if stack not in self._is_elsewhere:
            stage = Stage.of(stack)
            self._is_elsewhere[stack] = stage is None or not is_same(stage, self.root)
        return self._is_elsewhere[stack]

    def _property_names(self, attachment: Attachment) -> list[str]:
        """The properties that hold images, under the names that the construct has them under."""
        wanted = {
            template_name(image_property.steps[0].name)
            for image_property in self._catalog.properties_of(attachment.resource_type)
        }
        return [
            name
            for name, value in attachment.properties.items()
            if value is not None and template_name(name) in wanted
        ]

    def _plan(self) -> None:
        attachments = [each for each in self._current if each.replaced]
        self.records, self.verdicts, self.failure = (), {}, None
        self._results.clear()
        self.parameter_values.clear()
        scopes = StackScopes(self.root, self.options.use_parameter_defaults, self.parameter_values)
        try:
            results = pin_images(
                image_resources(attachments, scopes),
                self.options.policy(),
                self.sources.resolver(self.options),
                self.sources.parameters(self.options),
                self.parameter_values,
            )
        except PinnedImagesError as error:
            self.failure = str(error)
            return
        self._results.extend(zip(attachments, results, strict=True))
        for attachment, result in self._results:
            attachment.rendered.clear()
            if result.properties is not result.resource.properties:
                for path in attachment.replaced:
                    attachment.rendered[path] = value_at(result.properties, path)
        self._keep(results)

    def _keep(self, results: list[PinnedResource]) -> None:
        self.records = tuple(record for result in results for record in result.records)
        self.verdicts = {
            (result.resource.construct_path, verdict.location): verdict
            for result in results
            for verdict in result.verdicts
        }


def _path_and_type(resource: CfnResource) -> tuple[str, str]:
    """Construct path and CloudFormation type, in one crossing: CDK prints both as a text."""
    path, _, resource_type = resource.to_string().rpartition(" [")
    return path, resource_type.removesuffix("]")
