"""Containers that want to follow their tag."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.rules.assemblies import DIGEST, coverage, examined, said, task, write_stack

AT = "ContainerDefinitions[0].Image"


def test_version_consistency_that_is_off_and_a_digest_contradict_each_other(tmp_path: Path) -> None:
    stack = write_stack(
        tmp_path, {"Task": task(f"nginx:latest@{DIGEST}", VersionConsistency="disabled")}
    )
    [(rule, _, description)] = said(examined(stack))
    assert rule == "version-consistency"
    assert AT in description


@pytest.mark.parametrize("mode", ["pin", "respect"])
def test_a_container_that_follows_its_tag_may_be_respected(tmp_path: Path, mode: Any) -> None:
    stack = write_stack(tmp_path, {"Task": task("nginx:latest", VersionConsistency="disabled")})
    rules = [rule for rule, *_ in said(examined(stack, coverage(version_consistency=mode)))]
    assert rules == (["unpinned-image"] if mode == "pin" else [])
