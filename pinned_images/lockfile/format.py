"""The format of the lock file: schema 1.

One object with ``version``, ``images`` and, where some are known, ``parameters``. Entries are
sorted by key and each takes a few lines of its own, so that two branches that add different ones
merge; there is no time and no machine in it, so that the same content is the same bytes.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from pinned_images.errors import InvalidReference, LockFileError
from pinned_images.lockfile.entries import (
    LockEntry,
    LockKey,
    ParameterKey,
    is_part_of_reference,
    parse_platform,
)
from pinned_images.printable import printable, quoted, shortened
from pinned_images.reference import Digest, ImageReference

SCHEMA_VERSION = 1

_LONGEST_REASON = 200

_Schema = TypeVar("_Schema")

_CONFLICT_MARKER = re.compile(r"^(?:<{7}|={7}|>{7})", re.MULTILINE)
# RFC 8259, section 8.2: an escape may write half of a surrogate pair, which is no character.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_FIELD_IN_PATH = re.compile(r"`\$\.(\w+)|field `(\w+)`")


class _Entry(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    digest: str
    media_type: str | None = None
    platforms: list[str] | None = None


class _ParameterEntry(msgspec.Struct, forbid_unknown_fields=True):
    value: str


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    images: dict[str, Any]
    parameters: dict[str, Any] = {}


class _Object(dict[str, Any]):
    """A JSON object that records a repeated name, as after a careless merge."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        names = Counter(name for name, _ in pairs) if len(self) < len(pairs) else Counter()
        self.repeated = next((name for name, count in names.items() if count > 1), None)


