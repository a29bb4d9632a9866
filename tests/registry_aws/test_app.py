"""An app with images of another account, synthesized: whose role is assumed for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs

from pinned_images import PinImages
from pinned_images.testing import assert_pinned
from pinned_images.testing.synthesized import SynthesizedApp
from tests.registry_aws.amazon import HOME_ACCOUNT, OTHER_ACCOUNT, Moto, manifest_of

READER = f"arn:aws:iam::{OTHER_ACCOUNT}:role/registry-reader"
QUALIFIER = "@aws-cdk/core:bootstrapQualifier"


def lookup_role(qualifier: str) -> str:
    name = f"cdk-{qualifier}-lookup-role-{OTHER_ACCOUNT}-eu-west-1"
    return f"arn:aws:iam::{OTHER_ACCOUNT}:role/{name}"


@pytest.mark.parametrize(
    ("context", "ecr_roles", "role"),
    [
        pytest.param({}, {}, lookup_role("hnb659fds"), id="the CDK's lookup role"),
        pytest.param({QUALIFIER: "acme"}, {}, lookup_role("acme"), id="a qualifier in context"),
        pytest.param({QUALIFIER: "acme"}, {OTHER_ACCOUNT: READER}, READER, id="a role by name"),
    ],
)
def test_an_image_of_another_account_is_read_with_its_role(
    moto: Moto,
    tmp_path: Path,
    synthesize: Callable[..., SynthesizedApp],
    *,
    context: dict[str, str],
    ecr_roles: dict[str, str],
    role: str,
) -> None:
    [digest] = moto.push("team/app", {"v1": manifest_of("app")}, account=OTHER_ACCOUNT).values()
    moto.forget()
    app = App(context=context, outdir=str(tmp_path / "cdk.out"))
    environment = Environment(account=HOME_ACCOUNT, region="eu-west-1")
    stack = Stack(app, "Web", env=environment)
    repository = ecr.Repository.from_repository_arn(
        stack, "App", f"arn:aws:ecr:eu-west-1:{OTHER_ACCOUNT}:repository/team/app"
    )
    task = ecs.TaskDefinition(
        stack, "Task", compatibility=ecs.Compatibility.EC2, network_mode=ecs.NetworkMode.BRIDGE
    )
    image = ecs.ContainerImage.from_ecr_repository(repository, "v1")
    task.add_container("app", image=image, memory_limit_mib=256)

    PinImages.apply_to(app, ecr_roles=ecr_roles)
    synthesize(app)

    [pinned] = assert_pinned(tmp_path / "cdk.out")
    assert str(pinned.digest) == digest
    assert moto.roles == [role]
