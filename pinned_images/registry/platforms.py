"""Platform matching: which platforms of an image a workload's platform can run."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from pinned_images.errors import PlatformMismatch
from pinned_images.printable import listed
from pinned_images.reference import Platform

# A processor runs builds for its older variants ("" is the usual one, v7).
_ARM_VARIANTS = ("v5", "v6", "")
# The builds of Windows Server 2022 and 2025. Each also runs images built for the one before it;
# an older Windows runs images built for its own build only (Microsoft, "Windows container version
# compatibility"; containerd's platform matcher goes by the same rule).
_STABLE_BUILDS = ((10, 0, 20348), (10, 0, 26100))


def best_match(wanted: Platform, offered: Sequence[Platform]) -> Platform | None:
    """The platform that a runtime of the wanted one would take; None where it has none.

    An exact match goes before a compatible one, and a newer build of Windows before an older.
    """
    fitting = [platform for platform in offered if _runs(wanted, platform)]
    return max(
        fitting,
        key=lambda platform: (_age(wanted, platform.variant), _build(platform.os_version)),
        default=None,
    )


def mismatch(wanted: Platform, offered: Iterable[Platform]) -> PlatformMismatch:
    """The error of an image that lacks a platform; it lists those that the image has."""
    names = listed(dict.fromkeys(map(str, offered)))
    return PlatformMismatch(
        f"the image has nothing for {wanted}, only for {names or 'no platform that it names'}",
        "build it for that platform, or run the workload on another one",
    )


def _runs(wanted: Platform, offered: Platform) -> bool:
    if (wanted.os, wanted.architecture) != (offered.os, offered.architecture):
        return False
    if wanted.os == "windows" and wanted.os_version and offered.os_version:
        return _runs_build(_build(wanted.os_version)[:3], _build(offered.os_version)[:3])
    return _age(wanted, offered.variant) >= 0


def _runs_build(host: tuple[int, ...], container: tuple[int, ...]) -> bool:
    """Whether a build of Windows runs another; revisions, the fourth number, do not count."""
    if len(host) < 3 or len(container) < 3 or host < _STABLE_BUILDS[0]:  # noqa: PLR2004  a build
        return host == container[: len(host)]
    position = bisect_right(_STABLE_BUILDS, host)
    return _STABLE_BUILDS[max(0, position - 2)] <= container <= host


def _age(wanted: Platform, variant: str) -> int:
    """The rank of a variant: higher is nearer to the wanted one; below zero it cannot run."""
    if variant == wanted.variant:
        return len(_ARM_VARIANTS)
    if wanted.architecture == "arm" and {variant, wanted.variant} <= set(_ARM_VARIANTS):
        older = _ARM_VARIANTS.index(variant) < _ARM_VARIANTS.index(wanted.variant)
        return _ARM_VARIANTS.index(variant) if older else -1
    return 0 if not variant else -1


def _build(version: str) -> tuple[int, ...]:
    return tuple(int(part[:9]) if part.isdecimal() else 0 for part in version.split(".") if part)
