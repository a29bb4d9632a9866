"""The recipes of `docs/recipes.md`, tried."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aws_cdk as cdk
import botocore.session
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecr_assets as ecr_assets
from botocore.validate import validate_parameters

from pinned_images import PinImages
from pinned_images.lockfile import LockFile
from pinned_images.testing import FixedResolver, RegistryServer, assert_pinned
from tests.documentation import example, page
from tests.integration.cdk import cdk_reads
from tests.synth.synthesis import Synthesize
from tests.synth.tasks import high_level_task
from tools.example_network import mirrors_variable

PAGE = "recipes.md"
ENVIRONMENT = cdk.Environment(account="123456789012", region="eu-west-1")
RESOLVER = FixedResolver.derived()


def recipe(title: str) -> Any:
    """The function of an example."""
    names: dict[str, Any] = {"__name__": "recipe"}
    exec(example(PAGE, title), names)  # noqa: S102 - the page's own example
    [found] = [each for each in names.values() if getattr(each, "__module__", "") == "recipe"]
    return found


def test_a_repository_and_a_service_in_one_app(synthesize: Synthesize) -> None:
    app = cdk.App()
    recipe("repository and service")(app)
    PinImages.apply_to(app, resolver=RESOLVER)
    [reference] = assert_pinned(synthesize(app))
    assert (reference.repository, reference.tag) == ("shop/web", "1.4")


def test_a_stack_without_images_is_deployed_before_there_is_one(synthesize: Synthesize) -> None:
    app = cdk.App()
    recipe("repository and service")(app)
    PinImages.apply_to(app, resolver=FixedResolver({}))
    synthesized = synthesize(app, check=False)
    assert synthesized.errors
    finished = cdk_reads(synthesized.directory, "Repositories")
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_what_the_deployment_pushes(synthesize: Synthesize, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    app = cdk.App()
    stack = cdk.Stack(app, "Shop", env=ENVIRONMENT)
    images = ecr.Repository(stack, "Images", repository_name="shop/web")
    asset = ecr_assets.DockerImageAsset(stack, "Asset", directory=str(tmp_path))
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:build"
    build = cdk.CustomResource(stack, "Build", service_token=arn)
    recipe("copy")(stack, images)
    recipe("copied asset")(stack, images, asset)
    recipe("build")(stack, images, build)
    PinImages.apply_to(app, resolver=RESOLVER)
    template = synthesize(app).template("Shop")
    texts = {
        key: str(value["Properties"]["ContainerDefinitions"][0]["Image"])
        for key, value in template["Resources"].items()
        if value["Type"] == "AWS::ECS::TaskDefinition"
    }
    asset_task, built_task, task = (texts[key] for key in sorted(texts))
    assert "1.27@sha256:" in task
    assert asset.asset_hash in asset_task
    assert "@sha256" not in asset_task
    assert "Digest" in built_task


def test_a_synth_without_credentials(
    synthesize: Synthesize, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def app() -> cdk.App:
        made = cdk.App()
        high_level_task(cdk.Stack(made, "Web", env=ENVIRONMENT), image="registry.example/web:1")
        recipe("lock file")(made)
        return made

    monkeypatch.chdir(tmp_path)
    with RegistryServer() as registry:
        registry.push("registry.example/web:1")
        monkeypatch.setenv("PINNED_IMAGES_MIRRORS", mirrors_variable(registry.mirrors))
        first = synthesize(app())
    assert len(LockFile.read(tmp_path / "pinned-images.lock.json").entries) == 1
    monkeypatch.setenv("PINNED_IMAGES_UPDATE", "never")
    assert synthesize(app()).templates == first.templates


def test_a_pipeline(synthesize: Synthesize, monkeypatch: pytest.MonkeyPatch) -> None:
    app = cdk.App()
    stage = cdk.Stage(app, "Production", env=ENVIRONMENT)
    high_level_task(cdk.Stack(stage, "Web"), image="registry.example/web:1")
    with RegistryServer() as registry:
        registry.push("registry.example/web:1")
        monkeypatch.setenv("PINNED_IMAGES_MIRRORS", mirrors_variable(registry.mirrors))
        recipe("pipeline")(app, SimpleNamespace(stage=stage, env=ENVIRONMENT))
        result = synthesize(app)
    assert "registry.example/web:1" in {
        str(reference).partition("@")[0] for reference in assert_pinned(result)
    }


def test_a_role_is_taken_out_of_the_count_of_pulls() -> None:
    command = re.search(r"aws ecr (\S+) \\\n\s+--(\S+) (\S+)", page(PAGE))
    assert command is not None
    model = botocore.session.get_session().get_service_model("ecr")
    operation = "".join(part.title() for part in command[1].split("-"))
    first, *rest = command[2].split("-")
    parameters = {first + "".join(part.title() for part in rest): command[3]}
    shape = model.operation_model(operation).input_shape
    assert shape is not None
    validate_parameters(parameters, shape)


test_the_web_container_runs_nginx = recipe("exact image")
