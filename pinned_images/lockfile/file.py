"""The lock file on disk: read whole, changed under a lock, replaced in one step."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pinned_images.atomic_write import write_atomically
from pinned_images.errors import LockFileError
from pinned_images.lockfile import format as lock_format
from pinned_images.lockfile.entries import LockEntry, LockKey, ParameterKey
from pinned_images.media_types import MANIFEST_TYPES

if TYPE_CHECKING:
    from typing_extensions import Self

DEFAULT_NAME = "pinned-images.lock.json"

# The lock is held while a small file is read and written, never during a registry request.
_PATIENCE_SECONDS = 60

_NOTHING: Mapping[Any, Any] = MappingProxyType({})


@dataclass(frozen=True)
class LockFile:
    """The content of a lock file, immutable: changes return a new one.

    Attributes:
        entries: The entries by image.
        parameters: The values of SSM parameters that name images.

    Example:
        >>> from pinned_images.reference import Digest
        >>> entry = LockEntry(Digest("sha256:" + "0" * 64))
        >>> lock = LockFile({LockKey("docker.io/library/nginx:1.25"): entry})
        >>> lock.merged({LockKey("docker.io/library/redis:7"): entry}).render().count("digest")
        2
    """

    entries: Mapping[LockKey, LockEntry] = field(default_factory=dict)
    parameters: Mapping[ParameterKey, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str, name: str = DEFAULT_NAME) -> Self:
        """The lock file in a string.

        Raises:
            LockFileError: The text is none of this schema; the message names file and line.
        """
        return cls(*lock_format.parse(text, name))

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """The lock file at a path; an empty one where there is none yet.

        Raises:
            LockFileError: It cannot be read, is broken, or is of a newer schema.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except FileNotFoundError:
            return cls()
        # A ValueError: a path that no file can have, or bytes that are not UTF-8.
        except (OSError, ValueError) as error:
            raise LockFileError(
                f"Lock file {str(path)!r} cannot be read ({_reason(error)}): correct that, or name "
                "another file."
            ) from error
        return cls.parse(text, str(path))

    @classmethod
    def change(cls, path: str | Path, edit: Callable[[LockFile], LockFile]) -> LockFile:
        """Change the file, safe with others that change it at the same time.

        Where the edit changes nothing, nothing is written: a read-only checkout will do. A
        symbolic link stays one, its target is changed. A broken file is left as it is.

        Args:
            path: The file; it is made where there is none and the edit adds something.
            edit: Maps the content on disk to the new content; it may be called twice.

        Returns:
            The content on disk now.

        Raises:
            LockFileError: The file cannot be read or written; it was left as it was.
        """
        found = cls.read(path)
        if edit(found) == found:
            return found
        try:
            target = Path(os.path.realpath(path))
            with _alone_with(target):
                found = cls.read(path)
                wanted = edit(found)
                if wanted != found:
                    _write(target, wanted.render())
                return wanted
        except OSError as error:
            raise LockFileError(
                f"Lock file {str(path)!r} cannot be written ({_reason(error)}): make it and its "
                "directory writable, or commit a lock file that holds every image of the app."
            ) from error

    def answering(self, key: LockKey) -> LockKey | None:
        """The key of the entry that answers for a key; None where the file has none.

        Where a platform's own manifest is wanted, the entry of the image as a whole answers too if
        it is a manifest and no index: then the two are the same.
        """
        if key in self.entries or key.platform is None:
            return key if key in self.entries else None
        whole = LockKey(key.reference)
        entry = self.entries.get(whole)
        return whole if entry is not None and entry.media_type in MANIFEST_TYPES else None

    @property
    def keys(self) -> list[LockKey | ParameterKey]:
        """The keys of all entries, those of images first."""
        return [*self.entries, *self.parameters]

    def render(self) -> str:
        """This lock file as a string; the same entries give the same bytes."""
        return lock_format.render(self.entries, self.parameters)

    def merged(
        self,
        found: Mapping[LockKey, LockEntry] = _NOTHING,
        parameters: Mapping[ParameterKey, str] = _NOTHING,
    ) -> LockFile:
        """A copy with new entries; an existing one keeps its digest and gains missing fields."""
        entries = dict(self.entries)
        for key, entry in found.items():
            standing = entries.get(key, entry)
            same = standing.digest == entry.digest
            entries[key] = standing.completed_by(entry) if same else standing
        return LockFile(entries, {**parameters, **self.parameters})

    def replaced(
        self,
        found: Mapping[LockKey, LockEntry] = _NOTHING,
        parameters: Mapping[ParameterKey, str] = _NOTHING,
    ) -> LockFile:
        """A copy with new entries in the place of old ones; all others stay."""
        moved = {
            key: entry
            for key, entry in found.items()
            if key in self.entries and self.entries[key].digest != entry.digest
        }
        return LockFile({**self.entries, **moved}, {**self.parameters, **parameters}).merged(found)

    def without(self, keys: Collection[LockKey | ParameterKey]) -> LockFile:
        """A copy without some entries."""
        return LockFile(
            {key: entry for key, entry in self.entries.items() if key not in keys},
            {key: value for key, value in self.parameters.items() if key not in keys},
        )


@contextmanager
def _alone_with(target: Path) -> Iterator[None]:
    """The lock of a file, removed afterwards so that checkouts stay clean."""
    from filelock import FileLock, SoftFileLock, Timeout  # noqa: PLC0415 - for what writes alone

    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no directory {str(target.parent)!r}")
    lock = FileLock(target.with_name(f".{target.name}.lock"), timeout=_PATIENCE_SECONDS)
    try:
        with lock:
            try:
                yield
            finally:
                # A process that waits for the lock sees that its file is gone and makes a new one.
                # It must be taken away once, or the second time is the next one's: filelock before
                # 3.29.5 did so too, and still does where the file itself is the lock, on file
                # systems without flock. On Windows an open file cannot be removed, and stays.
                if not isinstance(lock, SoftFileLock):
                    with suppress(OSError):
                        Path(lock.lock_file).unlink()
    except Timeout as error:
        raise LockFileError(
            f"Another process holds the lock {lock.lock_file!r} for more than "
            f"{_PATIENCE_SECONDS} seconds: wait for it to end, and try again."
        ) from error


def _write(target: Path, text: str) -> None:
    effective = os.access in os.supports_effective_ids
    if target.exists() and not os.access(target, os.W_OK, effective_ids=effective):
        raise PermissionError("it is read-only")  # a replacement would get round that
    # One name for all writers: under the lock there is one, and a killed one leaves one at most.
    write_atomically(target, text, temporary=target.with_name(f".{target.name}.tmp"))


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return str(getattr(error, "strerror", None) or error)
