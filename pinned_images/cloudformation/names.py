"""Names of properties: templates write a large first letter, CDK's L1 constructs a small one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def is_same_name(one: str, other: str) -> bool:
    """Whether two names are one but for the case of the first letter.

    Example:
        >>> is_same_name("containerDefinitions", "ContainerDefinitions")
        True
    """
    return one[1:] == other[1:] and one[:1].lower() == other[:1].lower()


def matching_keys(mapping: Mapping[Any, Any], name: str) -> list[Any]:
    """The keys of a mapping that are a name, in either case of its first letter."""
    return [key for key in mapping if isinstance(key, str) and is_same_name(key, name)]


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
