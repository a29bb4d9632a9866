"""``pinned-images report``: four formats of a report."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result

from pinned_images.reference import Digest
from pinned_images.report import SiteRecord, SynthReport
from pinned_images.report.comparison.comparison_html import render_comparison_html
from pinned_images.report.comparison.comparison_markdown import render_comparison_markdown
from pinned_images.report.comparison.synth_comparison import KINDS, SynthComparison
from pinned_images.report.html import render_html
from pinned_images.report.markdown import render_markdown
from tests.documentation import example, page

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
    for shown in ("Web/Task", "nginx:1.25", "[b]x", "2 images in 2 places of 1 stack"):
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


@pytest.mark.parametrize("folder_of_app", [".", "apps/shop"])
def test_the_page_is_called_as_the_app_or_the_folder_of_its_cdk_json(
    run: Run, report: SynthReport, folder: Path, folder_of_app: str
) -> None:
    app = folder / folder_of_app
    app.mkdir(parents=True, exist_ok=True)
    report.write(app / "record.json")
    (app / "cdk.json").write_text("{}", encoding="utf-8")
    path = f"{folder_of_app}/record.json"
    assert run("report", path, "--html").stdout == render_html(report, app.resolve().name)
    assert run("report", path, "--html", "--app", "a <b>").stdout == render_html(report, "a <b>")


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
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: 'absent/report.html' cannot be written")


def test_a_folder_without_a_report_is_one_sentence(run: Run) -> None:
    result = run("report", "elsewhere")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: There is no report at 'elsewhere'")


@pytest.fixture
def base(report: SynthReport, folder: Path) -> SynthReport:
    """The record of an earlier synth, with one image less, and with another exemption."""
    task = "AWS::ECS::TaskDefinition"
    earlier = SynthReport.of(
        [SiteRecord("Web", "Web/Job", task, "Image", "a:1", "exempt", reason="Moves.")]
    )
    (folder / "base.out").mkdir()
    earlier.write(folder / "base.out")
    earlier.write(folder / "base.json")
    return earlier


@pytest.mark.parametrize("name", ["base.json", "base.out"])
def test_what_changed_since_an_earlier_synth_is_shown(
    run: Run, base: SynthReport, name: str
) -> None:
    result = run("report", "--compare", name)
    assert result.exit_code == 0
    for shown in ("nginx", "added", "other reason", "exempt: [b]x", "2 changes"):
        assert shown in result.stdout


@pytest.mark.parametrize(
    ("option", "render"),
    [
        ("--json", SynthComparison.to_json),
        ("--markdown", render_comparison_markdown),
        ("--html", lambda found: render_comparison_html(found, "shop")),
    ],
)
def test_the_comparison_is_written_in_the_format_asked_for(
    run: Run,
    report: SynthReport,
    base: SynthReport,
    option: str,
    render: Callable[[SynthComparison], str],
) -> None:
    expected = render(SynthComparison.of(base, report))
    assert run("report", "--compare", "base.json", "--app", "shop", option).stdout == expected


def test_the_output_of_a_synth_is_no_name_of_an_app(run: Run, report: SynthReport) -> None:
    """Other commands take it as ``--app``."""
    Path("web.out").mkdir()
    report.write("web.out")
    result = run("report", "--app", "web.out")
    assert result.exit_code == 2
    assert "`pinned-images report web.out`" in result.stderr
    assert run("report", "web.out", "--app", "web.out").exit_code == 0


def test_a_difference_is_no_finding_unless_it_is_asked_for(run: Run, base: SynthReport) -> None:
    assert run("report", "--compare", "base.json", "--exit-code").exit_code == 1
    assert run("report", "base.json", "--compare", "base.out", "--exit-code").exit_code == 0


@pytest.mark.parametrize("name", ["none.json", "."], ids=["no-file", "folder-without-a-record"])
def test_an_earlier_record_that_is_not_there_is_a_wrong_use(
    run: Run, report: SynthReport, name: str
) -> None:
    result = run("report", "--compare", name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"There is no record at {name!r} to compare with" in result.stderr
    assert "leave --compare out" in result.stderr


def test_an_earlier_record_of_a_newer_version_is_one_sentence(
    run: Run, report: SynthReport, folder: Path
) -> None:
    (folder / "base.json").write_text('{"version": 9, "images": []}', encoding="utf-8")
    result = run("report", "--compare", "base.json")
    assert result.exit_code != 0
    assert "'base.json' is written in schema 9" in result.stderr


def test_markdown_is_shortened_to_as_many_bytes_as_are_asked_for(
    run: Run, report: SynthReport, folder: Path
) -> None:
    records = [replace(report.records[0], reference=f"a{number}:1") for number in range(99)]
    SynthReport.of(records).write(folder / "cdk.out")
    assert len(run("report", "--markdown").stdout) > 2_000
    assert len(run("report", "--markdown", "--max-bytes", "2000").stdout) <= 2_000


@pytest.mark.parametrize(
    "options",
    [("--exit-code",), ("--max-bytes", "2000"), ("--markdown", "--max-bytes", "10")],
    ids=" ".join,
)
def test_options_that_lack_what_they_belong_to_are_a_wrong_use(
    run: Run, report: SynthReport, options: tuple[str, ...]
) -> None:
    assert run("report", *options).exit_code == 2


def test_the_comparison_in_the_documentation_is_what_is_printed(run: Run, folder: Path) -> None:
    web, jobs = (
        replace(
            SiteRecord(stack, f"{stack}/Task", "AWS::ECS::TaskDefinition", "Image", "", "registry"),
            platforms=("linux/amd64", "linux/arm64"),
            platform="linux/arm64",
        )
        for stack in ("Web", "Jobs")
    )
    (folder / "cdk.out").mkdir()
    old, new, redis = (Digest.of(text) for text in (b"old", b"new", b"redis"))
    envoy = replace(jobs, construct_path="Jobs/Proxy", reference="envoyproxy/envoy:v1.31.2")
    SynthReport.of(
        [
            replace(web, reference="nginx:1.27", digest=old),
            replace(jobs, reference="redis:7", digest=redis),
        ]
    ).write("base.json")
    SynthReport.of(
        [
            replace(web, reference="nginx:1.27", digest=new),
            replace(jobs, reference="redis:7.2", digest=redis),
            replace(envoy, digest=old),
        ]
    ).write("cdk.out")
    command, _, printed = example("report.md", "compare").partition("\n")
    assert run(*command.split()[2:]).stdout == printed


def test_every_kind_of_change_is_explained_in_the_documentation() -> None:
    table = page("report.md").partition("| `kinds` |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([\w-]+)`", table, re.MULTILINE) == [*KINDS]
