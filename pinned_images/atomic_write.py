"""Atomic writing of files: a reader, or a crash, finds the old one or the new one."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def write_atomically(
    target: Path, text: str | bytes, *, temporary: Path, is_lasting: bool = True
) -> None:
    """Replace a file in one step, with its owner and permissions kept.

    Args:
        target: The file; not a symbolic link, which the replacement would take the place of.
        text: The whole content; a `str` is written as UTF-8 with the line ends that it has.
        temporary: A path in the same directory that no other writer uses at the same time; what
            a killed writer left there is removed.
        is_lasting: Wait until it is on the disk; a file that every run makes again need not be.

    Raises:
        OSError: The file cannot be written; the old one is kept.
    """
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
            file.flush()
            if is_lasting:
                os.fsync(file.fileno())
        _keep_permissions(target, temporary)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if is_lasting:
        _sync_directory(target.parent)


def _keep_permissions(target: Path, temporary: Path) -> None:
    try:
        status = target.stat()
    except FileNotFoundError:
        return
    with suppress(OSError, AttributeError):  # Windows has no chown, and others only for root
        os.chown(temporary, status.st_uid, status.st_gid)
    temporary.chmod(status.st_mode & 0o7777)


def _sync_directory(directory: Path) -> None:
    """Flush a renamed file's directory, where the system can (POSIX `rename`)."""
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
