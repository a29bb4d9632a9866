from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from pinned_images.cloudformation.display import display
from tests.cloudformation.strategies import values

REPOSITORY_ARN = {"Fn::Split": [":", {"Fn::GetAtt": ["Shop", "Arn"]}]}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("nginx:1.27", "nginx:1.27"),
        ({"Ref": "Image"}, "${Image}"),
        ({"Fn::GetAtt": ["Custom", "Image"]}, "${Custom.Image}"),
        ({"Fn::GetAtt": "Custom.Image"}, "${Custom.Image}"),
        ({"Fn::Join": [":", ["nginx", {"Ref": "Tag"}]]}, "nginx:${Tag}"),
        ({"Fn::Sub": "${Repository}:${AWS::Region}"}, "${Repository}:${AWS::Region}"),
        ({"Fn::Sub": ["app:${Tag}", {"Tag": {"Ref": "Version"}}]}, "app:${Version}"),
        (
            {"Fn::Join": ["", [{"Fn::Select": [4, REPOSITORY_ARN]}, ".dkr.ecr"]]},
            "${Shop.Arn[4]}.dkr.ecr",
        ),
        ({"Fn::ImportValue": {"Fn::Sub": "${Stage}-image"}}, "${${Stage}-image}"),
        ({"Fn::FindInMap": ["Images", {"Ref": "AWS::Region"}, "web"]}, "${Images.AWS::Region.web}"),
        ({"Fn::If": ["Large", "app:1", {"Ref": "Small"}]}, "${Large ? app:1 : ${Small}}"),
        ({"Fn::Transform": {"Name": "Macro"}}, "${Fn::Transform}"),
        ({"Image": 1}, '{"Image": 1}'),
        ("", "''"),
        ("nginx:1 ", "'nginx:1 '"),
        ("x" * 400, "x" * 148 + "..." + "x" * 148),
    ],
    ids=lambda each: str(each)[:30],
)
def test_a_value_is_written_for_people(value: Any, text: str) -> None:
    assert display(value) == text


@given(values)
def test_any_value_can_be_written(value: Any) -> None:
    assert 0 < len(display(value)) <= 300


def test_functions_may_be_nested_as_deep_as_python_can_hold_them() -> None:
    for function in ("Fn::Join", "Fn::If", "Fn::Select"):
        value: Any = "nginx"
        for _ in range(5_000):
            value = {
                "Fn::Join": {"Fn::Join": ["", [value]]},
                "Fn::If": {"Fn::If": ["C", value, "nginx"]},
                "Fn::Select": {"Fn::Select": [0, [value]]},
            }[function]
        assert "..." in display(value)
