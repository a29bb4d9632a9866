"""A pipeline of CDK Pipelines whose stages have images (tools/assemblies_of_versions.py).

Its builds publish assets by their identifiers, and its actions deploy templates by their files:
both stay as they are, so that the pipeline uploads and deploys what was pinned.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from pinned_images.assembly import pin_assembly
from tests.cloud_assembly.consistency import assert_consistent
from tests.cloud_assembly.test_versions import OPTIONS

PIPELINE = Path(__file__).parent / "pipeline"
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
