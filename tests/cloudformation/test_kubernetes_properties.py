"""Random Kubernetes objects, with images and look-alikes at random depths, against a model.

The model goes from outcomes to objects: it draws what shall become of a reference, and writes an
object in which that is so.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pinned_images.cloudformation.interpreter import Interpreter
from pinned_images.cloudformation.kubernetes import (
    Manifest,
    evaluate_manifest,
    manifest_texts,
    read_manifest,
)
from pinned_images.cloudformation.kubernetes_kinds import KindPath
from pinned_images.cloudformation.outcomes import ExemptByRule, Known, Several
from pinned_images.cloudformation.rewriting import Rewritten, pin_manifest
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.reference import Digest

REGION = "eu-west-1"
SCOPE = TemplateScope(region=REGION)
DIGEST = Digest("sha256:" + "d" * 64)
#: Stands for a token in the objects; it is cut out of their text.
TOKEN = "@@"
KEYS = st.sampled_from(["strategy", "config", "parts", "inner", "a b", "x/y", 'quoted"key', "é"])

POLICY = ("kyverno.io/v1", "ClusterPolicy")
CUSTOM = ("apps.example.com/v1", "Widget")
PLAIN = [("apps/v1", "Deployment"), ("v1", "ConfigMap"), CUSTOM]


@dataclass
class Model:
    """Writes objects, and keeps what shall become of each reference in them."""

    draw: Callable[[Any], Any]
    expected: Counter[tuple[str, str]] = field(default_factory=Counter)
    number: int = 0

    def manifest(self) -> Any:
        objects = [self.object() for _ in range(self.draw(st.integers(1, 3)))]
        return objects if len(objects) > 1 or self.draw(st.booleans()) else objects[0]

    def object(self) -> dict[str, Any]:
        api_version, kind = self.draw(st.sampled_from([*PLAIN, POLICY]))
        policy = kind == "ClusterPolicy"
        found = {
            "apiVersion": api_version,
            "kind": kind,
            "metadata": {"annotations": self.annotations(policy=policy)},
            "spec": self.inside(0, policy=policy, custom=(api_version, kind) in (CUSTOM, POLICY)),
        }
        if self.draw(st.booleans()):
            found["status"] = {"containers": [{"image": self.reference("untouched")}]}
        return self.shuffled(found)

    def annotations(self, *, policy: bool) -> dict[str, str]:
        last = json.dumps({"image": self.reference("untouched")})
        mention = f"see {self.reference('untouched' if policy else 'text')}"
        return {"kubectl.kubernetes.io/last-applied-configuration": last, "note": mention}

    def inside(self, depth: int, *, policy: bool, custom: bool) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key in self.draw(st.lists(KEYS, max_size=2, unique=True)):
            if depth < 4:
                below = self.inside(depth + 1, policy=policy, custom=custom)
                found[key] = [below, 1.5, None] if self.draw(st.booleans()) else below
        for part in self.draw(st.lists(st.sampled_from(sorted(PARTS)), max_size=3, unique=True)):
            found.update(PARTS[part](self, policy, custom))
        return self.shuffled(found)

    def pod(self, policy: bool, custom: bool) -> dict[str, Any]:  # noqa: FBT001 - see PARTS
        image = self.reference("kubernetes-template" if policy else "pinned")
        containers = [{"name": "a", "image": image}, {"image": " "}, {"image": None}]
        if policy:
            containers.append({"image": self.reference("kubernetes-template", "!*")})
        elif custom:
            containers.append({"image": self.reference("kubernetes-variable", "${registry}/")})
        return {"containers": containers}

    def volume(self, policy: bool, _: bool) -> dict[str, Any]:  # noqa: FBT001
        reference = self.reference("kubernetes-template" if policy else "pinned")
        block = {"rbd": {"image": self.reference("untouched")}}
        return {"volumes": [{"image": {"reference": reference}}, block]}

    def container(self, policy: bool, _: bool) -> dict[str, Any]:  # noqa: FBT001
        image = self.reference("kubernetes-template" if policy else "pinned")
        beside = self.draw(st.sampled_from(["imagePullPolicy", "volumeMounts", "envFrom"]))
        return {"agent": {"image": image, beside: []}}

    def mention(self, policy: bool, _: bool) -> dict[str, Any]:  # noqa: FBT001
        return {"args": [f"--image={self.reference('untouched' if policy else 'text')}", "-v"]}

    def named(self, policy: bool, _: bool) -> dict[str, Any]:  # noqa: FBT001
        return {"sidecarImage": self.reference("untouched" if policy else "text")}

    def output(self, _: bool, __: bool) -> dict[str, Any]:  # noqa: FBT001
        return {"output": {"image": self.reference("untouched"), "imagePullPolicy": "Always"}}

    def reference(self, outcome: str, before: str = "") -> str:
        self.number += 1
        tag = self.draw(st.sampled_from(["1", TOKEN])) if outcome in ("pinned", "text") else "1"
        text = f"{before}ghcr.io/acme/app{self.number}:{tag}"
        self.expected[outcome, text.replace(TOKEN, REGION)] += 1
        return text

    def shuffled(self, members: dict[str, Any]) -> dict[str, Any]:
        return dict(self.draw(st.permutations(list(members.items()))))


PARTS: dict[str, Callable[[Model, bool, bool], dict[str, Any]]] = {
    "pod": Model.pod,
    "volume": Model.volume,
    "container": Model.container,
    "mention": Model.mention,
    "named": Model.named,
    "output": Model.output,
}


@st.composite
def manifests(draw: Callable[[Any], Any]) -> tuple[Any, str, Counter[tuple[str, str]]]:
    """A manifest as a template has it, its text, and what shall become of its references."""
    model = Model(draw)
    written = json.dumps(
        model.manifest(),
        indent=draw(st.sampled_from([None, 1])),
        ensure_ascii=draw(st.booleans()),
    )
    value: Any = written
    parts = written.split(TOKEN)
    if len(parts) > 1:
        elements: list[Any] = [parts[0]]
        for part in parts[1:]:
            elements += [{"Ref": "AWS::Region"}, part]
        value = {"Fn::Join": ["", elements]}
        if draw(st.booleans()):
            escaped = written.replace("${", "${!").replace(TOKEN, "${AWS::Region}")
            value = {"Fn::Sub": escaped}
    return value, written.replace(TOKEN, REGION), model.expected


def text_of(value: Any) -> str:
    text = Interpreter({}).text(value, SCOPE)
    assert isinstance(text, str)
    return text


@given(manifests())
def test_every_reference_has_the_outcome_of_the_model(
    drawn: tuple[Any, str, Counter[tuple[str, str]]],
) -> None:
    value, text, expected = drawn
    assert text_of(value) == text
    evaluation = evaluate_manifest(value, SCOPE)
    assert isinstance(evaluation, Several)
    found: Counter[tuple[str, str]] = Counter()
    for image in evaluation.images:
        if isinstance(image.evaluation, ExemptByRule):
            found[image.evaluation.rule, text_of(image.value)] += 1
        else:
            assert isinstance(image.evaluation, Known)
            found["pinned", image.evaluation.text] += 1
    manifest = read_manifest(value)
    assert isinstance(manifest, Manifest)
    texts = [text_of(each.value) for each in manifest.texts()]
    for outcome, reference in expected:
        if outcome == "text":
            found[outcome, reference] += sum(each.endswith(reference) for each in texts)
        elif outcome == "untouched":
            assert not any(reference in each for each in texts)
            found[outcome, reference] += 1
    assert found == expected


@given(manifests())
def test_the_text_differs_in_pinned_images_alone(
    drawn: tuple[Any, str, Counter[tuple[str, str]]],
) -> None:
    value, text, expected = drawn
    rewritten = pin_manifest(value, SCOPE, lambda _: DIGEST)
    assert isinstance(rewritten, Rewritten)
    for outcome, reference in expected:
        if outcome == "pinned":
            text = text.replace(f'"{reference}"', f'"{reference}@{DIGEST}"')
    assert text_of(rewritten.value) == text


@given(manifests())
def test_what_has_been_written_reads_as_if_it_were_parsed(
    drawn: tuple[Any, str, Counter[tuple[str, str]]],
) -> None:
    rewritten = pin_manifest(drawn[0], SCOPE, lambda _: DIGEST)
    assert isinstance(rewritten, Rewritten)
    known = read_manifest(rewritten.value)
    parsed = read_manifest(rewritten.value, (KindPath("parsed.example.com/Again", "spec.image"),))
    assert isinstance(known, Manifest)
    assert isinstance(parsed, Manifest)
    assert known.images == parsed.images
    assert list(known.texts()) == list(parsed.texts())
    again = pin_manifest(rewritten.value, SCOPE, lambda _: DIGEST)
    assert isinstance(again, Rewritten)
    assert again.value is rewritten.value


NAMES = st.sampled_from(
    [
        *("apiVersion", "kind", "metadata", "annotations", "spec", "status", "items", "template"),
        *("containers", "volumes", "image", "reference", "images", "repository", "tag", "rbd"),
        *("env", "name", "value", "op", "path", "openAPIV3Schema", "default", "imagePullPolicy"),
        *("steps", "taskSpec", "templates", "container", "args", "[]", "{}", "!", "", "\ud800"),
    ]
)
LEAVES = st.sampled_from(
    [
        *("v1", "tekton.dev/v1", "argoproj.io/v1", "kyverno.io/v1", "minio.min.io/v2", "batch/v1"),
        *("Pod", "Task", "Workflow", "Tenant", "ClusterPolicy", "List", "add", "RELATED_IMAGE_X"),
        *("nginx", "nginx:1.27", "ghcr.io/a/b:1", f"a:1@{DIGEST}", "auto", "", " ", "${x}", "!*"),
        *("/spec/containers/0/image", "/", "//", "/status/0", "/-", "\ue000", "\ud800", 'a"b'),
        *(None, True, 0, -1.5, 10**400),
    ]
)
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5)
)


def shape(value: Any) -> Any:
    """The objects with no digest in any string."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    return re.sub(rf"(:latest)?@{DIGEST}", "", value) if isinstance(value, str) else value


@given(ANYTHING, st.lists(st.integers(0, 400), max_size=3))
def test_no_objects_are_too_odd(objects: Any, cuts: list[int]) -> None:
    text = json.dumps(objects)
    for value in (text, with_tokens(text, cuts)):
        evaluation = evaluate_manifest(value, SCOPE)
        list(manifest_texts(value))
        rewritten = pin_manifest(value, SCOPE, lambda _: DIGEST, evaluated=evaluation)
        if isinstance(rewritten, Rewritten) and isinstance(rewritten.value, str):
            assert shape(json.loads(rewritten.value)) == shape(objects)


def with_tokens(text: str, cuts: list[int]) -> Any:
    """A text with functions in some places, whatever they break."""
    places = [0, *sorted({min(cut, len(text)) for cut in cuts}), len(text)]
    elements: list[Any] = []
    for start, end in pairwise(places):
        elements += [text[start:end], {"Ref": "AWS::Region"}]
    return {"Fn::Join": ["", elements]}
