"""Resources as plain data, the input of the pipeline."""

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
        scope: The template that it is in.
        stack: The construct path of its stack.
        construct_path: Its own construct path.
        acknowledged: Why its images stay unpinned, where the rule is acknowledged.
        is_acknowledged_itself: Whether that is at the resource, or at a construct that holds it in
            its stack. It then covers the images that cannot be pinned, where there are some.
        acknowledged_containers: The same by the name of a container.
    """

    resource_type: str
    properties: Mapping[str, Any]
    scope: TemplateScope
    stack: str
    construct_path: str
    acknowledged: str | None = None
    is_acknowledged_itself: bool = False
    acknowledged_containers: Mapping[str, str] = field(default_factory=dict)
