"""Images whose names are read from SSM parameters, and which of the values may be kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pytest

from pinned_images.cloudformation.catalog import Catalog
from pinned_images.cloudformation.outcomes import SsmParameter
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.exemptions import ExemptionPatterns
from pinned_images.pinning import ImageResource, PinnedResource, Policy, pin_images
from pinned_images.problem import Problem
from pinned_images.testing import FixedResolver

DIGEST = "sha256:" + "1a" * 32
POLICY = Policy(Catalog.default(), date(2026, 1, 1))


class Store:
    """Parameter Store as a table; it notes what it is asked, and what it is told to keep."""

    def __init__(self, **values: str) -> None:
        self.values = values
        self.rounds: list[list[str]] = []
        self.kept: dict[str, str] = {}

    def read(self, parameters: Iterable[SsmParameter]) -> Mapping[SsmParameter, str | Problem]:
        wanted = list(parameters)
        self.rounds.append([each.name for each in wanted])
        absent = Problem("There is no such parameter.", "Create it.")
        return {each: self.values.get(each.name, absent) for each in wanted}

    def keep(self, values: Mapping[SsmParameter, str]) -> None:
        self.kept = {parameter.name: value for parameter, value in values.items()}


def pinned(
    image: Any,
    store: Store,
    *,
    known: Iterable[str] = (),
    policy: Policy = POLICY,
    acknowledged: str | None = None,
    **template: Any,
) -> PinnedResource:
    """An image of a task definition, pinned where the registry knows these references."""
    values: dict[SsmParameter, str | Problem] = {}
    scope = TemplateScope(template, "123456789012", "eu-west-1", parameter_values=values)
    properties = {"ContainerDefinitions": [{"Name": "web", "Image": image}]}
    resource = ImageResource(
        "AWS::ECS::TaskDefinition", properties, scope, "Web", "Web/Task", acknowledged
    )
    resolver = FixedResolver(dict.fromkeys(known, DIGEST))
    [result] = pin_images([resource], policy, resolver, store, values)
    return result


def dynamic(*names: str) -> str:
    return "".join(f"{{{{resolve:ssm:{name}}}}}" for name in names)


def test_the_value_of_an_image_that_is_there_is_kept() -> None:
    store = Store(web="nginx:1.27")
    result = pinned(dynamic("web"), store, known=["nginx:1.27"])
    assert result.problems == ()
    assert store.kept == {"web": "nginx:1.27"}


def test_a_part_of_the_image_s_name_is_kept_too() -> None:
    store = Store(tag="1.27")
    pinned(f"nginx:{dynamic('tag')}", store, known=["nginx:1.27"])
    assert store.kept == {"tag": "1.27"}


def test_the_record_names_the_parameters_that_were_read() -> None:
    result = pinned(f"nginx:{dynamic('tag')}", Store(tag="1.27"), known=["nginx:1.27"])
    [record] = result.records
    assert record.parameters == ("123456789012 eu-west-1 tag",)


def test_a_value_that_no_registry_knows_as_an_image_is_not_kept() -> None:
    store = Store(secret="hunter2")
    result = pinned(dynamic("secret"), store)
    assert len(result.problems) == 1
    assert store.kept == {}


def test_a_value_of_which_only_a_part_is_the_image_is_not_kept() -> None:
    store = Store(settings="nginx:1.27,hunter2")
    parameter = {"Type": "AWS::SSM::Parameter::Value<List<String>>", "Default": "settings"}
    image = {"Fn::Select": [0, {"Ref": "Settings"}]}
    result = pinned(image, store, known=["nginx:1.27"], Parameters={"Settings": parameter})
    assert result.problems == ()
    assert store.kept == {}


def test_a_value_that_is_no_image_is_not_kept() -> None:
    store = Store(secret="not an image")
    assert pinned(dynamic("secret"), store).problems
    assert store.kept == {}


def test_a_value_that_carries_its_digest_is_kept() -> None:
    store = Store(web=f"nginx:1.27@{DIGEST}")
    assert pinned(dynamic("web"), store).problems == ()
    assert store.kept == {"web": f"nginx:1.27@{DIGEST}"}


def test_a_value_that_is_exempt_by_pattern_is_kept_so_that_a_frozen_synth_knows_it() -> None:
    store = Store(web="nginx:1.27")
    exempt = ExemptionPatterns.of({"docker.io/library/nginx:*": "Follows its tag."})
    policy = Policy(Catalog.default(), date(2026, 1, 1), exempt=exempt)
    assert pinned(dynamic("web"), store, policy=policy).problems == ()
    assert store.kept == {"web": "nginx:1.27"}


def test_parameters_of_an_acknowledged_image_are_not_even_read() -> None:
    store = Store(web="nginx:1.27")
    assert pinned(dynamic("web"), store, acknowledged="It follows its tag.").problems == ()
    assert (store.rounds, store.kept) == ([], {})


@pytest.mark.parametrize(("stage", "image"), [("prod", "nginx:1"), ("test", "nginx:2")])
def test_a_parameter_that_decides_which_other_is_needed_is_read_before_it(
    stage: str, image: str
) -> None:
    store = Store(stage=stage, web_prod="nginx:1", web_test="nginx:2")
    result = pinned(
        {"Fn::FindInMap": ["Web", {"Ref": "Stage"}, "image"]},
        store,
        known=[image],
        Parameters={"Stage": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "stage"}},
        Mappings={
            "Web": {
                "prod": {"image": dynamic("web_prod")},
                "test": {"image": dynamic("web_test")},
            }
        },
    )
    assert result.problems == ()
    assert store.rounds == [["stage"], [f"web_{stage}"]]
    assert store.kept == {f"web_{stage}": image}


def test_a_parameter_that_cannot_be_read_is_asked_for_once_and_is_an_error() -> None:
    store = Store()
    result = pinned(dynamic("absent"), store)
    assert store.rounds == [["absent"]]
    assert "There is no such parameter." in str(result.problems[0])


@pytest.mark.parametrize(
    ("value", "image"),
    [
        ("The password is hunter2!", dynamic("web")),
        ("The password is hunter2!", f"nginx:{dynamic('web')}"),
        ("hunter2 " * 300, dynamic("web")),
        ("!", dynamic("web")),
    ],
    ids=["all of the image", "a part of it", "a long text", "a short text"],
)
def test_a_value_that_is_no_image_is_not_shown(value: str, image: str) -> None:
    result = pinned(image, Store(web=value))
    shown = "".join(map(str, (*result.problems, *result.records)))
    assert "what the SSM parameter web holds is part of it" in shown
    assert value[:8] not in shown
