from __future__ import annotations

from typing import Any

import pytest

from pinned_images.cloudformation.catalog import Catalog
from pinned_images.cloudformation.evaluation import evaluate
from pinned_images.cloudformation.outcomes import Absent, ExemptByRule, Known, leaves
from pinned_images.cloudformation.property_paths import replace_at
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.cloudformation.sites import evaluate_site, find_sites
from pinned_images.problem import Problem

TASK = "AWS::ECS::TaskDefinition"
SCOPE = TemplateScope({}, account="123456789012", region="eu-west-1", stack="Web")


def places(properties: Any, resource_type: str = TASK) -> list[tuple[str, Any]]:
    return [(site.location, site.value) for site in find_sites(resource_type, properties)]


def properties_for(path: str, image: Any, *, lower: bool) -> Any:
    """The properties of a resource in which one path holds an image."""
    tree = image
    for segment in reversed(path.split(".")):
        name = segment.rstrip("[]{}")
        key = name[0].lower() + name[1:] if lower else name
        if segment.endswith("[]"):
            tree = {key: [tree]}
        elif segment.endswith("{}"):
            tree = {key: {"Driver": tree}}
        else:
            tree = {key: tree}
    return tree


@pytest.mark.parametrize("lower", [False, True], ids=["template-case", "construct-case"])
@pytest.mark.parametrize(
    "image_property",
    Catalog.default().properties,
    ids=lambda each: f"{each.resource_type}-{each.path}",
)
def test_every_path_of_the_catalog_is_found_in_both_cases(
    image_property: Any,
    lower: bool,  # noqa: FBT001 - a column of the table
) -> None:
    properties = properties_for(image_property.path, "nginx:1.25", lower=lower)
    (site,) = find_sites(image_property.resource_type, properties)
    assert site.value == "nginx:1.25"
    assert site.image_property == image_property
    replaced = replace_at(properties, site.path, "other")
    assert replaced == properties_for(image_property.path, "other", lower=lower)


def test_what_holds_no_image_is_not_looked_at() -> None:
    assert places({"Image": "ami-1"}, "AWS::EC2::Instance") == []


def test_several_containers() -> None:
    properties = {"ContainerDefinitions": [{"Image": "a"}, {"Name": "b"}, {"Image": "c"}]}
    assert places(properties) == [
        ("ContainerDefinitions[0].Image", "a"),
        ("ContainerDefinitions[2].Image", "c"),
    ]


def test_both_spellings_of_a_key_are_found() -> None:
    properties = {"ContainerDefinitions": [{"Image": "a", "image": "b"}]}
    assert [value for _, value in places(properties)] == ["a", "b"]


def test_one_object_stands_for_a_list_of_it() -> None:
    assert places({"ContainerDefinitions": {"Image": "a"}}) == [("ContainerDefinitions.Image", "a")]


@pytest.mark.parametrize(
    "properties",
    [
        pytest.param({}, id="no-key"),
        pytest.param(None, id="no-properties"),
        pytest.param({"ContainerDefinitions": None}, id="null"),
        pytest.param({"ContainerDefinitions": [{"Ref": "AWS::NoValue"}]}, id="no-value"),
        pytest.param({"ContainerDefinitions": [{"Image": {"Ref": "AWS::NoValue"}}]}, id="no-image"),
    ],
)
def test_what_is_not_there_is_no_site(properties: Any) -> None:
    assert places(properties) == []


class TestConditions:
    def test_both_sides_of_a_list_a_container_and_an_image(self) -> None:
        properties = {
            "ContainerDefinitions": {
                "Fn::If": [
                    "A",
                    [{"Fn::If": ["B", {"Image": "a"}, {"Ref": "AWS::NoValue"}]}],
                    [{"Image": {"Fn::If": ["A", "b", "c"]}}],
                ]
            }
        }
        first, second = find_sites(TASK, properties)
        assert first.location == "ContainerDefinitions.Fn::If[1][0].Fn::If[1].Image"
        assert first.assumptions == (("A", True), ("B", True))
        assert evaluate_site(first, SCOPE) == Known("a")
        assert evaluate_site(second, SCOPE) == Known("c")

    def test_a_side_that_cannot_be_taken_is_not_looked_at(self) -> None:
        inner = {"Fn::If": ["A", {"Image": "a"}, {"Image": "never"}]}
        properties = {"ContainerDefinitions": {"Fn::If": ["A", [inner], []]}}
        assert [site.value for site in find_sites(TASK, properties)] == ["a"]


