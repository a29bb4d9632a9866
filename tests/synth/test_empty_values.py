"""Properties and elements of lists that render to nothing, beside images that do not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import jsii
import pytest
from aws_cdk import (
    App,
    CfnResource,
    Fn,
    IAnyProducer,
    IResolveContext,
    IStableAnyProducer,
    Lazy,
    Stack,
)
from aws_cdk import aws_sagemaker as sagemaker
from constructs import IValidation

from pinned_images import ImageReference, PinImages, Resolution, ResolutionRequest
from pinned_images.testing import FixedResolver
from tests.synth.synthesis import Synthesize

RESOLVER = FixedResolver.derived()
TYPE = "AWS::SageMaker::Model"


@jsii.implements(IStableAnyProducer)
class _Value:
    def __init__(self, value: Any) -> None:
        self._value = value

    def produce(self) -> Any:
        return self._value


def lazy(value: Any) -> Any:
    return Lazy.any(_Value(value))


def container(image: Any) -> dict[str, Any]:
    return {"Image": image}


def pinned(image: str) -> str:
    """An image as SageMaker takes it, with the digest that `RESOLVER` derives."""
    request = ResolutionRequest(ImageReference.parse(image))
    outcome = RESOLVER.resolve([request])[request]
    assert isinstance(outcome, Resolution)
    return f"{image.partition(':')[0]}@{outcome.digest}"


NGINX, REDIS, MONGO = "nginx:1", "redis:2", "mongo:3"
A, B, C = container(NGINX), container(REDIS), container(MONGO)

#: Properties of a raw resource, and what they are rendered as.
RAW: dict[str, tuple[Callable[[], dict[str, Any]], dict[str, Any]]] = {
    "null in a list": (lambda: {"Containers": [A, None, B]}, {"Containers": [A, B]}),
    "null first": (lambda: {"Containers": [None, A, B]}, {"Containers": [A, B]}),
    "lazy null in a list": (lambda: {"Containers": [A, lazy(None), B]}, {"Containers": [A, B]}),
    "lazy object in a list": (
        lambda: {"Containers": [lazy(None), lazy(C), B]},
        {"Containers": [C, B]},
    ),
    "only nulls": (lambda: {"Containers": [None, lazy(None)], "Other": 1}, {"Other": 1}),
    "lazy list with nulls": (lambda: {"Containers": lazy([None, A, B])}, {"Containers": [A, B]}),
    "lazy list in a lazy": (
        lambda: {"Containers": lazy([lazy(None), lazy(A)])},
        {"Containers": [A]},
    ),
    "whole property": (
        lambda: {"Containers": lazy(None), "PrimaryContainer": A},
        {"PrimaryContainer": A},
    ),
    "null property": (
        lambda: {"Containers": None, "PrimaryContainer": A},
        {"PrimaryContainer": A},
    ),
    "image of a container": (
        lambda: {"Containers": [{"Image": lazy(None), "Mode": "x"}, B]},
        {"Containers": [{"Mode": "x"}, B]},
    ),
    "object in an object": (
        lambda: {"PrimaryContainer": {"Image": NGINX, "ImageConfig": lazy(None)}},
        {"PrimaryContainer": A},
    ),
    "lists in branches": (
        lambda: {"Containers": Fn.condition_if("Large", [lazy(None), A], [None, B])},
        {"Containers": {"Fn::If": ["Large", [A], [B]]}},
    ),
}


def without_nothing(value: Any) -> Any:
    """A template's value without nulls, empty lists and empty objects, which say nothing."""
    if isinstance(value, dict):
        items = {key: without_nothing(each) for key, each in value.items()}
        return {key: each for key, each in items.items() if each not in (None, {}, [])}
    if isinstance(value, list):
        return [each for each in map(without_nothing, value) if each is not None]
    return value


def with_digests(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: with_digests(each) for key, each in value.items()}
    if isinstance(value, list):
        return [with_digests(each) for each in value]
    return pinned(value) if value in (NGINX, REDIS, MONGO) else value


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    """The properties of every resource of one app, by its id."""
    app = App()
    stack = Stack(app, "Models")
    for number, (properties, _) in enumerate(RAW.values()):
        CfnResource(stack, f"Raw{number}", type=TYPE, properties=properties())
    image = sagemaker.CfnModel.ContainerDefinitionProperty(image=NGINX)
    other = sagemaker.CfnModel.ContainerDefinitionProperty(image=REDIS)
    sagemaker.CfnModel(
        stack, "Property", execution_role_arn="x", containers=lazy(None), primary_container=image
    )
    sagemaker.CfnModel(
        stack, "Element", execution_role_arn="x", containers=[image, lazy(None), other]
    )
    sagemaker.CfnModel(
        stack,
        "List",
        execution_role_arn="x",
        containers=lazy([None, {"image": NGINX}, None, {"image": REDIS}]),
    )
    PinImages.apply_to(app, resolver=RESOLVER)
    template = app.synth().get_stack_by_name("Models").template
    return {key: each.get("Properties") for key, each in template["Resources"].items()}


@pytest.mark.parametrize("number", range(len(RAW)), ids=list(RAW))
def test_a_raw_resource_has_each_digest_at_its_own_image(
    resources: dict[str, Any], number: int
) -> None:
    _, expected = list(RAW.values())[number]
    assert without_nothing(resources[f"Raw{number}"]) == with_digests(copy.deepcopy(expected))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Property", {"PrimaryContainer": A}),
        ("Element", {"Containers": [A, B]}),
        ("List", {"Containers": [A, B]}),
    ],
)
def test_a_typed_resource_has_each_digest_at_its_own_image(
    resources: dict[str, Any], name: str, expected: dict[str, Any]
) -> None:
    assert resources[name] == {"ExecutionRoleArn": "x", **with_digests(expected)}


def test_an_element_that_appears_late_takes_no_digest_of_its_neighbour(
    synthesize: Synthesize,
) -> None:
    found: list[Any] = []

    @jsii.implements(IAnyProducer)
    class Late:
        def produce(self, context: IResolveContext) -> Any:  # noqa: ARG002  as CDK calls it
            return found[0] if found else None

    @jsii.implements(IValidation)
    class WhenPrepared:
        def validate(self) -> list[str]:
            found.append(C)
            return []

    app = App()
    app.node.add_validation(WhenPrepared())
    properties = {"Containers": [Lazy.uncached_any(Late()), A, B]}
    CfnResource(Stack(app, "Models"), "Model", type=TYPE, properties=properties)
    PinImages.apply_to(app, resolver=RESOLVER)
    template = synthesize(app).template("Models")
    assert template["Resources"]["Model"]["Properties"] == with_digests({"Containers": [C, A, B]})
