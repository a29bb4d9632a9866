"""``pinned-images report``: four formats of a report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from pinned_images.report import SiteRecord, SynthReport
from pinned_images.report.html import render_html
from pinned_images.report.markdown import render_markdown

Run = Callable[..., Result]


@pytest.fixture
def report(folder: Path) -> SynthReport:
    task = "AWS::ECS::TaskDefinition"
    records = [
        SiteRecord("Web", "Web/Task", task, "Image", "nginx:1.25", "registry"),
        SiteRecord("Web", "Web/Job", task, "Image", "a:1", "exempt", reason="[b]x"),
    ]
    found = SynthReport.of(records)
    (folder / "cdk.out").mkdir()
    found.write(folder / "cdk.out")
    return found


def test_the_report_is_shown_as_a_table(run: Run, report: SynthReport) -> None:
    result = run("report")
    assert result.exit_code == 0
    for shown in ("Web/Task", "nginx:1.25", "[b]x", "2 places in 1 stack"):
        assert shown in result.stdout


@pytest.mark.parametrize(
    ("option", "render"),
    [
        ("--json", SynthReport.to_json),
        ("--markdown", render_markdown),
        ("--html", render_html),
    ],
)
def test_the_report_is_written_in_the_format_asked_for(
    run: Run, report: SynthReport, option: str, render: Callable[[SynthReport], str]
) -> None:
    assert run("report", "cdk.out", option).stdout == render(report)


@pytest.mark.parametrize(
    ("name", "render"),
    [("r.json", SynthReport.to_json), ("r.md", render_markdown), ("r.html", render_html)],
)
def test_the_ending_of_the_output_chooses_the_format(
    run: Run, report: SynthReport, folder: Path, name: str, render: Callable[[SynthReport], str]
) -> None:
    result = run("report", "-o", name)
    assert (result.stdout, result.stderr) == ("", f"Written to {name}.\n")
    assert (folder / name).read_text(encoding="utf-8") == render(report)


def test_an_ending_that_names_no_format_is_a_wrong_use(run: Run, report: SynthReport) -> None:
    result = run("report", "-o", "report.pdf")
    assert result.exit_code == 2
    assert "add --json, --markdown or --html" in result.stderr


@pytest.mark.parametrize(
    "options",
    [("--json", "--markdown"), ("--html", "--json"), ("--html", "--markdown", "--json")],
    ids=" ".join,
)
def test_two_formats_at_once_are_a_wrong_use(
    run: Run, report: SynthReport, options: tuple[str, ...]
) -> None:
    result = run("report", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "exclude each other: give one of them." in result.stderr
    assert all(option in result.stderr for option in options)


def test_a_file_that_cannot_be_written_is_one_sentence(run: Run, report: SynthReport) -> None:
    result = run("report", "-o", "absent/report.html")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: 'absent/report.html' cannot be written")


def test_a_folder_without_a_report_is_one_sentence(run: Run) -> None:
    result = run("report", "elsewhere")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: There is no report at 'elsewhere'")
