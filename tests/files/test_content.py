"""Contents of files: encodings, marks, positions and edits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinned_images.files.content import Content, Edit


@given(st.binary(max_size=300))
def test_what_is_not_edited_is_written_as_it_was(raw: bytes) -> None:
    content = Content.read(raw)
    if content is not None:
        assert content.written([]) == raw
        assert len(content.masked) == len(content.data)


@given(st.text(max_size=100), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_texts_keep_their_encoding(text: str, encoding: str) -> None:
    raw = (text.replace("\0", "") + "image").encode(encoding)
    content = Content.read(raw)
    if content is None:  # a text that begins with another mark
        return
    end = len(content.data)
    written = content.written([Edit(end - 5, end, "nginx")])
    assert written.decode(encoding) == raw.decode(encoding)[:-5] + "nginx"


@pytest.mark.parametrize("raw", [b"a\0b", b"\xff\xfe\x00"])
def test_binary_files_have_no_content(raw: bytes) -> None:
    assert Content.read(raw) is None


def test_positions_count_lines_and_characters_from_one() -> None:
    content = Content.read("a\né: x\n".encode())
    assert content is not None
    assert content.position(content.data.index(b"x")) == (2, 4)
    assert content.position(0) == (1, 1)
