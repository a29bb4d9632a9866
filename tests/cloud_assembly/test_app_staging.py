"""An app of the app staging synthesizer, with a bucket and repositories of its own for its assets.

The assembly is by tools/assemblies_of_versions.py.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from pinned_images.assembly import check_assembly, pin_assembly
from tests.cloud_assembly.consistency import assert_consistent
from tests.cloud_assembly.test_versions import OPTIONS

STAGING = Path(__file__).parent / "staging"


def keys(root: Path) -> dict[str, str]:
    manifest = json.loads((root / "Web.assets.json").read_text("utf-8"))
    return {
        asset["source"]["path"]: destination["objectKey"]
        for asset in manifest["files"].values()
        for destination in asset["destinations"].values()
    }


def test_templates_get_new_keys_and_the_images_of_its_own_repositories_stay(tmp_path: Path) -> None:
    root = tmp_path / "cdk.out"
    shutil.copytree(STAGING, root)
    outcome = pin_assembly(root, OPTIONS)
    assert outcome.violations == ()
    assert_consistent(STAGING, root)
    assert sorted(record.resolved_by for record in outcome.report.records) == ["asset", "fixed"]

    before, after = keys(STAGING), keys(root)
    assert not set(before.values()) & set(after.values())
    # The bucket deletes what is under this prefix some time after the deployment.
    assert before["Web.template.json"].startswith("deploy-time/")
    assert after["Web.template.json"].startswith("deploy-time/")
    assert "/" not in after["WebJobsE8DBBAAF.nested.template.json"]
    assert check_assembly(root, OPTIONS).violations == ()
