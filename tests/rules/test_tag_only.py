"""Images of services that take no digest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.rules.assemblies import DIGEST, coverage, examined, said, write_stack

TYPE = "AWS::CleanRoomsML::ConfiguredModelAlgorithm"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/training:6"
AT = "TrainingContainerConfig.ImageUri"


def algorithm(image: Any) -> dict[str, Any]:
    return {"Model": {"Type": TYPE, "Properties": {"TrainingContainerConfig": {"ImageUri": image}}}}


@pytest.mark.parametrize(
    "image",
    [IMAGE, {"Fn::Sub": "${AWS::AccountId}.dkr.ecr.us-east-1.amazonaws.com/training:6"}],
    ids=["text", "function"],
)
def test_an_image_that_is_left_at_its_tag_is_told(tmp_path: Path, image: Any) -> None:
    [(rule, path, description)] = said(examined(write_stack(tmp_path, algorithm(image))))
    assert (rule, path) == ("tag-only", "Web/Model")
    assert f"{IMAGE} at {AT} is not pinned" in description
    assert TYPE in description


def test_both_sides_of_a_condition_are_told(tmp_path: Path) -> None:
    image = {"Fn::If": ["Large", "a.example/x:1", "a.example/y:1"]}
    conditions = {"Large": {"Fn::Equals": [{"Ref": "AWS::StackName"}, "large"]}}
    stack = write_stack(tmp_path, algorithm(image), Conditions=conditions)
    assert [rule for rule, *_ in said(examined(stack))] == ["tag-only", "tag-only"]


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (f"{IMAGE}@{DIGEST}", "takes images by their tag alone"),
        (f"{IMAGE.partition(':')[0]}@{DIGEST}", "takes images by their tag alone"),
        ({"Fn::Join": ["", [{"Fn::ImportValue": "x"}, f"@{DIGEST}"]]}, "by their tag alone"),
        (f"{IMAGE}{'0' * 255}", "tag"),
        (f"{IMAGE.partition('training')[0]}{'a/' * 120}a:1", "takes at most 255"),
    ],
    ids=["tag and digest", "digest", "digest in place", "long tag", "long name"],
)
def test_what_the_service_refuses_is_an_error(tmp_path: Path, image: Any, says: str) -> None:
    [(rule, _, description)] = said(examined(write_stack(tmp_path, algorithm(image))))
    assert rule == "unpinned-image"
    assert says in description


def test_a_pattern_for_such_an_image_is_not_called_unused(tmp_path: Path) -> None:
    part = coverage(exempt={"*/training:*": "The service takes no digests."})
    assert examined(write_stack(tmp_path, algorithm(IMAGE)), part).patterns == {"*/training:*"}
