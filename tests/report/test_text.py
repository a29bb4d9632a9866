"""The report for a pull request and for a terminal."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from pinned_images.report import SiteRecord, SynthReport
from pinned_images.report.html import render_html
from pinned_images.report.markdown import render_markdown
from pinned_images.report.terminal import render_terminal


def in_terminal(report: SynthReport, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system="standard")
    console.print(render_terminal(report))
    stream = console.file
    assert isinstance(stream, io.StringIO)
    return stream.getvalue()


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_markdown_has_a_table_for_each_stack_and_failures_first(report: SynthReport) -> None:
    text = render_markdown(report)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    assert headings == ["Container images", "Not pinned", "Exempt", "Shop-Jobs", "Shop-Web"]
    digest = report.by_stack()["Shop-Web"][-1].digest or ""
    assert (
        f"| `nginx` | `1.25` | `{digest[7:19]}` | linux/amd64, linux/arm64 | "
        "registry \\(registry-1.docker.io\\) | `Shop/Web/Other`<br>`Shop/Web/Task` |"
    ) in text


def test_a_synth_that_failed_as_a_whole_says_so_in_every_form(record: SiteRecord) -> None:
    failure = "The lock file <a.json>, line 1, is broken."
    failed, known = SynthReport(failure=failure), SynthReport.of([record], failure)
    assert failure in plain(in_terminal(failed, 100))
    assert "line 1, is broken" in render_markdown(failed)
    assert "The lock file &lt;a.json&gt;, line 1, is broken." in render_html(failed)
    for text in (plain(in_terminal(failed, 100)), render_markdown(failed), render_html(failed)):
        assert "The images are not known, since the synth failed." in text
    for text in (plain(in_terminal(known, 100)), render_markdown(known), render_html(known)):
        assert "Others are not known, since the synth failed." in text


def test_markdown_rows_have_their_columns_whatever_the_texts_hold(hostile: SynthReport) -> None:
    cells = re.compile(r"(?<!\\)\|")
    columns = 0
    for line in render_markdown(hostile).splitlines():
        if line.startswith("|"):
            count = len(cells.findall(line))
            assert columns in (0, count)
            columns = count
        else:
            columns = 0


def test_markdown_of_hostile_texts_has_no_markup_outside_code_spans(hostile: SynthReport) -> None:
    outside = re.sub(r"(?<!\\)(`+)(?!`).*?(?<!`)\1(?!`)", "", render_markdown(hostile))
    assert "<script" not in outside
    assert not re.search(r"(?<!\\)\[x", outside)
    assert not re.search(r"@\w", outside)


def test_markdown_shows_three_places_and_counts_the_rest(report: SynthReport) -> None:
    first = report.by_stack()["Shop-Web"][-1]
    many = SynthReport.of(replace(first, construct_path=f"Shop/{number}") for number in range(5))
    assert "`Shop/2`<br>and 2 more |" in render_markdown(many)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_terminal_s_width_is_kept_and_no_reference_loses_a_letter(
    report: SynthReport, width: int
) -> None:
    text = plain(in_terminal(report, width))
    assert max(map(len, text.splitlines())) <= width
    for name in ("nginx:1.25", "redis:latest", "app:nightly", "There is no tag '3'."):
        assert name in text
    assert "5 images in 6 places of 2 stacks: 2 pinned" in text.replace("\n", " ")


def test_texts_of_the_app_do_not_steer_the_terminal(hostile: SynthReport) -> None:
    assert "\x1b" not in plain(in_terminal(hostile, 80))


def test_marks_of_rich_in_texts_are_shown_as_they_are(report: SynthReport) -> None:
    marked = SynthReport.of([replace(report.failed[0], reason="no [bold]such[/bold] tag")])
    assert "no [bold]such[/bold] tag" in plain(in_terminal(marked, 80))


def test_an_image_from_a_parameter_names_it(record: SiteRecord) -> None:
    parameter = "123456789012 eu-west-1 /shop/image"
    report = SynthReport.of([replace(record, parameters=(parameter,))])
    assert f"| `nginx`<br>from `{parameter}` |" in render_markdown(report)
    assert f"from the SSM parameter {parameter}" in plain(in_terminal(report, 120))


def test_a_long_name_is_broken_behind_a_slash(record: SiteRecord) -> None:
    name = "444444444444.dkr.ecr.eu-west-1.amazonaws.com/platform/router"
    report = SynthReport.of([replace(record, reference=f"{name}:3.2")])
    lines = [line.rstrip() for line in plain(in_terminal(report, 80)).splitlines()]
    assert "platform/router:3.2" in lines


@pytest.mark.parametrize(("width", "is_whole"), [(80, False), (120, True), (200, True)])
def test_digests_are_whole_where_the_terminal_is_wide_enough(
    record: SiteRecord, width: int, *, is_whole: bool
) -> None:
    text = plain(in_terminal(SynthReport.of([record]), width))
    assert max(map(len, text.splitlines())) <= width
    assert str(record.digest)[7:19] in text
    assert (str(record.digest) in text) is is_whole


def test_digests_are_short_where_a_name_would_wrap(record: SiteRecord) -> None:
    name = "444444444444.dkr.ecr.eu-west-1.amazonaws.com/platform/router:3.2"
    report = SynthReport.of([record, replace(record, reference=name)])
    assert "sha256:" not in plain(in_terminal(report, 120))
    assert plain(in_terminal(report, 200)).count(str(record.digest)) == 2
