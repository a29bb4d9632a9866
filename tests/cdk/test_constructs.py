"""Constructs that CDK made in JavaScript are new Python objects each time; they stay themselves."""

from __future__ import annotations

from aws_cdk import App, NestedStack, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_eks as eks
from aws_cdk import aws_lambda as lambda_
from constructs import IConstruct

from pinned_images import PinImages
from pinned_images.cdk.constructs import ConstructMap, is_same
from pinned_images.testing import FixedResolver, assert_pinned, synthesize


def resource_of(definition: ecs.TaskDefinition) -> IConstruct:
    resource = definition.node.default_child
    assert resource is not None
    return resource


def test_a_construct_is_the_same_each_time_it_is_asked_for() -> None:
    stack = Stack(App(), "Web")
    first, second = (ecs.FargateTaskDefinition(stack, name) for name in ("First", "Second"))
    assert resource_of(first) is not resource_of(first)
    assert is_same(resource_of(first), resource_of(first))
    assert not is_same(resource_of(first), resource_of(second))


def test_a_map_holds_a_construct_once() -> None:
    stack = Stack(App(), "Web")
    first, second = (ecs.FargateTaskDefinition(stack, name) for name in ("First", "Second"))
    names: ConstructMap[IConstruct, str] = ConstructMap()
    names[resource_of(first)] = "a"
    names[resource_of(second)] = "b"
    names[resource_of(first)] = "c"
    assert names[resource_of(first)] == "c"
    assert [construct.node.path for construct in names] == [
        "Web/First/Resource",
        "Web/Second/Resource",
    ]
    del names[resource_of(first)]
    assert resource_of(first) not in names
    assert len(names) == 1


def test_a_nested_stack_that_cdk_makes_by_itself_may_be_referred_to() -> None:
    """The stack of a cluster depends on nested stacks for the programs that run kubectl."""
    app = App()
    stack = Stack(app, "Kubernetes")
    layer = "arn:aws:lambda:eu-west-1:123456789012:layer:kubectl:1"
    cluster = eks.Cluster(
        stack,
        "Cluster",
        version=eks.KubernetesVersion.V1_31,
        vpc=ec2.Vpc(stack, "Vpc"),
        default_capacity=0,
        kubectl_layer=lambda_.LayerVersion.from_layer_version_arn(stack, "Kubectl", layer),
    )
    pod = {"kind": "Pod", "spec": {"containers": [{"image": "nginx:1.27"}]}}
    cluster.add_manifest("Pod", pod)
    assert any(isinstance(each, NestedStack) for each in stack.node.children)
    PinImages.apply_to(app, resolver=FixedResolver.derived())
    [image] = assert_pinned(synthesize(app))
    assert image.repository == "library/nginx"