OBSTACLES = {
    "ref-for-the-list": {"ContainerDefinitions": {"Ref": "Containers"}},
    "ref-for-a-container": {"ContainerDefinitions": [{"Ref": "Container"}]},
    "function-for-all-properties": {"Fn::Transform": {"Name": "AWS::Include"}},
    "function-among-the-properties": {"Fn::Transform": {"Name": "AWS::Include"}, "Family": "web"},
    "loop-in-a-container": {"ContainerDefinitions": [{"Fn::ForEach::X": [], "Name": "a"}]},
    "malformed-if": {"ContainerDefinitions": {"Fn::If": ["A"]}},
    "text-for-the-list": {"ContainerDefinitions": "nginx"},
    "text-for-a-container": {"ContainerDefinitions": ["nginx"]},
    "text-for-the-properties": "nginx",
}


@pytest.mark.parametrize("properties", OBSTACLES.values(), ids=OBSTACLES)
def test_what_cannot_be_walked_is_an_explained_unknown(properties: Any) -> None:
    (site,) = find_sites(TASK, properties)
    outcome = evaluate_site(site, SCOPE)
    assert isinstance(outcome, Problem)
    assert outcome.what.endswith(".")
    assert str(outcome.fix).endswith(".")


def test_an_obstacle_does_not_hide_the_images_beside_it() -> None:
    containers = [{"Ref": "X"}, {"Image": "nginx"}]
    assert places({"ContainerDefinitions": containers}) == [
        ("ContainerDefinitions[0]", {"Ref": "X"}),
        ("ContainerDefinitions[1].Image", "nginx"),
    ]


def test_a_site_tells_the_other_settings_of_its_container() -> None:
    container = {"image": "nginx", "versionConsistency": "disabled", "name": "web"}
    (site,) = find_sites(TASK, {"containerDefinitions": [container]})
    assert site.setting("VersionConsistency") == "disabled"
    assert site.setting("RepositoryCredentials") is None


LEFT_ALONE = {
    "codebuild": ("AWS::CodeBuild::Project", "aws/codebuild/standard:7.0", "codebuild-curated"),
    "lightsail": ("AWS::Lightsail::Container", ":web.nginx.4", "lightsail-stored"),
    "imagebuilder-arn": (
        "AWS::ImageBuilder::ContainerRecipe",
        "arn:aws:imagebuilder:eu-west-1:aws:image/amazon-linux-x86-2/x.x.x",
        "imagebuilder-managed",
    ),
    "imagebuilder-ssm": (
        "AWS::ImageBuilder::ContainerRecipe",
        "ssm:/base/image",
        "imagebuilder-managed",
    ),
}


@pytest.mark.parametrize(("resource_type", "value", "rule"), LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_values_that_are_no_references_are_left_by_a_rule(
    resource_type: str, value: str, rule: str
) -> None:
    (image_property,) = Catalog.default().properties_of(resource_type)
    properties = properties_for(image_property.path, value, lower=False)
    (site,) = find_sites(resource_type, properties)
    outcome = evaluate_site(site, SCOPE)
    assert isinstance(outcome, ExemptByRule)
    assert outcome.rule == rule
    assert evaluate(value, SCOPE) != outcome, "the rule holds for this property alone"


@pytest.mark.parametrize("resource_type", sorted({each[0] for each in LEFT_ALONE.values()}))
def test_other_values_of_these_properties_are_images(resource_type: str) -> None:
    (image_property,) = Catalog.default().properties_of(resource_type)
    properties = properties_for(image_property.path, "nginx:1.25", lower=False)
    (site,) = find_sites(resource_type, properties)
    assert list(leaves(evaluate_site(site, SCOPE))) == [Known("nginx:1.25")]


def test_an_absent_side_of_an_image_is_no_obstacle() -> None:
    image = {"Fn::If": ["A", "nginx", {"Ref": "AWS::NoValue"}]}
    (site,) = find_sites(TASK, {"ContainerDefinitions": [{"Image": image}]})
    assert list(leaves(evaluate_site(site, SCOPE))) == [Known("nginx"), Absent()]
