from __future__ import annotations

import json
from typing import Any

import pytest

from pinned_images.cloudformation.interpreter import Interpreter
from pinned_images.cloudformation.outcomes import Choice, Known, Several, leaves
from pinned_images.cloudformation.rewriting import Rewritten, pin_manifest, pin_site
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.cloudformation.sites import evaluate_site, find_sites
from pinned_images.problem import Problem
from pinned_images.reference import Digest, ImageReference, Style

RESOURCE = "Custom::AWSCDK-EKS-KubernetesResource"
D = "sha256:" + "d" * 64
SCOPE = TemplateScope(
    {
        "Resources": {
            "Repo": {
                "Type": "AWS::ECR::Repository",
                "Properties": {"RepositoryName": "team/app"},
            },
            "Role": {"Type": "AWS::IAM::Role"},
        }
    },
    account="123456789012",
    region="eu-west-1",
    stack="Web",
)
ROLE = {"Fn::GetAtt": ["Role", "Arn"]}
REPO = {"Ref": "Repo"}


def pod(image: str, field: str = "containers") -> dict[str, Any]:
    return {field: [{"name": "web", "image": image}]}


def images(manifest: Any) -> list[tuple[str, str]]:
    (site,) = find_sites(RESOURCE, {"Manifest": manifest})
    outcome = evaluate_site(site, SCOPE)
    assert isinstance(outcome, Several), outcome
    return [
        (image.place, found.text if isinstance(found := image.evaluation, Known) else str(found))
        for image in outcome.images
    ]


def pinned(manifest: Any, style: Style = "tag-and-digest") -> Any:
    (site,) = find_sites(RESOURCE, {"Manifest": manifest})
    rewritten = pin_site(site, SCOPE, lambda _: Digest(D), style)
    assert isinstance(rewritten, Rewritten), rewritten
    return rewritten.value


OBJECTS = {
    "pod": ({"kind": "Pod", "spec": pod("a:1")}, "spec.containers[0].image"),
    "deployment": (
        {"kind": "Deployment", "spec": {"template": {"spec": pod("a:1")}}},
        "spec.template.spec.containers[0].image",
    ),
    "cron-job": (
        {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": pod("a:1")}}}}},
        "spec.jobTemplate.spec.template.spec.containers[0].image",
    ),
    "list": (
        {"kind": "List", "items": [{"kind": "Pod", "spec": pod("a:1")}]},
        "items[0].spec.containers[0].image",
    ),
    "init-container": (
        {"kind": "Pod", "spec": pod("a:1", "initContainers")},
        "spec.initContainers[0].image",
    ),
    "ephemeral-container": (
        {"kind": "Pod", "spec": pod("a:1", "ephemeralContainers")},
        "spec.ephemeralContainers[0].image",
    ),
    "image-volume": (
        {"kind": "Pod", "spec": {"volumes": [{"name": "m", "image": {"reference": "a:1"}}]}},
        "spec.volumes[0].image.reference",
    ),
    "custom-resource": (
        {"kind": "Rollout", "spec": {"podTemplate": {"spec": pod("a:1")}}},
        "spec.podTemplate.spec.containers[0].image",
    ),
}


@pytest.mark.parametrize(("content", "place"), OBJECTS.values(), ids=OBJECTS)
@pytest.mark.parametrize("indent", [None, 2], ids=["compact", "indented"])
def test_images_of_every_pod_are_found_and_pinned(
    content: Any, place: str, indent: int | None
) -> None:
    text = json.dumps([content], indent=indent)
    assert images(text) == [(f"[0].{place}", "a:1")]
    assert pinned(text) == text.replace("a:1", f"a:1@{D}")


PATCHES = {
    "image": (
        {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "a:1"},
        "spec.template.spec.containers[0].image",
    ),
    "container": (
        {"op": "add", "path": "/spec/containers/-", "value": {"image": "a:1"}},
        "spec.containers[-1].image",
    ),
    "pod": ({"op": "add", "path": "/spec", "value": pod("a:1")}, "spec.containers[0].image"),
    "everything": (
        {"value": {"spec": pod("a:1")}, "path": "", "op": "replace"},
        "spec.containers[0].image",
    ),
}


@pytest.mark.parametrize(("operation", "place"), PATCHES.values(), ids=PATCHES)
def test_images_in_a_json_patch_are_found_where_it_writes_them(operation: Any, place: str) -> None:
    text = json.dumps([operation, {"op": "remove", "path": "/spec/x"}])
    assert images(text) == [(place, "a:1")]
    assert pinned(text) == text.replace("a:1", f"a:1@{D}")


def test_a_json_patch_of_something_else_is_left() -> None:
    patch = {"op": "add", "path": f"/metadata/{'9' * 5000}/image", "value": "a:1"}
    assert images(json.dumps([patch])) == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"kind": "ConfigMap", "data": {"image": "nginx"}}, id="config-map"),
        pytest.param({"kind": "ConfigMap", "data": {"p": '{"image": "nginx"}'}}, id="text"),
        pytest.param({"kind": "Pod", "spec": {"containers": [{"name": "a"}]}}, id="no-image"),
        pytest.param(
            {"schema": {"properties": {"containers": {"image": {"type": "string"}}}}}, id="schema"
        ),
        pytest.param([], id="nothing"),
    ],
)
def test_what_is_no_image_of_a_pod_is_left(content: Any) -> None:
    text = json.dumps(content)
    assert images(text) == []
    assert pinned(text) is text


