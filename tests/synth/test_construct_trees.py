"""Apps of many shapes, synthesized in this process: every image is pinned, or the synth fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import (
    Acknowledgment,
    App,
    Aspects,
    CfnResource,
    Fn,
    NestedStack,
    Stack,
    Stage,
    Validations,
)
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs

from pinned_images import PinImages
from pinned_images.testing import FixedResolver
from pinned_images.testing.synthesized import SynthesizedApp

Synthesize = Callable[..., SynthesizedApp]

RESOLVER = FixedResolver.derived()
ROUTER = {
    f"/aws/service/aws-for-fluent-bit/{tag}": f"public.ecr.aws/aws-observability/fluent-bit:{tag}"
    for tag in ("latest", "stable")
}


def task(scope: Any, image: str = "nginx:1.27", name: str = "Task") -> ecs.FargateTaskDefinition:
    definition = ecs.FargateTaskDefinition(scope, name)
    definition.add_container("app", image=ecs.ContainerImage.from_registry(image))
    return definition


def images(template: dict[str, Any]) -> list[Any]:
    return [
        container["Image"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::ECS::TaskDefinition"
        for container in resource["Properties"]["ContainerDefinitions"]
    ]


def is_pinned(image: Any) -> bool:
    return isinstance(image, str) and "@sha256:" in image


def all_templates(app: SynthesizedApp) -> list[dict[str, Any]]:
    return list(app.templates.values())


def test_an_aspect_pins_a_task_definition_and_keeps_the_tag(synthesize: Synthesize) -> None:
    app = App()
    task(Stack(app, "Web"))
    Aspects.of(app).add(PinImages(resolver=RESOLVER))
    [image] = images(synthesize(app).template("Web"))
    assert image.startswith("nginx:1.27@sha256:")


def test_the_style_digest_leaves_the_tag_out(synthesize: Synthesize) -> None:
    app = App()
    task(Stack(app, "Web"))
    PinImages.apply_to(app, resolver=RESOLVER, style="digest")
    [image] = images(synthesize(app).template("Web"))
    assert image.startswith("nginx@sha256:")


def test_an_image_that_is_pinned_stays_byte_for_byte(synthesize: Synthesize) -> None:
    pinned = "nginx:1.27@sha256:" + "a" * 64
    app = App()
    task(Stack(app, "Web"), pinned)
    PinImages.apply_to(app, resolver=FixedResolver({}))
    assert images(synthesize(app).template("Web")) == [pinned]


@pytest.mark.parametrize("nested", [False, True], ids=["stack", "nested stack"])
def test_l1_and_raw_resources_are_pinned(synthesize: Synthesize, *, nested: bool) -> None:
    app = App()
    stack = Stack(app, "Web")
    scope = NestedStack(stack, "Inner") if nested else stack
    ecs.CfnTaskDefinition(
        scope,
        "Typed",
        container_definitions=[
            ecs.CfnTaskDefinition.ContainerDefinitionProperty(name="typed", image="redis:7")
        ],
    )
    CfnResource(
        scope,
        "Raw",
        type="AWS::ECS::TaskDefinition",
        properties={"ContainerDefinitions": [{"Name": "raw", "Image": "httpd:2.4"}]},
    )
    PinImages.apply_to(app, resolver=RESOLVER)
    found = [image for each in all_templates(synthesize(app)) for image in images(each)]
    assert sorted(image.partition("@")[0] for image in found) == ["httpd:2.4", "redis:7"]
    assert all(map(is_pinned, found))


def test_a_container_that_is_added_after_the_aspect_is_pinned(synthesize: Synthesize) -> None:
    app = App()
    definition = task(Stack(app, "Web"))
    PinImages.apply_to(app, resolver=RESOLVER)
    definition.add_container("late", image=ecs.ContainerImage.from_registry("redis:7"))
    assert list(map(is_pinned, images(synthesize(app).template("Web")))) == [True, True]


def test_the_log_router_that_cdk_adds_by_itself_is_pinned(synthesize: Synthesize) -> None:
    app = App()
    definition = ecs.FargateTaskDefinition(Stack(app, "Web"), "Task")
    definition.add_container(
        "app",
        image=ecs.ContainerImage.from_registry("nginx:1.27"),
        logging=ecs.LogDrivers.firelens(options={}),
    )
    PinImages.apply_to(app, resolver=RESOLVER, ssm_parameters=ROUTER)
    application, router = images(synthesize(app).template("Web"))
    assert is_pinned(application)
    parameter, digest = router["Fn::Join"][1]
    assert "Ref" in parameter
    assert digest.startswith("@sha256:")


def test_stages_are_pinned_too_by_apply_to(synthesize: Synthesize) -> None:
    app = App()
    task(Stack(Stage(app, "Production"), "Web"))
    PinImages.apply_to(app, resolver=RESOLVER)
    found = [image for each in all_templates(synthesize(app)) for image in images(each)]
    assert list(map(is_pinned, found)) == [True]


def test_an_aspect_on_the_app_alone_names_the_stage_that_it_misses(
    synthesize: Synthesize,
) -> None:
    app = App()
    task(Stack(Stage(app, "Production"), "Web"))
    Aspects.of(app).add(PinImages(resolver=RESOLVER))
    [error] = synthesize(app, check=False).errors
    assert "Stage Production" in error
    assert "Production/Web/Task/Resource" in error


@pytest.mark.parametrize("first", ["override", "aspect"])
def test_an_override_that_leaves_an_image_unpinned_is_an_error_and_stays(
    synthesize: Synthesize, first: str
) -> None:
    app = App()
    resource = task(Stack(app, "Web")).node.default_child
    assert isinstance(resource, ecs.CfnTaskDefinition)
    if first == "aspect":
        PinImages.apply_to(app, resolver=RESOLVER)
    resource.add_property_override("ContainerDefinitions.0.Image", "redis:7")
    if first == "override":
        PinImages.apply_to(app, resolver=RESOLVER)
    result = synthesize(app, check=False)
    assert images(result.template("Web")) == ["redis:7"]
    [error] = result.errors
    assert "redis:7" in error


def test_a_repository_of_another_stack_is_pinned_or_explained(synthesize: Synthesize) -> None:
    app = App()
    repository = ecr.Repository(Stack(app, "Images"), "Repository")
    definition = ecs.FargateTaskDefinition(Stack(app, "Web"), "Task")
    definition.add_container("app", image=ecs.ContainerImage.from_ecr_repository(repository, "v1"))
    PinImages.apply_to(app, resolver=RESOLVER)
    result = synthesize(app, check=False)
    [error] = result.errors
    assert "cannot be pinned" in error
    [image] = images(result.template("Web"))
    assert "Fn::Join" in image


def test_an_image_without_a_tag_in_the_registry_fails_with_what_was_written(
    synthesize: Synthesize,
) -> None:
    app = App()
    task(Stack(app, "Web"), "nginx:no-such-tag")
    PinImages.apply_to(app, resolver=FixedResolver({}))
    [error] = synthesize(app, check=False).errors
    assert "nginx:no-such-tag" in error
    assert "pinned-images::unpinned-image" in error


@pytest.mark.parametrize("at", ["container", "task", "stack"])
def test_an_acknowledged_image_stays_as_it_is(synthesize: Synthesize, at: str) -> None:
    app = App()
    stack = Stack(app, "Web")
    definition = task(stack)
    container = definition.node.find_child("app")
    scope = {"container": container, "task": definition, "stack": stack}[at]
    Validations.of(scope).acknowledge(
        Acknowledgment(id="pinned-images::unpinned-image", reason="It follows its tag.")
    )
    PinImages.apply_to(app, resolver=RESOLVER)
    assert images(synthesize(app).template("Web")) == ["nginx:1.27"]


def test_an_image_that_is_exempt_by_pattern_stays_as_it_is(synthesize: Synthesize) -> None:
    app = App()
    definition = task(Stack(app, "Web"))
    definition.add_container("other", image=ecs.ContainerImage.from_registry("redis:7"))
    PinImages.apply_to(
        app, resolver=RESOLVER, exempt={"docker.io/library/nginx:*": "A floating sidecar."}
    )
    left, pinned = images(synthesize(app).template("Web"))
    assert left == "nginx:1.27"
    assert is_pinned(pinned)


def test_a_context_value_that_cannot_be_used_ends_the_synth(synthesize: Synthesize) -> None:
    app = App(context={"pinned-images:update": "sometimes"})
    task(Stack(app, "Web"))
    PinImages.apply_to(app, resolver=RESOLVER)
    [error] = synthesize(app, check=False).errors
    assert "sometimes" in error


def test_the_image_is_the_only_difference(synthesize: Synthesize) -> None:
    def make(*, pin: bool) -> dict[str, Any]:
        app = App()
        stack = Stack(app, "Web")
        task(stack)
        stack.export_value(Fn.ref("AWS::Region"), name="region")
        if pin:
            PinImages.apply_to(app, resolver=RESOLVER)
        return synthesize(app).template("Web")

    plain, pinned = make(pin=False), make(pin=True)
    [image] = images(pinned)
    assert images(plain) == ["nginx:1.27"]
    for resource in plain["Resources"].values():
        for container in resource.get("Properties", {}).get("ContainerDefinitions", []):
            container["Image"] = image
    assert plain == pinned


def test_a_second_synth_gives_the_same_template() -> None:
    app = App()
    task(Stack(app, "Web"))
    PinImages.apply_to(app, resolver=RESOLVER)
    first, second = (app.synth(force=True).get_stack_by_name("Web").template for _ in range(2))
    assert is_pinned(images(first)[0])
    assert second == first
