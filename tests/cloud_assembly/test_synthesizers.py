"""Stacks of each stack synthesizer, with qualifiers, buckets, prefixes and repositories of its own.

The assembly is by tools/assemblies_of_versions.py.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from pinned_images.assembly import check_assembly, pin_assembly
from tests.cloud_assembly.consistency import assert_consistent, contents
from tests.cloud_assembly.test_versions import OPTIONS

SYNTHESIZERS = Path(__file__).parent / "synthesizers"
STACKS = ("Default", "Places", "AnyEnvironment", "Credentials", "Legacy", "Bootstrapless")


@pytest.fixture(scope="module")
def pinned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("synthesizers") / "cdk.out"
    shutil.copytree(SYNTHESIZERS, root)
    outcome = pin_assembly(root, OPTIONS)
    assert outcome.violations == ()
    kinds = Counter((each.stack, each.resolved_by) for each in outcome.report.records)
    assets = {(stack, "asset"): 1 for stack in STACKS if stack != "Bootstrapless"}
    assert kinds == {**{(stack, "fixed"): 1 for stack in STACKS}, **assets}
    return root


def test_every_reference_to_a_template_is_to_its_new_key(pinned: Path) -> None:
    assert_consistent(SYNTHESIZERS, pinned)
    assert check_assembly(pinned, OPTIONS).violations == ()
    before = contents(pinned)
    pin_assembly(pinned, OPTIONS)
    assert contents(pinned) == before


@pytest.mark.parametrize("stack", ["Places", "AnyEnvironment", "Credentials"])
def test_keys_stay_under_the_prefix_of_the_bucket(pinned: Path, stack: str) -> None:
    old, new = (
        [
            destination["objectKey"]
            for asset in json.loads((root / f"{stack}.assets.json").read_text("utf-8"))[
                "files"
            ].values()
            for destination in asset["destinations"].values()
        ]
        for root in (SYNTHESIZERS, pinned)
    )
    assert len(old) == len(new) == 2
    assert not set(old) & set(new)
    assert all(key.startswith("templates/of-shop/") for key in (*old, *new))
