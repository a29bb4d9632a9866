"""The patched resources of one App or Stage, and the moment when CDK begins to render a template.

Values are final when CDK has made its cross-stack references, and soon after that it hashes the
templates of nested stacks. It calls nothing in between. The one visible sign is that a resource
is rendered without being searched for references: that happens to all resources of a template, one
after another, when the template is written, so the first of them is the sign. Lambda functions and
layers are no sign: CDK also renders them whenever it names a version of a function, since the
name holds a hash of their properties (aws-cdk-lib, aws-lambda/lib/function-hash.ts).

Resources without a typed L1 construct can be replaced by overrides alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aws_cdk import CfnResource, ConstructSelector, IResolveContext, Stack, Stage

from pinned_images.cdk.constructs import ConstructMap, has_attribute, is_same, type_of
from pinned_images.cdk.patched_resource import PatchedResource, PhaseOfSynth, add_silent_metadata
from pinned_images.cdk.rendering import render_template
from pinned_images.cloudformation.catalog import Catalog
from pinned_images.cloudformation.property_paths import Path, template_name, value_at
from pinned_images.cloudformation.sites import find_sites


def override_images(
    stack: Stack, resources: Sequence[PatchedResource], catalog: Catalog, phase: PhaseOfSynth
) -> None:
    """Override each image of raw resources, where the user has no override of their own.

    An override takes the place of one at the same path or above, so the stack is
    rendered once to see whether there are any. Remaining images are found by the gate.

    Args:
        stack: The stack of the resources.
        resources: The resources.
        catalog: Where images are.
        phase: The phase of the synth that they belong to.
    """
    definitions = render_template(stack).get("Resources", {})
    for patched in resources:
        logical_id = str(stack.resolve(patched.resource.logical_id))
        rendered = definitions.get(logical_id, {}).get("Properties")
        if not isinstance(rendered, Mapping):
            continue  # an override has put something else there
        as_written = stack.resolve(dict(patched.properties))
        for path in _paths(patched, catalog):
            name = str(path[0])
            if _without_empty(rendered.get(name)) == _without_empty(as_written.get(name)):
                patched.install(path, value_at(patched.properties, path), phase)


def _paths(patched: PatchedResource, catalog: Catalog) -> list[Path]:
    """The paths to override: the images, or the functions and lists around them.

    CDK merges an override into what is there, and takes an intrinsic function away when a value
    inside it is overridden; so the function is overridden as a whole. Overrides count the elements
    of lists as they are rendered, without those that resolve to nothing; so a list with an element
    that may do so is overridden as a whole, too.
    """
    sites = find_sites(patched.resource_type, patched.properties, catalog)
    paths = dict.fromkeys(_as_a_whole(site.path, patched.properties) for site in sites)
    return [path for path in paths if path]


def _as_a_whole(path: Path, properties: Any) -> Path:
    value = properties
    for index, key in enumerate(path):
        is_function = isinstance(key, str) and key.startswith("Fn::")
        if is_function or (isinstance(value, list) and any(map(_may_be_nothing, value))):
            return path[:index]
        value = value[key]
    return path


def _may_be_nothing(element: Any) -> bool:
    """Whether an element may be missing from the rendered list: a null, or a token."""
    if isinstance(element, str):
        return "{Token[" in element
    return element is None or hasattr(element, "__jsii_ref__")


def _without_empty(value: Any) -> Any:
    """A value as CDK renders it: without nulls, empty objects and empty lists."""
    if isinstance(value, Mapping):
        cleaned = {key: _without_empty(each) for key, each in value.items()}
        return {key: each for key, each in cleaned.items() if each not in (None, {}, [])} or None
    if isinstance(value, list):
        return [each for each in map(_without_empty, value) if each is not None] or None
    return value


#: CDK names a version of a function by a hash of these.
HASHED_TYPES = frozenset({"AWS::Lambda::Function", "AWS::Lambda::LayerVersion"})
_VERSION_TYPE = "AWS::Lambda::Version"


def watch_template(first: PatchedResource, phase: PhaseOfSynth) -> None:
    """Make the plan as soon as the template of a stack is rendered to be written.

    Args:
        first: The resource with images that comes first in the template.
        phase: The phase of the synth, which makes the plan. Where no sign is certain, it plans
            tentatively at each possible one.
    """
    if first.resource_type not in HASHED_TYPES or not has_versions(first.stack):
        first.when_written = phase.ensure_planned
        return
    earlier = _unhashed_resource_before(first)
    if earlier is None:
        first.when_written = phase.plan_tentatively
        return

    def produce(context: IResolveContext) -> None:
        if phase.may_plan and not context.preparing:
            phase.ensure_planned()

    add_silent_metadata(earlier, produce)


def has_versions(stack: Stack) -> bool:
    """Whether CDK renders functions of a stack to name versions of them."""
    return bool(ConstructSelector.resources_of_type(_VERSION_TYPE).select(stack))


def _unhashed_resource_before(first: PatchedResource) -> CfnResource | None:
    for construct in first.stack.node.find_all():
        if is_same(construct, first.resource):
            return None
        if (
            isinstance(construct, CfnResource)
            and construct.cfn_resource_type not in HASHED_TYPES
            and is_same(construct.stack, first.stack)
        ):
            return construct
    return None


@dataclass(eq=False)
class PatchedResources:
    """The resources of one App or Stage that may hold images, from one synth to the next.

    Attributes:
        root: The App or Stage.
        catalog: Where images are.
        phase: The phase of its synth.
    """

    root: Stage
    catalog: Catalog
    phase: PhaseOfSynth
    _known: ConstructMap[CfnResource, PatchedResource] = field(default_factory=ConstructMap)
    _is_elsewhere: ConstructMap[Stack, bool] = field(default_factory=ConstructMap)
    _has_versions: ConstructMap[Stack, bool] = field(default_factory=ConstructMap)

    def restart(self, found: ConstructMap[CfnResource, bool]) -> list[PatchedResource]:
        """Restore everything as the app wrote it, and add new resources.

        Args:
            found: The resources in the order of templates; True for those that may come earlier.

        Returns:
            Those of the resources that are synthesized with the root.
        """
        for resource, patched in list(self._known.items()):
            if not patched.restart():
                del self._known[resource]
        self._add(found)
        return [self._known[each] for each in found if each in self._known]

    def read(self, resources: Iterable[PatchedResource]) -> list[PatchedResource]:
        """The resources that hold images, with the values that the app has written."""
        found = []
        for patched in resources:
            if not patched.replaced and type_of(type(patched.resource)):
                patched.read()
                patched.choose(self._property_names(patched))
            if patched.replaced:
                found.append(patched)
        return found

    def _add(self, found: ConstructMap[CfnResource, bool]) -> None:
        """Install tokens where CDK renders before all values are final, and in raw resources.

        The template of each stack starts the plan, so the first resource with images in it needs
        a token; resources of further scopes may come before it.
        """
        raw: ConstructMap[Stack, list[PatchedResource]] = ConstructMap()
        new: list[PatchedResource] = []
        for resource in found:
            if resource in self._known or self._is_in_another_stage(stack := resource.stack):
                continue
            patched = self._known[resource] = PatchedResource(resource, stack)
            new.append(patched)
            if type_of(type(resource)) is None:
                patched.read()
                raw.setdefault(stack, []).append(patched)
        for stack, some in raw.items():
            override_images(stack, some, self.catalog, self.phase)
        watched: ConstructMap[Stack, None] = ConstructMap()
        for patched in new:
            is_first = patched.stack not in watched or found[patched.resource]
            if is_first or self._is_hashed(patched):
                self._install(patched)
            if is_first and patched.replaced:
                watch_template(patched, self.phase)
                watched[patched.stack] = None

    def _install(self, patched: PatchedResource) -> None:
        if type_of(type(patched.resource)):
            patched.read()
            for name in self._property_names(patched):
                patched.install((name,), patched.properties[name], self.phase)

    def _is_hashed(self, patched: PatchedResource) -> bool:
        """Whether CDK names something by a hash of the resource, before all values are final."""
        if type_of(type(patched.resource)) not in HASHED_TYPES:
            return False
        stack = patched.stack
        if stack not in self._has_versions:
            self._has_versions[stack] = has_versions(stack)
        return self._has_versions[stack]

    def _is_in_another_stage(self, stack: Stack) -> bool:
        """Stages below are synthesized on their own, and before this one."""
        if stack not in self._is_elsewhere:
            stage = Stage.of(stack)
            self._is_elsewhere[stack] = stage is None or not is_same(stage, self.root)
        return self._is_elsewhere[stack]

    def _property_names(self, patched: PatchedResource) -> list[str]:
        """The properties that hold images, by their names in the construct."""
        wanted = {
            template_name(image_property.steps[0].name)
            for image_property in self.catalog.properties_of(patched.resource_type)
        }
        return [
            name
            for name, value in patched.properties.items()
            if value is not None
            and template_name(name) in wanted
            and has_attribute(patched.resource, name)
        ]
