"""Property names and property paths in plain data: reading and replacing.

Templates write a capital first letter in property names, CDK's L1 constructs a small one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any


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
    """What a mapping holds under a name, in either case; None where it holds nothing.

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
    """What stands at one place of a tree.

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
    """A tree that has another value at one place; the given tree stays as it is.

    Args:
        tree: Dicts and lists.
        path: Where, by keys and indices that are in the tree; the empty path is the whole tree.
        value: What shall stand there.

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
    """A path as people write it.

    Example:
        >>> path_text(("ContainerDefinitions", 0, "Image"))
        'ContainerDefinitions[0].Image'
    """
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return text.removeprefix(".")
