"""Atomic replacement of several files of a cloud assembly, safe against a crash.

The new files are written next to the old ones, then a journal names them all. From then on the old
``manifest.json`` is moved away, so that the CDK CLI refuses the assembly until everything is in
place; the next run finishes what a crash has interrupted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pinned_images.atomic_write import write_atomically
from pinned_images.cloud_assembly.assembly_files import MANIFEST
from pinned_images.errors import ConfigurationError

JOURNAL = ".pinned-images.journal.json"
_NEW = ".pinned-images.new"
_TEMPORARY = ".pinned-images.tmp"


def replace_files(root: Path, contents: Mapping[Path, bytes]) -> None:
    """Replace files of an assembly, all of them or none.

    Args:
        root: The folder of the assembly.
        contents: The new contents, in the order in which they are put into place; the manifest of
            the assembly comes last, wherever it is among them.

    Raises:
        ConfigurationError: A file cannot be written.
    """
    if not contents:
        return
    manifest = root / MANIFEST
    paths = [path for path in contents if path != manifest]
    try:
        # It is written first, so that the record is never older than the manifest.
        content = contents[manifest] if manifest in contents else manifest.read_bytes()
        _write(_beside(manifest, _NEW), content)
        for path in paths:
            _write(_beside(path, _NEW), contents[path])
        names = [path.relative_to(root).as_posix() for path in paths]
        _write(root / JOURNAL, json.dumps(names).encode())
        _finish(root, names)
    except OSError as error:
        raise ConfigurationError(
            f"The cloud assembly in {str(root)!r} cannot be written ({error.strerror}): make the "
            "folder and its files writable, or synthesize into another one (cdk synth --output "
            "FOLDER) and pin that."
        ) from error


def finish_replacement(root: Path) -> bool:
    """Finish a replacement that a crash has interrupted.

    Where there is a manifest, nothing was replaced yet, or the app was synthesized since: then the
    new files belong to no assembly and are removed.

    Args:
        root: The folder of the assembly.

    Returns:
        Whether there was one.

    Raises:
        ConfigurationError: It cannot be finished: the app has to be synthesized again.
    """
    journal = root / JOURNAL
    if not journal.is_file():
        return False
    try:
        given = json.loads(journal.read_text(encoding="utf-8"))
        names = [name for name in given if _is_inside(root, name)]
        if (root / MANIFEST).exists():
            _discard(root, names)
        else:
            _finish(root, names)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"An earlier run left the cloud assembly in {str(root)!r} half done, and it cannot be "
            "finished: synthesize the app again."
        ) from error
    return True


def _finish(root: Path, names: list[str]) -> None:
    """Move the new files into place; those already in place are skipped."""
    manifest = root / MANIFEST
    if _beside(manifest, _NEW).exists():
        manifest.unlink(missing_ok=True)
    for path in (*(root / name for name in names), manifest):
        new = _beside(path, _NEW)
        if new.exists():
            if path.exists():
                new.chmod(path.stat().st_mode & 0o7777)
            new.replace(path)
    (root / JOURNAL).unlink()


def _discard(root: Path, names: list[str]) -> None:
    """Remove the new files; the journal goes first, so that none of them can be put into place."""
    (root / JOURNAL).unlink()
    for name in (*names, MANIFEST):
        _beside(root / name, _NEW).unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    # Every synth writes a new assembly, so it need not be on the disk.
    write_atomically(path, content, temporary=_beside(path, _TEMPORARY), is_lasting=False)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f".{path.name}{ending}")


def _is_inside(root: Path, name: str) -> bool:
    return (root / name).resolve().is_relative_to(root.resolve())
