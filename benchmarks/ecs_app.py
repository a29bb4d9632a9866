"""An app of many containers: what users write, and nothing else."""

from __future__ import annotations

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_ecs as ecs

_CONTAINERS = ("app", "sidecar")


def ecs_app(containers: int, stacks: int) -> App:
    """An app with two containers in each of its Fargate task definitions.

    Args:
        containers: How many, in all stacks; half of their images are the same.
        stacks: How many.
    """
    app = App()
    environment = Environment(account="123456789012", region="eu-west-1")
    all_stacks = [Stack(app, f"Stack{number}", env=environment) for number in range(stacks)]
    for number in range(containers // len(_CONTAINERS)):
        definition = ecs.FargateTaskDefinition(all_stacks[number % stacks], f"Task{number}")
        for name in _CONTAINERS:
            image = f"acme/{name}-{number}:1.0" if name == "app" else "nginx:1.27"
            definition.add_container(name, image=ecs.ContainerImage.from_registry(image))
    return app
