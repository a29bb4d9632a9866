from __future__ import annotations

import copy
from typing import Any

import pytest

from pinned_images.cloudformation.evaluation import evaluate
from pinned_images.cloudformation.outcomes import Known, SsmParameter, leaves
from pinned_images.cloudformation.rewriting import Rewritten, pin, pin_site
from pinned_images.cloudformation.scope import AppTemplates, TemplateScope
from pinned_images.cloudformation.sites import find_sites
from pinned_images.problem import Problem
from pinned_images.reference import Digest, ImageReference, Style

D = "sha256:" + "d" * 64
ROUTER = SsmParameter("/router", None, "123456789012", "eu-west-1")
TAG = SsmParameter("/tag", None, "123456789012", "eu-west-1")
TEMPLATE: dict[str, Any] = {
    "Parameters": {
        "Tag": {"Type": "String", "Default": "v7"},
        "Image": {"Type": "String", "Default": "localhost:5000/team/app:v7"},
        "Router": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/router"},
    },
    "Resources": {
        "Repo": {
            "Type": "AWS::ECR::Repository",
            "Properties": {"RepositoryName": {"Fn::If": ["C", "one", "two"]}},
        }
    },
}
SCOPE = TemplateScope(
    TEMPLATE,
    account="123456789012",
    region="eu-west-1",
    stack="Web",
    use_parameter_defaults=True,
    parameter_values={ROUTER: "public.ecr.aws/router:2", TAG: "1.25"},
)


def digest_of(_: ImageReference) -> Digest:
    return Digest(D)


def digest_by_name(image: ImageReference) -> Digest:
    return Digest.of(image.normalized.encode())


def d(image: str) -> str:
    return f"{image}@{digest_by_name(ImageReference.parse(image))}"


def pinned(value: Any, style: Style = "tag-and-digest") -> Any:
    before = copy.deepcopy(value)
    rewritten = pin(value, SCOPE, digest_of, style)
    assert value == before, "the given value was changed"
    assert isinstance(rewritten, Rewritten), rewritten
    return rewritten.value


def join(*elements: Any, delimiter: str = "") -> dict[str, Any]:
    return {"Fn::Join": [delimiter, list(elements)]}


def iff(when_true: Any, when_false: Any, condition: str = "C") -> dict[str, Any]:
    return {"Fn::If": [condition, when_true, when_false]}


REF_TAG = {"Ref": "Tag"}
ROUTER_REF = {"Ref": "Router"}

TAG_AND_DIGEST = {
    "literal": ("nginx:1.25", f"nginx:1.25@{D}"),
    "untagged": ("nginx", f"nginx:latest@{D}"),
    "join-on-its-last-literal": (join({"Ref": "Repo"}, "/x:", "v2"), None),
    "join-ends-in-a-literal": (
        join("a.", {"Ref": "AWS::URLSuffix"}, "/x/y:v2"),
        join("a.", {"Ref": "AWS::URLSuffix"}, f"/x/y:v2@{D}"),
    ),
    "join-keeps-its-elements": (join("nginx", ":", "1.25"), join("nginx", ":", f"1.25@{D}")),
    "join-ends-in-a-function": (join("nginx:", REF_TAG), join("nginx:", REF_TAG, f"@{D}")),
    "join-with-a-delimiter-ends-in-a-literal": (
        join("nginx", "1.25", delimiter=":"),
        join("nginx", f"1.25@{D}", delimiter=":"),
    ),
    "join-with-a-delimiter-ends-in-a-function": (
        join("nginx", REF_TAG, delimiter=":"),
        join("nginx:", REF_TAG, f"@{D}"),
    ),
    "join-of-a-split": (
        {"Fn::Join": [":", {"Fn::Split": ["|", "nginx|1"]}]},
        join({"Fn::Join": [":", {"Fn::Split": ["|", "nginx|1"]}]}, f"@{D}"),
    ),
    "sub": ({"Fn::Sub": "nginx:${Tag}"}, {"Fn::Sub": f"nginx:${{Tag}}@{D}"}),
    "sub-with-variables": (
        {"Fn::Sub": ["${N}:1", {"N": "nginx"}]},
        {"Fn::Sub": [f"${{N}}:1@{D}", {"N": "nginx"}]},
    ),
    "ref": (ROUTER_REF, join(ROUTER_REF, f"@{D}")),
    "select": ({"Fn::Select": [0, ["a:1"]]}, join({"Fn::Select": [0, ["a:1"]]}, f"@{D}")),
    "dynamic-reference": ("nginx:{{resolve:ssm:/tag}}", f"nginx:{{{{resolve:ssm:/tag}}}}@{D}"),
    "if": (iff("a:1", join("b:", REF_TAG)), iff(f"a:1@{D}", join("b:", REF_TAG, f"@{D}"))),
    "if-with-an-absent-side": (
        iff("a:1", {"Ref": "AWS::NoValue"}),
        iff(f"a:1@{D}", {"Ref": "AWS::NoValue"}),
    ),
    "if-with-a-pinned-side": (iff("a:1", f"b@{D}"), iff(f"a:1@{D}", f"b@{D}")),
    "the-same-digest-on-both-sides-of-an-inner-if": (
        join("a:", iff("1", "2")),
        join("a:", iff("1", "2"), f"@{D}"),
    ),
}
del TAG_AND_DIGEST["join-on-its-last-literal"]

