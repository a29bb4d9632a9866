"""Images that a build in the deployment may push."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_
from aws_cdk import custom_resources as custom

from pinned_images import PinImages
from pinned_images.testing import FixedResolver
from tests.synth.synthesis import Synthesize, plugin_report

ENVIRONMENT = Environment(account="123456789012", region="eu-west-1")


def project(stack: Stack, variables: dict[str, str], commands: list[str]) -> codebuild.Project:
    return codebuild.Project(
        stack,
        "Build",
        environment_variables={
            key: codebuild.BuildEnvironmentVariable(value=value) for key, value in variables.items()
        },
        build_spec=codebuild.BuildSpec.from_object_to_yaml(
            {"version": "0.2", "phases": {"build": {"commands": commands}}}
        ),
    )


def start(stack: Stack, build: codebuild.Project) -> None:
    call = custom.AwsSdkCall(
        service="CodeBuild",
        action="startBuild",
        parameters={"projectName": build.project_name},
        physical_resource_id=custom.PhysicalResourceId.of("build"),
    )
    custom.AwsCustomResource(
        stack,
        "Start",
        on_update=call,
        policy=custom.AwsCustomResourcePolicy.from_sdk_calls(resources=[build.project_arn]),
    )


def warnings(app: Any) -> list[tuple[str, str]]:
    """The construct path and the description of each warning of the rule."""
    return [
        (violation["violatingConstructs"][0]["constructPath"], violation["description"])
        for violation in plugin_report(app)["violations"]
        if violation["ruleName"] == "pushed-by-build"
    ]


@pytest.mark.parametrize(
    ("told_by", "is_started", "is_told"),
    [
        ("variable", True, True),
        ("name", True, True),
        ("buildspec", True, True),
        ("no one", True, False),
        ("another", True, False),
        ("variable", False, False),
    ],
)
def test_a_build_that_the_deployment_starts_may_push_a_pinned_image(
    synthesize: Synthesize, told_by: str, *, is_started: bool, is_told: bool
) -> None:
    app = App()
    stack = Stack(app, "Shop", env=ENVIRONMENT)
    repository = ecr.Repository(stack, "Images", repository_name="shop/web")
    other = ecr.Repository(stack, "Others", repository_name="shop/other")
    variables = {
        "variable": {"REPOSITORY": repository.repository_uri},
        "name": {"REPOSITORY": repository.repository_name},
        "another": {"REPOSITORY": other.repository_uri},
    }
    commands = [f"docker push {repository.repository_uri}:latest"]
    build = project(
        stack, variables.get(told_by, {}), commands if told_by == "buildspec" else ["make"]
    )
    if is_started:
        start(stack, build)
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container("app", image=ecs.ContainerImage.from_ecr_repository(repository, "latest"))
    lambda_.DockerImageFunction(
        stack, "Function", code=lambda_.DockerImageCode.from_ecr(repository, tag_or_digest="1")
    )
    PinImages.apply_to(app, resolver=FixedResolver.derived())
    found = warnings(synthesize(app))
    paths = {"Shop/Function/Resource", "Shop/Task/Resource"}
    assert {path for path, _ in found} == (paths if is_told else set())
    assert all("AWS::CodeBuild::Project 'Build" in text for _, text in found)
    assert all("Custom::AWS 'Start" in text for _, text in found)
