"""What an app may get wrong: the gate says so, or CDK does, and nothing else breaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jsii
import pytest
from aws_cdk import App, CfnResource, IStableAnyProducer, Lazy, Stack, Token
from aws_cdk import aws_ecs as ecs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pinned_images import PinImages
from pinned_images.testing import FixedResolver
from tests.synth.synthesis import Synthesize
from tests.synth.tasks import TYPE, raw_task, task_properties, typed_task

RESOLVER = FixedResolver.derived()


@jsii.implements(IStableAnyProducer)
class _Value:
    def __init__(self, value: Any) -> None:
        self._value = value

    def produce(self) -> Any:
        if isinstance(self._value, Exception):
            raise self._value
        return self._value


def lazy(value: Any) -> Any:
    return Lazy.any(_Value(value))


KEYS = st.sampled_from(
    [
        *("ContainerDefinitions", "Image", "Name", "RuntimePlatform", "CpuArchitecture"),
        *("RepositoryCredentials", "VersionConsistency"),
        *("Ref", "Fn::If", "Fn::Join", "Fn::GetAtt", "Fn::Sub"),
    ]
)
TEXTS = st.sampled_from(
    ["nginx:1", "", "R", "AWS::Region", "AWS::NoValue", "${X}", "\u202e\x1b[0m"]
)
LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-2, 2) | TEXTS
TOKENS: dict[str, Callable[[Any], Any]] = {
    "object": lazy,
    "text": lambda value: Token.as_string(lazy(value)),
    "list": lambda value: Token.as_list(lazy(value)),
    "in a text": lambda value: f"nginx:{Token.as_string(lazy(value))}",
}


class _Described:
    """A token that is made when the app is, since it belongs to it."""

    def __init__(self, kind: str, value: Any) -> None:
        self.kind, self.value = kind, value

    def __repr__(self) -> str:
        return f"{self.kind}({self.value!r})"


def made(value: Any) -> Any:
    if isinstance(value, _Described):
        return TOKENS[value.kind](made(value.value))
    if isinstance(value, dict):
        return {key: made(each) for key, each in value.items()}
    return [made(each) for each in value] if isinstance(value, list) else value


VALUES = st.recursive(
    LEAVES,
    lambda some: (
        st.lists(some, max_size=3)
        | st.dictionaries(KEYS, some, max_size=3)
        | st.builds(_Described, st.sampled_from(sorted(TOKENS)), some)
    ),
    max_leaves=6,
)
CONTAINERS = VALUES | st.lists(
    VALUES | st.dictionaries(st.sampled_from(["Name", "Image"]), VALUES, min_size=1), max_size=4
)
PROPERTIES = st.dictionaries(KEYS, VALUES, max_size=2).flatmap(
    lambda others: CONTAINERS.map(lambda some: {**others, "ContainerDefinitions": some})
)


def own_failure(make: Callable[[Stack], object]) -> str | None:
    """What an app ends with that is synthesized with `PinImages`, and not without."""
    plain, pinned = App(), App()
    for app in (plain, pinned):
        make(Stack(app, "Web"))
    try:
        plain.synth()
    except RuntimeError:
        return None  # CDK itself says what is wrong
    PinImages.apply_to(pinned, resolver=RESOLVER)
    try:
        pinned.synth()
    except RuntimeError as error:
        told = str(error)
        return None if "ValidationFailed" in told else told
    return None


@settings(max_examples=settings().max_examples * 2 // 5, suppress_health_check=list(HealthCheck))
@given(PROPERTIES)
def test_whatever_properties_are_the_synth_ends_as_cdk_has_it_or_with_errors_of_the_gate(
    properties: dict[str, Any],
) -> None:
    assert (
        own_failure(lambda stack: CfnResource(stack, "R", type=TYPE, properties=made(properties)))
        is None
    )


OVERRIDES: dict[str, Callable[[Stack], object]] = {
    "no properties": lambda stack: raw_task(stack).add_override("Properties", 5),
    "no list": lambda stack: raw_task(stack).add_property_override("ContainerDefinitions", 5),
    "no type": lambda stack: raw_task(stack).add_override("Type", 5),
    "another type": lambda stack: raw_task(stack).add_override("Type", "AWS::Lambda::Function"),
    "no metadata": lambda stack: raw_task(stack).add_override("Metadata", [5]),
    "typed, no properties": lambda stack: typed_task(stack).add_override("Properties", 5),
    "typed, no list": lambda stack: typed_task(stack).add_property_override(
        "ContainerDefinitions", {"a": 1}
    ),
    "typed, deleted": lambda stack: typed_task(stack).add_deletion_override("Properties"),
    "numbers as keys": lambda stack: raw_task(stack).add_property_override(
        "ContainerDefinitions.7.Image", 5
    ),
    "no key": lambda stack: CfnResource(
        stack,
        "R",
        type=TYPE,
        properties={
            "ContainerDefinitions": [{Token.as_string(lazy("Image")): "nginx:1", "Name": "a"}]
        },
    ),
    "a manifest that is a text": lambda stack: CfnResource(
        stack,
        "R",
        type="Custom::AWSCDK-EKS-KubernetesResource",
        properties={"Manifest": '"team/app:v1"'},
    ),
}


@pytest.mark.parametrize("make", OVERRIDES.values(), ids=OVERRIDES)
def test_overrides_that_leave_no_task_definition_break_nothing(
    make: Callable[[Stack], object],
) -> None:
    assert own_failure(make) is None


@pytest.mark.parametrize("kind", ["typed", "raw", "image"])
def test_a_lazy_that_raises_ends_the_synth_with_its_own_words(
    synthesize: Synthesize, kind: str
) -> None:
    app = App()
    stack = Stack(app, "Web")
    wrong = lazy(ValueError("the words of the app"))
    if kind == "typed":
        ecs.CfnTaskDefinition(stack, "Task", container_definitions=wrong)
    else:
        properties = task_properties(wrong) if kind == "image" else {"ContainerDefinitions": wrong}
        CfnResource(stack, "Task", type=TYPE, properties=properties)
    PinImages.apply_to(app, resolver=RESOLVER)
    with pytest.raises(RuntimeError, match="the words of the app"):
        synthesize(app)
