"""Property names and property paths in plain data: reading and replacing.

Templates write a capital first letter in property names, CDK's L1 constructs a small one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

_SEGMENT = re.compile(r"(?P<name>[A-Za-z0-9_@-]+?)(?P<collection>\[\]|\{\})?")


@cache
def spellings(name: str) -> tuple[str, ...]:
    """A name with its first letter in either case, as templates write it first.

    Example:
        >>> spellings("containerDefinitions")
        ('ContainerDefinitions', 'containerDefinitions')
    """
    return tuple(dict.fromkeys((template_name(name), name[:1].lower() + name[1:])))


def matching_keys(mapping: Mapping[Any, Any], name: str) -> list[str]:
    """The keys of a mapping that are a name, in either case of its first letter."""
    return [key for key in spellings(name) if key in mapping]


def value_of(mapping: object, name: str) -> Any:
    """The value of a name in a mapping, in either case; None where it has none.

    Example:
        >>> value_of({"cpuArchitecture": "ARM64"}, "CpuArchitecture")
        'ARM64'
    """
    keys = matching_keys(mapping, name) if isinstance(mapping, Mapping) else []
    return mapping[keys[0]] if keys and isinstance(mapping, Mapping) else None


def template_name(name: str) -> str:
    """A property's name as templates write it.

    Example:
        >>> template_name("containerDefinitions")
        'ContainerDefinitions'
    """
    return name[:1].upper() + name[1:]


#: Keys and indices from the root of a tree to a value in it.
Path = tuple[str | int, ...]


def value_at(tree: Any, path: Path) -> Any:
    """The value at one place of a tree.

    Args:
        tree: Dicts and lists.
        path: Where, by keys and indices that are in the tree; the empty path is the whole tree.

    Raises:
        LookupError: There is no such place in the tree.

    Example:
        >>> value_at({"a": [1, 2]}, ("a", 1))
        2
    """
    for key in path:
        tree = tree[key]
    return tree


def replace_at(tree: Any, path: Path, value: Any) -> Any:
    """A copy of a tree with another value at one place.

    Args:
        tree: Dicts and lists.
        path: Where, by keys and indices that are in the tree; the empty path is the whole tree.
        value: The new value.

    Raises:
        LookupError: There is no such place in the tree.

    Example:
        >>> replace_at({"a": [1, 2]}, ("a", 1), 3)
        {'a': [1, 3]}
    """
    parents = []
    node = tree
    for key in path:
        parents.append(node)
        node = node[key]
    for parent, key in zip(reversed(parents), reversed(path), strict=True):
        value = _with(parent, key, value)
    return value


def _with(parent: Any, key: str | int, value: Any) -> Any:
    if isinstance(parent, Mapping):
        return {**parent, key: value}
    copy = list(parent)
    copy[int(key)] = value
    return copy


def path_text(path: Path) -> str:
    """The written form of a path.

    Example:
        >>> path_text(("ContainerDefinitions", 0, "Image"))
        'ContainerDefinitions[0].Image'
    """
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return text.removeprefix(".")


class Step(NamedTuple):
    """One part of a written path: a key, and ``[]`` or ``{}`` where it holds a list or a map."""

    name: str
    collection: str


def is_written_path(path: str) -> bool:
    """Whether a string is a path as users write it: keys joined by dots.

    Example:
        >>> is_written_path("Spec.Sidecars[].Image"), is_written_path("Spec..Image")
        (True, False)
    """
    return all(_SEGMENT.fullmatch(segment) is not None for segment in path.split("."))


@cache
def steps_of(path: str) -> tuple[Step, ...]:
    """The parts of a path as users write it.

    Example:
        >>> steps_of("Sidecars[].Image")
        (Step(name='Sidecars', collection='[]'), Step(name='Image', collection=''))
    """
    matches = [_SEGMENT.fullmatch(segment) for segment in path.split(".")]
    return tuple(Step(match["name"], match["collection"] or "") for match in matches if match)
