"""What goes into the pipeline and what comes out of it: resources as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.problem import Problem
from pinned_images.report.records import SiteRecord


@dataclass(frozen=True, slots=True, eq=False)
class ImageResource:
    """A resource of the app that may hold images.

    Attributes:
        resource_type: Its CloudFormation type.
        properties: Those of its properties that matter, as plain data.
        scope: The template that it stands in.
        stack: The construct path of its stack.
        construct_path: Its own construct path.
        acknowledged: Why its images stay unpinned, where the user said so.
        acknowledged_containers: The same by the name of a container.
    """

    resource_type: str
    properties: Mapping[str, Any]
    scope: TemplateScope
    stack: str
    construct_path: str
    acknowledged: str | None = None
    acknowledged_containers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What was decided about an image.

    It holds for this value alone: where another one stands in the finished template, an override
    has put it there, and it is looked at anew.

    Attributes:
        location: The path of the property: ``ContainerDefinitions[0].Image``.
        value: What is rendered there.
        findings: Why it could not be pinned.
        is_left: Whether it need not carry a digest: it is exempt, or an asset.
        patterns: The patterns of exemptions that it falls under.
    """

    location: str
    value: Any
    findings: tuple[Problem, ...] = ()
    is_left: bool = False
    patterns: frozenset[str] = frozenset()

    @property
    def says_all(self) -> bool:
        """Whether the image carries no digest, and nothing more is to be said of that."""
        return self.is_left or bool(self.findings)


@dataclass(frozen=True, slots=True, eq=False)
class PinnedResource:
    """A resource after pinning.

    Attributes:
        resource: The resource as it was.
        properties: Its properties with pinned images.
        verdicts: What was decided about each image.
        records: One record for each image.
    """

    resource: ImageResource
    properties: Mapping[str, Any]
    verdicts: tuple[Verdict, ...]
    records: tuple[SiteRecord, ...]

    @property
    def findings(self) -> tuple[Problem, ...]:
        """Why images could not be pinned."""
        return tuple(finding for verdict in self.verdicts for finding in verdict.findings)
