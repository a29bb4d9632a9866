from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any
from uuid import uuid4

import pytest

from pinned_images.cloudformation import json_text
from pinned_images.cloudformation.catalog import Catalog
from pinned_images.cloudformation.fragment_row import FragmentRow
from pinned_images.cloudformation.fragments import Fragments
from pinned_images.cloudformation.interpreter import Interpreter
from pinned_images.cloudformation.kubernetes import (
    ManifestCache,
    evaluate_manifest,
    manifest_texts,
    read_manifest,
)
from pinned_images.cloudformation.kubernetes_kinds import KindPath
from pinned_images.cloudformation.outcomes import Choice, Known, Several, leaves
from pinned_images.cloudformation.rewriting import Rewritten, pin_manifest, pin_site
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.cloudformation.sites import evaluate_site, find_sites
from pinned_images.errors import ConfigurationError
from pinned_images.problem import Problem
from pinned_images.reference import Digest, ImageReference, Style
from tests.documentation import example

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
        pytest.param("ghcr.io/acme/app:1", id="no-object"),
        pytest.param(["ghcr.io/acme/app:1", 1, None, [[]]], id="no-objects"),
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
        "A token is the whole of spec.containers",
    ),
    "token-for-an-image-object": (
        {"Fn::Join": ["", ['{"containers":[{"image":', REPO, "}]}"]]},
        "A token is the whole of containers[0].image",
    ),
    "token-for-an-object": (
        {"Fn::Join": ["", ["[", REPO, "]"]]},
        "A token is the whole of [0]",
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


def test_a_manifest_that_is_no_json_is_not_shown() -> None:
    outcome = read_manifest('{"kind": "Secret", "stringData": {"password": "hunter2" "x": 1}}')
    assert isinstance(outcome, Problem)
    assert "hunter2" not in str(outcome)
    assert "at character 56" in outcome.what


def own(kind: str, *paths: str) -> tuple[KindPath, ...]:
    catalog = Catalog.default().extended({kind: paths})
    return catalog.properties_of(RESOURCE)[0].kind_paths


WIDGET = {
    "apiVersion": "apps.example.com/v1",
    "kind": "Widget",
    "spec": {
        "image": "a:1",
        "sidecars": [{"image": "b:1"}, {"image": "c:1"}],
        "byName": {"x": {"image": "d:1"}},
        "other": {"image": "e:1"},
    },
}


def test_places_of_the_users_own_are_pinned() -> None:
    paths = "spec.image", "spec.sidecars[].image", "spec.byName{}.image"
    kinds = own("apps.example.com/Widget", *paths)
    outcome = evaluate_manifest(json.dumps([WIDGET]), SCOPE, None, kinds)
    assert isinstance(outcome, Several)
    assert [image.place for image in outcome.images] == [
        "[0].spec.image",
        "[0].spec.sidecars[0].image",
        "[0].spec.sidecars[1].image",
        "[0].spec.byName.x.image",
    ]
    assert list(leaves(outcome)) == [Known("a:1"), Known("b:1"), Known("c:1"), Known("d:1")]
    (warned,) = manifest_texts(json.dumps([WIDGET]), kinds)
    assert (warned.value, warned.kind) == ("e:1", "apps.example.com/Widget")
    assert warned.property_path == "spec.other.image"


@pytest.mark.parametrize(
    ("version", "kind", "own_kind"),
    [
        ("apps.example.com/v1beta1", "Widget", "apps.example.com/Widget"),
        ("v1", "ConfigMap", "v1/ConfigMap"),
    ],
    ids=["group", "core group"],
)
def test_a_kind_is_named_without_its_version(version: str, kind: str, own_kind: str) -> None:
    content = {"apiVersion": version, "kind": kind, "data": {"image": "a:1"}}
    text = json.dumps({"items": [content], "kind": "List", "apiVersion": "v1"})
    outcome = evaluate_manifest(text, SCOPE, None, own(own_kind, "data.image"))
    assert list(leaves(outcome)) == [Known("a:1")]
    assert list(leaves(evaluate_manifest(text, SCOPE))) == []


def test_the_places_of_the_documentation_are_pinned() -> None:
    [call] = ast.parse(example("kubernetes.md", "places in Kubernetes objects")).body[1:]
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    [properties] = call.value.keywords
    assert properties.arg == "properties"
    catalog = Catalog.default().extended(ast.literal_eval(properties.value))
    kinds = catalog.properties_of(RESOURCE)[0].kind_paths
    assert list(leaves(evaluate_manifest(json.dumps(WIDGET), SCOPE, None, kinds))) == [
        Known("b:1"),
        Known("c:1"),
        Known("d:1"),
    ]


@pytest.mark.parametrize(
    ("kind", "path", "complaint"),
    [
        ("Example/App/v1", "spec.image", "is no kind of Kubernetes objects"),
        ("example.com/v1/App", "spec.image", "is no kind of Kubernetes objects"),
        ("/ConfigMap", "data.image", "is no kind of Kubernetes objects"),
        ("example.com/App", "spec..image", "'spec..image' is no path"),
    ],
)
def test_a_kind_or_path_that_is_none_is_refused(kind: str, path: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(complaint)):
        Catalog.default().extended({kind: [path]})


def test_what_a_user_names_is_an_image_or_an_error() -> None:
    content = {"apiVersion": "example.com/v1", "kind": "App", "spec": {"image": "no image"}}
    kinds = own("example.com/App", "spec.image")
    (unknown,) = leaves(evaluate_manifest(json.dumps(content), SCOPE, None, kinds))
    assert isinstance(unknown, Problem)
    assert "'no image' is not an image reference" in unknown.what


def test_a_token_at_a_known_place_is_not_passed_over() -> None:
    text = '{"apiVersion":"monitoring.coreos.com/v1","kind":"Prometheus","spec":{"thanos":'
    (unknown,) = leaves(evaluate_manifest({"Fn::Join": ["", [text, REPO, "}}"]]}, SCOPE))
    assert isinstance(unknown, Problem)
    assert "A token is the whole of spec.thanos" in unknown.what


def test_tokens_in_images_of_custom_kinds_are_evaluated() -> None:
    before = '{"apiVersion":"ceph.rook.io/v1","kind":"CephCluster","spec":{"cephVersion":{"image":"'
    value = {"Fn::Join": ["", [before, REPO, ':v2"}}}']]}
    assert images(value) == [("spec.cephVersion.image", "team/app:v2")]
    assert pinned(value) == {"Fn::Join": ["", [before, REPO, f':v2@{D}"}}}}}}']]}


def many(count: int) -> Any:
    """So many containers, each with a token in its image."""
    elements: list[Any] = ['{"containers":[']
    for number in range(count):
        comma = "," if number else ""
        elements += [f'{comma}{{"name":"c{number}","image":"', REPO, ':v1"}']
    return {"Fn::Join": ["", [*elements, "]}"]]}


def calls(action: Callable[[], object]) -> int:
    """How many functions an action calls, those written in C included."""
    counted = 0

    def count(_: FrameType, event: str, __: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        action()
    finally:
        sys.setprofile(None)
    return counted


def test_twice_the_tokens_are_twice_the_work() -> None:
    pinned(many(10))  # what is read once for all is read
    small, large = (calls(partial(pinned, many(size))) for size in (200, 400))
    assert large < 2.1 * small


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that have been parsed."""
    found: list[str] = []
    parse = json_text.parse

    def counted(text: str, mark: str = "") -> json_text.Document:
        found.append(text)
        return parse(text, mark)

    monkeypatch.setattr(json_text, "parse", counted)
    return found


def test_what_is_remembered_of_manifests_is_bounded(parsed: list[str]) -> None:
    memory = ManifestCache(most=5)
    texts = [json.dumps({"containers": [{"image": f"a:{number}"}]}) for number in range(3)]
    for text in (*texts, texts[2], texts[0]):
        fragments = Fragments.of(text)
        memory.find(FragmentRow.of(fragments, fragments.row), ())
    assert parsed == [*texts, texts[0]]


def test_a_manifest_is_parsed_once(parsed: list[str]) -> None:
    value = json.dumps({"kind": "Pod", "spec": pod("once:1"), "padding": f"{uuid4()}" * 25_000})
    (site,) = find_sites(RESOURCE, {"Manifest": value})
    evaluation = evaluate_site(site, SCOPE)
    rewritten = pin_site(site, SCOPE, lambda _: Digest(D), evaluated=evaluation)
    assert isinstance(rewritten, Rewritten)
    assert images(rewritten.value) == [("spec.containers[0].image", f"once:1@{D}")]
    assert list(manifest_texts(rewritten.value)) == []
    assert parsed == [value]


@pytest.mark.parametrize(
    ("name", "says_image"),
    [
        ("JOB_IMAGE", True),
        ("builder-image", True),
        ("IMAGE_NAME", True),
        ("image", True),
        ("RELATED_IMAGE_untagged", True),
        ("IMAGE_SERVICE", False),
        ("IMAGE_PULL_POLICY", False),
        ("IMAGINE", False),
    ],
)
def test_the_name_of_a_variable_says_whether_it_is_an_image(name: str, says_image: bool) -> None:  # noqa: FBT001 - a parameter of the test
    pair = {"name": name, "value": "svc:8080" if name != "RELATED_IMAGE_untagged" else "svc"}
    content = {"kind": "Pod", "apiVersion": "v1", "spec": {"initArgs": [{"env": [pair]}]}}
    found = list(manifest_texts(json.dumps(content)))
    assert [each.says_image for each in found] == [says_image]
    assert [each.property_path for each in found] == [""]


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"agentImage": "a:1"}, "spec.agentImage"),
        ({"agents": [{"image": "a:1"}]}, "spec.agents[].image"),
        ({"image": "a:1", "imageTag": "2"}, ""),
        ({"a.b": {"image": "a:1"}}, ""),
        ({"images": {"agent": "a:1"}}, "spec.images.agent"),
    ],
    ids=["key", "list", "in parts", "dotted key", "by name"],
)
def test_a_property_is_named_only_where_it_could_be_pinned(spec: Any, path: str) -> None:
    content = {"kind": "Widget", "apiVersion": "example.com/v1", "spec": spec}
    named = [each for each in manifest_texts(json.dumps(content)) if each.value == "a:1"]
    assert [(each.kind, each.property_path) for each in named] == [("example.com/Widget", path)]
    if path:
        kinds = own("example.com/Widget", path)
        outcome = evaluate_manifest(json.dumps(content), SCOPE, None, kinds)
        assert list(leaves(outcome)) == [Known("a:1")]
