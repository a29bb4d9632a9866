"""Authentication at registries: keychain, credentials, challenges and tokens."""

from __future__ import annotations

from pinned_images.registry.auth.credentials import Credentials
from pinned_images.registry.auth.keychain import ConfiguredKeychain, Keychain

__all__ = ["ConfiguredKeychain", "Credentials", "Keychain"]
