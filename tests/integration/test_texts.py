"""Images in texts and in Dockerfiles through the real CDK CLI, in one app that has them all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_stepfunctions as sfn

from pinned_images import PinImages, PinnedImagesGate
from pinned_images.testing import FixedResolver
from pinned_images.testing.synthesized import synthesize
from tests.documentation import example
from tests.integration.cdk import cdk_reads

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
DOCKERFILE = """\
ARG PYTHON=3.12
FROM golang:1.23 AS build
FROM rust:1 AS unused
FROM python:${PYTHON}
COPY --from=build / /
"""
JOB = {
    "StartAt": "Run",
    "States": {
        "Run": {
            "Type": "Task",
            "End": True,
            "Resource": "arn:aws:states:::ecs:runTask",
            "Parameters": {"Environment": [{"Name": "JOB_IMAGE", "Value": "busybox:1.36"}]},
        }
    },
}


def build(folder: Path) -> cdk.App:
    """The app; the folder holds its files."""
    app = cdk.App()
    environment = cdk.Environment(account="123456789012", region="eu-west-1")
    stack = cdk.Stack(app, "Web", env=environment)

    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container("web", image=ecs.ContainerImage.from_asset(str(folder / "web")))
    for name in ("Tool", "Other"):
        tool = ecs.FargateTaskDefinition(stack, name)
        tool.add_container("tool", image=ecs.ContainerImage.from_asset(str(folder / "tool")))
    spare = ecs.FargateTaskDefinition(stack, "Spare")
    spare.add_container("spare", image=ecs.ContainerImage.from_asset(str(folder / "spare")))
    cdk.Validations.of(spare).acknowledge(
        cdk.Acknowledgment(id="pinned-images::unpinned-base-image", reason="Rebuilt every night.")
    )

    job = sfn.DefinitionBody.from_file(str(folder / "job.asl.json"))
    sfn.StateMachine(stack, "File", definition_body=job)
    training = ecr.Repository(stack, "Training", repository_name="ml/train")
    image = training.repository_uri_for_tag("v1")
    state: dict[str, Any] = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTrainingJob",
        "Parameters": {"AlgorithmSpecification": {"TrainingImage": image}},
    }
    chain = sfn.CustomState(stack, "Train", state_json=state)
    sfn.StateMachine(stack, "Text", definition_body=sfn.DefinitionBody.from_chainable(chain))

    data = ec2.UserData.for_linux()
    data.add_commands("docker run -d -p 80:80 nginx:1.27")
    ec2.CfnInstance(stack, "Server", user_data=cdk.Fn.base64(data.render()), image_id="ami-1")

    repository = ecr.Repository(stack, "Repository", repository_name="shop/worker")
    cdk.CustomResource(
        stack,
        "Deployment",
        service_token="arn:aws:lambda:eu-west-1:123456789012:function:deploy",
        resource_type="Custom::Deployment",
        properties={"Image": repository.repository_uri_for_tag("v1")},
    )

    PinImages.apply_to(app, resolver=FixedResolver.derived())
    cdk.Validations.of(app).add_plugins(PinnedImagesGate())
    return app


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What ``cdk synth`` prints of the app."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "job.asl.json").write_text(json.dumps(JOB), encoding="utf-8")
    for name, dockerfile in (
        ("web", DOCKERFILE),
        ("tool", "FROM alpine:3.20"),
        ("spare", "FROM a"),
    ):
        (folder / name).mkdir()
        (folder / name / "Dockerfile").write_text(dockerfile, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assembly = synthesize(build(folder)).directory
    finished = cdk_reads(assembly, NO_COLOR="1", COLUMNS="80")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout + finished.stderr


@pytest.mark.parametrize(
    ("what", "at"),
    [
        (
            "The image asset of tool/Dockerfile is built from images without a digest: alpine:3.20",
            "   Web aws-cdk-lib.Stack",
        ),
        (
            "The image busybox:1.36 at DefinitionS3Location (asset.",
            "   Web/File/Resource (File",
        ),
        (
            f"The image {ECR}/ml/train:v1 at DefinitionString States.Train.Parameters.Algorithm",
            "   Web/Text/Resource (Text",
        ),
        ("The image nginx:1.27 at UserData.Fn::Base64 is not pinned", "   Web/Server (Server)"),
        (
            f"The image {ECR}/shop/worker:v1 at Image is not pinned",
            "   Web/Deployment/Default (Deployment)",
        ),
    ],
    ids=["two tasks", "file", "state machine", "user data", "custom resource"],
)
def test_each_is_one_warning_at_its_construct(output: str, what: str, at: str) -> None:
    assert output.count(f"WARNING {what}") == 1
    assert at in output.partition(what)[2].partition("WARNING")[0]


def test_a_base_image_is_told_as_the_page_shows(output: str) -> None:
    assert output.count(example("gate.md", "base image")) == 1
    assert "rust:1" not in output


def test_the_warnings_are_all_that_is_said(output: str) -> None:
    assert output.count("WARNING ") == 6
    assert "ERROR" not in output
    assert "Traceback" not in output
