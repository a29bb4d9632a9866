"""The JSON document of ``pin`` and ``update``, from the changes of files."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from pinned_images.cli.documents.command_documents import (
    ChangedReference,
    FileChanges,
    Problem,
    SkippedValue,
    split,
)
from pinned_images.files.changes import FileChange
from pinned_images.files.pinned_files import Changes
from pinned_images.files.pinned_files import SkippedValue as Skipped
from pinned_images.printable import printable


def changes_document(
    changes: Changes,
    *,
    dry_run: bool,
    written: Collection[str] = (),
    unwritten: Mapping[str, str] | None = None,
    commit: str | None = None,
) -> FileChanges:
    """The document of some changes.

    Args:
        changes: The changes.
        dry_run: Whether nothing was to be written.
        written: The files that were written.
        unwritten: The files that could not be written, each with the error.
        commit: The commit that was pushed.
    """
    failed = unwritten or {}
    problems, unknown = split(changes.errors.items())
    problems += _refused(changes)
    problems += [
        Problem(file=printable(name), kind="unwritable", reason=printable(reason))
        for name, reason in failed.items()
    ]
    return FileChanges(
        dry_run=dry_run,
        changes=[
            each
            for change in changes.files
            if change.file.file.shown not in failed
            for each in _references(change)
        ],
        files=list(map(printable, written)),
        commit=commit,
        problems=problems,
        unknown=unknown,
        skipped=list(map(skipped_value, changes.skipped)),
    )


def skipped_value(skipped: Skipped) -> SkippedValue:
    """A value that is left as it is, with its place."""
    file, value = skipped
    return SkippedValue(
        **file.location(value)._asdict(), text=printable(value.shown), reason=value.reason
    )


def _references(change: FileChange) -> Iterator[ChangedReference]:
    for place in change.file.places:
        new = change.targets.get(place.offset)
        if new is not None:
            at = change.file.location(place)._asdict()
            yield ChangedReference(**at, reference=str(place.reference), new=str(new))


def _refused(changes: Changes) -> Iterator[Problem]:
    for refusal in changes.refusals:
        yield Problem(
            **refusal.file.location(refusal.place)._asdict(),
            image=str(refusal.place.reference),
            kind="not-editable",
            reason=printable(str(refusal)),
        )
