"""The scanner: image references of a tree, file by file."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import NamedTuple

from pinned_images.files.content import Content
from pinned_images.files.formats import find_images, has_structure, may_hold_images
from pinned_images.files.places import Place, Skipped
from pinned_images.files.plain_text import Names
from pinned_images.files.walking import TreeFile, Unreadable, files_below, read_regular_file


class Location(NamedTuple):
    """The location of a reference or a value; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """``file:line:column``, as compilers write it."""
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class ScannedFile:
    """A file with image references, or with values in the place of some.

    Attributes:
        file: The file.
        raw: Its bytes.
        content: The same as text.
        places: Its references.
        skipped: The values that are left as they are.
    """

    file: TreeFile
    raw: bytes
    content: Content
    places: tuple[Place, ...]
    skipped: tuple[Skipped, ...]

    def location(self, found: Place | Skipped) -> Location:
        """The location of a reference or a value."""
        return Location(self.file.shown, *self.content.position(found.offset))


def scan(
    paths: Sequence[str],
    *,
    base: Path | None = None,
    wanted: Names = frozenset(),
    besides: Collection[str] = (),
) -> Iterator[ScannedFile]:
    """Scan the files at some paths, and yield those with a reference or a skipped value.

    Args:
        paths: Files and folders.
        base: The folder that they are relative to, out of which nothing is read.
        wanted: Repositories of which any spelling counts in text of no known format.
        besides: Files that are passed over, such as the lock file.

    Raises:
        ConfigurationError: A path is not there, leads out of the base, or is in a cloud assembly.
    """
    passed_over = {os.path.realpath(each) for each in besides}
    for file in files_below(paths, base):
        if file.path in passed_over:
            continue
        name = file.path[file.path.rfind(os.sep) + 1 :]
        try:
            raw = read_regular_file(file.path)
        except Unreadable as reason:
            if file.is_named or has_structure(name):
                yield _unread(file, str(reason))
            continue
        if not raw or not may_hold_images(name, raw, wanted):
            continue
        content = Content.read(raw)
        if content is None:
            if file.is_named:
                yield _unread(file, "it is no text")
            continue
        found = find_images(PurePath(file.path), content, wanted)
        if found:
            places = tuple(each for each in found if isinstance(each, Place))
            skipped = tuple(each for each in found if isinstance(each, Skipped))
            yield ScannedFile(file, raw, content, places, skipped)


def _unread(file: TreeFile, reason: str) -> ScannedFile:
    """A file in which images were not looked for, since the user may believe otherwise."""
    skipped = Skipped("text", 0, "the file", f"{reason}, so no image in it was looked for")
    return ScannedFile(file, b"", Content(b""), (), (skipped,))
