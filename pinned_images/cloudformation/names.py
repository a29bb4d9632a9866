"""Names of properties: templates write a large first letter, CDK's L1 constructs a small one."""

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
