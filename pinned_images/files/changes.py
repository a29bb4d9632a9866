"""Changes of references in files: planned for all, checked, then written file by file."""

from __future__ import annotations

import difflib
import os
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path, PurePath
from typing import Literal

from pinned_images.atomic_write import write_atomically
from pinned_images.errors import ConfigurationError
from pinned_images.files.content import Content, Edit
from pinned_images.files.formats import find_images
from pinned_images.files.places import Found, Place, Skipped, Unwritable
from pinned_images.files.plain_text import Names
from pinned_images.files.scanning import ScannedFile
from pinned_images.files.walking import read_file
from pinned_images.reference import ImageReference

_Tag = Literal["replace", "delete", "insert", "equal"]
_Step = tuple[_Tag, int, int, int, int]

#: The new reference of a place; None to leave the old one.
Target = Callable[[Place], ImageReference | None]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A place that cannot be changed to its new reference.

    Attributes:
        file: The file.
        place: The place.
        reason: The reason, as a clause.
    """

    file: ScannedFile
    place: Place
    reason: str

    def __str__(self) -> str:
        """The sentence."""
        return (
            f"{self.place.reference} at {self.file.location(self.place)} cannot be changed, "
            f"because {self.reason}: edit it by hand."
        )


@dataclass(frozen=True)
class FileChange:
    """New references for a file.

    Attributes:
        file: The file.
        targets: The new reference of each place that changes, by its offset.
        edits: The edits.
        refusals: The places that should change and cannot.
    """

    file: ScannedFile
    targets: dict[int, ImageReference]
    edits: tuple[Edit, ...]
    refusals: tuple[Refusal, ...] = ()

    @cached_property
    def result(self) -> bytes:
        """The file's new bytes."""
        return self.file.content.written(self.edits)

    def diff(self) -> bytes:
        """The change as a unified diff, in the encoding of the file."""
        before = _lines(self.file.content.data)
        after = _lines(self.file.content.edited(self.edits))
        name = self.file.file.shown.encode("utf-8", "surrogateescape")
        parts = [b"--- a/" + name + b"\n", b"+++ b/" + name + b"\n"]
        steps = _Steps(_opcodes(before, after, self._changed_lines()))
        for group in steps.get_grouped_opcodes():
            (_, start, _, new_start, _), (_, _, end, _, new_end) = group[0], group[-1]
            old, new = _line_range(start, end), _line_range(new_start, new_end)
            parts.append(f"@@ -{old} +{new} @@\n".encode())
            for tag, first, last, new_first, new_last in group:
                if tag == "equal":
                    parts += [b" " + line for line in before[first:last]]
                    continue
                parts += [b"-" + line for line in before[first:last]]
                parts += [b"+" + line for line in after[new_first:new_last]]
        return b"".join(
            part if part.endswith(b"\n") else part + b"\n\\ No newline at end of file\n"
            for part in parts
        )

    def _changed_lines(self) -> list[tuple[int, int, int]]:
        """Ranges of lines that hold edits, each with the number of its lines afterwards."""
        data = self.file.content.data
        found: list[tuple[int, int, int]] = []
        line = position = 0
        for start, end, text in sorted(self.edits):
            line += data.count(b"\n", position, start)
            last = line + data.count(b"\n", start, end)
            added = text.count("\n") - (last - line)
            if found and found[-1][1] >= line:
                first, until, count = found.pop()
                found.append((first, last + 1, count + last + 1 - until + added))
            else:
                found.append((line, last + 1, last + 1 - line + added))
            line, position = last, end
        return found

    def write(self) -> None:
        """Write the file in one step.

        Raises:
            ConfigurationError: It cannot be written, or was changed since it was read.
        """
        path = Path(self.file.file.path)
        try:
            if read_file(str(path)) != self.file.raw:
                raise ConfigurationError(
                    f"{self.file.file.shown!r} was changed by another program meanwhile: "
                    "run the command again."
                )
            if not os.access(path, os.W_OK):
                raise PermissionError(13, "it is read-only")
            temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            write_atomically(path, self.result, temporary=temporary, is_lasting=False)
        except OSError as error:
            raise ConfigurationError(
                f"{self.file.file.shown!r} cannot be written ({error.strerror}): make it and its "
                "folder writable."
            ) from error


def plan(
    files: Iterable[ScannedFile], target: Target, wanted: Names = frozenset()
) -> list[FileChange]:
    """The changes of all places to their new references.

    Args:
        files: Files with references.
        target: Chooses the reference.
        wanted: As for the scan that found them.

    Returns:
        The files that change, and those with a place that should change and cannot.
    """
    changes = [_change(file, target, wanted) for file in files]
    return [change for change in changes if change.edits or change.refusals]


