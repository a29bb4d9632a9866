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

    COLLECTING = auto()
    """Aspects are done; values are being prepared and not known yet."""
    PLANNING = auto()
    """Values are being read, to work out what to pin; everything renders as it was written."""
    PLANNED = auto()
    """What to render is known."""


@dataclass(eq=False)
class Attachment:
    """A resource, its property values as the app wrote them, and what is rendered for them.

    Attributes:
        resource: The L1 construct.
        resource_type: Its CloudFormation type.
        properties: Its properties as the app wrote them, tokens and all.
        replaced: The paths below its properties that are replaced, with the values as written.
        rendered: The values to render at these paths, once they are known.
    """

    resource: CfnResource
    resource_type: str
    stack: Stack
    construct_path: str
    properties: Mapping[str, Any]
    replaced: dict[Path, Any] = field(default_factory=dict)
    rendered: dict[Path, Any] = field(default_factory=dict)
    _rendered_once: set[Path] = field(default_factory=set)

    def restart(self) -> None:
        """Forget what an earlier synth worked out."""
        self.rendered.clear()
        self._rendered_once.clear()

    def replace(self, path: Path, original: Any, phase: PhaseOfSynth) -> None:
        """Take over the rendering of one path, until now rendered as `original`."""
        self.replaced[path] = original

        def produce(context: IResolveContext) -> Any:
            if self._still_preparing(path, context, phase):
                return original
            phase.ensure_planned()
            return self.rendered.get(path, original)

        name = str(path[0])
        if len(path) == 1 and has_attribute(self.resource, name):
            replace_property(self.resource, name, original, produce)
        else:
            override_property(self.resource, path, produce)

    def _still_preparing(self, path: Path, context: IResolveContext, phase: PhaseOfSynth) -> bool:
        """Whether the value is rendered to look for references only, not to be written.

        CDK's search for references comes first in every synth, so the first rendering needs no
        question to `context`, which would have to cross into Node.js.
        """
        if phase.current is Phase.PLANNED:
            return False
        if phase.current is Phase.PLANNING:
            return True
        if path not in self._rendered_once:
            self._rendered_once.add(path)
            return True
        return context.preparing


@dataclass(eq=False)
class PhaseOfSynth:
    """The phase that a synth is in, and the way to the next."""

    plan: Callable[[], None]
    current: Phase = Phase.COLLECTING

    def ensure_planned(self) -> None:
        """Work out what to render, unless that is done or under way."""
        if self.current is Phase.COLLECTING:
            self.current = Phase.PLANNING
            try:
                self.plan()
            finally:
                self.current = Phase.PLANNED
