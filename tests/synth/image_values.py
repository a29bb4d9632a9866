"""What stands at the image properties of a template, found without the code that is tested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pinned_images.cloudformation.catalog import Catalog, ImageProperty


def image_values(template: Mapping[str, Any], image_property: ImageProperty) -> list[Any]:
    """The values of one image property, in the order of the template."""
    steps = image_property.path.split(".")
    return [
        holder[key]
        for resource in template.get("Resources", {}).values()
        if resource["Type"] == image_property.resource_type
        for holder, key in _places(resource["Properties"], steps)
    ]


def take_images_out(template: Mapping[str, Any]) -> list[Any]:
    """Leave nothing at all image properties of a template, and give what stood there."""
    taken = []
    for image_property in Catalog.default().properties:
        steps = image_property.path.split(".")
        for resource in template.get("Resources", {}).values():
            if resource["Type"] == image_property.resource_type:
                for holder, key in _places(resource["Properties"], steps):
                    taken.append(holder[key])
                    holder[key] = None
    return taken


def _places(tree: Any, steps: Sequence[str]) -> Iterator[tuple[Any, Any]]:
    """The objects that hold the images, and their keys there."""
    step, *rest = steps
    key = step.rstrip("[]{}")
    if key not in tree:
        return
    if not rest:
        yield tree, key
    elif step.endswith("[]"):
        for each in tree[key]:
            yield from _places(each, rest)
    elif step.endswith("{}"):
        for each in tree[key].values():
            yield from _places(each, rest)
    else:
        yield from _places(tree[key], rest)