JOIN: dict[str, Any] = {
    "Fn::Join": [
        "",
        [
            '[{"metadata":{"role":"',
            ROLE,
            '"},"spec":{"replicas":',
            {"Ref": "Count"},
            ',"containers":[{"image":"x.',
            {"Ref": "AWS::URLSuffix"},
            "/",
            REPO,
            ':v2","args":["say \\"hi\\""]},{"image":"nginx"},{"image":"',
            REPO,
            '"}]}}]',
        ],
    ]
}


def test_tokens_between_the_pieces_stay_where_they_are() -> None:
    assert [image for _, image in images(JOIN)] == [
        "x.amazonaws.com/team/app:v2",
        "nginx",
        "team/app",
    ]
    elements = list(JOIN["Fn::Join"][1])
    elements[8] = f':v2@{D}","args":["say \\"hi\\""]}},{{"image":"nginx:latest@{D}"}},{{"image":"'
    elements[10] = f':latest@{D}"}}]}}}}]'
    assert pinned(JOIN) == {"Fn::Join": ["", elements]}


def test_a_digest_takes_the_place_of_a_tag_in_a_join() -> None:
    value = {"Fn::Join": ["", ['{"containers":[{"image":"', REPO, ":", "v2", '"}]}']]}
    assert pinned(value, "digest") == {
        "Fn::Join": ["", ['{"containers":[{"image":"', REPO, f'@{D}"}}]}}']]
    }


def test_a_sub_keeps_its_variables_and_escapes() -> None:
    text = '{"a": "${!Literal}", "containers": [{"image": "${Name}:${Tag}"}, {"image": "${Repo}"}]}'
    value = {"Fn::Sub": [text, {"Name": "nginx", "Tag": "1"}]}
    expected = text.replace("${Tag}", f"${{Tag}}@{D}").replace("${Repo}", f"${{Repo}}:latest@{D}")
    assert pinned(value) == {"Fn::Sub": [expected, {"Name": "nginx", "Tag": "1"}]}


def test_conditions_inside_an_image_get_a_digest_each() -> None:
    value = {"Fn::Join": ["", ['{"containers":[{"image":"a:', {"Fn::If": ["C", "1", "2"]}, '"}]}']]}

    def digest_of(image: ImageReference) -> Digest:
        return Digest.of(str(image).encode())

    rewritten = pin_manifest(value, SCOPE, digest_of)
    assert isinstance(rewritten, Rewritten)
    sides = [f"a:{tag}@{Digest.of(f'a:{tag}'.encode())}" for tag in ("1", "2")]
    assert rewritten.value == {
        "Fn::Join": ["", ['{"containers":[{"image":"', {"Fn::If": ["C", *sides]}, '"}]}']]
    }


