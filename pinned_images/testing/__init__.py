"""Test support for apps that pin their images, without network.

`RegistryServer` is a registry in a thread, `FixedResolver` a resolver without network,
`assert_pinned` an assertion on templates, `SynthesizedApp` the output of a synth, and the snapshot
extensions are for syrupy. The pytest plugin gives fixtures of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pinned_images.testing.assertions import assert_pinned
    from pinned_images.testing.fixed_resolver import FixedResolver
    from pinned_images.testing.registry_server import RegistryServer
    from pinned_images.testing.snapshots import (
        JsonTemplateSnapshotExtension,
        TemplateSnapshotExtension,
        masking,
    )
    from pinned_images.testing.synthesized import SynthesizedApp, synthesize

__all__ = [
    "FixedResolver",
    "JsonTemplateSnapshotExtension",
    "RegistryServer",
    "SynthesizedApp",
    "TemplateSnapshotExtension",
    "assert_pinned",
    "masking",
    "synthesize",
]

_LATE = {
    "FixedResolver": "fixed_resolver",
    "JsonTemplateSnapshotExtension": "snapshots",
    "RegistryServer": "registry_server",
    "SynthesizedApp": "synthesized",
    "TemplateSnapshotExtension": "snapshots",
    "assert_pinned": "assertions",
    "masking": "snapshots",
    "synthesize": "synthesized",
}


def __getattr__(name: str) -> object:
    if name in _LATE:
        return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
