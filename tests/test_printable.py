"""Text from elsewhere, made fit to print."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinned_images.printable import listed, printable, printable_lines, quoted

ANY_TEXT = st.text(alphabet=st.characters(codec=None))  # lone surrogates too

# ECMA-48's C0 and C1 sets with DEL; the bidirectional controls of UAX 9; the separators.
STEERING = [*range(0x20), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F)]
STEERING += [*range(0x2066, 0x206A), 0x2028, 0x2029, 0xFEFF, 0xAD, 0xD800, 0xDFFF]


@pytest.mark.parametrize("code", STEERING, ids="U+{:04X}".format)
def test_what_steers_a_terminal_is_shown_and_not_sent(code: int) -> None:
    shown = printable(f"a{chr(code)}b")
    assert shown.isprintable()
    assert shown.startswith("a")
    assert shown.endswith("b")


@given(ANY_TEXT)
def test_any_text_becomes_one_line_that_can_be_printed_and_encoded(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert shown.encode().decode() == shown
    assert printable(shown) == shown


@given(ANY_TEXT)
def test_of_a_text_of_several_lines_the_line_feeds_stay(text: str) -> None:
    shown = printable_lines(text)
    assert [line.isprintable() for line in shown.split("\n")] == [True] * (text.count("\n") + 1)


@pytest.mark.parametrize("text", ["", "nginx:1.25", "Größe, 画像, 🐳", "a  b"])
def test_what_can_be_printed_stays_as_it_is(text: str) -> None:
    assert printable(text) == text
    assert printable_lines(text) == text


def test_what_an_error_quotes_is_bounded() -> None:
    assert len(quoted("x" * 3_000_000)) < 120
    assert len(quoted("\x1b" * 3_000_000)) < 500
    assert len(listed(["linux/" + "x" * 3_000_000] * 15_000)) < 1_000
    assert len(printable("x" * 3_000_000)) < 11_000
