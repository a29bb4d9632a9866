"""The content of a text file, in which every byte outside of edits is kept.

Parsers see the content with one character for each byte (`Content.masked`), so that positions in
their results are byte offsets. Image references are ASCII, so other characters need not be kept
apart.
"""

from __future__ import annotations

import codecs
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_PROBE = 8192
_MASK = bytes(byte if byte < 0x80 else 0xFF for byte in range(256))  # noqa: PLR2004 - ASCII


class Edit(NamedTuple):
    """Replacement text for the bytes from one offset up to another."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Content:
    r"""Text in an encoding that contains ASCII, with the file's own encoding and byte order mark.

    Attributes:
        data: The text, without a byte order mark.
        mark: The byte order mark of the file.
        encoding: The file's encoding where it does not contain ASCII; None for all others.

    Example:
        >>> content = Content.read(b"\xef\xbb\xbfimage: a")
        >>> content.written([Edit(7, 8, "nginx")])
        b'\xef\xbb\xbfimage: nginx'
    """

    data: bytes
    mark: bytes = b""
    encoding: str | None = None

    @classmethod
    def read(cls, raw: bytes) -> Content | None:
        """The content of a file; None for a binary file."""
        if raw.startswith(codecs.BOM_UTF8):
            return cls(raw[3:], codecs.BOM_UTF8)
        encoding = _UTF16.get(raw[:2])
        if encoding is not None:
            try:
                return cls(raw[2:].decode(encoding).encode(), raw[:2], encoding)
            except UnicodeError:
                return None
        return None if b"\0" in raw[:_PROBE] else cls(raw)

    @cached_property
    def masked(self) -> str:
        """The text with one character for each byte, and one character for all beyond ASCII."""
        return self.data.translate(_MASK).decode("latin-1")

    @cached_property
    def _line_starts(self) -> list[int]:
        starts, position = [0], self.data.find(b"\n")
        while position >= 0:
            starts.append(position + 1)
            position = self.data.find(b"\n", position + 1)
        return starts

    def start_of_line(self, line: int) -> int:
        """The first byte of a line; they count from 1."""
        return self._line_starts[max(line, 1) - 1]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a byte, both from 1; columns count characters."""
        line = bisect_right(self._line_starts, offset)
        before = self.data[self._line_starts[line - 1] : offset]
        return line, len(before.decode("utf-8", "replace")) + 1

    def edited(self, edits: Iterable[Edit]) -> bytes:
        """The text with some edits, which must not overlap."""
        parts: list[bytes] = []
        position = 0
        for start, end, text in sorted(edits):
            parts += [self.data[position:start], text.encode("ascii")]
            position = end
        return b"".join((*parts, self.data[position:]))

    def written(self, edits: Iterable[Edit]) -> bytes:
        """The file's bytes with some edits."""
        data = self.edited(edits)
        return self.mark + (data if self.encoding is None else data.decode().encode(self.encoding))
