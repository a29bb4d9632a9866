"""Images that the app builds itself: content-addressed, wherever they are pushed to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import (
    App,
    DefaultStackSynthesizer,
    Environment,
    LegacyStackSynthesizer,
    Stack,
    Validations,
)
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_

from pinned_images import PinImages, PinnedImagesGate
from pinned_images.report.synth_report import SynthReport
from pinned_images.testing import FixedResolver
from tests.synth.synthesis import Synthesize

SYNTHESIZERS = {
    "bootstrap": DefaultStackSynthesizer,
    "custom qualifier": lambda: DefaultStackSynthesizer(qualifier="team"),
    "own repository": lambda: DefaultStackSynthesizer(
        image_assets_repository_name="images-${AWS::AccountId}-${AWS::Region}",
        docker_tag_prefix="shop-",
    ),
    "legacy": LegacyStackSynthesizer,
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("image")
    (folder / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    return folder


def resolved_by(app: App, synthesize: Synthesize) -> set[str]:
    synthesize(app)
    return {record.resolved_by for record in SynthReport.read(app.outdir).records}


@pytest.mark.parametrize("env", [None, Environment(account="111111111111", region="eu-west-1")])
@pytest.mark.parametrize("synthesizer", SYNTHESIZERS.values(), ids=SYNTHESIZERS)
def test_assets_stay_as_they_are_and_stand_in_the_report(
    synthesize: Synthesize, source: Path, synthesizer: Callable[[], Any], env: Environment | None
) -> None:
    app = App()
    stack = Stack(app, "Web", synthesizer=synthesizer(), env=env)
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container("app", image=ecs.ContainerImage.from_asset(str(source)))
    lambda_.DockerImageFunction(
        stack, "Function", code=lambda_.DockerImageCode.from_image_asset(str(source))
    )
    PinImages.apply_to(app, resolver=FixedResolver({}))
    assert resolved_by(app, synthesize) == {"asset"}


def test_an_asset_of_another_stack_is_known(synthesize: Synthesize, source: Path) -> None:
    app = App()
    own = DefaultStackSynthesizer(image_assets_repository_name="own")
    asset = ecr_assets.DockerImageAsset(
        Stack(app, "Images", synthesizer=own), "Asset", directory=str(source)
    )
    task = ecs.FargateTaskDefinition(Stack(app, "Web"), "Task")
    task.add_container("app", image=ecs.ContainerImage.from_docker_image_asset(asset))
    PinImages.apply_to(app, resolver=FixedResolver({}))
    assert resolved_by(app, synthesize) == {"asset"}


def test_a_tag_that_looks_like_the_hash_of_an_asset_is_none(
    synthesize: Synthesize, source: Path
) -> None:
    app = App()
    env = Environment(account="111111111111", region="eu-west-1")
    own = DefaultStackSynthesizer(image_assets_repository_name="own")
    stack = Stack(app, "Web", env=env, synthesizer=own)
    ecr_assets.DockerImageAsset(stack, "Asset", directory=str(source))
    image = f"111111111111.dkr.ecr.eu-west-1.amazonaws.com/own:{'a' * 64}"
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container("app", image=ecs.ContainerImage.from_registry(image))
    PinImages.apply_to(app, resolver=FixedResolver({}))
    [error] = synthesize(app, check=False).errors
    assert image in error


def test_the_gate_on_its_own_knows_assets_of_every_stack(
    synthesize: Synthesize, source: Path
) -> None:
    app = App()
    own = DefaultStackSynthesizer(image_assets_repository_name="own")
    images = Stack(app, "Images", synthesizer=own)
    asset = ecr_assets.DockerImageAsset(images, "Asset", directory=str(source))
    task = ecs.FargateTaskDefinition(Stack(app, "Web"), "Task")
    task.add_container("app", image=ecs.ContainerImage.from_docker_image_asset(asset))
    Validations.of(app).add_plugins(PinnedImagesGate())
    assert not synthesize(app).errors
