"""What goes into the pipeline and what comes out of it: resources as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pinned_images.cloudformation.scope import TemplateScope


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
