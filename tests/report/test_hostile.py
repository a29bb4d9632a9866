"""Reports that are spoilt, or mean harm: one short error, and nothing that steers a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pinned_images.errors import ConfigurationError
from pinned_images.report import SiteRecord, SynthReport
from pinned_images.report.html import render_html
from pinned_images.report.markdown import render_markdown
from tests.hostile import ANY_TEXT, CONTROLS, CORPUS, assert_work_is_linear, json_texts
from tests.report.conftest import a_record, unpinned
from tests.report.test_text import in_terminal, plain

NAMES = st.sampled_from(["version", "images", "stack", "constructPath", "reference", "resolvedBy"])
VALUES = st.sampled_from([1, "nginx:1.25", "registry", "failed"])
SHOWN_FIELDS = [field.name for field in fields(SiteRecord) if field.name != "resolved_by"]


def record_json(**changes: object) -> str:
    record = json.loads(SynthReport.of([a_record()]).to_json())
    record["images"][0].update(changes)
    return json.dumps(record)


def ways_to_show(report: SynthReport) -> list[str]:
    return [
        report.to_json(),
        render_markdown(report),
        render_html(report),
        plain(in_terminal(report, 200)),
    ]


@given(json_texts(NAMES, VALUES))
@example(CORPUS["digits in it"])
@example(CORPUS["braces"])
@example(record_json(propertyPath="C[" + "9" * 5_000 + "]"))
@example(record_json(reference="\ud800"))
def test_any_text_is_a_report_that_can_be_shown_or_an_error_of_its_own(text: str) -> None:
    with suppress(ConfigurationError):
        for shown in ways_to_show(SynthReport.from_json(text)):
            assert shown.encode()


@pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS)
def test_a_spoilt_file_is_one_short_error(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        SynthReport.from_json(text)
    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "change",
    [
        {"resolvedBy": "x" * 3_000_000},
        {"stack": 7},
        {"platforms": ["a", 7]},
        {"resolvedBy": "\x1b"},
    ],
    ids=["word", "number", "list", "escape"],
)
def test_what_an_error_quotes_of_a_record_is_bounded(change: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        SynthReport.from_json(record_json(**change))
    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()


@given(st.builds(a_record, **dict.fromkeys(("stack", "reference", "reason"), ANY_TEXT)))
def test_whatever_a_template_holds_is_written_and_read_again(record: SiteRecord) -> None:
    """Half a surrogate pair, which no file can hold, is written as an escape."""
    written = SynthReport.of([record]).to_json()
    assert SynthReport.from_json(written.encode()).to_json() == written


def test_no_character_that_steers_a_terminal_comes_out_of_any_field() -> None:
    """Each field of a record that was pinned, exempt and failed, in each way to show it."""
    word = "".join(f"{control}x" for control in CONTROLS)
    changes = [
        {name: (word,) if name in ("platforms", "parameters") else word}
        for name in SHOWN_FIELDS
        if name != "selected"
    ]
    records = [
        record
        for change in changes
        for record in (
            a_record(**change),
            unpinned(**{"resolved_by": "failed", "cause": "are gone.", **change}),
            unpinned(**{"resolved_by": "exempt", "reason": "It moves.", **change}),
        )
    ]
    for shown in ways_to_show(SynthReport.of(records)):
        assert all(line.isprintable() for line in shown.split("\n"))


def test_a_mark_in_front_of_the_text_is_passed_over(tmp_path: Path) -> None:
    report = SynthReport.of([a_record()])
    path = tmp_path / "report.json"
    path.write_text(report.to_json(), encoding="utf-8-sig")
    assert SynthReport.read(path) == report


@pytest.mark.parametrize("path", ["\0", "report\ud800.json"])
def test_a_path_that_no_file_can_have_is_an_error_of_its_own(path: str) -> None:
    with pytest.raises(ConfigurationError, match="There is no report"):
        SynthReport.read(path)
    with pytest.raises(ConfigurationError, match="cannot be written"):
        SynthReport().write(path)


@pytest.mark.parametrize(
    "work",
    [
        SynthReport.from_json,
        lambda text: SynthReport.from_json(text).to_json(),
        lambda text: render_markdown(SynthReport.from_json(text)),
        lambda text: render_html(SynthReport.from_json(text)),
    ],
    ids=["read", "write", "Markdown", "page"],
)
@pytest.mark.parametrize("resolved_by", ["registry", "failed"])
def test_twice_as_much_is_at_most_twice_the_work(
    work: Callable[[str], object], resolved_by: str
) -> None:
    def read(size: int) -> Callable[[], object]:
        text = SynthReport.of(
            a_record(
                reference=f"app{size}:{number}", resolved_by=resolved_by, cause="failed \u202e."
            )
            for number in range(size)
        ).to_json()
        return lambda: work(text)

    assert_work_is_linear(read)
