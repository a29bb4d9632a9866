"""Versions of Lambda functions get another name exactly if the function's image is another one."""

from __future__ import annotations

from typing import Any

import pytest

from pinned_images.cloudformation.lambda_versions import (
    obstacle_to_renaming,
    renamed_version,
    versions_named_by_hash,
    with_renamed_resources,
)

OLD = f"WebCurrentVersion0123ABCD{'0' * 32}"
NEW = f"WebCurrentVersion0123ABCD{'1' * 32}"
LONGER = f"{OLD}Alias"


def version(function: Any) -> dict[str, Any]:
    return {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": function}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"Ref": OLD}, {"Ref": NEW}),
        ({"Ref": LONGER}, {"Ref": LONGER}),
        ({"Fn::GetAtt": [OLD, "Version"]}, {"Fn::GetAtt": [NEW, "Version"]}),
        ({"Fn::GetAtt": f"{OLD}.Version"}, {"Fn::GetAtt": f"{NEW}.Version"}),
        ({"Fn::Sub": f"${{{OLD}}}/${{A}}"}, {"Fn::Sub": f"${{{NEW}}}/${{A}}"}),
        (
            {"Fn::Sub": [f"${{!{OLD}}}${{{OLD}.Version}}", {"A": {"Ref": OLD}}]},
            {"Fn::Sub": [f"${{!{OLD}}}${{{NEW}.Version}}", {"A": {"Ref": NEW}}]},
        ),
        ({"Fn::Sub": [f"${{{OLD}}}", {OLD: "own"}]}, {"Fn::Sub": [f"${{{OLD}}}", {OLD: "own"}]}),
        ({"Fn::Join": ["", ["a", [{"Ref": OLD}]]]}, {"Fn::Join": ["", ["a", [{"Ref": NEW}]]]}),
        ({"Fn::ImportValue": OLD}, {"Fn::ImportValue": OLD}),
        (OLD, OLD),
        ({"Ref": None, "Fn::GetAtt": [OLD]}, {"Ref": None, "Fn::GetAtt": [OLD]}),
        ({"Ref": [OLD]}, {"Ref": [OLD]}),
        ({"Fn::GetAtt": [{"Ref": OLD}, 1]}, {"Fn::GetAtt": [{"Ref": OLD}, 1]}),
    ],
)
def test_references_follow_and_other_strings_stay(before: Any, after: Any) -> None:
    def template(name: str, value: Any) -> dict[str, Any]:
        return {
            "Resources": {
                "First": {"Type": "Custom::First", "DependsOn": [name, "Other", 7]},
                name: {**version({"Ref": "Web"}), "DependsOn": "Web"},
                "Last": {"Type": "Custom::Last", "DependsOn": name, "Properties": {"Value": value}},
                "List": [OLD],
            },
            "Outputs": {f"Ref{OLD}": {"Value": value, "Export": {"Name": f"Web:{OLD}"}}},
        }

    renamed = with_renamed_resources(template(OLD, before), {OLD: NEW})
    assert renamed == template(NEW, after)
    assert list(renamed["Resources"]) == ["First", NEW, "Last", "List"]


def test_a_name_follows_the_image_and_the_name_before() -> None:
    image = {"ImageUri": "app@sha256:..."}
    same = renamed_version(OLD, {"ImageUri": "app@sha256:..."})
    assert same == renamed_version(OLD, image) != OLD
    assert same.startswith("WebCurrentVersion0123ABCD")
    assert len(same) == len(OLD)
    others = {renamed_version(OLD, {"ImageUri": "app@sha256:---"}), renamed_version(NEW, image)}
    assert len({same, *others}) == 3


def test_versions_with_a_name_of_their_own_keep_it() -> None:
    resources = {
        OLD: version({"Ref": "Web"}),
        "Fixed": version({"Ref": "Web"}),
        "WebCurrentVersion0123ABCD": version({"Ref": "Web"}),
        f"Other{OLD}": version({"Ref": "Other"}),
        NEW: {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": {"Ref": "Web"}}},
        "List": [],
    }
    assert list(versions_named_by_hash({"Resources": resources}, "Web")) == [OLD]
    assert list(versions_named_by_hash({"Resources": []}, "Web")) == []


@pytest.mark.parametrize(
    ("resource_type", "is_obstacle"),
    [
        ("AWS::ApiGateway::Method", True),
        ("AWS::ApiGateway::RestApi", True),
        ("AWS::Lambda::Function", True),
        ("AWS::Lambda::Alias", False),
        ("AWS::Lambda::Permission", False),
        ("AWS::ApiGatewayV2::Integration", False),
    ],
)
def test_what_cdk_names_by_its_properties_has_to_be_named_anew(
    resource_type: str, *, is_obstacle: bool
) -> None:
    properties = {"Uri": {"Fn::Join": ["", ["arn:", {"Ref": OLD}]]}}
    resources = {"User": {"Type": resource_type, "Properties": properties}, "List": []}
    found = obstacle_to_renaming({"Resources": resources}, OLD)
    assert found == ("User" if is_obstacle else None)
    assert obstacle_to_renaming({"Resources": resources}, NEW) is None
