"""Tags that tell no version."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rules.assemblies import DIGEST, examined, task, write_stack

AT = "ContainerDefinitions[0].Image"


@pytest.mark.parametrize("image", ["nginx", f"nginx:latest@{DIGEST}"])
def test_a_tag_that_tells_no_version_is_a_warning(tmp_path: Path, image: str) -> None:
    found = examined(write_stack(tmp_path, {"Task": task(image)})).violations
    [floating] = [each for each in found if each.rule.id == "floating-tag"]
    assert floating.rule.severity == "warning"
    assert floating.problem.what == f"The tag latest of nginx at {AT} tells no version."