def _change(file: ScannedFile, target: Target, wanted: Names) -> FileChange:
    targets: dict[int, ImageReference] = {}
    edits: list[Edit] = []
    refusals: list[Refusal] = []
    for place in file.places:
        new = target(place)
        if new is None or str(new) == str(place.reference):
            continue
        try:
            edits += place.edits(new)
            targets[place.offset] = new
        except Unwritable as reason:
            refusals.append(Refusal(file, place, str(reason)))
    change = FileChange(file, targets, tuple(sorted(edits)), tuple(refusals))
    if not edits or _reads_as_planned(change, wanted):
        return change
    wrong = (
        Refusal(file, place, "the file would not read as it should afterwards")
        for place in file.places
        if place.offset in targets
    )
    return FileChange(file, {}, (), (*refusals, *wrong))


def _reads_as_planned(change: FileChange, wanted: Names) -> bool:
    """Whether the new bytes hold the planned references, and nothing else has changed."""
    file = change.file
    if any(before.end > after.start for before, after in pairwise(change.edits)):
        return False
    content = Content.read(change.result)
    if content is None:
        return False
    path = PurePath(file.file.path)
    shifts = _Shifts(change.edits)
    expected = {
        shifts.moved(place.offset): str(change.targets.get(place.offset, place.reference))
        for place in file.places
    }
    found = find_images(path, content, wanted)
    # Text of no known format may have held an image for its digest's sake, which is gone.
    names = frozenset(reference.name for reference in change.targets.values())
    read = _references(find_images(path, content, wanted | names))
    return (
        all(read.get(offset) == text for offset, text in expected.items())
        and _references(found).items() <= expected.items()
        and [each.text for each in file.skipped]
        == [each.text for each in found if isinstance(each, Skipped)]
    )


def _references(found: Iterable[Found]) -> dict[int, str]:
    return {each.offset: str(each.reference) for each in found if isinstance(each, Place)}


class _Steps(difflib.SequenceMatcher[str]):
    """A matcher of known steps: `difflib` would compare all lines with all others to find them."""

    def __init__(self, steps: list[_Step]) -> None:
        super().__init__()
        self._steps = steps

    def get_opcodes(self) -> list[_Step]:
        """The steps."""
        return self._steps


class _Shifts:
    """How far bytes are moved by some edits."""

    def __init__(self, edits: Iterable[Edit]) -> None:
        ordered = sorted(edits)
        self._starts = [start for start, _, _ in ordered]
        self._sums = [0, *accumulate(len(text) - (end - start) for start, end, text in ordered)]

    def moved(self, offset: int) -> int:
        """The offset of a byte after the edits."""
        return offset + self._sums[bisect_left(self._starts, offset)]


def _opcodes(
    before: Sequence[bytes], after: Sequence[bytes], changed: Iterable[tuple[int, int, int]]
) -> list[_Step]:
    """The steps from some lines to others, as `difflib` has them.

    Args:
        before: The lines.
        after: The lines afterwards.
        changed: The ranges of lines that differ, each with the number of its lines afterwards.
    """
    steps: list[_Step] = []
    line = new_line = 0

    def add(tag: _Tag, end: int, new_end: int) -> None:
        nonlocal line, new_line
        start, new_start = line, new_line
        line, new_line = end, new_end
        if steps and steps[-1][0] == tag == "equal":
            _, start, _, new_start, _ = steps.pop()
        if (start, new_start) != (end, new_end):
            steps.append((tag, start, end, new_start, new_end))

    for first, last, count in changed:
        add("equal", first, new_line + first - line)
        old, new = before[first:last], after[new_line : new_line + count]
        start, new_start = line, new_line
        for tag, _, end, _, new_end in difflib.SequenceMatcher(
            None, old, new, autojunk=False
        ).get_opcodes():
            add(tag, start + end, new_start + new_end)
    add("equal", len(before), len(after))
    return steps


def _line_range(start: int, end: int) -> str:
    """The lines of a hunk (POSIX `diff -u`)."""
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


def with_parts(place: Place, tag: str | None, digest: str | None) -> ImageReference:
    """A reference to the repository of a place, spelled as it is there.

    Args:
        place: The place.
        tag: The tag.
        digest: The digest; where the place takes a digest instead of a tag, the tag is left out,
            and where it takes none, the digest is.
    """
    text = place.reference.spelled_name
    if place.style == "tag" and tag is not None:
        digest = None
    if tag is not None and not (digest is not None and place.style == "digest"):
        text += f":{tag}"
    return ImageReference.parse(text if digest is None else f"{text}@{digest}")


def _lines(data: bytes) -> list[bytes]:
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]
