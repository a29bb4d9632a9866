"""The comparison of two synths for a pull request and for a terminal."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from pinned_images.reference import Digest
from pinned_images.report import SiteRecord, SynthReport
from pinned_images.report.comparison.comparison_html import render_comparison_html
from pinned_images.report.comparison.comparison_markdown import render_comparison_markdown
from pinned_images.report.comparison.comparison_terminal import render_comparison_terminal
from pinned_images.report.comparison.synth_comparison import SynthComparison
from pinned_images.report.fitted_markdown import (
    COMMENT_BYTES,
    LEAST_BYTES,
    MarkdownTable,
    fitted,
)
from pinned_images.report.markdown import render_markdown
from pinned_images.report.markdown_text import code_span, escaped_words
from tests.hostile import ANY_TEXT, CONTROLS
from tests.report.conftest import HOSTILE, NGINX, a_record, unpinned
from tests.report.test_text import plain

OTHER = Digest.of(b"another")
HEADERS = (
    "| Change | Image | Before | After | Platforms | Stacks |",
    "| Image | Before | After |",
)
CELL_ENDS = re.compile(r"(?<!\\)\|")


def compared(before: list[SiteRecord], after: list[SiteRecord]) -> SynthComparison:
    return SynthComparison.of(SynthReport.of(before), SynthReport.of(after))


def many(number: int, **changes: Any) -> SynthComparison:
    fields = [{"reference": f"app{each}:1", "construct_path": f"C{each}"} for each in range(number)]
    return compared(
        [a_record(**{**each, **changes}) for each in fields],
        [a_record(**{**each, **changes, "digest": OTHER}) for each in fields],
    )


def in_terminal(comparison: SynthComparison, width: int = 100) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=True, color_system="standard")
    console.print(render_comparison_terminal(comparison))
    return plain(stream.getvalue())


def size(text: str) -> int:
    return len(text.encode())


def assert_is_tables_of_plain_text(text: str) -> None:
    """What a reader of Markdown finds in a text: cells, code and words, and nothing else."""
    tokens = MarkdownIt().enable("table").parse(text)
    blocks = {token.content.strip() for token in tokens if token.type == "html_block"}
    assert blocks <= {"</details>"} | {
        f"<details><summary>{title}</summary>" for title in ("More changes", "Whole digests")
    }
    rows = [token.type for token in tokens if token.type in ("tr_open", "td_open", "th_open")]
    cells = "".join("|" if kind == "tr_open" else "." for kind in rows).split("|")[1:]
    assert {len(each) for each in cells} <= {3, 6}
    parts = [part for token in tokens for part in token.children or ()]
    kinds = {part.type for part in parts}
    assert kinds <= {"text", "text_special", "code_inline", "html_inline", "softbreak"}
    assert {part.content for part in parts if part.type == "html_inline"} <= {"<br>", "<!-- -->"}
    words = [part.content for part in parts if part.type.startswith("text")]
    assert not any(re.search(r"[@#]\w", each) for each in words)


def count_of_left_out(text: str) -> int:
    """The rows that a text says it leaves out."""
    note = re.compile(r"^(?:and (\d+) more$|\d+ more tables? with (\d+) rows? )", re.MULTILINE)
    return sum(int(one or other) for one, other in note.findall(text))


def rows_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("| ") and "| --- |" not in line]


def test_markdown_shows_both_digests_the_stacks_and_the_whole_digests_folded() -> None:
    text = render_comparison_markdown(compared([a_record()], [a_record(digest=OTHER)]))
    assert (
        f"| new digest | `nginx` | `1.25`<br>`{NGINX.short}` | `1.25`<br>`{OTHER.short}` | "
        "linux/arm64 | `Shop-Web` |"
    ) in text
    assert "\n\n1 change: 1 changed.\n\n" in text
    folded = text.partition("<details><summary>Whole digests</summary>")[2]
    assert f"| `nginx:1.25` | `{NGINX}` | `{OTHER}` |" in folded


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (a_record(), a_record(reference="nginx:1.25.3"), "| new tag, same digest |"),
        (a_record(stack="Old"), a_record(stack="New"), "| from `Old`<br>to `New` |"),
        (
            a_record(),
            unpinned(resolved_by="exempt", reason="It moves."),
            "| exempt now | `nginx` | `1.25`<br>`5be1ecc7935f` | `1.25`<br>exempt: It moves. |",
        ),
        (
            a_record(),
            a_record(reference="httpd:2", digest=OTHER),
            "| other image, new digest | `httpd` | `nginx`<br>`1.25`<br>`5be1ecc7935f` | `2`<br>",
        ),
        (
            a_record(),
            a_record(digest=OTHER, platforms=("linux/amd64",)),
            "| linux/arm64<br>without linux/arm64 |",
        ),
        (a_record(), a_record(platform="linux/amd64"), "| linux/arm64 → linux/amd64 |"),
    ],
    ids=["tag", "moved", "exempt", "replaced", "lost-platform", "platform"],
)
def test_markdown_of_each_kind(before: SiteRecord, after: SiteRecord, shown: str) -> None:
    assert shown in render_comparison_markdown(compared([before], [after]))


def test_many_changes_are_folded_and_all_of_them_shown() -> None:
    text = render_comparison_markdown(many(60))
    shown, _, folded = text.partition("<details><summary>More changes</summary>")
    assert len(rows_of(shown)) == 1 + 30
    assert len(rows_of(folded.partition("<details>")[0])) == 1 + 30


@pytest.mark.parametrize("word", ["Web", HOSTILE, "\U0001f308" * 900, "\u202e|`" * 900])
def test_thousands_of_changes_fit_a_comment_and_the_rest_is_counted(word: str) -> None:
    comparison = many(2_000, stack=word, platform=word)
    text = render_comparison_markdown(comparison)
    assert size(text) <= COMMENT_BYTES
    assert size(text) > COMMENT_BYTES - 20_000, "no row is longer"
    assert len(text.encode("utf-16-le")) // 2 <= COMMENT_BYTES, "as JavaScript counts"
    changes = [row for row in rows_of(text) if row.startswith("| new digest |")]
    assert count_of_left_out(text) + len(changes) == 4_000
    assert text.count("<details>") == text.count("</details>") <= 1


def test_the_report_itself_is_shortened_in_whole_rows_too() -> None:
    report = SynthReport.of(
        a_record(stack=f"Stack{number % 50}", construct_path=f"C{number}", reference=f"a{number}:1")
        for number in range(2_000)
    )
    whole, short = render_markdown(report), render_markdown(report, COMMENT_BYTES)
    assert size(short) <= COMMENT_BYTES < size(whole)
    assert set(rows_of(short)) <= set(rows_of(whole))
    shown = len(rows_of(short)) - short.count("| Image |")
    assert shown + count_of_left_out(short) == 2_000


CELLS = st.builds(
    lambda text, escape: escape(text),
    ANY_TEXT | st.just(HOSTILE * 5),
    st.sampled_from([code_span, escaped_words]),
)
TABLES = st.builds(
    MarkdownTable,
    st.just(["a", "b"]),
    st.lists(st.tuples(CELLS, CELLS), max_size=40),
    st.sampled_from(["", "Title"]),
    st.booleans(),
)


@settings(max_examples=50)
@given(st.lists(TABLES, max_size=4), st.integers(LEAST_BYTES, 8_000))
def test_whatever_the_cells_hold_whole_rows_fit_and_the_others_are_counted(
    tables: list[MarkdownTable], limit: int
) -> None:
    text = fitted(["### Heading", *tables], limit)
    assert size(text) <= limit
    assert text.count("<details>") == text.count("</details>")
    rows = [f"| {' | '.join(row)} |" for table in tables for row in table.rows]
    lines = [line for line in text.splitlines() if CELL_ENDS.match(line)]
    shown = [line for line in lines if line not in ("| a | b |", "| --- | --- |")]
    assert shown == rows[: len(shown)]
    assert len(shown) + count_of_left_out(text) == len(rows)


RECORDS = st.lists(
    st.builds(
        a_record,
        stack=ANY_TEXT,
        construct_path=ANY_TEXT,
        reference=st.sampled_from(["nginx:1.25", "nginx:1.26", HOSTILE]) | ANY_TEXT,
        resolved_by=st.sampled_from(["registry", "asset", "exempt", "failed"]),
        digest=st.sampled_from([NGINX, OTHER, None]) | ANY_TEXT,
        reason=ANY_TEXT,
    ),
    max_size=20,
)


@settings(max_examples=50)
@given(RECORDS, RECORDS, st.integers(LEAST_BYTES, 10_000))
def test_a_comparison_of_any_records_fits_any_limit_in_whole_rows(
    before: list[SiteRecord], after: list[SiteRecord], limit: int
) -> None:
    comparison = compared(before, after)
    text, whole = (render_comparison_markdown(comparison, each) for each in (limit, 10**9))
    assert size(text) <= limit
    assert_is_tables_of_plain_text(text)
    shown = [row for row in rows_of(text) if row not in HEADERS]
    rows = [row for row in rows_of(whole) if row not in HEADERS]
    assert shown == rows[: len(shown)]
    assert len(shown) + count_of_left_out(text) == len(rows)


@pytest.mark.parametrize(
    "word",
    [HOSTILE, "".join(f"{each}x" for each in CONTROLS), "\ud800", "🌈" * 900],
    ids=["markup", "controls", "half-a-pair", "long"],
)
def test_hostile_words_in_every_field_are_shown_within_their_cells(word: str) -> None:
    names = (
        "stack",
        "construct_path",
        "property_path",
        "reference",
        "reason",
        "platform",
        "digest",
    )
    before = [a_record(**{name: word}) for name in names]
    after = [
        a_record(**{name: word, "resolved_by": by})
        for name in names
        for by in ("registry", "exempt", "failed", "asset")
    ]
    for one, other in ((before, after), (after, before), ([], after), (after, [])):
        comparison = compared(one, other)
        text = render_comparison_markdown(comparison)
        assert size(text) <= COMMENT_BYTES
        assert {len(CELL_ENDS.findall(row)) for row in rows_of(text)} <= {4, 7}
        assert_is_tables_of_plain_text(text)
        for shown in (text, in_terminal(comparison), comparison.to_json()):
            assert all(line.isprintable() for line in shown.split("\n"))


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_terminal_shows_what_changed_within_its_width(width: int) -> None:
    text = in_terminal(compared([a_record()], [a_record(digest=OTHER)]), width)
    assert max(map(len, text.splitlines())) <= width
    for shown in ("nginx", "new digest", NGINX.short, OTHER.short, "in Shop-Web", "1 change"):
        assert shown in text


def test_no_change_is_one_sentence() -> None:
    same = compared([a_record()], [a_record()])
    sentence = "No image changed: 1 place names the same image as before.\n"
    assert in_terminal(same) == sentence
    assert render_comparison_markdown(same) == f"### Container images\n\n{sentence}"


def test_the_page_shows_both_sides_and_links_no_foreign_text() -> None:
    page = render_comparison_html(compared([a_record()], [a_record(digest=OTHER)]), "shop & co")
    assert "<title>Changed container images of shop &amp; co</title>" in page
    for shown in (NGINX, OTHER, NGINX.short, OTHER.short, "new digest", "<li>Shop-Web</li>"):
        assert shown in page
    hostile = a_record(stack=HOSTILE, reference=HOSTILE, reason=HOSTILE, platform=HOSTILE)
    for before, after in (([], [hostile]), ([hostile], []), ([a_record()], [hostile])):
        page = render_comparison_html(compared(before, after), HOSTILE)
        assert page.count("<script") == 1
        assert "javascript:1" not in "".join(re.findall(r'href="[^"]*"', page))


def test_the_page_of_no_change_is_one_sentence() -> None:
    page = render_comparison_html(compared([a_record()], [a_record()]))
    assert "No image changed: 1 place names the same image as before." in page
    assert "<table" not in page
