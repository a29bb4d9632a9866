"""Digest pinning for every container image in the templates of an AWS CDK app.

Example:
    >>> from aws_cdk import App
    >>> from pinned_images import PinImages
    >>> app = App()
    >>> PinImages.apply_to(app)

The names below are the public interface. What needs `aws_cdk` is imported when it is first used,
so that the command line and the core start without it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from pinned_images.errors import (
    AccessDenied,
    ConfigurationError,
    ImageNotFound,
    InvalidReference,
    LockFileError,
    NotLocked,
    PinnedImagesError,
    PlatformMismatch,
    RegistryUnavailable,
    ResolutionError,
    UntrustedAnswer,
)
from pinned_images.exemptions import Exemption
from pinned_images.reference import Digest, ImageReference, Platform
from pinned_images.resolution import PlatformMode, Resolution, ResolutionRequest, Resolver

if TYPE_CHECKING:
    from pinned_images.aspect import PinImages
    from pinned_images.gate import PinnedImagesGate
    from pinned_images.immutability import ImmutableTags
    from pinned_images.lockfile import UpdateMode
    from pinned_images.options import PinImagesOptions

__all__ = [
    "AccessDenied",
    "ConfigurationError",
    "Digest",
    "Exemption",
    "ImageNotFound",
    "ImageReference",
    "ImmutableTags",
    "InvalidReference",
    "LockFileError",
    "NotLocked",
    "PinImages",
    "PinImagesOptions",
    "PinnedImagesError",
    "PinnedImagesGate",
    "Platform",
    "PlatformMismatch",
    "PlatformMode",
    "RegistryUnavailable",
    "Resolution",
    "ResolutionError",
    "ResolutionRequest",
    "Resolver",
    "UntrustedAnswer",
    "UpdateMode",
]

_LATE = {
    "ImmutableTags": "pinned_images.immutability",
    "PinImages": "pinned_images.aspect",
    "PinImagesOptions": "pinned_images.options",
    "PinnedImagesGate": "pinned_images.gate",
    "UpdateMode": "pinned_images.lockfile",
}


def __getattr__(name: str) -> object:
    if name in _LATE:
        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
