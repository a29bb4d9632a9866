"""An app of many containers: task definitions alone, or with what usually stands around them."""

from __future__ import annotations

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs

_CONTAINERS = ("app", "sidecar")


def ecs_app(containers: int, stacks: int, *, services: bool = False) -> App:
    """An app with two containers in each of its Fargate task definitions.

    Args:
        containers: How many, in all stacks; half of their images are the same.
        stacks: How many.
        services: Whether each task definition has a service, and each container a log group.
    """
    app = App()
    environment = Environment(account="123456789012", region="eu-west-1")
    all_stacks = [Stack(app, f"Stack{number}", env=environment) for number in range(stacks)]
    clusters = [_cluster(stack) for stack in all_stacks] if services else []
    for number in range(containers // len(_CONTAINERS)):
        stack = all_stacks[number % stacks]
        definition = ecs.FargateTaskDefinition(stack, f"Task{number}")
        for name in _CONTAINERS:
            image = f"acme/{name}-{number}:1.0" if name == "app" else "nginx:1.27"
            definition.add_container(
                name,
                image=ecs.ContainerImage.from_registry(image),
                logging=ecs.LogDriver.aws_logs(stream_prefix=name) if services else None,
            )
        if services:
            cluster = clusters[number % stacks]
            ecs.FargateService(
                stack, f"Service{number}", cluster=cluster, task_definition=definition
            )
    return app


def _cluster(stack: Stack) -> ecs.Cluster:
    return ecs.Cluster(stack, "Cluster", vpc=ec2.Vpc(stack, "Vpc", max_azs=2, nat_gateways=1))
