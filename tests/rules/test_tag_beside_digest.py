"""A tag and a digest where the service takes one of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.rules.assemblies import DIGEST, examined, said, task, write_stack

NAME = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app"


def function(image: Any) -> dict[str, Any]:
    return {"Type": "AWS::Lambda::Function", "Properties": {"Code": {"ImageUri": image}}}


@pytest.mark.parametrize(
    "image",
    [f"{NAME}:1@{DIGEST}", {"Fn::Join": ["", [NAME, ":1", f"@{DIGEST}"]]}],
    ids=["text", "function"],
)
def test_a_tag_beside_a_digest_is_told(tmp_path: Path, image: Any) -> None:
    [violation] = examined(write_stack(tmp_path, {"Function": function(image)})).violations
    assert (violation.rule.id, violation.rule.severity) == ("tag-beside-digest", "warning")
    assert "AWS::Lambda::Function takes one of them" in violation.problem.what
    assert violation.problem.fix == f"Take the tag out: {NAME}@{DIGEST}."


def test_one_of_them_is_taken_and_elsewhere_both(tmp_path: Path) -> None:
    resources = {"Function": function(f"{NAME}@{DIGEST}"), "Task": task(f"nginx:1@{DIGEST}")}
    assert said(examined(write_stack(tmp_path, resources))) == []


def test_advice_has_the_form_that_the_service_takes(tmp_path: Path) -> None:
    resources = {"Function": function(f"{NAME}:1"), "Task": task("nginx:1")}
    fixes = {
        violation.logical_id: str(violation.problem.fix)
        for violation in examined(write_stack(tmp_path, resources)).violations
    }
    assert "as name@sha256:...," in fixes["Function"]
    assert "as name:tag@sha256:...," in fixes["Task"]
