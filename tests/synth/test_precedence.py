"""Several PinImages in one app: the nearest decides about an image, wholly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import App, Aspects, Stack, Stage

from pinned_images import PinImages
from pinned_images.testing import FixedResolver
from tests.synth.synthesis import Synthesize
from tests.synth.tasks import high_level_task, images, raw_task

RESOLVER = FixedResolver.derived()
APP: dict[str, Any] = {"resolver": RESOLVER}
NEAREST: dict[str, Any] = {"resolver": RESOLVER, "style": "digest"}


def tag_is_kept(image: str) -> bool:
    return ":1.27@" in image


def by_apply_to(scope: Any, options: dict[str, Any]) -> None:
    PinImages.apply_to(scope, **options)


def by_aspect(scope: Any, options: dict[str, Any]) -> None:
    Aspects.of(scope).add(PinImages(**options))


@pytest.mark.parametrize("apply", [by_apply_to, by_aspect])
@pytest.mark.parametrize("order", ["app first", "nearest first"])
def test_a_stack_decides_about_its_images_and_the_app_about_the_others(
    synthesize: Synthesize, order: str, apply: Callable[[Any, dict[str, Any]], None]
) -> None:
    app = App()
    web, reports = Stack(app, "Web"), Stack(app, "Reports")
    for stack in (web, reports):
        high_level_task(stack)
        raw_task(stack)
    pinnings = [(app, APP), (web, NEAREST)]
    for scope, options in pinnings if order == "app first" else reversed(pinnings):
        apply(scope, options)
    found = images(synthesize(app))
    assert list(map(tag_is_kept, found["Web"])) == [False, False]
    assert list(map(tag_is_kept, found["Reports"])) == [True, True]


@pytest.mark.parametrize("order", ["app first", "stage first"])
def test_a_stage_decides_about_its_images(synthesize: Synthesize, order: str) -> None:
    app = App()
    high_level_task(Stack(app, "Web"))
    stage = Stage(app, "Production")
    high_level_task(Stack(stage, "Web"))
    pinnings = [(app, APP), (stage, NEAREST)]
    for scope, options in pinnings if order == "app first" else reversed(pinnings):
        PinImages.apply_to(scope, **options)
    found = images(synthesize(app))
    assert list(map(tag_is_kept, found["Production/Web"])) == [False]
    assert list(map(tag_is_kept, found["Web"])) == [True]


@pytest.mark.parametrize("apply", [by_apply_to, by_aspect])
def test_of_two_at_the_same_construct_the_later_decides(
    synthesize: Synthesize, apply: Callable[[Any, dict[str, Any]], None]
) -> None:
    app = App()
    high_level_task(Stack(app, "Web"))
    apply(app, APP)
    apply(app, NEAREST)
    assert list(map(tag_is_kept, images(synthesize(app))["Web"])) == [False]


def test_an_exemption_holds_where_it_was_given_only(synthesize: Synthesize) -> None:
    app = App()
    web, reports = Stack(app, "Web"), Stack(app, "Reports")
    high_level_task(web)
    high_level_task(reports)
    PinImages.apply_to(app, resolver=RESOLVER)
    PinImages.apply_to(web, resolver=RESOLVER, exempt={"docker.io/library/nginx:*": "A demo."})
    found = images(synthesize(app))
    assert found["Web"] == ["nginx:1.27"]
    assert list(map(tag_is_kept, found["Reports"])) == [True]
