"""Images that the CDK CLI looks up: it runs the app again when it has read them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import boto3

from pinned_images.testing import RegistryServer, assert_pinned
from tests.integration.cdk import cdk_synth
from tests.registry_aws.amazon import HOME_ACCOUNT, Moto
from tests.registry_aws.conftest import clean_environment, moto, moto_server
from tools.example_network import mirrors_variable

__all__ = ["clean_environment", "moto", "moto_server"]

APP = f"""
import aws_cdk as cdk
from aws_cdk import aws_ssm as ssm
from pinned_images import PinImages

app = cdk.App()
env = cdk.Environment(account="{HOME_ACCOUNT}", region="eu-west-1")
stack = cdk.Stack(app, "Web", env=env)
image = ssm.StringParameter.value_from_lookup(stack, "/images/web")
properties = {{"ContainerDefinitions": [{{"Name": "app", "Image": image}}]}}
cdk.CfnResource(stack, "Task", type="AWS::ECS::TaskDefinition", properties=properties)
PinImages.apply_to(app)
app.synth()
"""


def test_an_image_is_pinned_when_the_cli_has_looked_up_its_name(
    tmp_path: Path, registry: RegistryServer, moto: Moto
) -> None:
    digest = registry.push("ghcr.io/org/app:1")
    boto3.client("ssm", region_name="eu-west-1").put_parameter(
        Name="/images/web", Value="ghcr.io/org/app:1", Type="String"
    )
    (tmp_path / "app.py").write_text(APP, encoding="utf-8")
    (tmp_path / "cdk.json").write_text(json.dumps({"app": "python app.py"}), encoding="utf-8")
    aws = {name: text for name, text in os.environ.items() if name.startswith("AWS_")}
    finished = cdk_synth(
        tmp_path,
        **aws,
        AWS_REGION="eu-west-1",
        PINNED_IMAGES_MIRRORS=mirrors_variable(registry.mirrors),
    )
    assert finished.returncode == 0, finished.stderr
    assert "dummy-value" not in finished.stdout + finished.stderr
    assert finished.stderr.count("pinned-images: 1 image pinned (1 registry)\n") == 1
    assert finished.stderr.count("pinned-images:") == 1
    [image] = assert_pinned(tmp_path / "cdk.out")
    assert str(image) == f"ghcr.io/org/app:1@{digest}"
    looked_up = json.loads((tmp_path / "cdk.context.json").read_text("utf-8"))
    assert list(looked_up.values()) == ["ghcr.io/org/app:1"]