DIGEST = {
    "literal": ("nginx:1.25", f"nginx@{D}"),
    "untagged": ("nginx", f"nginx@{D}"),
    "registry-with-a-port": ("localhost:5000/app:1", f"localhost:5000/app@{D}"),
    "join-ends-in-a-literal": (
        join("a.", {"Ref": "AWS::URLSuffix"}, "/x/y:v2"),
        join("a.", {"Ref": "AWS::URLSuffix"}, f"/x/y@{D}"),
    ),
    "tag-in-a-function": (join("nginx:", REF_TAG), f"nginx@{D}"),
    "tag-over-several-elements": (
        join({"Ref": "AWS::URLSuffix"}, "/x", ":", REF_TAG, "-a"),
        join({"Ref": "AWS::URLSuffix"}, f"/x@{D}"),
    ),
    "join-with-a-delimiter": (join("nginx", REF_TAG, delimiter=":"), f"nginx@{D}"),
    "sub": ({"Fn::Sub": "nginx:${Tag}"}, {"Fn::Sub": f"nginx@{D}"}),
    "sub-drops-a-variable-of-the-tag": (
        {"Fn::Sub": ["${N}:${T}", {"N": "nginx", "T": "1"}]},
        {"Fn::Sub": [f"${{N}}@{D}", {"N": "nginx"}]},
    ),
    "ref": (
        ROUTER_REF,
        join({"Fn::Select": [0, {"Fn::Split": [":", ROUTER_REF]}]}, f"@{D}"),
    ),
    "ref-with-a-port": (
        {"Ref": "Image"},
        join({"Fn::Select": [0, {"Fn::Split": [":v7", {"Ref": "Image"}]}]}, f"@{D}"),
    ),
    "sub-of-a-whole-image": (
        {"Fn::Sub": "${Router}"},
        {
            "Fn::Sub": [
                f"${{Image1}}@{D}",
                {"Image1": {"Fn::Select": [0, {"Fn::Split": [":", ROUTER_REF]}]}},
            ]
        },
    ),
    "tag-in-a-dynamic-reference": ("nginx:{{resolve:ssm:/tag}}", f"nginx@{D}"),
    "if": (iff("a:1", join("b:", REF_TAG)), iff(f"a@{D}", f"b@{D}")),
    "same-image-on-both-sides": (join("a:", iff("1", "1")), iff(f"a@{D}", f"a@{D}")),
}


@pytest.mark.parametrize(("value", "expected"), TAG_AND_DIGEST.values(), ids=TAG_AND_DIGEST)
def test_tag_and_digest(value: Any, expected: Any) -> None:
    assert pinned(value) == expected


@pytest.mark.parametrize(("value", "expected"), DIGEST.values(), ids=DIGEST)
def test_digest_in_the_place_of_the_tag(value: Any, expected: Any) -> None:
    assert pinned(value, "digest") == expected


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(f"nginx:1.25@{D}", id="literal"),
        pytest.param(join("nginx:", REF_TAG, f"@{D}"), id="join"),
        pytest.param(iff(f"a@{D}", f"b@{D}"), id="if"),
        pytest.param({"Ref": "AWS::NoValue"}, id="nothing"),
    ],
)
@pytest.mark.parametrize("style", ["tag-and-digest", "digest"])
def test_what_is_pinned_is_left_as_the_very_same_object(value: Any, style: Style) -> None:
    rewritten = pin(value, SCOPE, digest_of, style)
    assert isinstance(rewritten, Rewritten)
    assert rewritten.value is value
    assert rewritten.pins == ()


@pytest.mark.parametrize("case", [*TAG_AND_DIGEST.values(), *DIGEST.values()])
@pytest.mark.parametrize("style", ["tag-and-digest", "digest"])
def test_a_pinned_value_comes_to_the_pinned_references(case: Any, style: Style) -> None:
    def references(value: Any) -> list[ImageReference]:
        found = leaves(evaluate(value, SCOPE))
        return [leaf.reference for leaf in found if isinstance(leaf, Known)]

    before = references(case[0])
    once = pinned(case[0], style)
    expected = [image if image.digest else image.with_digest(D, style) for image in before]
    assert list(dict.fromkeys(references(once))) == list(dict.fromkeys(expected))
    assert pinned(once, style) is once


