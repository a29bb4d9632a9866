"""A large app with and without `PinImages`: what is different, and that it is no more than that."""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pinned_images import PinImages
from pinned_images.assembly import pin_assembly
from pinned_images.options import Options
from pinned_images.report.synth_report import FILE_NAME, SynthReport
from pinned_images.testing import FixedResolver, SynthesizedApp, synthesize
from tests.synth.image_values import take_images_out
from tests.synth.large_app import large_app

ROUTER = "/aws/service/aws-for-fluent-bit/latest"
DIGEST = re.compile("@sha256:[0-9a-f]{64}")

#: The name of a nested stack's template, which is the hash of the template with its images.
TEMPLATE_HASH = re.compile(r"(?<=/)[0-9a-f]{64}(?=\.json)")
#: The logical id of a function's version ends with a hash of its properties with the image.
VERSION_HASH = re.compile("(?<=CurrentVersion[0-9A-F]{8})[0-9a-f]{32}")


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> tuple[SynthesizedApp, SynthesizedApp]:
    """The app as it is, and the app with its images pinned."""
    source = tmp_path_factory.mktemp("source")
    (source / "index.py").write_text("def handler(*_): pass\n", encoding="utf-8")
    (source / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    plain = large_app(tmp_path_factory.mktemp("plain"), source)
    pinned = large_app(tmp_path_factory.mktemp("pinned"), source)
    PinImages.apply_to(
        pinned,
        resolver=FixedResolver.derived(),
        ssm_parameters={ROUTER: "public.ecr.aws/aws-observability/aws-for-fluent-bit:2.32"},
    )
    return synthesize(plain), synthesize(pinned)


def files(app: SynthesizedApp) -> set[str]:
    return {str(file.relative_to(app.directory)) for file in app.directory.rglob("*")}


def everything_but_images(template: dict[str, Any]) -> str:
    """The template's text, in its order, without what must change where an image changes."""
    rest = copy.deepcopy(template)
    take_images_out(rest)
    text = VERSION_HASH.sub("...", json.dumps(rest, indent=1))
    return TEMPLATE_HASH.sub("...", text) if "AWS::CloudFormation::Stack" in text else text


def assets(app: SynthesizedApp) -> list[Any]:
    """The assets of each stack; those that are templates without their hashes."""
    return [
        sorted(
            "template" if "template.json" in asset["source"].get("path", "") else key
            for kind in ("files", "dockerImages")
            for key, asset in json.loads(manifest.read_text("utf-8")).get(kind, {}).items()
        )
        for manifest in sorted(app.directory.rglob("*.assets.json"))
    ]


def test_the_images_are_the_only_difference_in_the_templates(
    apps: tuple[SynthesizedApp, SynthesizedApp],
) -> None:
    plain, pinned = apps
    assert plain.templates.keys() == pinned.templates.keys()
    for path, template in plain.templates.items():
        assert everything_but_images(template) == everything_but_images(pinned.template(path))


def test_each_image_is_different_by_its_digest_alone(
    apps: tuple[SynthesizedApp, SynthesizedApp],
) -> None:
    plain, pinned = apps
    changed = Counter[str]()
    for path, template in plain.templates.items():
        before = take_images_out(copy.deepcopy(template))
        after = take_images_out(copy.deepcopy(pinned.template(path)))
        for old, new in zip(before, after, strict=True):
            changed[path] += len(DIGEST.findall(json.dumps(new)))
            assert not DIGEST.search(json.dumps(old))
    assert changed == {
        "Elsewhere": 1,
        "Functions": 3,
        "Kubernetes": 2,
        "Production/Web": 6,
        "Production/Web/Scheduled": 1,
        "Web": 6,
        "Web/Scheduled": 1,
    }
    report = SynthReport.from_json((pinned.directory / FILE_NAME).read_text("utf-8"))
    assert not report.failed
    assert Counter(record.resolved_by for record in report.records) == {"fixed": 20, "asset": 2}
    for record in report.records:
        if record.pinned is not None:
            unpinned = DIGEST.sub("", record.pinned)
            assert record.reference in (unpinned, f"{unpinned}:{record.reference.split(':')[-1]}")


def test_nothing_else_in_the_cloud_assembly_is_different(
    apps: tuple[SynthesizedApp, SynthesizedApp],
) -> None:
    plain, pinned = apps
    # Where CDK's own check is off, the gate alone has CDK write its report of validations.
    assert files(pinned) - files(plain) == {FILE_NAME, "validation-report.json"}
    assert files(plain) <= files(pinned)
    assert assets(plain) == assets(pinned)


def test_the_finished_assembly_is_pinned_to_the_same_images(
    apps: tuple[SynthesizedApp, SynthesizedApp], tmp_path: Path
) -> None:
    """As `pinned-images run` does it; a function's version cannot be renamed any more."""
    plain, pinned = apps
    copied = tmp_path / "cdk.out"
    shutil.copytree(plain.directory, copied)
    look_nothing_up(copied)
    options = Options.of(
        {
            "resolver": FixedResolver.derived(),
            "ssm_parameters": {ROUTER: "public.ecr.aws/aws-observability/aws-for-fluent-bit:2.32"},
        }
    )
    outcome = pin_assembly(copied, options)
    versioned = {
        each.construct_path for each in outcome.violations if each.rule.severity != "warning"
    }
    by_aspect = SynthReport.from_json((pinned.directory / FILE_NAME).read_text("utf-8"))
    assert pinned_images(outcome.report, versioned) == pinned_images(by_aspect, versioned)
    afterwards = SynthesizedApp.read(copied)
    for path, template in pinned.templates.items():
        wanted = dict(zip(*images_by_resource(template), strict=True))
        found = dict(zip(*images_by_resource(afterwards.template(path)), strict=True))
        left = {
            key for key in wanted if VERSION_HASH.search(key) is None and found[key] != wanted[key]
        }
        assert len(left) == (len(versioned) if path == "Functions" else 0)
        assert everything_but_images(template) == everything_but_images(afterwards.template(path))


def pinned_images(report: SynthReport, left: set[str]) -> set[tuple[object, ...]]:
    return {
        (each.construct_path, each.property_path, each.reference, each.pinned, each.resolved_by)
        for each in report.records
        if each.construct_path not in left
    }


def look_nothing_up(directory: Path) -> None:
    """Have nothing missing in an assembly, as after the look-ups of the CDK CLI."""
    for file in directory.rglob("manifest.json"):
        manifest = json.loads(file.read_text("utf-8"))
        manifest.pop("missing", None)
        file.write_text(json.dumps(manifest, indent=2), "utf-8")


def images_by_resource(template: dict[str, Any]) -> tuple[list[str], list[Any]]:
    names, images = [], []
    for logical_id, resource in template["Resources"].items():
        names.append(logical_id)
        images.append(take_images_out({"Resources": {"it": copy.deepcopy(resource)}}))
    return names, images
