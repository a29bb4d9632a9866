"""Publishing: changes of files in a Git repository, pushed as one commit or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from pinned_images.errors import PinnedImagesError
from pinned_images.files.git import Author, Clone
from pinned_images.files.pinned_files import Changes

#: Plans the changes of a working tree.
Plan = Callable[[Path], Changes]


class Unfinished(PinnedImagesError):
    """Changes that cannot be made as a whole, so that none is committed.

    Attributes:
        changes: The changes, with the errors and refusals among them.
    """

    def __init__(self, changes: Changes) -> None:
        super().__init__("Not every image could be changed, so nothing was committed.")
        self.changes = changes


class Published(NamedTuple):
    """The pushed commit.

    Attributes:
        files: The files that changed, relative to the repository.
        commit: The commit; None where there was nothing to do.
    """

    files: tuple[str, ...] = ()
    commit: str | None = None


def publish(
    clone: Clone,
    plan: Plan,
    message: str,
    author: Author | None = None,
    *,
    besides: Sequence[str] = (),
) -> Published:
    """Change the files of a clone, commit and push them.

    Args:
        clone: The clone.
        plan: Plans the changes; it is called once more where others pushed meanwhile.
        message: The commit's message.
        author: The author, if not the one that Git is configured with.
        besides: Files that the plan itself may change, such as a lock file.

    Raises:
        Unfinished: Some of the changes cannot be made.
        GitError: A step of Git failed. Nothing was pushed.
    """
    root = clone.root.resolve()
    written: list[Path] = []

    def edit() -> list[Path]:
        before = {name: _read(root / name) for name in besides}
        changes = plan(clone.root)
        if not changes.is_whole:
            raise Unfinished(changes)
        for change in changes.files:
            change.write()
        written[:] = [Path(change.file.file.path) for change in changes.files]
        written.extend(root / name for name in besides if _read(root / name) != before[name])
        return written

    if not edit():
        return Published()
    commit = clone.push(list(written), message, author, edit)
    if commit is None:
        return Published()
    return Published(tuple(path.relative_to(root).as_posix() for path in written), commit)


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
