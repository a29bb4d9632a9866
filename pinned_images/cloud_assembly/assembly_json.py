"""JSON documents of a cloud assembly: read fast, and written as the CDK writes them.

What the fast parser refuses (half of a surrogate pair, a byte order mark, deep nesting) is read and
written by Python's own.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from pinned_images.errors import ConfigurationError
from pinned_images.printable import quoted

_INDENT = re.compile(r"\s*[\[{](\r?\n)( +|\t+)")
#: The part of a document that tells its indentation.
LONGEST_BEGIN = 200


class Number(float):
    """A number that is no integer, which is written as it was read."""

    __slots__ = ("literal",)

    def __init__(self, literal: str) -> None:
        """A number of a document.

        Args:
            literal: As the document has it.
        """
        self.literal = literal


def parse_json(content: bytes) -> Any:
    """The data of a JSON document.

    Raises:
        ValueError: It is no JSON in UTF-8.
        RecursionError: It is nested too deeply.

    Example:
        >>> parse_json(b'{"Share": 1.50}')
        {'Share': 1.5}
        >>> compact_json(parse_json(b'{"Share": 1.50}'))
        b'{"Share":1.50}'
    """
    try:
        return _decoder().decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return json.loads(content.decode(), parse_float=Number, parse_constant=Number)


def compact_json(document: Any) -> bytes:
    """A document as JSON without spaces."""
    try:
        return msgspec.json.encode(document, enc_hook=_other)
    except (msgspec.MsgspecError, OverflowError, RecursionError, TypeError, UnicodeEncodeError):
        # An integer that is too large, or half of a surrogate pair, which has no form in UTF-8.
        return _by_python(document, separators=(",", ":"))


def like(document: Any, before: bytes) -> bytes:
    """A document as JSON, indented as another is; the CDK indents templates by 1, manifests by 2.

    Args:
        document: The document.
        before: The other one, whose beginning counts; indented by 1 if it is empty.
    """
    begin = before[:LONGEST_BEGIN].decode(errors="replace")
    found = _INDENT.match(begin)
    if found is None:
        return compact_json(document) if begin.strip() else indented_json(document, 1)
    if "\t" in found[2]:
        return _by_python(document, indent=found[2])
    return indented_json(document, len(found[2]))


def indented_json(document: Any, indent: int) -> bytes:
    """A document as JSON in lines, as ``JSON.stringify`` of JavaScript indents it."""
    try:
        return msgspec.json.format(compact_json(document), indent=indent)
    except (msgspec.MsgspecError, RecursionError):
        return _by_python(document, indent=indent)


def _by_python(document: Any, **form: Any) -> bytes:
    try:
        return json.dumps(document, ensure_ascii=False, default=str, **form).encode()
    except UnicodeEncodeError:  # half of a surrogate pair has no form in UTF-8
        return json.dumps(document, default=str, **form).encode()


@cache
def _decoder() -> Any:
    return msgspec.json.Decoder(float_hook=Number)


def _other(value: Any) -> Any:
    """Numbers as they were written, and strings of other types, such as `Digest`."""
    return msgspec.Raw(value.literal.encode()) if isinstance(value, Number) else str(value)


def unreadable(path: Path) -> ConfigurationError:
    """The error of a file of a cloud assembly that cannot be read."""
    return ConfigurationError(
        f"The file {quoted(path)} of the cloud assembly cannot be read: synthesize the app again."
    )
