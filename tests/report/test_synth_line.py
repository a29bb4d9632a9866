"""The line that a synth prints about its images."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinned_images.report.html import render_html
from pinned_images.report.summary import headline
from pinned_images.report.synth_line import is_wanted, synth_line
from pinned_images.report.synth_report import ResolvedBy, SiteRecord, SynthReport

LOCK_FILE = Path("pinned-images.lock.json")


def record(
    reference: str, by: ResolvedBy, stack: str = "Web", platform: str | None = None
) -> SiteRecord:
    at = (stack, f"{stack}/Task", "AWS::ECS::TaskDefinition", "ContainerDefinitions[0].Image")
    return SiteRecord(*at, reference, by, platform=platform, selected=platform is not None)


@pytest.mark.parametrize(
    ("records", "lock_files", "line"),
    [
        pytest.param([], [LOCK_FILE], None, id="no images"),
        pytest.param(
            [
                record("a:1", "lock-file"),
                record("b:1", "lock-file"),
                record("c:1", "registry"),
                record("d:1", "mirror"),
                record("e:1", "ecr-api"),
                record("f:1", "exempt"),
                record("g:1", "exempt"),
            ],
            [LOCK_FILE],
            "5 images pinned (2 lock file, 3 registries), 2 exempt; "
            "lock file pinned-images.lock.json",
            id="all kinds of sources",
        ),
        pytest.param([record("a:1", "registry")], [None], "1 image pinned (1 registry)", id="live"),
        pytest.param(
            [record("a:1", "asset"), record("b:1", "failed"), record("c:1", "already-pinned")],
            [],
            "1 image pinned (1 already pinned), 1 asset, 1 failed",
            id="others",
        ),
        pytest.param([record("a:1", "exempt")], [], "0 images pinned, 1 exempt", id="none pinned"),
        pytest.param(
            [
                record("nginx:1", "registry", "Staging-Web"),
                record("docker.io/library/nginx:1", "lock-file", "Production-Web"),
                record("docker.io/library/nginx:1", "lock-file", "Production-Jobs"),
            ],
            [LOCK_FILE, LOCK_FILE, Path("b.json")],
            "1 image pinned (1 registry); lock files pinned-images.lock.json, b.json",
            id="an image of several Stages counts once",
        ),
        pytest.param(
            [
                record("a:1", "lock-file", platform="linux/arm64"),
                record("a:1", "lock-file", platform="linux/amd64"),
            ],
            [],
            "2 images pinned (2 lock file)",
            id="platforms",
        ),
        pytest.param(
            [record("not \x1b an image", "exempt")],
            [Path("\x1b[31m.json")],
            "0 images pinned, 1 exempt; lock file \\x1b[31m.json",
            id="foreign text",
        ),
    ],
)
def test_the_line(records: list[SiteRecord], lock_files: list[Path | None], line: str) -> None:
    assert synth_line(records, lock_files) == (line and f"pinned-images: {line}")


@pytest.mark.parametrize(
    ("choices", "environment", "expected"),
    [
        ([None], {"CDK_OUTDIR": "cdk.out"}, True),
        ([None, None], {}, False),
        ([None, False], {"CDK_OUTDIR": "cdk.out"}, False),
        ([True, False], {"CDK_OUTDIR": "cdk.out"}, False),
        ([None, True], {}, True),
    ],
)
def test_it_is_printed_for_the_cdk_cli_and_where_it_is_asked_for(
    choices: list[bool | None], environment: dict[str, str], *, expected: bool
) -> None:
    assert is_wanted(choices, environment) is expected


def test_the_report_counts_as_the_line_does() -> None:
    records = [
        record("nginx:1", "registry", "Staging-Web"),
        record("docker.io/library/nginx:1", "lock-file", "Production-Web"),
        record("nginx:1", "failed", "Production-Jobs"),
        record("app:1", "fixed", "Staging-Web"),
        record("app:1", "already-pinned", "Production-Web"),
        record("sidecar:1", "exempt", "Production-Web"),
    ]
    sentence = "3 images in 6 places of 3 stacks: 1 pinned, 1 exempt, 1 failed."
    report = SynthReport.of(records)
    assert headline(report) == sentence
    assert sentence in render_html(report)
    line = synth_line(records)
    assert line == "pinned-images: 1 image pinned (1 fixed), 1 exempt, 1 failed"
