"""Task definitions of every kind, and the images in what was synthesized."""

from __future__ import annotations

from typing import Any

from aws_cdk import Acknowledgment, App, CfnResource, Stack, Stage, Validations
from aws_cdk import aws_ecs as ecs
from constructs import IConstruct

from pinned_images.testing.synthesized import SynthesizedApp

TYPE = "AWS::ECS::TaskDefinition"
IMAGE = "nginx:1.27"


def high_level_task(scope: Any, name: str = "Task", image: str = IMAGE) -> ecs.TaskDefinition:
    """An L2 construct, whose resource is its child ``Resource``."""
    task = ecs.FargateTaskDefinition(scope, name)
    task.add_container("app", image=ecs.ContainerImage.from_registry(image))
    return task


def scopes_of_a_task(app: App) -> dict[str, IConstruct]:
    """A task definition in a Stage, and everything at which its image can be acknowledged."""
    stage = Stage(app, "Production")
    stack = Stack(stage, "Web")
    task = high_level_task(stack)
    container = task.node.find_child("app")
    return {"container": container, "task": task, "stack": stack, "stage": stage, "app": app}


def typed_task(
    scope: Any, name: str = "Typed", image: str = IMAGE, *more: str
) -> ecs.CfnTaskDefinition:
    """An L1 construct, with a container for each image."""
    return ecs.CfnTaskDefinition(
        scope,
        name,
        container_definitions=[
            ecs.CfnTaskDefinition.ContainerDefinitionProperty(name=f"app{number or ''}", image=each)
            for number, each in enumerate([image, *more])
        ],
    )


def raw_task(scope: Any, name: str = "Raw", image: str = IMAGE) -> CfnResource:
    """A resource without a class of its own."""
    return CfnResource(scope, name, type=TYPE, properties=task_properties(image))


def task_properties(image: Any = IMAGE) -> dict[str, Any]:
    """The properties of a task definition, as templates have them."""
    return {"ContainerDefinitions": [{"Name": "app", "Image": image}]}


def override(task: IConstruct, image: str = "redis:7", index: int = 0) -> None:
    """Set the image of a container with an escape hatch, in a task definition of any kind."""
    resource = task if isinstance(task, CfnResource) else task.node.default_child
    assert isinstance(resource, CfnResource)
    resource.add_property_override(f"ContainerDefinitions.{index}.Image", image)


def acknowledge(
    construct: IConstruct, reason: str = "It follows its tag.", rule: str = "unpinned-image"
) -> None:
    """Silence a rule for the images below a construct, in CDK's own way."""
    Validations.of(construct).acknowledge(
        Acknowledgment(id=f"pinned-images::{rule}", reason=reason)
    )


def images(app: SynthesizedApp) -> dict[str, list[Any]]:
    """The images of all task definitions, by the construct path of their stack."""
    found = {stack: images_in(template) for stack, template in app.templates.items()}
    return {stack: some for stack, some in found.items() if some}


def images_in(template: dict[str, Any]) -> list[Any]:
    """The images of the task definitions in a template."""
    return [
        container["Image"]
        for resource in template["Resources"].values()
        if resource["Type"] == TYPE
        for container in resource["Properties"]["ContainerDefinitions"]
    ]


def is_pinned(image: Any) -> bool:
    """Whether a literal image carries a digest."""
    return isinstance(image, str) and "@sha256:" in image
