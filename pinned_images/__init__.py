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
from pinned_images.version import __version__

if TYPE_CHECKING:
    from pinned_images.aspect import PinImages
    from pinned_images.gate import PinnedImagesGate
    from pinned_images.immutability import ImmutableTags
    from pinned_images.option_types import UpdateMode
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
    "__version__",
]

_LATE = {
    "ImmutableTags": "pinned_images.immutability",
    "PinImages": "pinned_images.aspect",
    "PinImagesOptions": "pinned_images.options",
    "PinnedImagesGate": "pinned_images.gate",
    "UpdateMode": "pinned_images.option_types",
}


#: What needs the AWS CDK, and the oldest version of it that serves.
_OF_CDK = frozenset({"ImmutableTags", "PinImages", "PinnedImagesGate"})
_OLDEST_CDK = (2, 271)


def __getattr__(name: str) -> object:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _OF_CDK:
        _require_cdk(name)
    return getattr(import_module(_LATE[name]), name)


def _require_cdk(name: str) -> None:
    """Refuse an aws-cdk-lib that is not there, or that lacks what the Aspect builds upon."""
    try:
        version: str = import_module("aws_cdk._jsii").__jsii_assembly__.version
    except ModuleNotFoundError as error:
        if error.name not in ("aws_cdk", "aws_cdk._jsii"):
            raise
        raise ImportError(
            f"{name} needs aws-cdk-lib, which is not installed: pip install 'pinned-images[cdk]'. "
            "Apps in other languages are pinned by 'pinned-images run'."
        ) from None
    if tuple(map(int, version.split(".")[:2])) < _OLDEST_CDK:
        oldest = ".".join(map(str, _OLDEST_CDK))
        raise ImportError(
            f"{name} needs aws-cdk-lib {oldest} or newer, and {version} is installed: update it, "
            "or pin the app by 'pinned-images run -- python app.py' in cdk.json, which works with "
            "older versions too."
        )


def __dir__() -> list[str]:
    return __all__
