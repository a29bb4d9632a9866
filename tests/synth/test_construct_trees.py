"""What `PinImages` makes of images, in apps that are synthesized in this process."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import (
    App,
    Aspects,
    Stack,
)
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs

from pinned_images import ConfigurationError, PinImages
from pinned_images.testing import FixedResolver
from tests.synth.synthesis import Synthesize
from tests.synth.tasks import high_level_task, images, is_pinned, override

RESOLVER = FixedResolver.derived()
ROUTER = {
    f"/aws/service/aws-for-fluent-bit/{tag}": f"public.ecr.aws/aws-observability/fluent-bit:{tag}"
    for tag in ("latest", "stable")
}


def test_an_aspect_pins_a_task_definition_and_keeps_the_tag(synthesize: Synthesize) -> None:
    app = App()
    high_level_task(Stack(app, "Web"))
    Aspects.of(app).add(PinImages(resolver=RESOLVER))
    [image] = images(synthesize(app))["Web"]
    assert image.startswith("nginx:1.27@sha256:")


def test_the_style_digest_leaves_the_tag_out(synthesize: Synthesize) -> None:
    app = App()
    high_level_task(Stack(app, "Web"))
    PinImages.apply_to(app, resolver=RESOLVER, style="digest")
    [image] = images(synthesize(app))["Web"]
    assert image.startswith("nginx@sha256:")


def test_an_image_that_is_pinned_stays_byte_for_byte(synthesize: Synthesize) -> None:
    pinned = "nginx:1.27@sha256:" + "a" * 64
    app = App()
    high_level_task(Stack(app, "Web"), image=pinned)
    PinImages.apply_to(app, resolver=FixedResolver({}))
    assert images(synthesize(app))["Web"] == [pinned]


def test_a_container_that_is_added_after_the_aspect_is_pinned(synthesize: Synthesize) -> None:
    app = App()
    definition = high_level_task(Stack(app, "Web"))
    PinImages.apply_to(app, resolver=RESOLVER)
    definition.add_container("late", image=ecs.ContainerImage.from_registry("redis:7"))
    assert list(map(is_pinned, images(synthesize(app))["Web"])) == [True, True]


def test_the_log_router_that_cdk_adds_by_itself_is_pinned(synthesize: Synthesize) -> None:
    app = App()
    definition = ecs.FargateTaskDefinition(Stack(app, "Web"), "Task")
    definition.add_container(
        "app",
        image=ecs.ContainerImage.from_registry("nginx:1.27"),
        logging=ecs.LogDrivers.firelens(options={}),
    )
    PinImages.apply_to(app, resolver=RESOLVER, ssm_parameters=ROUTER)
    application, router = images(synthesize(app))["Web"]
    assert is_pinned(application)
    parameter, digest = router["Fn::Join"][1]
    assert "Ref" in parameter
    assert digest.startswith("@sha256:")


@pytest.mark.parametrize("first", ["override", "aspect"])
def test_an_override_that_leaves_an_image_unpinned_is_an_error_and_stays(
    synthesize: Synthesize, first: str
) -> None:
    app = App()
    task = high_level_task(Stack(app, "Web"))
    if first == "aspect":
        PinImages.apply_to(app, resolver=RESOLVER)
    override(task)
    if first == "override":
        PinImages.apply_to(app, resolver=RESOLVER)
    result = synthesize(app, check=False)
    assert images(result)["Web"] == ["redis:7"]
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
    [image] = images(result)["Web"]
    assert "Fn::Join" in image


def test_an_image_without_a_tag_in_the_registry_fails_with_what_was_written(
    synthesize: Synthesize,
) -> None:
    app = App()
    high_level_task(Stack(app, "Web"), image="nginx:no-such-tag")
    PinImages.apply_to(app, resolver=FixedResolver({}))
    [error] = synthesize(app, check=False).errors
    assert "nginx:no-such-tag" in error
    assert "pinned-images::unpinned-image" in error


def test_a_context_value_that_cannot_be_used_ends_the_synth(synthesize: Synthesize) -> None:
    app = App(context={"pinned-images:update": "sometimes"})
    high_level_task(Stack(app, "Web"))
    PinImages.apply_to(app, resolver=RESOLVER)
    [error] = synthesize(app, check=False).errors
    assert "sometimes" in error


@pytest.mark.parametrize("scope", [None, "Web", App, 3])
def test_what_is_no_construct_is_refused(scope: Any) -> None:
    with pytest.raises(ConfigurationError, match="give it an App, a Stage, a stack"):
        PinImages.apply_to(scope)