class TestDifferentDigests:
    @staticmethod
    def pinned(value: Any) -> Any:
        rewritten = pin(value, SCOPE, digest_by_name)
        assert isinstance(rewritten, Rewritten), rewritten
        return rewritten.value

    def test_an_if_inside_a_join_goes_around_it(self) -> None:
        assert self.pinned(join("a:", iff("1", "2"))) == iff(d("a:1"), d("a:2"))

    def test_the_functions_on_each_side_are_kept(self) -> None:
        value = join({"Ref": "AWS::URLSuffix"}, "/a:", iff("1", "2"))
        assert self.pinned(value) == iff(
            join(
                {"Ref": "AWS::URLSuffix"},
                "/a:",
                f"1{d('amazonaws.com/a:1')[len('amazonaws.com/a:1') :]}",
            ),
            join(
                {"Ref": "AWS::URLSuffix"},
                "/a:",
                f"2{d('amazonaws.com/a:2')[len('amazonaws.com/a:2') :]}",
            ),
        )

    def test_a_condition_in_what_a_name_stands_for_goes_around_too(self) -> None:
        value = join({"Ref": "Repo"}, ":1")
        one, two = (d(f"{name}:1").removeprefix(name) for name in ("one", "two"))
        assert self.pinned(value) == iff(join({"Ref": "Repo"}, one), join({"Ref": "Repo"}, two))

    def test_a_condition_of_another_template_cannot_be_tested_here(self) -> None:
        app = AppTemplates()
        output = {"Value": iff("a:1", "a:2"), "Export": {"Name": "Image"}}
        TemplateScope({"Outputs": {"O": output}}, stack="Producer", app=app)
        consumer = TemplateScope({}, stack="Consumer", app=app)
        refused = pin({"Fn::ImportValue": "Image"}, consumer, digest_by_name)
        assert isinstance(refused, Problem)
        assert "condition 'C' of another template" in refused.what
        assert isinstance(pin({"Fn::ImportValue": "Image"}, consumer, digest_of), Rewritten)

    def test_an_image_without_an_answer_is_left_as_it_is(self) -> None:
        rewritten = pin(
            iff("a:1", "b:1"),
            SCOPE,
            lambda image: Digest(D) if image.repository == "library/a" else None,
        )
        assert isinstance(rewritten, Rewritten)
        assert rewritten.value == iff(f"a:1@{D}", "b:1")
        assert [str(before) for before, _ in rewritten.pins] == ["a:1"]


REFUSED = {
    "unknown": (join("nginx:", {"Ref": "Nobody"}), "tag-and-digest", "neither a parameter"),
    "parameters-not-read": ("{{resolve:ssm:/other}}", "tag-and-digest", "SSM (/other)"),
}


@pytest.mark.parametrize(("value", "style", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_pinned_is_refused_with_a_reason(
    value: Any, style: Style, reason: str
) -> None:
    refused = pin(value, SCOPE, digest_of, style)
    assert isinstance(refused, Problem)
    assert reason in refused.what
    assert str(refused.fix).endswith(".")


def test_a_tag_inside_an_ssm_value_cannot_be_taken_out() -> None:
    image = SsmParameter("/image")
    scope = TemplateScope(parameter_values={image: "nginx:1.25"})
    refused = pin("{{resolve:ssm:/image}}", scope, digest_of, "digest")
    assert isinstance(refused, Problem)
    assert "part of an SSM parameter's value" in refused.what


class TestSites:
    def test_the_service_decides_on_digest_alone(self) -> None:
        (site,) = find_sites("AWS::Lambda::Function", {"Code": {"ImageUri": "app:v1"}})
        assert pin_site(site, SCOPE, digest_of, "tag-and-digest") == pin(
            "app:v1", SCOPE, digest_of, "digest"
        )

    def test_a_reference_that_is_too_long_for_its_service_is_refused(self) -> None:
        image = "registry.example.com/" + "a" * 200
        (site,) = find_sites("AWS::SageMaker::Model", {"PrimaryContainer": {"Image": image}})
        refused = pin_site(site, SCOPE, digest_of)
        assert isinstance(refused, Problem)
        assert "at most 255" in refused.what

    def test_an_obstacle_is_refused_with_its_own_words(self) -> None:
        (site,) = find_sites("AWS::ECS::TaskDefinition", {"ContainerDefinitions": {"Ref": "X"}})
        refused = pin_site(site, SCOPE, digest_of)
        assert site.obstacle is not None
        assert refused == site.obstacle
