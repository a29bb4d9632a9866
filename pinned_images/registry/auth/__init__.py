"""Who one is at a registry: credentials, and the places where people keep them."""

from __future__ import annotations

from pinned_images.registry.auth.credentials import Credentials
from pinned_images.registry.auth.keychain import ConfiguredKeychain, Keychain

__all__ = ["ConfiguredKeychain", "Credentials", "Keychain"]
