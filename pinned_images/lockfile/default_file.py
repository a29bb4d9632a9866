"""The default lock file: the one in the working directory, used without being named.

The CDK CLI reads ``cdk.json`` in the working directory, starts the app there and looks in no folder
above it. (It hands the app an output folder that is relative to it, too.) So a lock file next to
``cdk.json`` is one in the working directory of the app, and of the commands.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pinned_images.lockfile.file import DEFAULT_NAME

#: One for each `no_default_lock_file` in effect: a folder, or None for all of them.
_ignored: list[Path | None] = []


def default_lock_file() -> Path | None:
    """The lock file in the working directory; None where there is none.

    Whatever has its name counts: what cannot be read is an error, and not passed over in silence.
    """
    path = Path(DEFAULT_NAME)
    if not os.path.lexists(path):
        return None
    if _ignored and (None in _ignored or Path.cwd() in _ignored):
        return None
    return path


@contextmanager
def no_default_lock_file(folder: Path | None = None) -> Iterator[None]:
    """A context in which lock files have to be named: for tests, whose digests are made up.

    Args:
        folder: Ignore the lock file of this folder alone.
    """
    _ignored.append(folder)
    try:
        yield
    finally:
        _ignored.remove(folder)
