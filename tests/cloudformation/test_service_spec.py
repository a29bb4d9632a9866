"""The catalog against the newest service specification of the AWS CDK."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from pinned_images.cloudformation.catalog import Catalog
from tools.image_property_candidates import (
    PACKAGE,
    Candidate,
    candidates,
    main,
    outdated_false_friends,
    unknown_to_the_catalog,
)


@pytest.fixture(scope="module")
def package() -> Path:
    """The unpacked npm package @aws-cdk/aws-service-spec."""
    place = Path(os.environ.get("AWS_SERVICE_SPEC", PACKAGE))
    if not (place / "db.json.gz").exists():
        missing = f"the npm package @aws-cdk/aws-service-spec is not in {place}: run npm install"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return place


@pytest.fixture(scope="module")
def found(package: Path) -> list[Candidate]:
    """The properties that may hold images."""
    return candidates(package)


def test_no_image_property_has_appeared_that_the_catalog_does_not_know(
    found: list[Candidate],
) -> None:
    unknown = unknown_to_the_catalog(found)
    assert [f"{each.resource_type} {each.path}" for each in unknown] == [], (
        "add each to image_properties.json, under properties or under not_container_images"
    )


def test_every_property_of_the_catalog_is_found_in_the_specification(
    found: list[Candidate],
) -> None:
    places = {(each.resource_type, each.path) for each in found}
    missed = [
        f"{each.resource_type} {each.path}"
        for each in Catalog.default().properties
        if not each.resource_type.startswith("Custom::")
        and (each.resource_type, each.path) not in places
    ]
    assert missed == []


def test_every_false_friend_is_still_one(found: list[Candidate]) -> None:
    assert outdated_false_friends(found) == [], (
        "take them out of not_container_images in image_properties.json"
    )


@pytest.fixture
def small_package(tmp_path: Path) -> Path:
    """A specification with one resource type that refers to itself."""

    def text(documentation: str = "") -> dict[str, Any]:
        return {"type": {"type": "string"}, "documentation": documentation}

    def reference(kind: str) -> dict[str, Any]:
        element = {"type": "ref", "reference": {"$ref": "1"}}
        return {"type": {"type": kind, "element": element}}

    container = {
        "Image": text("What to run."),
        "Source": text("The container image to run."),
        "RoleArn": text("The role that pulls the container image."),
        "Sidecars": reference("array"),
    }
    resource = {"Containers": reference("array"), "ByName": reference("map"), "Name": text()}
    schema = {
        "resource": {
            "entities": [
                {"$id": "0", "cloudFormationType": "AWS::New::Thing", "properties": resource}
            ]
        },
        "typeDefinition": {"entities": [{"$id": "1", "properties": container}]},
    }
    (tmp_path / "db.json.gz").write_bytes(gzip.compress(json.dumps({"schema": schema}).encode()))
    return tmp_path


def test_candidates_are_found_by_name_and_by_documentation(small_package: Path) -> None:
    found = candidates(small_package)
    assert [(each.resource_type, each.path) for each in found] == [
        ("AWS::New::Thing", "ByName{}.Image"),
        ("AWS::New::Thing", "ByName{}.Source"),
        ("AWS::New::Thing", "Containers[].Image"),
        ("AWS::New::Thing", "Containers[].Source"),
    ]
    assert unknown_to_the_catalog(found) == found


def test_what_the_catalog_lists_or_calls_something_else_is_known() -> None:
    known = [
        Candidate("AWS::ECS::TaskDefinition", "ContainerDefinitions[].Image", ""),
        Candidate("AWS::Lex::Bot", "BotLocales[].Intents[].Card.ImageUrl", ""),
    ]
    assert unknown_to_the_catalog(known) == []


def test_the_script_fails_where_something_is_new(
    small_package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(small_package)]) == 1
    assert "new  AWS::New::Thing Containers[].Image" in capsys.readouterr().out


def test_the_script_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([str(tmp_path)])
    assert "npm install @aws-cdk/aws-service-spec" in capsys.readouterr().err
