"""What goes into the pipeline and what comes out of it: resources as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pinned_images.cloudformation.scope import TemplateScope
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


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the user should know of one image.

    Attributes:
        severity: An error ends the synth.
        rule: A rule without the plugin's name.
        message: What, where in the resource, and what to do.
        location: The path of the property: ``ContainerDefinitions[0].Image``.
    """

    severity: Literal["error", "warning"]
    rule: str
    message: str
    location: str


@dataclass(frozen=True, slots=True, eq=False)
class PinnedResource:
    """A resource after pinning.

    Attributes:
        resource: The resource as it was.
        properties: Its properties with pinned images.
        findings: What the user should know.
        records: One record for each image.
    """

    resource: ImageResource
    properties: Mapping[str, Any]
    findings: tuple[Finding, ...]
    records: tuple[SiteRecord, ...]

    @property
    def settled(self) -> frozenset[str]:
        """Locations of images that are exempt or have an error: nothing more is to be said."""
        wrong = {finding.location for finding in self.findings if finding.severity == "error"}
        exempt = {
            record.property_path.partition(" ")[0]
            for record in self.records
            if record.resolved_by in ("exempt", "asset")
        }
        return frozenset(wrong | exempt)
