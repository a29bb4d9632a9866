"""Images where none are looked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.rules.assemblies import DIGEST, coverage, examined, said, task, write_stack

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
ECR_BY_FUNCTIONS = [
    "123456789012.dkr.ecr.",
    {"Ref": "AWS::Region"},
    ".",
    {"Ref": "AWS::URLSuffix"},
    "/app:v1",
]


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


@pytest.mark.parametrize(
    ("found", "image", "at"),
    [
        (resource("Custom::Thing", Image="nginx:1.27"), "nginx:1.27", "Image"),
        (
            resource("AWS::CloudFormation::CustomResource", Spec={"containerImage": "nginx:1"}),
            "nginx:1",
            "Spec.containerImage",
        ),
        (resource("AWS::Brand::New", ImageUri=f"{ECR}/app:v1"), f"{ECR}/app:v1", "ImageUri"),
        (
            task(Environment=[{"Name": "RUNNER", "Value": "ghcr.io/acme/runner:2"}]),
            "ghcr.io/acme/runner:2",
            "ContainerDefinitions[0].Environment[0].Value",
        ),
        (
            resource("AWS::EC2::Instance", UserData={"Fn::Base64": "docker run quay.io/a/b:1 sh"}),
            "quay.io/a/b:1",
            "UserData.Fn::Base64",
        ),
        (
            resource(
                "AWS::StepFunctions::StateMachine",
                DefinitionString={"Fn::Join": ["", ['{"Image":"', *ECR_BY_FUNCTIONS, '"}']]},
            ),
            "123456789012.dkr.ecr.region.amazonaws.com/app:v1",
            "DefinitionString",
        ),
    ],
    ids=["custom", "custom, deep", "new type", "environment", "user data", "state machine"],
)
def test_an_image_in_an_unlisted_place_is_a_warning(
    tmp_path: Path, found: dict[str, Any], image: str, at: str
) -> None:
    if "ContainerDefinitions" in found["Properties"]:
        found = task(f"nginx@{DIGEST}", Environment=[{"Name": "R", "Value": image}])
    [violation] = examined(write_stack(tmp_path, {"Thing": found})).violations
    assert (violation.rule.id, violation.rule.severity) == ("unlisted-image", "warning")
    assert violation.problem.what.startswith(f"The image {image} at {at} is not pinned")


def test_the_fix_names_the_property_as_pinimages_takes_it(tmp_path: Path) -> None:
    thing = resource("Custom::Thing", Sidecars=[{"Image": "nginx:1.27"}])
    [violation] = examined(write_stack(tmp_path, {"Thing": thing})).violations
    assert violation.problem.fix is not None
    assert "properties={'Custom::Thing': ['Sidecars[].Image']}" in violation.problem.fix


def test_several_images_of_a_resource_are_one_warning(tmp_path: Path) -> None:
    thing = resource("Custom::Thing", Images=["ghcr.io/a/b:1", "ghcr.io/a/c:1"])
    [(_, _, description)] = said(examined(write_stack(tmp_path, {"Thing": thing})))
    assert description.startswith("The image ghcr.io/a/b:1 at Images[0] (and 1 more)")


@pytest.mark.parametrize(
    "thing",
    [
        resource("Custom::Thing", Image=f"nginx:1.27@{DIGEST}"),
        resource("Custom::Thing", Text=f"docker run ghcr.io/a/b:1@{DIGEST}"),
        resource("Custom::Thing", Image="ami-0123456789"),
        resource("Custom::Thing", ImageUrl="https://example.com/picture.png"),
        resource("Custom::Thing", Name="nginx:1.27"),
        resource("Custom::Thing", Image=f"{ECR}/assets:{'b' * 64}"),
        resource("Custom::Thing", Text="see ghcr.io/a/b or https://ghcr.io"),
        resource("AWS::Lex::Bot", ImageUrl="https://example.com/a.png"),
        resource("AWS::IAM::Policy", Arn="arn:aws:ecr:eu-west-1:123456789012:repository/app"),
    ],
    ids=[
        "pinned",
        "pinned in text",
        "machine image",
        "picture",
        "another name",
        "asset",
        "without tag",
        "AWS picture",
        "repository",
    ],
)
def test_what_is_no_unpinned_image_is_passed_over(tmp_path: Path, thing: dict[str, Any]) -> None:
    assert said(examined(write_stack(tmp_path, {"Thing": thing}))) == []


def test_an_exempt_image_is_passed_over(tmp_path: Path) -> None:
    thing = resource("Custom::Thing", Image="nginx:1.27")
    exempt = coverage({"docker.io/library/nginx:*": "A demo."})
    assert said(examined(write_stack(tmp_path, {"Thing": thing}), exempt)) == []


def test_an_image_in_a_listed_place_is_not_said_twice(tmp_path: Path) -> None:
    stack = write_stack(tmp_path, {"Task": task("ghcr.io/acme/web:1")})
    assert [rule for rule, *_ in said(examined(stack))] == ["unpinned-image"]
