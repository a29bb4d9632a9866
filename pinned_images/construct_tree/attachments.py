"""The resources that a `PinImages` has found, and which of them ask it while they are rendered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from aws_cdk import CfnResource, Stack, Stage

from pinned_images.cloudformation.catalog import Catalog
from pinned_images.cloudformation.names import template_name
from pinned_images.construct_tree.attachment import Attachment, PhaseOfSynth
from pinned_images.construct_tree.identity import ConstructMap, is_same
from pinned_images.construct_tree.raw_resources import override_images
from pinned_images.construct_tree.resource_classes import has_attribute, type_of
from pinned_images.construct_tree.watching import HASHED_TYPES, has_versions, watch_template


@dataclass(eq=False)
class Attachments:
    """The resources of one App or Stage that may hold images, from one synth to the next.

    Attributes:
        root: The App or Stage.
        catalog: Where images stand.
        phase: The phase of its synth.
    """

    root: Stage
    catalog: Catalog
    phase: PhaseOfSynth
    _known: ConstructMap[CfnResource, Attachment] = field(default_factory=ConstructMap)
    _is_elsewhere: ConstructMap[Stack, bool] = field(default_factory=ConstructMap)
    _has_versions: ConstructMap[Stack, bool] = field(default_factory=ConstructMap)

    def restart(self, found: ConstructMap[CfnResource, bool]) -> list[Attachment]:
        """Have everything as the app wrote it, and attach what is new.

        Args:
            found: The resources in the order of templates; True for those that may come earlier.

        Returns:
            Those of the resources that are synthesized with the root.
        """
        for resource, attachment in list(self._known.items()):
            if not attachment.restart():
                del self._known[resource]
        self._attach(found)
        return [self._known[each] for each in found if each in self._known]

    def read(self, attachments: Iterable[Attachment]) -> list[Attachment]:
        """Those of some resources that hold images, with the values that the app has written."""
        found = []
        for attachment in attachments:
            if not attachment.replaced and type_of(type(attachment.resource)):
                attachment.read()
                attachment.choose(self._property_names(attachment))
            if attachment.replaced:
                found.append(attachment)
        return found

    def _attach(self, found: ConstructMap[CfnResource, bool]) -> None:
        """Take over what CDK renders before all values are final, and raw resources.

        The template of each stack starts the plan, so the first resource with images in it has to
        be taken over; resources of further scopes may come before it.
        """
        raw: ConstructMap[Stack, list[Attachment]] = ConstructMap()
        new: list[Attachment] = []
        for resource in found:
            if resource in self._known or self._is_in_another_stage(stack := resource.stack):
                continue
            attachment = self._known[resource] = Attachment(resource, stack)
            new.append(attachment)
            if type_of(type(resource)) is None:
                attachment.read()
                raw.setdefault(stack, []).append(attachment)
        for stack, some in raw.items():
            override_images(stack, some, self.catalog, self.phase)
        watched: ConstructMap[Stack, None] = ConstructMap()
        for attachment in new:
            is_first = attachment.stack not in watched or found[attachment.resource]
            if is_first or self._is_hashed(attachment):
                self._take_over(attachment)
            if is_first and attachment.replaced:
                watch_template(attachment, self.phase)
                watched[attachment.stack] = None

    def _take_over(self, attachment: Attachment) -> None:
        if type_of(type(attachment.resource)):
            attachment.read()
            for name in self._property_names(attachment):
                attachment.take_over((name,), attachment.properties[name], self.phase)

    def _is_hashed(self, attachment: Attachment) -> bool:
        """Whether CDK names something by a hash of the resource, before all values are final."""
        if type_of(type(attachment.resource)) not in HASHED_TYPES:
            return False
        stack = attachment.stack
        if stack not in self._has_versions:
            self._has_versions[stack] = has_versions(stack)
        return self._has_versions[stack]

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
            for image_property in self.catalog.properties_of(attachment.resource_type)
        }
        return [
            name
            for name, value in attachment.properties.items()
            if value is not None
            and template_name(name) in wanted
            and has_attribute(attachment.resource, name)
        ]
