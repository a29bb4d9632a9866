"""Tests of whether a string of a Kubernetes object is an image: by key, path and neighbours.

They run for each of very many strings, so each takes no more than it needs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pinned_images.cloudformation.property_paths import Path
from pinned_images.errors import InvalidReference
from pinned_images.reference import ImageReference

#: The lists of a pod's containers.
CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
#: Keys of a value next to a name that says what it is, as in environment variables.
PAIRED = frozenset({"default", "value"})
#: The key of an object that a tool's configuration has to say which image it changes.
TARGET = "target"
#: Objects whose `image` is none that runs: where a build is pushed to, and a block device.
OTHER_IMAGES = frozenset({"output", "rbd"})
#: Keys on the way to a pod's containers: a placeholder in their place may hide images.
_ON_THE_WAY = frozenset(
    (*CONTAINERS, "image", "items", "jobTemplate", "podTemplate", "spec", "template", "volumes")
)
# Kubernetes API reference, "Container": what no other object with an image has.
_CONTAINER_KEYS = frozenset(
    {
        "envFrom",
        "imagePullPolicy",
        "lifecycle",
        "livenessProbe",
        "readinessProbe",
        "startupProbe",
        "terminationMessagePath",
        "terminationMessagePolicy",
        "volumeDevices",
        "volumeMounts",
        "workingDir",
    }
)
_CONTAINER_LISTS = ("args", "command", "env")
#: Next to one of these, `image` may be a part of the reference only.
_OTHER_PARTS = frozenset({"digest", "imageTag", "image_tag", "sha", "sha256", "tag"})
#: Keys of an image that hold a part of its reference, or something else.
_NO_REFERENCES = frozenset({"name", "registry", "repository", "tag", "url"})
_SAYS_IMAGE = re.compile(
    r"(?:image|.*(?:Image|IMAGE|[._/-]image))(?:s|[-_]?[Nn]ame|[-_]?[Rr]ef(?:erence)?|U[Rr][ILil])?"
)
_NAMES_IMAGE = re.compile(
    r"(?:.*[_.-])?image(?:[_.-]?(?:name|ref|reference|ur[il]))?|related_image_.*", re.IGNORECASE
)
# Argo Workflows and Argo Rollouts, Tekton, and OpenShift, kro and envsubst.
_VARIABLES = ("{{", "$(", "${")
_INDEX = re.compile("[0-9]{1,9}")


def says_image(path: Path, fields: Mapping[str, Any]) -> bool:
    """Whether the key of a string, or the name next to it, says that it is an image."""
    keys = [key for key in path[-2:] if isinstance(key, str)]
    if not keys or path[-2:-1] == (TARGET,):
        return False
    name = fields.get("name")
    if keys[-1] in PAIRED and isinstance(name, str):
        return _NAMES_IMAGE.fullmatch(name) is not None or _SAYS_IMAGE.fullmatch(name) is not None
    if keys[-1] not in _NO_REFERENCES and len(keys) > 1 and _SAYS_IMAGE.fullmatch(keys[0]):
        return True
    return key_says_image(keys[-1])


def key_says_image(key: str) -> bool:
    """Whether a key says that it holds an image: ``image``, ``sidecarImage``, ``imageName``."""
    return _SAYS_IMAGE.fullmatch(key) is not None


def has_variable(value: str) -> bool:
    """Whether a string has a variable that a controller fills in."""
    return any(variable in value for variable in _VARIABLES)


def is_in_parts(fields: Mapping[str, Any]) -> bool:
    """Whether an object has a tag or a digest next to its image."""
    return not _OTHER_PARTS.isdisjoint(fields)


def is_other_image(path: Path) -> bool:
    """Whether a path leads to an ``image`` of `OTHER_IMAGES`."""
    return path[-1:] == ("image",) and path[-2:-1] != () and path[-2] in OTHER_IMAGES


def is_pod_image(path: Path) -> bool:
    """Whether a path leads to an image of a pod."""
    match path:
        case (*_, field_of_pod, int(), "image"):
            return field_of_pod in CONTAINERS
        case (*_, "volumes", int(), "image", "reference"):
            return True
    return False


def may_hold_a_pod(path: Path) -> bool:
    """Whether images of a pod may be below a path whose value is not known."""
    keys = [key for key in path if isinstance(key, str)]
    return not keys or keys[-1] in _ON_THE_WAY


def is_container(fields: Mapping[str, Any]) -> bool:
    """Whether an object has a key that only containers have."""
    return not _CONTAINER_KEYS.isdisjoint(fields) or any(
        type(fields.get(key)) is list for key in _CONTAINER_LISTS
    )


def is_custom_kind(api_version: Any) -> bool:
    """Whether a kind is not one of Kubernetes' own, whose groups have no dot or end in k8s.io."""
    group = api_version.rpartition("/")[0] if isinstance(api_version, str) else ""
    return "." in group and not group.endswith(".k8s.io")


def is_reference(value: str) -> bool:
    """Whether a string is an image reference."""
    try:
        ImageReference.parse(value)
    except InvalidReference:
        return False
    return True


def names_tag(value: str) -> bool:
    """Whether a string is a reference with a tag or a digest."""
    if ":" not in value:
        return False
    try:
        reference = ImageReference.parse(value)
    except InvalidReference:
        return False
    return reference.tag is not None or reference.digest is not None


def patched_path(fields: Mapping[str, Any]) -> Path | None:
    """The path that a JSON patch operation (RFC 6902) writes to; None of other objects."""
    pointer = fields.get("path")
    if "value" not in fields or not isinstance(pointer, str):
        return None
    return tuple(
        -1 if part == "-" else int(part) if _INDEX.fullmatch(part) else part
        for part in pointer.split("/")[1:]
    )
