"""The JSON documents of ``outdated``, ``lock update`` and ``lock verify``, from a comparison."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypedDict

from msgspec import UNSET

from pinned_images.cli.comparison import Comparison
from pinned_images.cli.documents.command_documents import (
    ChangedParameter,
    LockUpdate,
    MovedImage,
    Outdated,
    Problem,
    ProblemKind,
    split,
)
from pinned_images.cli.exit_codes import ExitCode
from pinned_images.lockfile import LockEntry, LockKey
from pinned_images.printable import printable

_Moved = Mapping[LockKey, tuple[LockEntry, LockEntry]]


class _Parts(TypedDict):
    moved: list[MovedImage]
    changed: list[ChangedParameter]
    problems: list[Problem]
    unknown: list[Problem]


def outdated_document(comparison: Comparison, moved: _Moved) -> Outdated:
    """The document of ``outdated``.

    Args:
        comparison: The comparison.
        moved: The images to show of those that moved.
    """
    return Outdated(**_parts(comparison, moved))


def update_document(comparison: Comparison, moved: _Moved, *, dry_run: bool) -> LockUpdate:
    """The document of ``lock update``.

    Args:
        comparison: The comparison.
        moved: The images whose new digest is taken over.
        dry_run: Whether nothing was written.
    """
    lost = [
        Problem.of(error, key)
        for key, answer in comparison.answers.items()
        if answer.entry is not None
        for error in answer.errors
    ]
    return LockUpdate(dry_run=dry_run, **_parts(comparison, moved), warnings=lost)


def _parts(comparison: Comparison, moved: _Moved) -> _Parts:
    problems, unknown = split(comparison.errors)
    problems += _left(comparison, ExitCode.FINDING)
    unknown += _left(comparison, ExitCode.UNKNOWN)
    return _Parts(
        moved=[
            MovedImage(
                image=str(key),
                locked=str(old.digest),
                now=str(new.digest),
                same_on=list(map(str, comparison.unchanged[key]))
                if key in comparison.unchanged
                else UNSET,
            )
            for key, (old, new) in sorted(moved.items(), key=lambda item: str(item[0]))
        ],
        changed=[
            ChangedParameter(parameter=str(each.key), locked=each.locked, now=each.value)
            for each in sorted(comparison.renamed, key=lambda each: each.key)
        ],
        problems=problems,
        unknown=unknown,
    )


def _left(comparison: Comparison, code: ExitCode) -> Iterable[Problem]:
    """The parameters whose new value is not taken over, and that have an exit code."""
    for each in comparison.left:
        if each.code == code:
            kind: ProblemKind = "other" if code == ExitCode.UNKNOWN else "unusable-value"
            yield Problem(parameter=str(each.key), kind=kind, reason=printable(each.reason))
