"""The record of an image names the container that runs it."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from pinned_images.cloudformation.catalog import Catalog
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.pinning import ImageResource, Policy, pin_images
from pinned_images.testing import FixedResolver
from tests.pinning.test_problems import NoParameters

POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "spec": {
        "initContainers": [{"name": "migrate", "image": "shop/migrate:1"}],
        "containers": [{"name": "web", "image": "nginx:1.27"}, {"image": "redis:7"}],
    },
}


def containers_of(resource_type: str, properties: dict[str, Any]) -> list[str | None]:
    resource = ImageResource(
        resource_type,
        properties,
        TemplateScope({"Conditions": {"Large": {}}}, "123456789012", "eu-west-1"),
        "Shop",
        "Shop/Web",
    )
    policy = Policy(catalog=Catalog.default(), today=date(2026, 1, 1))
    resolver = FixedResolver.derived(platforms=["linux/amd64"])
    [result] = pin_images([resource], policy, resolver, NoParameters(), {})
    return [record.container for record in result.records]


@pytest.mark.parametrize(
    ("resource_type", "properties", "names"),
    [
        pytest.param(
            "AWS::ECS::TaskDefinition",
            {"ContainerDefinitions": [{"Name": "web", "Image": "nginx:1.27"}]},
            ["web"],
            id="ECS",
        ),
        pytest.param(
            "AWS::ECS::TaskDefinition",
            {"containerDefinitions": [{"name": "web", "image": "nginx:1.27"}]},
            ["web"],
            id="as CDK's constructs spell it",
        ),
        pytest.param(
            "AWS::ECS::TaskDefinition",
            {
                "ContainerDefinitions": [
                    {"Name": "web", "Image": {"Fn::If": ["Large", "nginx:1.27", "nginx:1.26"]}}
                ]
            },
            ["web", "web"],
            id="two images by a condition",
        ),
        pytest.param(
            "AWS::ECS::TaskDefinition",
            {
                "ContainerDefinitions": [
                    {"Name": {"Ref": "Name"}, "Image": "nginx:1.27"},
                    {"Image": "redis:7"},
                ]
            },
            [None, None],
            id="a name that is not written",
        ),
        pytest.param(
            "AWS::SageMaker::Model",
            {"Containers": [{"ContainerHostname": "scorer", "Image": "shop/scorer:1"}]},
            ["scorer"],
            id="SageMaker",
        ),
        pytest.param(
            "Custom::AWSCDK-EKS-KubernetesResource",
            {"Manifest": json.dumps([POD])},
            ["migrate", "web", None],
            id="Kubernetes",
        ),
        pytest.param(
            "AWS::Lambda::Function",
            {"FunctionName": "resize", "Code": {"ImageUri": "shop/resize:1"}},
            [None],
            id="no container",
        ),
    ],
)
def test_a_record_names_the_container(
    resource_type: str, properties: dict[str, Any], names: list[str | None]
) -> None:
    assert containers_of(resource_type, properties) == names