def test_both_sides_of_an_if_around_the_manifest() -> None:
    one, two = (json.dumps({"spec": pod(image)}) for image in ("a:1", "b:2"))
    value = {"Fn::If": ["C", one, {"Fn::If": ["C", "never", two]}]}
    (site,) = find_sites(RESOURCE, {"Manifest": value})
    outcome = evaluate_site(site, SCOPE)
    assert isinstance(outcome, Choice)
    assert list(leaves(outcome)) == [Known("a:1"), Known("b:2")]
    pinned_two = two.replace("b:2", f"b:2@{D}")
    assert pinned(value) == {
        "Fn::If": ["C", one.replace("a:1", f"a:1@{D}"), {"Fn::If": ["C", "never", pinned_two]}]
    }


def test_escapes_in_an_image_are_understood() -> None:
    text = '{"containers": [{"image": "registry.example.com\\/app\\u003a1"}]}'
    assert images(text) == [("containers[0].image", "registry.example.com/app:1")]
    assert pinned(text) == f'{{"containers": [{{"image": "registry.example.com/app:1@{D}"}}]}}'


def test_what_is_pinned_is_left_as_the_very_same_object() -> None:
    once = pinned(JOIN)
    assert pinned(once) is once


def test_the_text_that_kubernetes_gets_differs_in_the_images_alone() -> None:
    scope = TemplateScope(account="1" * 12, region="eu-west-1", stack="Web")
    known = json.loads(json.dumps(JOIN).replace(json.dumps(ROLE), '"role"'))
    known = json.loads(json.dumps(known).replace('{"Ref": "Count"}', "3"))
    known = json.loads(json.dumps(known).replace(json.dumps(REPO), '"team/app"'))
    before = Interpreter({}).text(known, scope)
    after = Interpreter({}).text(pinned(known), scope)
    assert isinstance(before, str)
    assert isinstance(after, str)
    assert after.replace(f":latest@{D}", "").replace(f"@{D}", "") == before
    assert json.loads(after)[0]["spec"]["containers"][1]["image"] == f"nginx:latest@{D}"


UNKNOWN = {
    "no-json": ("kind: Pod", "is not JSON"),
    "cut-off": ('{"containers": [', "is not JSON"),
    "trailing-text": ("{} {}", "is not JSON"),
    "trailing-comma": ('{"a": 1,}', "is not JSON"),
    "too-deep": ("[" * 500 + "]" * 500, "nested more than"),
    "much-too-deep": ("[" * 200_000, "nested more than"),
    "no-number": ('{"containers": NaN}', "is not JSON"),
    "escape-over-a-token": (
        {"Fn::Join": ["", ['{"containers":[{"image":"\\u00', REPO, '"}]}']]},
        "is not JSON",
    ),
    "not-written-here": ({"Ref": "Manifest"}, "not written in the template"),
    "token-for-the-containers": (
        {"Fn::Join": ["", ['{"spec":{"containers":', REPO, "}}"]]},
        "A token stands for the whole of spec.containers",
    ),
    "token-for-an-image-object": (
        {"Fn::Join": ["", ['{"containers":[{"image":', REPO, "}]}"]]},
        "A token stands for the whole of containers[0].image",
    ),
    "token-for-an-object": (
        {"Fn::Join": ["", ["[", REPO, "]"]]},
        "A token stands for the whole of [0]",
    ),
    "image-that-cannot-be-known": (
        {"Fn::Join": ["", ['{"containers":[{"image":"', ROLE, '"}]}']]},
        "The attribute Arn",
    ),
    "malformed-if": ({"Fn::If": ["C", "{}"]}, "cannot be followed"),
}


@pytest.mark.parametrize(("manifest", "reason"), UNKNOWN.values(), ids=UNKNOWN)
def test_a_manifest_that_cannot_be_read_is_an_explained_unknown(manifest: Any, reason: str) -> None:
    sites = find_sites(RESOURCE, {"Manifest": manifest})
    unknown = [
        leaf
        for site in sites
        for leaf in leaves(evaluate_site(site, SCOPE))
        if isinstance(leaf, Problem)
    ]
    assert reason in unknown[0].what
    assert str(unknown[0].fix).endswith(".")
    refused = pin_site(sites[0], SCOPE, lambda _: Digest(D))
    assert isinstance(refused, Problem)
    assert reason in refused.what
