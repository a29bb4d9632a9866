"""The lock file as text: schema 1.

One object with ``version`` and ``images``. Entries are sorted by key and each takes a few lines
of its own, so that two branches that add different images merge; there is no time and no machine
in it, so that the same content is the same bytes.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from pinned_images.errors import InvalidReference, LockFileError
from pinned_images.lockfile.entries import LockEntry, LockKey, parse_platform
from pinned_images.reference import Digest, ImageReference

SCHEMA_VERSION = 1

_CONFLICT_MARKER = re.compile(r"^(?:<{7}|={7}|>{7})", re.MULTILINE)
_FIELD_IN_PATH = re.compile(r"`\$\.(\w+)|field `(\w+)`")


class _Entry(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    digest: str
    media_type: str | None = None
    platforms: list[str] | None = None


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    images: dict[str, Any]


class _Object(dict[str, Any]):
    """A JSON object that remembers which of its names came twice, as after a careless merge."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        names = Counter(name for name, _ in pairs) if len(self) < len(pairs) else Counter()
        self.repeated = next((name for name, count in names.items() if count > 1), None)


class _Unusable(Exception):
    """Why a text is no lock file, and at which character of it."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(reason)
        self.position = position


def render(entries: Mapping[LockKey, LockEntry]) -> str:
    """The text of a lock file; the same entries give the same bytes."""
    keyed = sorted((str(key), entry) for key, entry in entries.items())
    images = ",\n".join(f"    {json.dumps(key)}: {_render_entry(entry)}" for key, entry in keyed)
    body = f"{{\n{images}\n  }}" if images else "{}"
    return f'{{\n  "version": {SCHEMA_VERSION},\n  "images": {body}\n}}\n'


def _render_entry(entry: LockEntry) -> str:
    fields: dict[str, Any] = {"digest": entry.digest}
    if entry.media_type is not None:
        fields["mediaType"] = entry.media_type
    if entry.platforms is not None:
        fields["platforms"] = [str(platform) for platform in entry.platforms]
    lines = ",\n".join(f"      {json.dumps(name)}: {json.dumps(fields[name])}" for name in fields)
    return f"{{\n{lines}\n    }}"


def parse(text: str, name: str) -> dict[LockKey, LockEntry]:
    """The entries that a text holds.

    Args:
        text: The content of a lock file.
        name: How the file is called, for the error.

    Raises:
        LockFileError: It is none of this schema; the message names the file and the line.
    """
    try:
        return _parse(text)
    except _Unusable as error:
        line = text.count("\n", 0, error.position) + 1
        raise LockFileError(f"Lock file {name!r}, line {line}: {error}.") from None


def _parse(text: str) -> dict[LockKey, LockEntry]:
    document = _document(text)
    return {
        _key(text, written): _entry(text, written, value)
        for written, value in document.images.items()
    }


def _document(text: str) -> _Document:
    marker = _CONFLICT_MARKER.search(text)
    if marker:
        raise _Unusable(
            "a merge conflict is not resolved: keep the entries of both sides "
            "(where both have the same image, one of the two), then run `pinned-images lock`",
            marker.start(),
        )
    try:
        value = json.loads(text, object_pairs_hook=_Object)
    except json.JSONDecodeError as error:
        raise _Unusable(
            f"this is not JSON ({error.msg}): mend it, or take the file from version control",
            error.pos,
        ) from error
    except RecursionError as error:
        raise _Unusable("this is no lock file: take it from version control", 0) from error
    _refuse_other_schema(text, value)
    _refuse_repetition(text, value, ())
    try:
        document = msgspec.convert(value, _Document)
    except msgspec.ValidationError as error:
        raise _Unusable(_schema_reason(error), _place(text, (_field(error),))) from error
    _refuse_repetition(text, value["images"], ("images",))
    return document


def _refuse_other_schema(text: str, value: Any) -> None:
    version = value.get("version") if isinstance(value, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or version == SCHEMA_VERSION:
        return
    raise _Unusable(
        f"it is written in schema {version}, and this version of pinned-images reads schema "
        f"{SCHEMA_VERSION}: install a newer one (pip install --upgrade pinned-images)",
        _place(text, ("version",)),
    )


def _refuse_repetition(text: str, value: Any, path: tuple[str, ...]) -> None:
    if isinstance(value, _Object) and value.repeated is not None:
        first = _place(text, (*path, value.repeated))
        second = text.find(json.dumps(value.repeated), first + 1)
        raise _Unusable(
            f"{value.repeated!r} stands here a second time: keep one of the two",
            max(second, first),
        )


def _key(text: str, written: str) -> LockKey:
    try:
        return LockKey.parse(written)
    except InvalidReference as error:
        raise _Unusable(str(error).removesuffix("."), _place(text, (written,))) from error


def _entry(text: str, written: str, value: Any) -> LockEntry:
    _refuse_repetition(text, value, (written,))
    try:
        entry = msgspec.convert(value, _Entry)
    except msgspec.ValidationError as error:
        raise _Unusable(_schema_reason(error), _place(text, (written, _field(error)))) from error
    try:
        digest = Digest(entry.digest)
        _refuse_contradiction(written, digest)
    except InvalidReference as error:
        raise _Unusable(str(error).removesuffix("."), _place(text, (written, "digest"))) from error
    if entry.platforms is None:
        return LockEntry(digest, entry.media_type)
    try:
        platforms = sorted({parse_platform(platform) for platform in entry.platforms})
    except InvalidReference as error:
        raise _Unusable(
            str(error).removesuffix("."), _place(text, (written, "platforms"))
        ) from error
    return LockEntry(digest, entry.media_type, tuple(platforms))


def _refuse_contradiction(written: str, digest: Digest) -> None:
    """A reference that carries a digest is locked to that one, unless a platform was selected."""
    words, selected, _ = written.partition(" ")
    carried = ImageReference.parse(words).digest
    if not selected and carried is not None and carried != digest:
        raise InvalidReference(f"{digest!s} is not the digest that {words!r} itself carries.")


def _schema_reason(error: msgspec.ValidationError) -> str:
    return f"{error}; mend it, or take the file from version control"


def _field(error: msgspec.ValidationError) -> str:
    match = _FIELD_IN_PATH.search(str(error))
    return (match[1] or match[2]) if match else ""


def _place(text: str, names: Iterable[str]) -> int:
    """Where the last of these names stands, each sought behind the one before it."""
    position = 0
    for name in names:
        position = max(text.find(json.dumps(name), position), position)
    return position
