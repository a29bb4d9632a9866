"""One resource of the construct tree whose image properties are replaced while it renders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from aws_cdk import CfnResource, IResolveContext, Stack

from pinned_images.construct_tree.replacement import (
    has_attribute,
    override_property,
    replace_property,
)

Path = tuple[str | int, ...]


class Phase(Enum):
    """How far a synth has come."""

    AS_WRITTEN = auto()
    """Values are being read; everything renders as it was written."""
    WAITING = auto()
    """CDK prepares the app; the first template that it writes asks for the plan."""
    TENTATIVE = auto()
    """What to render was worked out, perhaps before all values were final."""
    PLANNED = auto()
    """What to render is known."""


@dataclass(eq=False)
class PhaseOfSynth:
    """The phase that a synth is in, and the way to the next."""

    plan: Callable[[], None]
    current: Phase = Phase.AS_WRITTEN

    @property
    def may_plan(self) -> bool:
        """Whether a plan is still to be made, or to be made again."""
        return self.current in (Phase.WAITING, Phase.TENTATIVE)

    @property
    def has_plan(self) -> bool:
        """Whether what to render has been worked out."""
        return self.current in (Phase.TENTATIVE, Phase.PLANNED)

    def ensure_planned(self) -> None:
        """Work out what to render, unless that is done or under way; all values are final."""
        self._plan(Phase.PLANNED)

    def plan_tentatively(self) -> None:
        """Work out what to render, as far as values are final; it will be done again."""
        self._plan(Phase.TENTATIVE)

    def _plan(self, then: Phase) -> None:
        if not self.may_plan:
            return
        self.current = Phase.AS_WRITTEN
        try:
            self.plan()
        finally:
            self.current = then


@dataclass(eq=False)
class Attachment:
    """A resource, its property values as the app wrote them, and what is rendered for them.

    Attributes:
        resource: The L1 construct.
        resource_type: Its CloudFormation type.
        properties: Its properties as the app wrote them, tokens and all.
        replaced: The paths below its properties that are replaced, with the values as written.
        rendered: The values to render at these paths, once they are known.
        when_written: Called when it is rendered to be written, while a plan may be made.
    """

    resource: CfnResource
    resource_type: str
    stack: Stack
    construct_path: str
    properties: Mapping[str, Any]
    replaced: dict[Path, Any] = field(default_factory=dict)
    rendered: dict[Path, Any] = field(default_factory=dict)
    when_written: Callable[[], None] | None = None

    def replace(self, path: Path, original: Any, phase: PhaseOfSynth) -> None:
        """Take over the rendering of one path, until now rendered as `original`."""
        self.replaced[path] = original

        def produce(context: IResolveContext) -> Any:
            if self.when_written and phase.may_plan and not context.preparing:
                self.when_written()
            return self.rendered.get(path, original) if phase.has_plan else original

        name = str(path[0])
        if len(path) == 1 and has_attribute(self.resource, name):
            replace_property(self.resource, name, original, produce)
        else:
            override_property(self.resource, path, produce)
