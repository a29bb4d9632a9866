"""Where CloudFormation resources hold container images, read from `image_properties.json`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

from pinned_images.errors import ConfigurationError
from pinned_images.reference import Style

#: What a value may be beside an image reference; `left_alone.py` tells such values.
LeaveRule = Literal["codebuild-curated", "imagebuilder-managed", "lightsail-stored"]

_RESOURCE_TYPE = re.compile(r"[A-Za-z0-9]+(?:::[A-Za-z0-9_@-]+)+")
_SEGMENT = re.compile(r"(?P<name>[A-Za-z0-9_@-]+?)(?P<collection>\[\]|\{\})?")


class Step(NamedTuple):
    """One part of a path: a key, and ``[]`` or ``{}`` where its value is a list or a map."""

    name: str
    collection: str


@dataclass(frozen=True, slots=True)
class ImageProperty:
    """One place in a resource type that holds a container image.

    Attributes:
        resource_type: The CloudFormation type: ``AWS::ECS::TaskDefinition``.
        path: Keys joined by dots; ``[]`` behind a key means each element of a list, ``{}`` each
            value of a map: ``ContainerDefinitions[].Image``.
        style: How the service takes a digest: beside the tag, or in its place.
        registries: Where the service can pull from, for people.
        note: What else is known of the property, for people.
        holds: Whether the value is an image, or a text of Kubernetes objects that hold some.
        leave: The rule for values that are no references to a registry.
        maximum_length: How long the whole value may be, where the service says so.
    """

    resource_type: str
    path: str
    style: Style = "tag-and-digest"
    registries: str = "any registry"
    note: str = ""
    holds: Literal["image", "kubernetes-manifest"] = "image"
    leave: LeaveRule | None = None
    maximum_length: int | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        """The parts of the path."""
        return _steps(self.path)


class Catalog:
    """The image properties of resource types.

    Example:
        >>> [p.path for p in Catalog.default().properties_of("AWS::ECS::TaskDefinition")]
        ['ContainerDefinitions[].Image']
    """

    def __init__(self, properties: Iterable[ImageProperty]) -> None:
        """Make a catalog of the given properties, in their order."""
        self._by_type: dict[str, list[ImageProperty]] = {}
        for image_property in properties:
            self._by_type.setdefault(image_property.resource_type, []).append(image_property)

    @classmethod
    def default(cls) -> Catalog:
        """Every image property of CloudFormation that is known."""
        return _default()

    @property
    def resource_types(self) -> frozenset[str]:
        """The resource types that hold images."""
        return frozenset(self._by_type)

    @property
    def properties(self) -> tuple[ImageProperty, ...]:
        """All image properties."""
        return tuple(each for some in self._by_type.values() for each in some)

    def properties_of(self, resource_type: str) -> tuple[ImageProperty, ...]:
        """The image properties of a resource type; none where it holds no images."""
        return tuple(self._by_type.get(resource_type, ()))

    def extended(self, additions: Mapping[str, Iterable[str]]) -> Catalog:
        """This catalog and some paths of the user's own.

        Args:
            additions: Paths by resource type, such as ``{"Custom::Thing": ["Spec.Image"]}``.

        Raises:
            ConfigurationError: A resource type or a path is none.

        Example:
            >>> catalog = Catalog.default().extended({"Custom::Thing": ["Spec.Image"]})
            >>> catalog.properties_of("Custom::Thing")[0].path
            'Spec.Image'
        """
        known = {(each.resource_type, each.path) for each in self.properties}
        own = [
            _own_property(resource_type, path)
            for resource_type, paths in additions.items()
            for path in _checked_paths(resource_type, paths)
            if (resource_type, path) not in known
        ]
        return Catalog((*self.properties, *own))

    def narrowed(self, resource_types: Iterable[str]) -> Catalog:
        """This catalog with the given resource types only.

        Args:
            resource_types: Names of types, each in this catalog.

        Raises:
            ConfigurationError: A type is not in this catalog.
        """
        wanted = {resource_types} if isinstance(resource_types, str) else set(resource_types)
        if unknown := sorted(wanted - self.resource_types):
            raise ConfigurationError(
                f"No image property of the resource type {unknown[0]!r} is known: choose from "
                f"{', '.join(sorted(self.resource_types))}, or name its paths yourself, as in "
                f"properties={{{unknown[0]!r}: ['Spec.Image']}}."
            )
        return Catalog(each for each in self.properties if each.resource_type in wanted)


@cache
def _default() -> Catalog:
    text = (
        files("pinned_images.cloudformation").joinpath("image_properties.json").read_text("utf-8")
    )
    return Catalog(
        ImageProperty(resource_type=entry.pop("type"), **entry)
        for entry in json.loads(text)["properties"]
    )


@cache
def _steps(path: str) -> tuple[Step, ...]:
    matches = [_SEGMENT.fullmatch(segment) for segment in path.split(".")]
    return tuple(Step(match["name"], match["collection"] or "") for match in matches if match)


def _checked_paths(resource_type: str, paths: Iterable[str]) -> list[str]:
    if isinstance(paths, str):
        raise ConfigurationError(
            f"The image properties of {resource_type!r} are the text {paths!r}: "
            f"write a list of paths, as in [{paths!r}]."
        )
    return list(paths)


def _own_property(resource_type: str, path: str) -> ImageProperty:
    if not _RESOURCE_TYPE.fullmatch(resource_type):
        raise ConfigurationError(
            f"{resource_type!r} is no CloudFormation resource type: "
            "write one such as 'Custom::Thing' or 'AWS::ECS::TaskDefinition'."
        )
    if any(_SEGMENT.fullmatch(segment) is None for segment in str(path).split(".")):
        raise ConfigurationError(
            f"{path!r} is no path to an image property of {resource_type}: join keys by dots, "
            "with [] behind a list and {} behind a map, as in 'Spec.Containers[].Image'."
        )
    return ImageProperty(resource_type, path, note="added by the user")
