"""Registries: the client that reads them, and the resolver built on it.

Importing it is cheap: what speaks HTTP is imported with the first request, and what speaks to
AWS with the first image or secret that is kept there.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pinned_images.registry.resolver import RegistryResolver
    from pinned_images.registry.settings import MIRRORS_VARIABLE, RegistrySettings, parse_mirrors

__all__ = ["MIRRORS_VARIABLE", "RegistryResolver", "RegistrySettings", "parse_mirrors"]

_LATE = {
    "MIRRORS_VARIABLE": "pinned_images.registry.settings",
    "RegistryResolver": "pinned_images.registry.resolver",
    "RegistrySettings": "pinned_images.registry.settings",
    "parse_mirrors": "pinned_images.registry.settings",
}


def __getattr__(name: str) -> object:
    """Import a name on first use: rules of the gate need hosts alone."""
    if name in _LATE:
        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
