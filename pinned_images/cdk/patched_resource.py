"""A resource of the construct tree whose image properties are replaced before it is rendered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property
from typing import Any

import jsii
from aws_cdk import CfnResource, IAnyProducer, IResolveContext, Lazy, Stack, Token

from pinned_images.cdk.constructs import attribute_name, has_attribute, is_same_value
from pinned_images.cdk.interruption import interruptible

#: A function of the resolve context that gives the value to render.
Producer = Callable[[IResolveContext], Any]


@jsii.implements(IAnyProducer)
class _Producer:
    def __init__(self, produce: Producer) -> None:
        self._produce = produce

    def produce(self, context: IResolveContext) -> Any:
        with interruptible():
            return self._produce(context)


def set_property(
    resource: CfnResource, property_name: str, original: object, value: object
) -> object:
    """Set a property of a typed L1 to a final value, intrinsic functions included.

    Args:
        resource: A typed L1 for which `has_attribute` holds.
        property_name: The CloudFormation name, such as ``ContainerDefinitions``.
        original: The value that is there now; a string needs a string, or a token that is one.
        value: Plain data.

    Returns:
        What the property holds from now on.
    """
    held = value
    if not isinstance(value, str):
        token = Token.as_any(value)
        held = Token.as_string(token) if isinstance(original, str) else token
    setattr(resource, attribute_name(property_name), held)
    return held


def restore_property(resource: CfnResource, property_name: str, original: object) -> None:
    """Restore the value of a typed L1 from before `set_property`."""
    setattr(resource, attribute_name(property_name), original)


def replace_property(
    resource: CfnResource, property_name: str, original: object, produce: Producer
) -> object:
    """Make a typed L1 render the value of `produce` in place of a property's value.

    Cross-stack references in the value keep working and later overrides win, since CDK
    still sees one value that it renders itself.

    Args:
        resource: A typed L1 for which `has_attribute` holds.
        property_name: The CloudFormation name, such as ``ContainerDefinitions``.
        original: The value that is there now; a string needs a token that is a string.
        produce: Called each time the property is rendered.

    Returns:
        What the property holds from now on.
    """
    lazy: object = Lazy.uncached_any(_Producer(produce))
    if isinstance(original, str):
        lazy = Token.as_string(lazy)
    setattr(resource, attribute_name(property_name), lazy)
    return lazy


def override_property(
    resource: CfnResource, path: tuple[str | int, ...], produce: Producer
) -> None:
    """Make a raw `CfnResource` render the value of `produce` at a path below its properties.

    Only for a property that has no override yet: this one would take its place.

    Args:
        resource: The resource.
        path: Keys and indices below ``Properties``.
        produce: Called each time the resource is rendered.
    """
    dotted = ".".join(str(part).replace(".", "\\.") for part in path)
    resource.add_property_override(dotted, Lazy.uncached_any(_Producer(produce)))


def add_silent_metadata(resource: CfnResource, produce: Callable[[IResolveContext], None]) -> None:
    """Call `produce` each time a resource is rendered, without a change of the resource.

    Args:
        resource: Any resource.
        produce: Called with the resolve context; what renders to nothing is not in templates.
    """
    resource.add_metadata("pinned-images", Lazy.uncached_any(_Producer(produce)))


Path = tuple[str | int, ...]


class Phase(Enum):
    """The phases of a synth."""

    AS_WRITTEN = auto()
    """Values are being read; everything renders as it was written."""
    WAITING = auto()
    """Called when CDK prepares the app; the first template that it writes starts the plan."""
    TENTATIVE = auto()
    """The values to render were computed, perhaps before all values were final."""
    PLANNED = auto()
    """The values to render are known."""


@dataclass(eq=False)
class PhaseOfSynth:
    """The current phase of a synth, and the step to the next.

    Attributes:
        plan: Computes what to render; its argument says whether all values are final.
        current: The phase.
    """

    plan: Callable[[bool], None]
    current: Phase = Phase.AS_WRITTEN

    @property
    def may_plan(self) -> bool:
        """Whether a plan is still to be made, or to be made again."""
        return self.current in (Phase.WAITING, Phase.TENTATIVE)

    @property
    def has_plan(self) -> bool:
        """Whether the values to render have been computed."""
        return self.current in (Phase.TENTATIVE, Phase.PLANNED)

    def ensure_planned(self) -> None:
        """Compute what to render, unless that is done or under way; all values are final."""
        self._plan(Phase.PLANNED)

    def plan_tentatively(self) -> None:
        """Compute what to render from the values that are final; it will be done again."""
        self._plan(Phase.TENTATIVE)

    def _plan(self, then: Phase) -> None:
        if not self.may_plan:
            return
        self.current = Phase.AS_WRITTEN
        try:
            self.plan(then is Phase.PLANNED)
        finally:
            self.current = then


@dataclass(eq=False)
class PatchedResource:
    """A resource with its property values as the app wrote them, and the values rendered instead.

    There are two ways to render a value. `render` sets the value itself, which costs little.
    `install` puts a token there beforehand that calls back for it, which costs a call out of
    Node.js each time that CDK reads the property; it is for what CDK renders before all values
    are final.

    Attributes:
        resource: The L1 construct.
        stack: The stack that it is in.
        properties: Its properties as the app wrote them, tokens and all.
        replaced: The paths below its properties that are replaced, with the values as written.
        when_written: Called when it is rendered to be written, while a plan may be made.
    """

    resource: CfnResource
    stack: Stack
    properties: Mapping[str, Any] = field(default_factory=dict)
    replaced: dict[Path, Any] = field(default_factory=dict)
    when_written: Callable[[], None] | None = None
    _is_installed: bool = False
    _rendered: dict[Path, Any] = field(default_factory=dict)
    _held: dict[str, object] = field(default_factory=dict)

    @property
    def construct_path(self) -> str:
        """The construct path, such as ``Production/Web/Task/Resource``."""
        return self._path_and_type[0]

    @property
    def resource_type(self) -> str:
        """The CloudFormation type."""
        return self._path_and_type[1]

    @cached_property
    def _path_and_type(self) -> tuple[str, str]:
        """Both in one crossing into Node.js: CDK prints them as one string."""
        path, _, resource_type = self.resource.to_string().rpartition(" [")
        return path, resource_type.removesuffix("]")

    def read(self) -> None:
        """Read the property values as the app has written them."""
        self.properties = self.resource._cfn_properties  # noqa: SLF001  tokens and all

    def restart(self) -> bool:
        """Restore everything as the app wrote it, for another synth.

        Returns:
            False if the app has since set a property with an installed token, which is then gone.
        """
        self._rendered.clear()
        now = self.resource._cfn_properties if self._held else {}  # noqa: SLF001  tokens and all
        kept = [name for name, held in self._held.items() if is_same_value(now.get(name), held)]
        if self._is_installed:
            return len(kept) == len(self._held)
        for name in kept:
            restore_property(self.resource, name, self.replaced[name,])
        self._held.clear()
        self.replaced.clear()
        return True

    def choose(self, names: Iterable[str]) -> None:
        """Name the properties that are to be rendered with other values."""
        self.replaced = {(name,): self.properties[name] for name in names}

    def install(self, path: Path, original: Any, phase: PhaseOfSynth) -> None:
        """Install a token that is called each time one path is rendered, at first as `original`."""
        self.replaced[path] = original
        self._is_installed = True

        def produce(context: IResolveContext) -> Any:
            if self.when_written and phase.may_plan and not context.preparing:
                self.when_written()
            return self._rendered.get(path, original) if phase.has_plan else original

        name = str(path[0])
        if len(path) == 1 and has_attribute(self.resource, name):
            self._held[name] = replace_property(self.resource, name, original, produce)
        else:
            override_property(self.resource, path, produce)

    def render(self, values: Mapping[Path, Any], *, is_final: bool) -> None:
        """Render values at the paths that are replaced, and at no others.

        Args:
            values: By path.
            is_final: Whether CDK has made its references. Until then it must find the tokens.
        """
        if self._is_installed:
            self._rendered = dict(values)
        elif is_final:
            for path, value in values.items():
                name = str(path[0])
                original = self.replaced[path]
                self._held[name] = set_property(self.resource, name, original, value)
