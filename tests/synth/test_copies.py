"""Images that the deployment itself copies into a registry (cdk-ecr-deployment)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CfnResource, Environment, Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs

from pinned_images import PinImages, ResolutionRequest
from pinned_images.lockfile import LockFile
from pinned_images.reference import ImageReference, Platform
from pinned_images.registry.resolver import RegistryResolver
from pinned_images.registry.settings import RegistrySettings
from pinned_images.report.synth_report import SynthReport
from pinned_images.resolution import Resolution
from pinned_images.testing import RegistryServer
from pinned_images.testing.synthesized import SynthesizedApp
from tests.synth.synthesis import Synthesize
from tests.synth.tasks import acknowledge, images_in

ENVIRONMENT = Environment(account="123456789012", region="eu-west-1")
BOTH = ("linux/amd64", "linux/arm64")
SOURCE = "registry.example/vendor"
OWN = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


@pytest.fixture(scope="module")
def registry() -> Iterator[RegistryServer]:
    with RegistryServer() as server:
        server.push(f"{SOURCE}/plain:1")
        server.push(f"{SOURCE}/both:1", BOTH)
        server.push(f"{SOURCE}/attested:1", attestation=True)
        yield server


def selected(registry: RegistryServer, image: str, platform: str = "linux/amd64") -> str:
    """The digest of a platform's own manifest."""
    reference = ImageReference.parse(f"{SOURCE}/{image}")
    request = ResolutionRequest(reference, Platform.parse(platform), select=True)
    settings = RegistrySettings(mirrors=registry.mirrors)
    answer = RegistryResolver(settings).resolve([request])[request]
    assert isinstance(answer, Resolution)
    return str(answer.digest)


class Shop:
    """A stack with a repository, copies into it, and tasks that run them."""

    def __init__(self) -> None:
        self.app = App()
        self.stack = Stack(self.app, "Shop", env=ENVIRONMENT)
        self.repository = ecr.Repository(self.stack, "Copies", repository_name="copies")

    def copy(self, source: str, destination: str, name: str = "Copy", **properties: Any) -> Any:
        return CfnResource(
            self.stack,
            name,
            type="Custom::CDKECRDeployment",
            properties={
                "ServiceToken": "arn:aws:lambda:eu-west-1:123456789012:function:copy",
                "SrcImage": source,
                "DestImage": f"docker://{self.repository.repository_uri}:{destination}",
                **properties,
            },
        )

    def run(self, tag: str, name: str = "Task", cpu: ecs.CpuArchitecture | None = None) -> None:
        task = ecs.FargateTaskDefinition(
            self.stack, name, runtime_platform=ecs.RuntimePlatform(cpu_architecture=cpu)
        )
        task.add_container(
            "app", image=ecs.ContainerImage.from_ecr_repository(self.repository, tag)
        )

    def synthesized(
        self, synthesize: Synthesize, registry: RegistryServer, **options: Any
    ) -> SynthesizedApp:
        PinImages.apply_to(self.app, mirrors=registry.mirrors, **options)
        return synthesize(self.app, check=False)


def digests(app: SynthesizedApp) -> list[str]:
    """The digests of the images of all tasks, in the order of the template."""
    return [
        json.dumps(image).rpartition("@")[2].strip('"]}')
        for image in images_in(app.template("Shop"))
    ]


def sources(app: SynthesizedApp) -> list[str]:
    return [
        resource["Properties"]["SrcImage"]
        for resource in app.template("Shop")["Resources"].values()
        if resource["Type"] == "Custom::CDKECRDeployment"
    ]


@pytest.mark.parametrize(
    ("image", "properties", "expected"),
    [
        ("plain:1", {}, "whole"),
        ("plain:1", {"CopyImageIndex": True}, "whole"),
        ("both:1", {}, "linux/amd64"),
        ("both:1", {"CopyImageIndex": "true"}, "whole"),
        ("attested:1", {}, "linux/amd64"),
        ("attested:1", {"CopyImageIndex": True}, "whole"),
    ],
)
def test_a_task_gets_the_digest_that_the_copy_will_have(
    registry: RegistryServer,
    synthesize: Synthesize,
    image: str,
    properties: dict[str, Any],
    expected: str,
) -> None:
    shop = Shop()
    shop.copy(f"docker://{SOURCE}/{image}", "latest", **properties)
    shop.run("latest")
    app = shop.synthesized(synthesize, registry)
    whole = str(registry.digest(f"{SOURCE}/{image}"))
    assert app.errors == ()
    assert digests(app) == [whole if expected == "whole" else selected(registry, image)]
    assert sources(app) == [f"docker://{SOURCE}/{image.partition(':')[0]}@{whole}"]


def test_the_copied_architecture_is_that_of_the_workload(
    registry: RegistryServer, synthesize: Synthesize
) -> None:
    shop = Shop()
    shop.copy(f"docker://{SOURCE}/both:1", "arm", ImageArch="arm64")
    shop.run("arm", cpu=ecs.CpuArchitecture.ARM64)
    shop.run("arm", "Intel", ecs.CpuArchitecture.X86_64)
    app = shop.synthesized(synthesize, registry)
    arm, intel = images_in(app.template("Shop"))
    assert selected(registry, "both:1", "linux/arm64") in json.dumps(arm)
    assert "@" not in json.dumps(intel)
    [error] = app.errors
    assert "Shop/Intel/Resource" in error
    assert "copies the image for linux/arm64 alone" in error
    assert "copy_image_index=True" in error


