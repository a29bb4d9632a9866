"""For the tests of apps that pin their images: no network, and what was pinned in plain sight.

`RegistryServer` is a registry in a thread, `FixedResolver` a resolver without network,
`assert_pinned` an assertion on templates, `SynthesizedApp` an app's templates, and
`TemplateSnapshotExtension` a syrupy extension. The pytest plugin gives fixtures of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pinned_images.testing.registry import RegistryServer
    from pinned_images.testing.resolver import FixedResolver

__all__ = ["FixedResolver", "RegistryServer"]

_LATE = {"FixedResolver": "resolver", "RegistryServer": "registry"}


def __getattr__(name: str) -> object:
    if name in _LATE:
        return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
