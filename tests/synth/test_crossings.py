"""What pinning costs in a synth is its crossings between Python and Node.js: these are counted."""

from __future__ import annotations

from collections import Counter

import pytest
from aws_cdk import App, Aspects, IAspect, Stack
from aws_cdk import aws_ecs as ecs

from benchmarks.crossings import counted_crossings
from pinned_images import PinImages
from pinned_images.testing import FixedResolver

RESOLVER = FixedResolver.derived()


def crossings(task_definitions: int, stacks: int = 1, *, by: str) -> Counter[str]:
    app = App(analytics_reporting=False)
    all_stacks = [Stack(app, f"Web{number}") for number in range(stacks)]
    for number in range(task_definitions):
        definition = ecs.FargateTaskDefinition(all_stacks[number % stacks], f"Task{number}")
        for name in ("app", "sidecar"):
            image = ecs.ContainerImage.from_registry(f"acme/{name}:{number}")
            definition.add_container(name, image=image)
    with counted_crossings() as counts:
        if by == "aspect":
            aspect: IAspect = PinImages(resolver=RESOLVER)
            Aspects.of(app).add(aspect)
        else:
            PinImages.apply_to(app, resolver=RESOLVER)
        app.synth()
    return counts


@pytest.fixture(scope="module", params=["aspect", "apply_to"])
def growth(request: pytest.FixtureRequest) -> Counter[str]:
    """What eight more task definitions cost, once the process knows the classes of constructs."""
    crossings(1, by=request.param)
    more = crossings(12, by=request.param)
    more.subtract(crossings(4, by=request.param))
    return Counter({kind: count for kind, count in more.items() if count})


def test_a_task_definition_costs_five_crossings_beside_what_cdk_shows_an_aspect(
    growth: Counter[str],
) -> None:
    shown = growth.pop("called back: visit", 0)
    assert shown in (0, 8 * 6)
    assert growth == {
        "get stack": 8,
        "get cfnProperties": 8,
        "invoke toString": 8,
        "invoke asAny": 8,
        "set containerDefinitions": 8,
    }


def test_a_stack_costs_some_crossings_beside_those_of_its_task_definitions() -> None:
    crossings(2, 2, by="apply_to")
    one, three = (crossings(3, stacks, by="apply_to").total() for stacks in (1, 3))
    assert (three - one) / 2 <= 45
