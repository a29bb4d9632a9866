"""JSON documents of an assembly are written as the CDK has written them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pinned_images.cloud_assembly.assembly_json import compact_json, like, parse_json

HALF_A_PAIR = "\ud83d"
_texts = st.text() | st.sampled_from([HALF_A_PAIR, "\x7f\u2028", '"\\/'])
documents: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=10,
)


def by_python(document: Any, indent: int | str | None) -> bytes:
    form: dict[str, Any] = {"indent": indent} if indent else {"separators": (",", ":")}
    try:
        return json.dumps(document, ensure_ascii=False, **form).encode()
    except UnicodeEncodeError:
        return json.dumps(document, **form).encode()


@given(
    st.lists(documents, min_size=1) | st.dictionaries(_texts, documents, min_size=1),
    st.sampled_from([None, 1, 2, 4, "\t"]),
)
@example([float("nan"), float("inf"), 10**40, 1e300], 1)
@example({"Key": HALF_A_PAIR}, 2)
def test_what_is_read_is_written_with_the_same_bytes(document: Any, indent: Any) -> None:
    content = by_python(document, indent)
    assert like(parse_json(content), content) == content


@pytest.mark.parametrize("literal", ["1.50", "1E5", "0.000001", "1e-7", "-0.0", "1e21"])
def test_a_number_stays_as_it_is_written(literal: str) -> None:
    """Node.js and Python write some numbers in different ways."""
    content = f'{{"Share":{literal}}}'.encode()
    assert parse_json(content) == {"Share": float(literal)}
    assert compact_json(parse_json(content)) == content


def test_deep_nesting_is_read_as_before() -> None:
    content = b"[" * 400 + b"]" * 400
    assert like(parse_json(content), content) == content


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"\xef\xbb\xbf{}", b"{} x", b'"\x01"'])
def test_what_is_no_json_is_an_error(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(content)
