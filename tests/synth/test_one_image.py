"""Services that take one image and no index: what they get out of each kind of tag."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CfnParameter, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sagemaker as sagemaker

from pinned_images import PinImages, ResolutionRequest
from pinned_images.lockfile import LockFile
from pinned_images.reference import ImageReference, Platform
from pinned_images.registry.resolver import RegistryResolver
from pinned_images.registry.settings import RegistrySettings
from pinned_images.resolution import PlatformMode, Resolution
from pinned_images.testing import RegistryServer
from pinned_images.testing.synthesized import SynthesizedApp
from tests.synth.synthesis import Synthesize, plugin_report

BOTH = ("linux/amd64", "linux/arm64")
HOST = "registry.example"


@pytest.fixture(scope="module")
def registry() -> Iterator[RegistryServer]:
    with RegistryServer() as server:
        server.push(f"{HOST}/shop/plain:1")
        server.push(f"{HOST}/shop/attested:1", attestation=True)
        server.push(f"{HOST}/shop/both:1", BOTH)
        server.push(f"{HOST}/shop/docker:1", media_types="docker")
        yield server


def selected(registry: RegistryServer, image: str, platform: str) -> str:
    """The digest of a platform's own manifest."""
    request = ResolutionRequest(
        ImageReference.parse(f"{HOST}/{image}"), Platform.parse(platform), select=True
    )
    settings = RegistrySettings(mirrors=registry.mirrors)
    answer = RegistryResolver(settings).resolve([request])[request]
    assert isinstance(answer, Resolution)
    return answer.digest


def function(stack: Stack, name: str, image: str, architectures: list[str] | None = None) -> None:
    lambda_.CfnFunction(
        stack,
        name,
        role="arn:aws:iam::123456789012:role/functions",
        package_type="Image",
        code=lambda_.CfnFunction.CodeProperty(image_uri=f"{HOST}/{image}"),
        architectures=architectures,
    )


def images(app: SynthesizedApp) -> dict[str, Any]:
    [template] = app.templates.values()
    return {
        name: resource["Properties"]["Code"]["ImageUri"].removeprefix(f"{HOST}/")
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Lambda::Function"
    }


@pytest.mark.parametrize("mode", ["verify", "select", "ignore"])
def test_a_function_gets_the_one_image_of_its_architecture(
    registry: RegistryServer, synthesize: Synthesize, tmp_path: Path, mode: PlatformMode
) -> None:
    lock_file = tmp_path / "images.lock.json"

    def app(**options: Any) -> App:
        app = App()
        stack = Stack(app, "Web")
        function(stack, "Plain", "shop/plain:1")
        function(stack, "Attested", "shop/attested:1", ["x86_64"])
        function(stack, "Intel", "shop/both:1")
        function(stack, "Graviton", "shop/both:1", ["arm64"])
        PinImages.apply_to(app, platforms=mode, lock_file=lock_file, **options)
        return app

    expected = {
        "Plain": f"shop/plain@{registry.digest(f'{HOST}/shop/plain:1')}",
        "Attested": f"shop/attested@{selected(registry, 'shop/attested:1', 'linux/amd64')}",
        "Intel": f"shop/both@{selected(registry, 'shop/both:1', 'linux/amd64')}",
        "Graviton": f"shop/both@{selected(registry, 'shop/both:1', 'linux/arm64')}",
    }
    assert len(set(expected.values())) == 4
    assert images(synthesize(app(mirrors=registry.mirrors))) == expected
    assert images(synthesize(app(update="never"))) == expected


def test_a_lock_file_from_before_answers_for_images_that_are_no_index(
    registry: RegistryServer, synthesize: Synthesize, tmp_path: Path
) -> None:
    """Such entries stand there without a platform."""
    lock_file = tmp_path / "images.lock.json"
    digest = registry.digest(f"{HOST}/shop/plain:1")
    lock_file.write_text(
        f'{{"version": 1, "images": {{"{HOST}/shop/plain:1": {{"digest": "{digest}", "mediaType": '
        '"application/vnd.oci.image.manifest.v1+json", "platforms": ["linux/amd64"]}}}',
        encoding="utf-8",
    )
    before = LockFile.read(lock_file)

    def app(architecture: str) -> App:
        app = App()
        function(Stack(app, "Web"), "Plain", "shop/plain:1", [architecture])
        PinImages.apply_to(app, lock_file=lock_file, update="never")
        return app

    assert images(synthesize(app("x86_64"))) == {"Plain": f"shop/plain@{digest}"}
    [error] = synthesize(app("arm64"), check=False).errors
    assert "does not run on linux/arm64" in error
    assert LockFile.read(lock_file) == before


def test_an_index_is_an_error_where_the_architecture_is_not_known(
    registry: RegistryServer, synthesize: Synthesize
) -> None:
    app = App()
    stack = Stack(app, "Web")
    architecture = CfnParameter(stack, "Architecture").value_as_string
    function(stack, "Plain", "shop/plain:1", [architecture])
    function(stack, "Attested", "shop/attested:1", [architecture])
    PinImages.apply_to(app, mirrors=registry.mirrors)
    result = synthesize(app, check=False)
    [error] = result.errors
    assert f"The image {HOST}/shop/attested:1 at Code.ImageUri is an index" in error
    assert "Architectures" in error
    plain = registry.digest(f"{HOST}/shop/plain:1")
    assert images(result)["Plain"] == f"shop/plain@{plain}"


def test_a_written_digest_of_an_index_is_an_error(
    registry: RegistryServer, synthesize: Synthesize
) -> None:
    app = App()
    stack = Stack(app, "Web")
    index = registry.digest(f"{HOST}/shop/both:1")
    inner = selected(registry, "shop/both:1", "linux/amd64")
    function(stack, "Index", f"shop/both@{index}")
    function(stack, "Inner", f"shop/both@{inner}")
    PinImages.apply_to(app, mirrors=registry.mirrors)
    [violation] = plugin_report(synthesize(app, check=False))["violations"]
    assert violation["ruleName"] == "unusable-digest"
    assert "is the digest of an index" in violation["description"]
    assert "linux/amd64" in violation["suggestedFix"]


def test_sagemaker_hosting_is_warned_of_all_but_single_images_in_docker_s_format(
    registry: RegistryServer, synthesize: Synthesize
) -> None:
    app = App()
    stack = Stack(app, "Web")
    for name in ("plain", "attested", "docker"):
        sagemaker.CfnModel(
            stack,
            name,
            execution_role_arn="arn:aws:iam::123456789012:role/models",
            primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(
                image=f"{HOST}/shop/{name}:1"
            ),
        )
    PinImages.apply_to(app, mirrors=registry.mirrors)
    found = {
        violation["violatingConstructs"][0]["constructPath"]: violation
        for violation in plugin_report(synthesize(app))["violations"]
    }
    assert sorted(found) == ["Web/attested", "Web/plain"]
    assert {each["ruleName"] for each in found.values()} == {"image-format"}
    assert "is an index" in found["Web/attested"]["description"]
    assert "is an image in OCI's format" in found["Web/plain"]["description"]
