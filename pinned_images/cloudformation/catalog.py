"""The catalog of CloudFormation properties that hold images, from `image_properties.json`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from pinned_images.cloudformation.kubernetes_kinds import ANY_TEXT, KindPath
from pinned_images.cloudformation.property_paths import Step, is_written_path, steps_of
from pinned_images.errors import ConfigurationError
from pinned_images.reference import Style
from pinned_images.wording import did_you_mean

#: How a service takes a digest; ``tag``: not at all.
ServiceStyle = Style | Literal["tag"]

#: The rules for values that are no image references; `exempt_rules.py` has their forms.
ExemptRule = Literal["codebuild-curated", "imagebuilder-managed", "lightsail-stored", "transport"]

#: The types of custom resources.
_CUSTOM = ("Custom::", "AWS::CloudFormation::CustomResource")

#: What a service takes under a digest: all that runtimes take; the manifest of one image and never
#: an index; such a manifest of Docker's own media type.
Takes = Literal["any", "one-image", "docker-image"]

_RESOURCE_TYPE = re.compile(r"[A-Za-z0-9]+(?:::[A-Za-z0-9_@-]+)+")
_KIND = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/[A-Za-z][A-Za-z0-9]*")


class ImageProperty(Struct, frozen=True):
    """One place in a resource type that holds a container image.

    Attributes:
        resource_type: The CloudFormation type: ``AWS::ECS::TaskDefinition``.
        path: Keys joined by dots; ``[]`` after a key means each element of a list, ``{}`` each
            value of a map: ``ContainerDefinitions[].Image``.
        style: How the service takes a digest: next to the tag, in its place, or not at all.
        registries: Where the service can pull from, for display.
        note: What else is known of the property, for display.
        source: The documentation of all this.
        holds: Whether the value is an image, or the text of Kubernetes objects that hold some.
        exempt_rule: The rule for values that are no plain references to a registry; ``transport``
            takes references after ``docker://`` or ``oci://``.
        maximum_length: How long the whole value may be, where the service says so.
        kind_paths: The user's own places in Kubernetes objects.
        takes: What the service takes under the digest.
        is_own: Whether the user has named it; then its path may lead into the JSON of a string.
        replaced_by_name: The property with the resource's name, where a new image replaces the
            resource (`createOnlyProperties` of CloudFormation's schema) and names are unique.
    """

    resource_type: str
    path: str
    style: ServiceStyle = "tag-and-digest"
    registries: str = "any registry"
    note: str = ""
    source: str = ""
    holds: Literal["image", "kubernetes-manifest"] = "image"
    exempt_rule: ExemptRule | None = None
    maximum_length: int | None = None
    kind_paths: tuple[KindPath, ...] = ()
    takes: Takes = "any"
    is_own: bool = False
    replaced_by_name: str | None = None

    @property
    def leads_into_text(self) -> bool:
        """Whether its path leads to single strings inside a JSON text."""
        return any(path.kind == ANY_TEXT for path in self.kind_paths)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The parts of the path."""
        return steps_of(self.path)


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

    @staticmethod
    def is_something_else(resource_type: str, path: str) -> bool:
        """Whether a property looks like one that holds an image and is known to hold none.

        Args:
            resource_type: The resource type.
            path: The property's path: ``ContainerDefinitions[].VersionConsistency``.

        Example:
            >>> Catalog.is_something_else("AWS::ImageBuilder::ImageRecipe", "ParentImage")
            True
        """
        return any(
            of_type.fullmatch(resource_type) and at_path.fullmatch(path)
            for of_type, at_path in _others()
        )

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
        """This catalog with additional paths of the user's own.

        Args:
            additions: Paths by resource type, such as ``{"Custom::Thing": ["Spec.Image"]}``, and
                by kind of Kubernetes objects, such as ``{"example.com/App": ["spec.image"]}``.

        Raises:
            ConfigurationError: A resource type, a kind or a path is none.

        Example:
            >>> catalog = Catalog.default().extended({"Custom::Thing": ["Spec.Image"]})
            >>> catalog.properties_of("Custom::Thing")[0].path
            'Spec.Image'
        """
        known = {(each.resource_type, each.path) for each in self.properties}
        own = [
            _own_property(resource_type, path)
            for resource_type, paths in additions.items()
            if "/" not in resource_type
            for path in _checked_paths(resource_type, paths)
            if (resource_type, path) not in known
        ]
        in_kinds = tuple(
            _own_kind_path(kind, path)
            for kind, paths in additions.items()
            if "/" in kind
            for path in _checked_paths(kind, paths)
        )
        listed = (
            replace(each, kind_paths=(*each.kind_paths, *in_kinds))
            if in_kinds and each.holds == "kubernetes-manifest"
            else each
            for each in self.properties
        )
        return Catalog((*listed, *own))

    def narrowed(self, resource_types: Iterable[str]) -> Catalog:
        """This catalog with the given resource types only.

        Args:
            resource_types: Names of types, each in this catalog.

        Raises:
            ConfigurationError: A type is not in this catalog, or none is given.
        """
        wanted = {resource_types} if isinstance(resource_types, str) else set(resource_types)
        if not wanted:
            raise ConfigurationError(
                "The option resource_types names no resource type, so no image would be pinned: "
                "leave it out to pin those of all types."
            )
        if unknown := sorted(wanted - self.resource_types):
            raise ConfigurationError(
                f"No image property of the resource type {unknown[0]!r} is known."
                f"{did_you_mean(unknown[0], self.resource_types)} Choose from "
                f"{', '.join(sorted(self.resource_types))}, or name its paths yourself, as in "
                f"properties={{{unknown[0]!r}: ['Spec.Image']}}."
            )
        return Catalog(each for each in self.properties if each.resource_type in wanted)


@cache
def _default() -> Catalog:
    return Catalog(
        ImageProperty(entry["type"], **{key: entry[key] for key in entry if key != "type"})
        for entry in _data()["properties"]
    )


@cache
def _others() -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    """Patterns of types and paths that hold no images."""
    return tuple(
        (_wildcard(entry["type"]), _wildcard(entry["path"]))
        for entry in _data()["not_container_images"]
    )


def _wildcard(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split("*")), re.DOTALL)


@cache
def _data() -> Mapping[str, Any]:
    file = files("pinned_images.cloudformation").joinpath("image_properties.json")
    data: Mapping[str, Any] = json.loads(file.read_text("utf-8"))
    return data


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
            "write one such as 'Custom::Thing' or 'AWS::ECS::TaskDefinition', or a kind of "
            "Kubernetes objects such as 'monitoring.coreos.com/Prometheus'."
        )
    _require_path(resource_type, path, "Spec.Containers[].Image")
    is_custom = resource_type.startswith(_CUSTOM)
    return ImageProperty(
        resource_type,
        path,
        note="added by the user",
        exempt_rule="transport" if is_custom else None,
        is_own=True,
    )


def _own_kind_path(kind: str, path: str) -> KindPath:
    if not _KIND.fullmatch(kind):
        raise ConfigurationError(
            f"{kind!r} is no kind of Kubernetes objects: write the apiVersion without its version, "
            "a slash and the kind, as in 'monitoring.coreos.com/Prometheus', or 'v1/ConfigMap' in "
            "the core group."
        )
    _require_path(kind, path, "spec.sidecars[].image")
    return KindPath(kind, path)


def _require_path(owner: str, path: str, example: str) -> None:
    if not is_written_path(str(path)):
        raise ConfigurationError(
            f"{path!r} is no path to an image property of {owner}: join keys by dots, "
            f"with [] behind a list and {{}} behind a map, as in {example!r}."
        )
