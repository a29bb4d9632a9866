"""Templates that resources of a template name: nested stacks, stack sets, products."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pinned_images.cloud_assembly.manifests import FileAsset
from pinned_images.cloudformation.catalog import Catalog
from pinned_images.cloudformation.sites import find_sites

#: The resources that deploy a template as a part of the stack that they are in. AWS SAM developer
#: guide, "AWS::Serverless::Application": it becomes an AWS::CloudFormation::Stack.
NESTED_STACKS = ("AWS::CloudFormation::Stack", "AWS::Serverless::Application")

_URLS = Catalog([]).extended(
    {
        "AWS::CloudFormation::Stack": ["TemplateURL"],
        "AWS::CloudFormation::StackSet": ["TemplateURL"],
        "AWS::Serverless::Application": ["Location"],
        "AWS::ServiceCatalog::CloudFormationProduct": [
            "ProvisioningArtifactParameters[].Info.LoadTemplateFromURL"
        ],
    }
)
_BODIES = Catalog([]).extended({"AWS::CloudFormation::StackSet": ["TemplateBody"]})
_NAMING = _URLS.resource_types | _BODIES.resource_types


class NamedTemplate(NamedTuple):
    """A template that a resource names.

    Attributes:
        location: The property that names it.
        file: Its file, where it is in a file of the app's.
        content: Its content; None where that cannot be read.
    """

    location: str
    file: Path | None = None
    content: Mapping[str, Any] | None = None


def templates_named_by(
    resource: Mapping[str, Any],
    assets: Callable[[], Sequence[FileAsset]],
    folder: Path,
    read: Callable[[Path], Any],
) -> Iterator[NamedTemplate]:
    """The templates that a resource names.

    Args:
        resource: The resource, as the template has it.
        assets: Gives the file assets of the app; most resources name no template.
        folder: The folder that their paths begin at.
        read: Gives the JSON document in a file.
    """
    resource_type, properties = str(resource.get("Type")), resource.get("Properties")
    if resource_type not in _NAMING:
        return
    for site in find_sites(resource_type, properties, _URLS):
        metadata = resource.get("Metadata")
        named = metadata.get("aws:asset:path") if isinstance(metadata, Mapping) else None
        url = json.dumps(site.value)
        paths = (
            [named]
            if isinstance(named, str)
            else [each.path for each in assets() if each.content_hash in url]
        )
        file = folder / paths[0] if paths else None
        yield NamedTemplate(site.location, file, None if file is None else _read(file, read))
    for site in find_sites(resource_type, properties, _BODIES):
        yield NamedTemplate(site.location, None, _parsed(site.value))


def _read(file: Path, read: Callable[[Path], Any]) -> Mapping[str, Any] | None:
    try:
        return _template(read(file))
    except (OSError, ValueError, RecursionError):
        return None


def _parsed(text: object) -> Mapping[str, Any] | None:
    """A template in JSON; YAML is not read."""
    try:
        return _template(json.loads(text) if isinstance(text, str) else text)
    except (ValueError, RecursionError):
        return None


def _template(content: Any) -> Mapping[str, Any] | None:
    return content if isinstance(content, Mapping) and "Resources" in content else None
