"""Resources that a new digest replaces, under a name that stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pinned_images.cloudformation.catalog import Catalog, ImageProperty
from tests.rules.assemblies import DIGEST, examined, write_stack

IMAGE = f"a.example/x@{DIGEST}"


def model(**properties: Any) -> dict[str, Any]:
    containers = [{"Image": IMAGE}, {"Image": IMAGE}]
    properties = {"Containers": containers, **properties}
    return {"Type": "AWS::SageMaker::Model", "Properties": properties}


def recipe(version: Any) -> dict[str, Any]:
    properties = {"Name": "web", "Version": version, "ParentImage": IMAGE}
    return {"Type": "AWS::ImageBuilder::ContainerRecipe", "Properties": properties}


def workflow_version() -> dict[str, Any]:
    mappings = {"ImageMappings": [{"SourceImage": "x", "DestinationImage": IMAGE}]}
    properties = {"VersionName": "1", "ContainerRegistryMap": mappings}
    return {"Type": "AWS::Omics::WorkflowVersion", "Properties": properties}


def fixes(folder: Path, resource: dict[str, Any]) -> list[str]:
    violations = examined(write_stack(folder, {"Thing": resource})).violations
    return [str(each.problem.fix) for each in violations if each.rule.id == "fixed-name"]


@pytest.mark.parametrize(
    ("resource", "says"),
    [
        (model(ModelName="forecast"), "Leave the ModelName out"),
        (model(ModelName={"Fn::Sub": "${AWS::StackName}-model"}), "Leave the ModelName out"),
        (recipe("1.2.0"), "1.0.x"),
        (workflow_version(), "Change the VersionName"),
    ],
    ids=["name", "function", "version", "required name"],
)
def test_a_name_that_stays_is_told_once(
    tmp_path: Path, resource: dict[str, Any], says: str
) -> None:
    [fix] = fixes(tmp_path, resource)
    assert says in fix


@pytest.mark.parametrize(
    "resource",
    [
        model(),
        model(ModelName={"Ref": "AWS::NoValue"}),
        model(ModelName="forecast", Containers=[{"Image": "a.example/x:1"}]),
        recipe("1.2.x"),
    ],
    ids=["no name", "no value", "no digest", "counted up"],
)
def test_nothing_is_told_where_the_name_changes_or_the_image_does_not(
    tmp_path: Path, resource: dict[str, Any]
) -> None:
    assert fixes(tmp_path, resource) == []


@pytest.mark.parametrize(
    "image_property",
    [each for each in Catalog.default().properties if each.replaced_by_name],
    ids=lambda each: f"{each.resource_type} {each.path}",
)
def test_schemas_say_that_the_image_and_the_name_are_replaced(
    image_property: ImageProperty,
) -> None:
    from cfnlint.schema.manager import (  # type: ignore[import-untyped]  # noqa: PLC0415 (loads half a second)
        PROVIDER_SCHEMA_MANAGER,
    )

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(
        "us-east-1", image_property.resource_type
    ).schema
    create_only = schema["createOnlyProperties"]
    assert f"/properties/{image_property.steps[0].name}" in create_only
    assert f"/properties/{image_property.replaced_by_name}" in create_only
