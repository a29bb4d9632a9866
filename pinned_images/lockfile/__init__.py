"""The lock file: digests that stay the same until an update is requested.

Example:
    >>> from pathlib import Path
    >>> LockFile.read(Path("absent.lock.json")).entries
    {}
"""

from __future__ import annotations

from pinned_images.lockfile.default_file import (
    default_lock_file,
    is_of_tests,
    made_up_images,
    no_default_lock_file,
)
from pinned_images.lockfile.entries import LockEntry, LockKey, ParameterKey
from pinned_images.lockfile.file import DEFAULT_NAME, LockFile
from pinned_images.lockfile.locked_parameters import LockedParameters
from pinned_images.lockfile.locked_resolver import LockedResolver
from pinned_images.lockfile.update_modes import UPDATE_VARIABLE, mode_of, parse_mode
from pinned_images.option_types import UpdateMode

__all__ = [
    "DEFAULT_NAME",
    "UPDATE_VARIABLE",
    "LockEntry",
    "LockFile",
    "LockKey",
    "LockedParameters",
    "LockedResolver",
    "ParameterKey",
    "UpdateMode",
    "default_lock_file",
    "is_of_tests",
    "made_up_images",
    "mode_of",
    "no_default_lock_file",
    "parse_mode",
]
