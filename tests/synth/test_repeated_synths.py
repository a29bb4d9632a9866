"""An app that is synthesized more than once, or in an unusual way, is pinned each time."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import App, NestedStack, Stack, Stage
from aws_cdk import aws_ecs as ecs

from benchmarks.crossings import counted_crossings
from pinned_images import PinImages
from pinned_images.testing import FixedResolver
from pinned_images.testing.synthesized import SynthesizedApp
from tests.synth.tasks import images as images_by_stack

DIGESTS = {"nginx:1.27": "sha256:" + "1" * 64, "redis:7": "sha256:" + "2" * 64}
RESOLVER = FixedResolver(DIGESTS)


def app_with_two_tasks() -> tuple[App, list[ecs.FargateTaskDefinition]]:
    app = App()
    stack = Stack(app, "Web")
    definitions = [ecs.FargateTaskDefinition(stack, name) for name in ("First", "Second")]
    for definition in definitions:
        add(definition, "nginx:1.27")
    PinImages.apply_to(app, resolver=RESOLVER)
    return app, definitions


def add(definition: ecs.FargateTaskDefinition, image: str) -> None:
    name = image.partition(":")[0]
    definition.add_container(name, image=ecs.ContainerImage.from_registry(image))


def images(app: App, **options: Any) -> list[str]:
    app.synth(**options)
    found = images_by_stack(SynthesizedApp.read(app.outdir))
    return [image for some in found.values() for image in some]


def pinned(image: str) -> str:
    return f"{image}@{DIGESTS[image]}"


@pytest.mark.parametrize("number", [0, 1], ids=["first of its stack", "another"])
def test_an_image_that_the_app_sets_between_two_synths_is_the_one_that_is_pinned(
    number: int,
) -> None:
    app, definitions = app_with_two_tasks()
    expected = [pinned("nginx:1.27")] * 2
    assert images(app) == expected
    assert images(app, force=True) == expected
    resource = definitions[number].node.default_child
    assert isinstance(resource, ecs.CfnTaskDefinition)
    resource.container_definitions = [
        ecs.CfnTaskDefinition.ContainerDefinitionProperty(name="cache", image="redis:7")
    ]
    expected[number] = pinned("redis:7")
    assert images(app, force=True) == expected


def test_a_synth_that_skips_validation_is_pinned() -> None:
    app, _ = app_with_two_tasks()
    assert images(app, skip_validation=True) == [pinned("nginx:1.27")] * 2


def test_every_image_of_a_nested_stack_is_pinned_before_its_template_is_hashed() -> None:
    def images_and_url(*, pin: bool) -> tuple[list[str], str]:
        app = App()
        nested = NestedStack(Stack(app, "Web"), "Nested")
        for name in ("First", "Second"):
            add(ecs.FargateTaskDefinition(nested, name), "nginx:1.27")
        if pin:
            PinImages.apply_to(app, resolver=RESOLVER)
        found = images(app)
        parent = SynthesizedApp.read(app.outdir).template("Web")
        [url] = [
            str(resource["Properties"]["TemplateURL"])
            for resource in parent["Resources"].values()
            if resource["Type"] == "AWS::CloudFormation::Stack"
        ]
        return found, url

    plain, plain_url = images_and_url(pin=False)
    both, pinned_url = images_and_url(pin=True)
    assert plain == ["nginx:1.27"] * 2
    assert both == [pinned("nginx:1.27")] * 2
    assert plain_url != pinned_url


def test_stages_around_a_stage_do_not_make_it_cost_more() -> None:
    def questions(*, around: bool) -> int:
        app = App()
        stage = Stage(Stage(app, "Outer") if around else app, "Inner")
        add(ecs.FargateTaskDefinition(Stack(stage, "Web"), "Task"), "nginx:1.27")
        PinImages.apply_to(app, resolver=RESOLVER)
        with counted_crossings() as counts:
            assert images(app) == [pinned("nginx:1.27")]
        return counts["get cfnProperties"]

    assert questions(around=True) == questions(around=False) == 1
