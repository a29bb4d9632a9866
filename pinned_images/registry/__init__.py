"""The only room that touches the network: it asks registries for digests.

Importing it is cheap: what speaks HTTP is imported with the first request, and what speaks to
AWS with the first image or secret that is kept there.
"""

from __future__ import annotations

from pinned_images.registry.resolver import RegistryResolver
from pinned_images.registry.settings import MIRRORS_VARIABLE, RegistrySettings, parse_mirrors

__all__ = ["MIRRORS_VARIABLE", "RegistryResolver", "RegistrySettings", "parse_mirrors"]
