"""The default lock file: the one in the working directory, used without being named.

The CDK CLI reads ``cdk.json`` in the working directory, starts the app there and looks in no folder
above it. (It hands the app an output folder that is relative to it, too.) So a lock file next to
``cdk.json`` is one in the working directory of the app, and of the commands.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pinned_images.lockfile.file import DEFAULT_NAME

_ignored_folders: list[Path] = []
_test_registries: set[str] = set()


def default_lock_file() -> Path | None:
    """The lock file in the working directory; None where there is none.

    Whatever has its name counts: what cannot be read is an error, and not passed over in silence.
    """
    path = Path(DEFAULT_NAME)
    if not os.path.lexists(path):
        return None
    return None if _ignored_folders and Path.cwd() in _ignored_folders else path


@contextmanager
def no_default_lock_file(folder: Path) -> Iterator[None]:
    """A context in which the lock file of a folder has to be named."""
    _ignored_folders.append(folder)
    try:
        yield
    finally:
        _ignored_folders.remove(folder)


@contextmanager
def made_up_images(url: str) -> Iterator[None]:
    """A context in which a registry serves images that are made up for tests.

    Args:
        url: Its address.
    """
    _test_registries.add(url)
    try:
        yield
    finally:
        _test_registries.discard(url)


def is_of_tests(mirrors: Iterable[str]) -> bool:
    """Whether a mirror is a registry of this process that serves images made up for tests.

    Args:
        mirrors: The URLs of the mirrors.
    """
    return any(
        mirror == url or mirror.startswith(f"{url}/")
        for url in _test_registries
        for mirror in mirrors
    )