class _Unusable(Exception):
    """The reason why a string is no lock file, and the position in it."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(reason)
        self.position = position


def render(entries: Mapping[LockKey, LockEntry], parameters: Mapping[ParameterKey, str]) -> str:
    """A lock file as a string; the same entries give the same bytes."""
    sections = {"images": {str(key): _fields(entry) for key, entry in entries.items()}}
    if parameters:
        sections["parameters"] = {str(key): {"value": value} for key, value in parameters.items()}
    body = "".join(
        f",\n  {json.dumps(name)}: {_block(map(_named_entry, sorted(section.items())), '  ')}"
        for name, section in sections.items()
    )
    return f'{{\n  "version": {SCHEMA_VERSION}{body}\n}}\n'


def _fields(entry: LockEntry) -> dict[str, Any]:
    fields: dict[str, Any] = {"digest": entry.digest}
    if entry.media_type is not None:
        fields["mediaType"] = entry.media_type
    if entry.platforms is not None:
        fields["platforms"] = [str(platform) for platform in entry.platforms]
    return fields


def _named_entry(item: tuple[str, dict[str, Any]]) -> str:
    key, fields = item
    lines = (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in fields.items())
    return f"{json.dumps(key)}: {_block(lines, '    ')}"


def _block(lines: Iterable[str], indent: str) -> str:
    """A JSON object with a line, or more, for each of its members."""
    body = ",\n".join(f"{indent}  {line}" for line in lines)
    return f"{{\n{body}\n{indent}}}" if body else "{}"


def parse(text: str, name: str) -> tuple[dict[LockKey, LockEntry], dict[ParameterKey, str]]:
    """The images and the parameters in the content of a lock file.

    Args:
        text: The content of a lock file.
        name: The name of the file, for the error.

    Raises:
        LockFileError: It is none of this schema; the message names the file and the line.
    """
    # The byte order mark that editors on Windows write before UTF-8.
    text = text.removeprefix("\ufeff")
    try:
        return _parse(text)
    except _Unusable as error:
        line = text.count("\n", 0, error.position) + 1
        raise LockFileError(f"Lock file {name!r}, line {line}: {error}.") from None


def _parse(text: str) -> tuple[dict[LockKey, LockEntry], dict[ParameterKey, str]]:
    document = _document(text)
    return (
        {
            _key(text, written): _entry(text, written, value)
            for written, value in document.images.items()
        },
        {
            _parameter_key(text, written): _parameter_value(text, written, value)
            for written, value in document.parameters.items()
        },
    )


def _document(text: str) -> _Document:
    marker = _CONFLICT_MARKER.search(text)
    if marker:
        raise _Unusable(
            "a merge conflict is not resolved: keep the entries of both sides "
            "(where both have the same image, one of the two), then run `pinned-images lock`",
            marker.start(),
        )
    _refuse_half_characters(text)
    try:
        value = json.loads(text, object_pairs_hook=_Object)
    except json.JSONDecodeError as error:
        raise _Unusable(
            f"this is not JSON ({error.msg}): correct it, or take the file from version control",
            error.pos,
        ) from error
    # Brackets without end, and numbers of more digits than Python reads.
    except (RecursionError, ValueError) as error:
        raise _Unusable("this is no lock file: take it from version control", 0) from error
    _refuse_other_schema(text, value)
    _refuse_repetition(text, value, ())
    try:
        document = msgspec.convert(value, _Document)
    except msgspec.ValidationError as error:
        raise _Unusable(_schema_reason(error), _place(text, (_field(error),))) from error
    for section in ("images", "parameters"):
        _refuse_repetition(text, value.get(section), (section,))
    return document


def _refuse_half_characters(text: str) -> None:
    """Refuse half a surrogate pair, which cannot be encoded as UTF-8."""
    try:
        text.encode()
        if _SURROGATE.search(text):
            msgspec.json.decode(text)
    except UnicodeEncodeError as error:
        position = error.start
    except msgspec.DecodeError:
        position = next((found.start() for found in _SURROGATE.finditer(text)), 0)
    except (RecursionError, ValueError):
        return  # of which `json` speaks better
    else:
        return
    raise _Unusable("it holds half of a character: take it from version control", position)


def _refuse_other_schema(text: str, value: Any) -> None:
    version = value.get("version") if isinstance(value, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or version == SCHEMA_VERSION:
        return
    remedy = (
        "install a newer one (pip install --upgrade pinned-images)"
        if version > SCHEMA_VERSION
        else "correct it, or take the file from version control"
    )
    raise _Unusable(
        f"it is written in schema {shortened(str(version), 20)}, and this version of pinned-images "
        f"reads schema {SCHEMA_VERSION}: {remedy}",
        _place(text, ("version",)),
    )


def _refuse_repetition(text: str, value: Any, path: tuple[str, ...]) -> None:
    if isinstance(value, _Object) and value.repeated is not None:
        first = _place(text, (*path, value.repeated))
        second = text.find(json.dumps(value.repeated), first + 1)
        raise _Unusable(
            f"{quoted(value.repeated)} is here a second time: keep one of the two",
            max(second, first),
        )


def _key(text: str, written: str) -> LockKey:
    try:
        return LockKey.parse(written)
    except InvalidReference as error:
        raise _Unusable(str(error).removesuffix("."), _place(text, (written,))) from error


def _parameter_key(text: str, written: str) -> ParameterKey:
    try:
        return ParameterKey.parse(written)
    except ValueError as error:
        place = _place(text, ("parameters", written))
        raise _Unusable(str(error).removesuffix("."), place) from error


def _parameter_value(text: str, written: str, value: Any) -> str:
    entry = _converted(text, ("parameters", written), value, _ParameterEntry)
    if not is_part_of_reference(entry.value):
        raise _Unusable(
            f"the value of the parameter {quoted(written)} can be no part of an image's name: take "
            "the entry out",
            _place(text, ("parameters", written, "value")),
        )
    return entry.value


def _converted(text: str, path: tuple[str, ...], value: Any, schema: type[_Schema]) -> _Schema:
    _refuse_repetition(text, value, path)
    try:
        return msgspec.convert(value, schema)
    except msgspec.ValidationError as error:
        raise _Unusable(_schema_reason(error), _place(text, (*path, _field(error)))) from error


def _entry(text: str, written: str, value: Any) -> LockEntry:
    entry = _converted(text, (written,), value, _Entry)
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
    """Refuse another digest than the reference's own, unless a platform was selected."""
    words, selected, _ = written.partition(" ")
    carried = ImageReference.parse(words).digest
    if not selected and carried is not None and carried != digest:
        raise InvalidReference(f"{digest!s} is not the digest that {quoted(words)} carries itself.")


def _schema_reason(error: msgspec.ValidationError) -> str:
    reason = printable(shortened(str(error), _LONGEST_REASON))
    return f"{reason}; correct it, or take the file from version control"


def _field(error: msgspec.ValidationError) -> str:
    match = _FIELD_IN_PATH.search(str(error))
    return (match[1] or match[2]) if match else ""


def _place(text: str, names: Iterable[str]) -> int:
    """The position of the last of these names, each searched for after the one before it."""
    position = 0
    for name in names:
        position = max(text.find(json.dumps(name), position), position)
    return position
