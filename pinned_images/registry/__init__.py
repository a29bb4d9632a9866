"""The only room that touches the network: it asks registries for digests.

Importing it is cheap: what speaks HTTP is imported with the first request, and what speaks to
AWS with the first image or secret that is kept there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinned_images.registry.settings import MIRRORS_VARIABLE, RegistrySettings, parse_mirrors

if TYPE_CHECKING:
    from pinned_images.registry.resolver import RegistryResolver

__all__ = ["MIRRORS_VARIABLE", "RegistryResolver", "RegistrySettings", "parse_mirrors"]


def __getattr__(name: str) -> object:
    """The resolver is imported when it is wanted: options are read with every synth."""
    if name == "RegistryResolver":
        from pinned_images.registry.resolver import RegistryResolver  # noqa: PLC0415  see above

        return RegistryResolver
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
