"""A pipeline of CDK Pipelines whose stages have images (tools/assemblies_of_versions.py).

Its builds publish assets by their identifiers, and its actions deploy templates by their files:
both stay as they are, so that the pipeline uploads and deploys what was pinned.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from pinned_images.acknowledgements import METADATA_TYPE, rule_id
from pinned_images.assembly import check_assembly, pin_assembly
from pinned_images.errors import ConfigurationError
from tests.cloud_assembly.consistency import assert_consistent, contents
from tests.cloud_assembly.test_versions import OPTIONS

PIPELINE = Path(__file__).parent / "pipeline"
SHARED = Path(__file__).parent / "shared_templates"
PUBLISH = re.compile(r'publish \\+"([0-9a-f]{64}(?:-[\w-]+)?):')


def test_the_stages_of_a_pipeline_are_pinned_and_it_publishes_them(tmp_path: Path) -> None:
    root = tmp_path / "cdk.out"
    shutil.copytree(PIPELINE, root)
    outcome = pin_assembly(root, OPTIONS)
    assert [each for each in outcome.violations if each.rule.severity != "warning"] == []
    assert_consistent(PIPELINE, root)
    before, after = (
        {
            identifier: asset
            for manifest in folder.glob("assembly-*/*.assets.json")
            for identifier, asset in json.loads(manifest.read_text("utf-8"))["files"].items()
        }
        for folder in (PIPELINE, root)
    )
    changed = {identifier for identifier in before if before[identifier] != after[identifier]}
    assert len(changed) == len(before) == 4
    pipeline = "".join(path.read_text("utf-8") for path in root.glob("*.template.json"))
    published = set(PUBLISH.findall(pipeline))
    assert len(published) == 3  # the nested stack of each stage, and the image that they share
    assert published <= {*after, *_images(root)}
    for asset in before.values():
        for destination in asset["destinations"].values():
            assert f'{destination["objectKey"]}"' not in pipeline


def _images(root: Path) -> set[str]:
    return {
        identifier
        for manifest in root.glob("assembly-*/*.assets.json")
        for identifier in json.loads(manifest.read_text("utf-8")).get("dockerImages", {})
    }


def acknowledge(root: Path, *constructs: str) -> None:
    """Acknowledge that the images of some constructs are not pinned, in the construct metadata."""
    entry = {
        "type": METADATA_TYPE,
        "data": {rule_id("unpinned-image"): "Follows the vendor's tag."},
    }
    for file in root.rglob("*.metadata.json"):
        metadata = json.loads(file.read_text("utf-8"))
        for construct in constructs:
            if f"/{construct}/Task" in metadata:
                metadata[f"/{construct}/Task"].append(entry)
        file.write_text(json.dumps(metadata), "utf-8")


def unpublish(files: Iterable[Path]) -> None:
    """Take the identifiers of assets out of the commands of builds."""
    for file in files:
        file.write_text(re.sub("[0-9a-f]{64}:", "none:", file.read_text("utf-8")), "utf-8")


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """An assembly in which all nested stacks have one template; each stack lists one file of it."""
    root = tmp_path / "cdk.out"
    shutil.copytree(SHARED, root)
    return root


def test_a_template_of_several_nested_stacks_is_pinned_in_all_of_them(shared: Path) -> None:
    before = shared.parent / "before"
    shutil.copytree(shared, before)
    outcome = pin_assembly(shared, OPTIONS)
    assert outcome.violations == ()
    assert_consistent(before, shared)
    templates = {path.read_bytes() for path in shared.rglob("*.nested.template.json")}
    assert len(templates) == 1
    assert b"ghcr.io/org/jobs:2@sha256:" in templates.pop()
    assert not check_assembly(shared, OPTIONS).has_errors
    first = contents(shared)
    pin_assembly(shared, OPTIONS)
    assert contents(shared) == first


@pytest.mark.parametrize("construct", ["ManyTest/Web/First", "OneProduction/Web/Second"])
def test_nested_stacks_with_one_file_cannot_become_different(construct: str, shared: Path) -> None:
    acknowledge(shared, construct)
    before = contents(shared)
    with pytest.raises(ConfigurationError, match="give one of them a description of its own"):
        pin_assembly(shared, OPTIONS)
    assert contents(shared) == before


@pytest.mark.parametrize("pipeline", ["Many", "One"])
def test_stages_whose_template_is_published_once_cannot_become_different(
    pipeline: str, shared: Path
) -> None:
    """A build for each asset, in the pipeline's template; or one for all, in a file of its own."""
    other = {"Many": "buildspec*", "One": "Many.template.json"}[pipeline]
    unpublish(shared.glob(other))
    acknowledge(shared, *(f"{pipeline}Test/Web/{name}" for name in ("First", "Second")))
    before = contents(shared)
    with pytest.raises(ConfigurationError, match="the pipeline publishes that of one of them"):
        pin_assembly(shared, OPTIONS)
    assert contents(shared) == before


def test_stages_that_the_cdk_cli_deploys_may_become_different(shared: Path) -> None:
    """It uploads what each stack needs from the manifest of that stack."""
    unpublish([*shared.glob("buildspec*"), *shared.glob("*.template.json")])
    before = shared.parent / "before"
    acknowledge(shared, "ManyTest/Web/First", "ManyTest/Web/Second")
    shutil.copytree(shared, before)
    assert pin_assembly(shared, OPTIONS).violations == ()
    assert_consistent(before, shared)
    nested = shared.rglob("*.nested.template.json")
    found = {path.parent.name for path in nested if b"@sha256:" in path.read_bytes()}
    assert found == {"assembly-ManyProduction", "assembly-OneTest", "assembly-OneProduction"}
