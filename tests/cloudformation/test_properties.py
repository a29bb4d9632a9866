"""What holds for every tree of functions, and for every value there is."""

from __future__ import annotations

import copy
import json
import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinned_images.cloudformation.catalog import Catalog
from pinned_images.cloudformation.evaluation import evaluate, text_of
from pinned_images.cloudformation.outcomes import (
    Absent,
    Choice,
    ExemptByRule,
    Known,
    NeedsParameters,
    Several,
    leaves,
)
from pinned_images.cloudformation.rewriting import Rewritten, pin, pin_manifest, pin_site
from pinned_images.cloudformation.scope import AppTemplates, TemplateScope
from pinned_images.cloudformation.sites import evaluate_site, find_sites
from pinned_images.problem import Problem
from pinned_images.reference import Digest, ImageReference, Style
from tests.cloudformation.strategies import (
    ASSIGNMENTS,
    Tree,
    assumptions,
    taken,
    templates,
    trees,
    values,
)

IMAGES = [
    "nginx",
    "nginx:1.25",
    "team/app:v2",
    "localhost:5000/team/app:v2",
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:a.b-c",
    "public.ecr.aws/x/y@sha256:" + "a" * 64,
]
DIGEST = re.compile("@sha256:[0-9a-f]{64}")
texts = st.text(st.sampled_from("ab:/@.${}-1"), max_size=12)
styles: st.SearchStrategy[Style] = st.sampled_from(["tag-and-digest", "digest"])
some = settings(max_examples=settings().max_examples * 5 // 2)


def digest_of(image: ImageReference) -> Digest:
    return Digest.of(image.normalized.encode())


@some
@given(trees(st.one_of(st.none(), texts.filter(lambda text: "${" not in text))))
def test_every_tree_comes_to_what_it_was_built_from(tree: Tree) -> None:
    for assignment, expected in zip(ASSIGNMENTS, tree.meaning, strict=True):
        text = text_of(tree.value, tree.scope, assumptions(assignment))
        if expected is None:
            assert isinstance(text, Problem)
        else:
            assert text == expected


@some
@given(trees(st.one_of(st.none(), st.sampled_from(IMAGES))))
def test_every_condition_leads_to_its_own_image(tree: Tree) -> None:
    evaluation = evaluate(tree.value, tree.scope)
    for assignment, expected in zip(ASSIGNMENTS, tree.meaning, strict=True):
        leaf = taken(evaluation, assignment)
        if expected is None:
            assert isinstance(leaf, Problem)
        else:
            assert leaf == Known(expected)


@some
@given(trees(st.sampled_from(IMAGES)), styles)
def test_pinning_adds_the_digest_and_changes_nothing_else(tree: Tree, style: Style) -> None:
    before = copy.deepcopy(tree.value)
    rewritten = pin(tree.value, tree.scope, digest_of, style)
    assert tree.value == before
    assert isinstance(rewritten, Rewritten), rewritten
    evaluation = evaluate(rewritten.value, tree.scope)
    for assignment, text in zip(ASSIGNMENTS, tree.meaning, strict=True):
        image = ImageReference.parse(str(text))
        expected = image if image.digest else image.with_digest(digest_of(image), style)
        assert taken(evaluation, assignment) == Known(str(expected))


@some
@given(trees(st.sampled_from(IMAGES)), styles)
def test_pinning_twice_is_pinning_once(tree: Tree, style: Style) -> None:
    once = pin(tree.value, tree.scope, digest_of, style)
    assert isinstance(once, Rewritten)
    twice = pin(once.value, tree.scope, digest_of, style)
    assert isinstance(twice, Rewritten)
    assert twice.value is once.value


@some
@given(trees(st.sampled_from([IMAGES[1], None])))
def test_what_cannot_be_known_is_never_rewritten(tree: Tree) -> None:
    unknown = any(isinstance(leaf, Problem) for leaf in leaves(evaluate(tree.value, tree.scope)))
    assert isinstance(pin(tree.value, tree.scope, digest_of), Problem) is unknown


pods = st.lists(st.sampled_from(IMAGES), max_size=3).map(
    lambda images: {"spec": {"containers": [{"image": image, "args": ['"']} for image in images]}}
)


@some
@given(pods, st.sampled_from([None, 1]), st.lists(st.integers(0, 400), max_size=4))
def test_a_manifest_changes_in_its_images_alone(
    pod: Any, indent: int | None, cuts: list[int]
) -> None:
    text = json.dumps([pod], indent=indent)
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    parts = [text[start:end] for start, end in pairwise(places)]
    rewritten = pin_manifest({"Fn::Join": ["", parts]}, TemplateScope(), digest_of)
    assert isinstance(rewritten, Rewritten)
    after = text_of(rewritten.value, TemplateScope(), {})
    for container in pod["spec"]["containers"]:
        image = ImageReference.parse(container["image"])
        if image.digest is None:
            container["image"] = str(image.with_digest(digest_of(image)))
    assert after == json.dumps([pod], indent=indent)


objects = st.recursive(
    st.one_of(
        st.sampled_from([*IMAGES, "/spec/containers/0/image", "/volumes/-", "", "~1", "replace"]),
        st.none(),
        st.booleans(),
        st.integers(),
        st.text(max_size=5),
    ),
    lambda below: st.one_of(
        st.lists(below, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["containers", "image", "op", "path", "reference", "spec", "value", "volumes"]
            ),
            below,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@some
@given(objects, st.booleans())
def test_any_objects_keep_their_text_but_for_digests(content: Any, ascii_only: bool) -> None:  # noqa: FBT001 - drawn
    text = json.dumps(content, ensure_ascii=ascii_only)
    rewritten = pin_manifest(text, TemplateScope(), digest_of)
    assert isinstance(rewritten, (Rewritten, Problem))
    if isinstance(rewritten, Rewritten):
        for pinned in rewritten.pins:
            assert str(pinned.after) in rewritten.value
        unpinned = DIGEST.sub("", rewritten.value).replace(":latest", "")
        assert unpinned == DIGEST.sub("", text).replace(":latest", "")


OUTCOMES = (Absent, Choice, ExemptByRule, Known, NeedsParameters, Several, Problem)


@some
@given(values, templates, st.booleans())
def test_any_value_in_any_template_comes_to_something(
    value: Any,
    template: Any,
    defaults: bool,  # noqa: FBT001 - drawn
) -> None:
    app = AppTemplates()
    scope = TemplateScope(template, region="eu-west-1", app=app, use_parameter_defaults=defaults)
    nested = scope.nest("A", template)
    for each in (scope, nested):
        outcome = evaluate(value, each)
        assert isinstance(outcome, OUTCOMES)
        known = [leaf for leaf in leaves(outcome) if isinstance(leaf, Known)]
        assert all(isinstance(leaf.reference, ImageReference) for leaf in known)
        assert isinstance(pin(value, each, digest_of), (Rewritten, Problem))
        assert isinstance(pin_manifest(value, each, digest_of, "digest"), (Rewritten, Problem))


@some
@given(st.sampled_from(sorted(Catalog.default().resource_types)), values)
def test_any_properties_of_any_resource_can_be_looked_at(
    resource_type: str, properties: Any
) -> None:
    scope = TemplateScope()
    for site in find_sites(resource_type, properties):
        assert isinstance(evaluate_site(site, scope), OUTCOMES)
        assert isinstance(pin_site(site, scope, digest_of), (Rewritten, Problem))


@pytest.mark.parametrize("function", ["Fn::Join", "Fn::If", "Fn::Sub", "Fn::Select"])
def test_functions_may_be_nested_as_deep_as_python_can_hold_them(function: str) -> None:
    value: Any = "nginx"
    for _ in range(5_000):
        value = {
            "Fn::Join": {"Fn::Join": ["", [value]]},
            "Fn::If": {"Fn::If": ["C", value, "nginx"]},
            "Fn::Sub": {"Fn::Sub": ["${A}", {"A": value}]},
            "Fn::Select": {"Fn::Select": [0, [value]]},
        }[function]
    scope = TemplateScope()
    assert any(isinstance(leaf, Problem) for leaf in leaves(evaluate(value, scope)))
    assert isinstance(pin(value, scope, digest_of), Problem)
    assert isinstance(pin_manifest(value, scope, digest_of), Problem)
    for site in find_sites("AWS::ECS::TaskDefinition", {"ContainerDefinitions": value}):
        assert isinstance(pin_site(site, scope, digest_of), Problem)


def test_names_that_lead_to_twice_themselves_come_to_an_end() -> None:
    resources = {
        f"R{n}": {
            "Type": "AWS::ECR::Repository",
            "Properties": {"RepositoryName": {"Fn::Sub": f"${{R{n + 1}}}${{R{n + 1}}}"}},
        }
        for n in range(40)
    }
    outcome = evaluate({"Ref": "R0"}, TemplateScope({"Resources": resources}))
    assert isinstance(outcome, Problem)
