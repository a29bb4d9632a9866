"""Paths of the user's own that lead into the JSON of a text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pinned_images.cloudformation.catalog import Catalog
from pinned_images.cloudformation.outcomes import Known, Several
from pinned_images.cloudformation.rewriting import Rewritten, pin_site
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.cloudformation.sites import Site, evaluate_site, find_sites
from pinned_images.problem import Problem
from pinned_images.reference import Digest

KIND = "AWS::StepFunctions::StateMachine"
DIGEST = Digest("sha256:" + "d" * 64)
TEMPLATE = {
    "Parameters": {"Tag": {"Type": "String"}},
    "Resources": {
        "Repository": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "shop/web"}}
    },
}
SCOPE = TemplateScope(TEMPLATE, account="123456789012", region="eu-west-1", stack="Web")
URI = {"Fn::GetAtt": ["Repository", "RepositoryUri"]}


def sites(definition: Any, *paths: str) -> list[Site]:
    catalog = Catalog.default().extended({KIND: [f"DefinitionString.{path}" for path in paths]})
    return find_sites(KIND, {"DefinitionString": definition}, catalog)


def pinned(definition: Any, *paths: str) -> Any:
    [site] = sites(definition, *paths)
    assert site.path == ("DefinitionString",)
    rewritten = pin_site(site, SCOPE, lambda _: DIGEST)
    assert isinstance(rewritten, Rewritten), rewritten
    return rewritten.value


def test_a_path_leads_into_the_json_of_a_text_and_not_a_byte_of_the_rest_changes() -> None:
    text = '{ "States" : {"A b": {"Image":"nginx:1.27", "Other":"nginx:1.27"}},\n"x": [1.50]}'
    expected = text.replace('"Image":"nginx:1.27"', f'"Image":"nginx@{DIGEST}"')
    assert pinned(text, "States{}.Image") == expected


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        (
            {"Fn::Join": ["", ['{"Image":"', URI, ':v1","T":', {"Ref": "Tag"}, "}"]]},
            {"Fn::Join": ["", ['{"Image":"', URI, f'@{DIGEST}","T":', {"Ref": "Tag"}, "}"]]},
        ),
        (
            {"Fn::Sub": '{"Image":"${Repository.RepositoryUri}:v1"}'},
            {"Fn::Sub": f'{{"Image":"${{Repository.RepositoryUri}}@{DIGEST}"}}'},
        ),
        (
            {"Fn::If": ["Large", '{"Image":"a:1"}', '{"Image":"b:1"}']},
            None,
        ),
    ],
    ids=["join", "sub", "condition"],
)
def test_functions_of_the_text_stay(definition: Any, expected: Any) -> None:
    found = sites(definition, "Image")
    values = []
    for site in found:
        rewritten = pin_site(site, SCOPE, lambda _: DIGEST)
        assert isinstance(rewritten, Rewritten), rewritten
        values.append(rewritten.value)
    if expected is None:
        assert values == [f'{{"Image":"{name}@{DIGEST}"}}' for name in "ab"]
    else:
        assert values == [expected]


def test_several_paths_lead_into_one_text() -> None:
    text = json.dumps({"A": {"Image": "a:1"}, "B": [{"Image": "b:1"}, {"Image": "c:1"}]})
    value = json.loads(pinned(text, "A.Image", "B[].Image"))
    images = [value["A"]["Image"], *(each["Image"] for each in value["B"])]
    assert images == [f"{name}@{DIGEST}" for name in "abc"]


def test_an_image_of_the_text_tells_its_place() -> None:
    [site] = sites('{"States":{"A":{"Image":"a:1"}}}', "States{}.Image")
    evaluation = evaluate_site(site, SCOPE)
    assert isinstance(evaluation, Several)
    [image] = evaluation.images
    assert (site.location, image.place) == ("DefinitionString", "States.A.Image")
    assert image.evaluation == Known("a:1")


@pytest.mark.parametrize(
    ("definition", "why"),
    [
        ("no JSON", "The text is not JSON: "),
        ({"Ref": "Tag"}, "The value of Ref is known at deployment only"),
        ({"Fn::Join": ["", ['{"Image":"a:', {"Ref": "Tag"}, '"}']]}, "'Tag' gets its value at"),
        ({"Fn::Join": ["", ['{"Image":', {"Ref": "Tag"}, "}"]]}, "A token is the whole of"),
    ],
    ids=["no JSON", "function", "unknown tag", "token"],
)
def test_what_the_user_has_named_and_cannot_be_pinned_is_a_problem(
    definition: Any, why: str
) -> None:
    [site] = sites(definition, "Image")
    problem = pin_site(site, SCOPE, lambda _: DIGEST)
    assert isinstance(problem, Problem)
    assert why in problem.what


def test_a_path_that_is_known_from_the_start_leads_into_no_text() -> None:
    text = json.dumps([{"Image": "a:1"}])
    [site] = find_sites("AWS::ECS::TaskDefinition", {"ContainerDefinitions": text})
    assert site.obstacle is not None
