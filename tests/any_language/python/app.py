"""The app of tests/any_language in Python, pinned by the Aspect."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs

from pinned_images import PinImages
from pinned_images.testing import FixedResolver

ENV = cdk.Environment(account="123456789012", region="eu-west-1")
IMAGE = Path(__file__).parents[1] / "image"
ROUTER = "/aws/service/aws-for-fluent-bit/latest"


def fill(stack: cdk.Stack, repository: ecr.IRepository) -> None:
    """Give a stack its tasks and nested stacks."""
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container(
        "app",
        image=ecs.ContainerImage.from_ecr_repository(repository, "v1"),
        logging=ecs.FireLensLogDriver(),
    )
    task.add_container("built", image=ecs.ContainerImage.from_asset(str(IMAGE)))
    task.add_container("proxy", image=ecs.ContainerImage.from_registry("nginx:1.27"))
    for name in ("First", "Second"):
        inner = ecs.FargateTaskDefinition(cdk.NestedStack(stack, name), "Task")
        inner.add_container("jobs", image=ecs.ContainerImage.from_registry("ghcr.io/org/jobs:2"))
    acknowledge(stack)


def acknowledge(stack: cdk.Stack) -> None:
    """Tasks whose images stay as they are."""
    agent = ecs.FargateTaskDefinition(stack, "Agent")
    agent.add_container("agent", image=ecs.ContainerImage.from_registry("ghcr.io/vendor/agent:7"))
    probe = ecs.FargateTaskDefinition(stack, "Probe")
    probe.add_container("probe", image=ecs.ContainerImage.from_registry("ghcr.io/vendor/probe:7"))
    for task in (agent, probe):
        cdk.Validations.of(task).acknowledge(
            cdk.Acknowledgment(
                id="pinned-images::unpinned-image", reason="Follows the vendor's tag."
            )
        )


def build(app: cdk.App, lock_file: Path) -> cdk.App:
    """Fill an app."""
    base = cdk.Stack(app, "Base", env=ENV)
    fill(
        cdk.Stack(app, "Web", env=ENV),
        ecr.Repository(base, "Repository", repository_name="org/web"),
    )

    stage = cdk.Stage(app, "Production", env=ENV)
    in_stage = cdk.Stack(stage, "Base")
    fill(
        cdk.Stack(
            stage,
            "Web",
            synthesizer=cdk.DefaultStackSynthesizer(qualifier="custom", bucket_prefix="folder/"),
        ),
        ecr.Repository(in_stage, "Repository", repository_name="org/web"),
    )

    legacy = cdk.Stack(app, "Legacy", env=ENV, synthesizer=cdk.LegacyStackSynthesizer())
    nested = cdk.NestedStack(legacy, "Nested")
    ecs.FargateTaskDefinition(nested, "Task").add_container(
        "jobs", image=ecs.ContainerImage.from_registry("ghcr.io/org/jobs:2")
    )

    cdk.Stack(app, "Empty", env=ENV, description="It has no images, and stays as it is.")
    PinImages.apply_to(
        app,
        resolver=FixedResolver.derived(),
        ssm_parameters={ROUTER: "public.ecr.aws/aws-observability/aws-for-fluent-bit:2.32"},
        lock_file=str(lock_file),
    )
    return app
