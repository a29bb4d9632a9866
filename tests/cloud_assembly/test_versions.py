"""Assemblies of one app by several versions of aws-cdk-lib (tools/assemblies_of_versions.py)."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from pinned_images.assembly import check_assembly, pin_assembly
from pinned_images.options import Options
from pinned_images.testing import FixedResolver
from tests.cloud_assembly.consistency import assert_consistent, contents

VERSIONS = Path(__file__).parent / "versions"
ROUTER = "/aws/service/aws-for-fluent-bit/latest"
OPTIONS = Options.of(
    {
        "resolver": FixedResolver.derived(),
        "ssm_parameters": {ROUTER: "public.ecr.aws/aws-observability/aws-for-fluent-bit:2.32"},
    }
)
JOBS = "ghcr.io/org/jobs:2"
IMAGES = {
    "nginx:1.27": 2,
    "org/web:v1": 2,
    JOBS: 5,
    "aws-for-fluent-bit:2.32": 2,
}


@pytest.mark.parametrize("version", sorted(path.name for path in VERSIONS.iterdir()))
def test_the_assembly_of_a_version_is_pinned(version: str, tmp_path: Path) -> None:
    root = tmp_path / "cdk.out"
    shutil.copytree(VERSIONS / version, root)
    outcome = pin_assembly(root, OPTIONS)
    assert [each for each in outcome.violations if each.rule.severity != "warning"] == []
    assert_consistent(VERSIONS / version, root)

    kinds = Counter(record.resolved_by for record in outcome.report.records)
    assert kinds == {"fixed": 11, "asset": 2, "exempt": 2}
    found = [str(record.pinned) for record in outcome.report.records if record.pinned]
    for image, times in IMAGES.items():
        assert sum(f"{image}@sha256:" in each for each in found) == times, image
    templates = "".join(path.read_text("utf-8") for path in root.rglob("*.template.json"))
    assert templates.count("@sha256:") == 11
    assert not [
        each for each in check_assembly(root, OPTIONS).violations if each.rule.severity == "error"
    ]

    first = contents(root)
    assert pin_assembly(root, OPTIONS).report == outcome.report
    assert contents(root) == first


def test_errors_are_told_in_the_schema_of_the_assembly(tmp_path: Path) -> None:
    """A CDK CLI refuses a `validation-report.json` of a newer schema than its own."""
    root = tmp_path / "cdk.out"
    shutil.copytree(VERSIONS / "2.1.0", root)
    assert pin_assembly(root, Options.of({"resolver": FixedResolver({})})).has_errors
    report, manifest = (
        json.loads((root / f"{name}.json").read_text("utf-8"))
        for name in ("validation-report", "manifest")
    )
    assert report["version"] == manifest["version"] == "15.0.0"


def test_a_stack_without_images_keeps_its_key(tmp_path: Path) -> None:
    root = tmp_path / "cdk.out"
    shutil.copytree(VERSIONS / "2.20.0", root)
    pin_assembly(root, OPTIONS)
    before, after = (
        json.loads((folder / "manifest.json").read_text("utf-8"))["artifacts"]
        for folder in (VERSIONS / "2.20.0", root)
    )
    assert {name for name in before if before[name] != after[name]} == {"Web", "Legacy"}


@pytest.mark.parametrize("version", ["2.20.0", "2.275.0"])
@pytest.mark.parametrize("record_in", ["metadata", "outputs"])
def test_the_pinned_images_are_recorded_in_each_stack(
    version: str, record_in: Literal["metadata", "outputs"], tmp_path: Path
) -> None:
    """As the Aspect records them, those of nested stacks too; twice is as once."""
    root = tmp_path / "cdk.out"
    shutil.copytree(VERSIONS / version, root)
    outcome = pin_assembly(root, replace(OPTIONS, record_in=record_in))
    records = [record for record in outcome.report.records if record.digest is not None]
    for stack in ("Web", "Legacy"):
        template = json.loads((root / f"{stack}.template.json").read_text("utf-8"))
        own = [record for record in records if record.stack == stack]
        if record_in == "metadata":
            wanted = {str(record.lock_key): record.digest for record in own}
            assert template["Metadata"]["PinnedImages"] == wanted
        else:
            found = [output["Value"] for name, output in template["Outputs"].items()]
            assert sorted(found) == sorted({str(record.pinned) for record in own})
        assert any(record.reference == JOBS for record in own)
    first = contents(root)
    pin_assembly(root, replace(OPTIONS, record_in=record_in))
    assert contents(root) == first