def test_the_tags_of_single_architectures_are_copies_too(
    registry: RegistryServer, synthesize: Synthesize
) -> None:
    shop = Shop()
    tags = json.dumps({"arm64": "1-arm64", "amd64": "1-amd64"})
    shop.copy(f"docker://{SOURCE}/both:1", "1", CopyImageIndex=True, ArchImageTags=tags)
    shop.run("1-arm64", "Arm", ecs.CpuArchitecture.ARM64)
    shop.run("1-amd64", "Intel", ecs.CpuArchitecture.X86_64)
    app = shop.synthesized(synthesize, registry)
    assert digests(app) == [
        selected(registry, "both:1", "linux/arm64"),
        selected(registry, "both:1", "linux/amd64"),
    ]


def test_a_copy_of_a_copy_is_one_of_the_first_source(
    registry: RegistryServer, synthesize: Synthesize
) -> None:
    shop = Shop()
    shop.copy(f"docker://{SOURCE}/both:1", "first", CopyImageIndex=True)
    shop.copy(f"docker://{OWN}/copies:first", "second", "Again")
    shop.run("second")
    app = shop.synthesized(synthesize, registry)
    assert app.errors == ()
    assert digests(app) == [selected(registry, "both:1")]
    assert sources(app)[1] == f"docker://{OWN}/copies@{registry.digest(f'{SOURCE}/both:1')}"


def test_a_source_with_a_digest_is_a_source(
    registry: RegistryServer, synthesize: Synthesize
) -> None:
    whole = registry.digest(f"{SOURCE}/both:1")
    shop = Shop()
    shop.copy(f"docker://{SOURCE}/both@{whole}", "latest")
    shop.copy(f"docker://{SOURCE}/both@{whole}", "whole", "Whole", CopyImageIndex=True)
    shop.run("latest")
    shop.run("whole", "WholeTask")
    app = shop.synthesized(synthesize, registry)
    assert app.errors == ()
    assert digests(app) == [selected(registry, "both:1"), str(whole)]


def test_an_asset_that_is_copied_to_a_moving_tag_is_an_error(
    registry: RegistryServer, synthesize: Synthesize, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    shop = Shop()
    asset = ecr_assets.DockerImageAsset(shop.stack, "Asset", directory=str(tmp_path))
    shop.copy(f"docker://{asset.image_uri}", "latest")
    shop.copy(f"docker://{asset.image_uri}", f"shop-{asset.asset_hash}", "Hashed")
    shop.run("latest")
    shop.run(f"shop-{asset.asset_hash}", "HashedTask")
    [error] = shop.synthesized(synthesize, registry).errors
    assert "Shop/Task/Resource" in error
    assert "This deployment pushes it (Shop/Copy)" in error
    assert "from_docker_image_asset" in error


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("s3://bucket/image.tar:app:1", "An archive that holds an image"),
        ("docker://{Unknown}", "What it copies"),
    ],
)
def test_a_source_that_is_not_known_is_an_error(
    registry: RegistryServer, synthesize: Synthesize, source: str, says: str
) -> None:
    shop = Shop()
    shop.copy(source, "latest")
    shop.run("latest")
    errors = shop.synthesized(synthesize, registry).errors
    [error] = [error for error in errors if "Shop/Task/Resource" in error]
    assert "This deployment pushes it (Shop/Copy)" in error
    assert says in error or source.startswith("docker")


def test_a_source_that_stays_unpinned_leaves_the_copy_unknown(
    registry: RegistryServer, synthesize: Synthesize
) -> None:
    shop = Shop()
    acknowledge(shop.copy(f"docker://{SOURCE}/plain:1", "latest"))
    shop.run("latest")
    [error] = shop.synthesized(synthesize, registry).errors
    assert "stays unpinned" in error


def test_two_copies_to_one_tag_are_an_error(
    registry: RegistryServer, synthesize: Synthesize
) -> None:
    shop = Shop()
    shop.copy(f"docker://{SOURCE}/plain:1", "latest")
    shop.copy(f"docker://{SOURCE}/both:1", "latest", "Other")
    shop.run("latest")
    [error] = shop.synthesized(synthesize, registry).errors
    assert "Several images are copied there" in error


def test_copies_of_each_other_are_an_error(
    registry: RegistryServer, synthesize: Synthesize
) -> None:
    shop = Shop()
    shop.copy(f"docker://{OWN}/copies:b", "a")
    shop.copy(f"docker://{OWN}/copies:a", "b", "Other")
    shop.run("a")
    errors = shop.synthesized(synthesize, registry).errors
    assert any("copies of each other" in error for error in errors)


def test_a_frozen_synth_knows_the_source_from_the_lock_file(
    registry: RegistryServer, synthesize: Synthesize, tmp_path: Path
) -> None:
    lock_file = tmp_path / "images.lock.json"

    def shop() -> Shop:
        made = Shop()
        made.copy(f"docker://{SOURCE}/both:1", "latest")
        made.run("latest")
        return made

    first = shop().synthesized(synthesize, registry, lock_file=lock_file)
    frozen = shop().synthesized(synthesize, registry, lock_file=lock_file, update="never")
    assert first.errors == frozen.errors == ()
    assert first.templates == frozen.templates
    records = SynthReport.read(frozen.directory).records
    used = {record.lock_key for record in records}
    assert used == set(LockFile.read(lock_file).entries)
    [copied] = [record for record in records if record.copied_from]
    assert copied.copied_from == f"{SOURCE}/both:1"
