"""Overrides and other ways round the constructs: what they leave unpinned is an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jsii
import pytest
from aws_cdk import (
    App,
    CfnCondition,
    CfnResource,
    CustomResource,
    Fn,
    IStableAnyProducer,
    IStableStringProducer,
    Lazy,
    Stack,
)
from aws_cdk import aws_ecs as ecs

from pinned_images import PinImages
from pinned_images.testing import FixedResolver
from tests.synth.synthesis import Synthesize
from tests.synth.tasks import TYPE, images, is_pinned, raw_task, task_properties, typed_task

RESOLVER = FixedResolver.derived()
CONTAINERS = "ContainerDefinitions"
OTHER = {"Name": "other", "Image": "redis:7"}
PINNED = "redis:7@sha256:" + "a" * 64


def changed_type(stack: Stack) -> None:
    other = CfnResource(stack, "Topic", type="AWS::SNS::Topic", properties=task_properties())
    other.add_override("Type", TYPE)


HATCHES: dict[str, Callable[[Stack], object]] = {
    "image": lambda stack: typed_task(stack).add_property_override(f"{CONTAINERS}.0.Image", "a:1"),
    "small letter": lambda stack: typed_task(stack).add_property_override(
        f"{CONTAINERS}.0.image", "a:1"
    ),
    "container": lambda stack: typed_task(stack).add_property_override(f"{CONTAINERS}.1", OTHER),
    "list": lambda stack: typed_task(stack).add_override(f"Properties.{CONTAINERS}", [OTHER]),
    "macro": lambda stack: typed_task(stack).add_property_override(
        f"{CONTAINERS}.0.Fn::Transform", {"Name": "AWS::Include", "Parameters": {}}
    ),
    "type": changed_type,
    "raw image": lambda stack: raw_task(stack).add_property_override(f"{CONTAINERS}.0.Image", "a"),
    "raw list": lambda stack: raw_task(stack).add_property_override(CONTAINERS, [OTHER]),
    "raw neighbour": lambda stack: raw_task(stack).add_property_override(f"{CONTAINERS}.0.Cpu", 1),
    "raw, no properties": lambda stack: CfnResource(stack, "Bare", type=TYPE).add_property_override(
        CONTAINERS, [OTHER]
    ),
}


@pytest.mark.parametrize("hatch", HATCHES.values(), ids=HATCHES)
def test_what_an_override_leaves_unpinned_is_one_error(
    synthesize: Synthesize, hatch: Callable[[Stack], object]
) -> None:
    app = App()
    hatch(Stack(app, "Web"))
    PinImages.apply_to(app, resolver=RESOLVER)
    [error] = synthesize(app, check=False).errors
    assert "pinned-images::unpinned-image" in error


def test_an_override_of_something_else_is_in_nobodys_way(synthesize: Synthesize) -> None:
    app = App()
    stack = Stack(app, "Web")
    typed_task(stack).add_property_override(f"{CONTAINERS}.0.Cpu", 1)
    raw_task(stack).add_property_override("Family", "web")
    PinImages.apply_to(app, resolver=RESOLVER)
    result = synthesize(app)
    assert list(map(is_pinned, images(result)["Web"])) == [True, True]
    resources = result.template("Web")["Resources"]
    assert resources["Typed"]["Properties"][CONTAINERS][0]["Cpu"] == 1
    assert resources["Raw"]["Properties"]["Family"] == "web"


@pytest.mark.parametrize("path", [f"{CONTAINERS}.0.Image", CONTAINERS])
def test_an_image_that_an_override_takes_away_is_not_missed(
    synthesize: Synthesize, path: str
) -> None:
    app = App()
    typed_task(Stack(app, "Web"), image="no/such:1").add_property_deletion_override(path)
    PinImages.apply_to(app, resolver=FixedResolver({}))
    assert not synthesize(app).errors


class OwnTask(CfnResource):
    """An L1 construct of the user's own."""

    def __init__(self, scope: Stack) -> None:
        super().__init__(scope, "Own", type=TYPE, properties=task_properties("nginx:1"))


class OwnTypedTask(ecs.CfnTaskDefinition):
    """A typed L1 construct of the user's own."""

    def __init__(self, scope: Stack) -> None:
        super().__init__(scope, "Own", container_definitions=[{"name": "a", "image": "nginx:1"}])


@jsii.implements(IStableStringProducer)
class LateText:
    def produce(self) -> str:
        return "nginx:1"


@jsii.implements(IStableAnyProducer)
class LateContainers:
    def __init__(self, container: dict[str, str]) -> None:
        self._container = container

    def produce(self) -> Any:
        return [self._container]


def conditional(stack: Stack) -> None:
    CfnCondition(stack, "Large", expression=Fn.condition_equals(Fn.ref("AWS::Region"), "x"))
    choice = Fn.condition_if("Large", "nginx:1", "nginx:1")
    CfnResource(
        stack,
        "Own",
        type=TYPE,
        properties={CONTAINERS: [{"Name": "app", "Image": choice.to_string()}]},
    )


UNUSUAL: dict[str, Callable[[Stack], object]] = {
    "class of one's own": OwnTask,
    "typed class of one's own": OwnTypedTask,
    "small letters in a typed resource": lambda stack: ecs.CfnTaskDefinition(
        stack, "Own", container_definitions=[{"name": "app", "image": "nginx:1"}]
    ),
    "small letters in a raw resource": lambda stack: CfnResource(
        stack,
        "Own",
        type=TYPE,
        properties={"containerDefinitions": [{"name": "app", "image": "nginx:1"}]},
    ),
    "late text": lambda stack: raw_task(stack, "Own", Lazy.string(LateText())),
    "late list": lambda stack: CfnResource(
        stack,
        "Own",
        type=TYPE,
        properties={CONTAINERS: Lazy.any(LateContainers({"Name": "app", "Image": "nginx:1"}))},
    ),
    "late list in a typed resource": lambda stack: ecs.CfnTaskDefinition(
        stack,
        "Own",
        container_definitions=Lazy.any(LateContainers({"name": "app", "image": "nginx:1"})),
    ),
    "function": conditional,
    "custom resource": lambda stack: CustomResource(
        stack,
        "Own",
        service_token="arn:aws:lambda:eu-west-1:123456789012:function:x",
        resource_type="Custom::Thing",
        properties={"image": "nginx:1"},
    ),
}


@pytest.mark.parametrize("make", UNUSUAL.values(), ids=UNUSUAL)
def test_an_image_in_an_unusual_form_is_pinned(
    synthesize: Synthesize, make: Callable[[Stack], object]
) -> None:
    app = App()
    make(Stack(app, "Web"))
    PinImages.apply_to(app, resolver=RESOLVER, properties={"Custom::Thing": ["image"]})
    [properties] = [
        str(resource["Properties"])
        for logical_id, resource in synthesize(app).template("Web")["Resources"].items()
        if logical_id.startswith("Own")
    ]
    assert properties.count("nginx:1") == properties.count("nginx:1@sha256:") > 0
