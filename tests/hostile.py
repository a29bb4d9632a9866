"""Hostile and damaged files, and the cost of reading them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

from hypothesis import strategies as st

# C0 and C1 with DEL, and the bidirectional controls: what steers a terminal.
CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
CONTROLS += [*"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"]
CONTROLS += [*"\u2028\u2029\ufeff"]

#: Texts that no parser of JSON may fall over.
CORPUS: Mapping[str, str] = {
    "nothing": "",
    "a blank": " ",
    "null": "null",
    "a NUL": "\0",
    "a mark in front": "\ufeff{}",
    "brackets": "[" * 100_000,
    "braces": '{"a":' * 100_000,
    "deep": "[" * 100_000 + "]" * 100_000,
    "digits": "9" * 5_000,
    "digits in it": '{"version": ' + "9" * 5_000 + "}",
    "negative digits": '{"version": -' + "9" * 5_000 + "}",
    "an exponent": '{"version": 1e99999}',
    "no number": '{"version": NaN}',
    "half a pair": '{"\\ud800": 1}',
    "half a pair as a value": '{"version": "\\udfff"}',
    "half a pair twice": '{"\\ud800": 1, "\\ud800": 2}',
    "half a pair as it is": '{"\ud800": 1}',
    "a long name": '{"' + "x" * 1_000_000 + '": 1}',
    "an escape": '{"\\u001b[2J": 1}',
}

ANY_TEXT = st.text(st.characters(codec=None), max_size=20)  # lone surrogates too


def json_texts(names: st.SearchStrategy[str], values: st.SearchStrategy[Any]) -> Any:
    """JSON of some names and values and of anything else, perhaps cut or spliced."""
    leaves = values | ANY_TEXT | st.none() | st.booleans() | st.integers() | st.floats()
    trees = st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(names | ANY_TEXT, inner, max_size=4)
        ),
        max_leaves=12,
    )
    whole = trees.map(json.dumps)
    spoilt = st.tuples(whole, st.integers(0, 200), ANY_TEXT).map(
        lambda drawn: drawn[0][: drawn[1]] + drawn[2] + drawn[0][drawn[1] + 1 :]
    )
    return whole | spoilt | ANY_TEXT


def lines_run(function: Callable[[], object]) -> int:
    """How many lines of Python a call executes: work, measured apart from the machine's load."""
    count = 0

    def trace(_: FrameType, event: str, __: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


def assert_work_is_linear(read: Callable[[int], Callable[[], object]]) -> None:
    """Twice the input is about twice the work; four times would be quadratic.

    Args:
        read: For a size, what reads an input of that size; no part of it is that of another size.
    """
    read(10)()  # what is done once
    small, large = lines_run(read(200)), lines_run(read(400))
    # A sort of many compares each a little more often.
    assert large <= 2.2 * small, f"{small} lines, {large} for twice as much"
