from __future__ import annotations

from typing import Any

import pytest

from pinned_images.cloudformation.catalog import Catalog
from pinned_images.cloudformation.property_paths import Step
from pinned_images.errors import ConfigurationError


def test_the_default_catalog_knows_every_image_property() -> None:
    catalog = Catalog.default()
    assert len(catalog.resource_types) == 33
    assert len(catalog.properties) == 49
    assert len({(each.resource_type, each.path) for each in catalog.properties}) == 49


def test_a_path_is_made_of_steps() -> None:
    (_, workers) = Catalog.default().properties_of("AWS::EMRServerless::Application")
    assert workers.steps == (
        Step("WorkerTypeSpecifications", "{}"),
        Step("ImageConfiguration", ""),
        Step("ImageUri", ""),
    )


def test_users_add_their_own_properties() -> None:
    catalog = Catalog.default().extended({"Custom::Thing": ["Spec.Image", "Spec.Others[].Image"]})
    assert [each.path for each in catalog.properties_of("Custom::Thing")] == [
        "Spec.Image",
        "Spec.Others[].Image",
    ]
    assert Catalog.default().properties_of("Custom::Thing") == ()


def test_adding_what_is_known_changes_nothing() -> None:
    catalog = Catalog.default().extended({"AWS::Lambda::Function": ["Code.ImageUri"]})
    (known,) = catalog.properties_of("AWS::Lambda::Function")
    assert known.style == "digest"


@pytest.mark.parametrize(
    ("additions", "says"),
    [
        pytest.param({"Thing": ["Image"]}, "no CloudFormation resource type", id="type"),
        pytest.param({"Custom::Thing": "Spec.Image"}, "write a list of paths", id="text"),
        pytest.param({"Custom::Thing": [""]}, "no path to an image property", id="empty"),
        pytest.param({"Custom::Thing": ["Spec..Image"]}, "no path", id="empty-key"),
        pytest.param({"Custom::Thing": ["Spec[0].Image"]}, "no path", id="index"),
        pytest.param({"Custom::Thing": ["$.Spec.Image"]}, "no path", id="json-path"),
    ],
)
def test_nonsense_is_refused(additions: Any, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        Catalog.default().extended(additions)


def test_a_narrowed_catalog_knows_the_named_types_only() -> None:
    catalog = Catalog.default().narrowed(["AWS::ECS::TaskDefinition"])
    assert catalog.resource_types == {"AWS::ECS::TaskDefinition"}


def test_narrowing_to_an_unknown_type_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"[Cc]hoose from AWS::AppRunner::Service, "):
        Catalog.default().narrowed(["AWS::EC2::Instance"])
