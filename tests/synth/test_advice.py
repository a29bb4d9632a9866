"""What errors advise, followed word by word: it works."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import cloudformation_include as include

from pinned_images import PinImages
from pinned_images.testing import FixedResolver
from pinned_images.testing.synthesized import SynthesizedApp
from tests.synth.synthesis import Synthesize
from tests.synth.tasks import TYPE, images_in, is_pinned, task_properties

ENVIRONMENT = Environment(account="123456789012", region="eu-west-1")


def synthesized(synthesize: Synthesize, app: App, **options: Any) -> SynthesizedApp:
    PinImages.apply_to(app, resolver=FixedResolver.derived(), **options)
    return synthesize(app, check=False)


def included(folder: Path, declaration: dict[str, str], **options: Any) -> App:
    template = {
        "Parameters": {"Image": declaration},
        "Resources": {"Task": {"Type": TYPE, "Properties": task_properties({"Ref": "Image"})}},
    }
    file = folder / "web.json"
    file.write_text(json.dumps(template), encoding="utf-8")
    app = App()
    include.CfnInclude(Stack(app, "Web"), "Template", template_file=str(file), **options)
    return app


@pytest.mark.parametrize("default", [None, "nginx:1.25"], ids=["no default", "default"])
def test_a_parameter_gets_its_value_where_its_template_is_included(
    synthesize: Synthesize, tmp_path: Path, default: str | None
) -> None:
    declaration = {"Type": "String"} | ({} if default is None else {"Default": default})
    [error] = synthesized(synthesize, included(tmp_path, declaration)).errors
    assert "CfnInclude(..., parameters={'Image': ...})" in error
    assert "PinImages(use_parameter_defaults=True)" in error
    app = included(tmp_path, declaration, parameters={"Image": "nginx:1.27"})
    followed = synthesized(synthesize, app)
    assert followed.errors == ()
    [image] = images_in(followed.template("Web"))
    assert is_pinned(image)
    assert image.startswith("nginx:1.27@")


def test_an_option_that_is_on_is_not_advised(synthesize: Synthesize, tmp_path: Path) -> None:
    app = included(tmp_path, {"Type": "String"})
    [error] = synthesized(synthesize, app, use_parameter_defaults=True).errors
    assert "CfnInclude(..., parameters={'Image': ...})" in error
    assert "default" in error
    assert "use_parameter_defaults" not in error


class Shop:
    """A stack with a repository that has no name, and a task."""

    def __init__(self) -> None:
        self.app = App()
        self.stack = Stack(self.app, "Shop", env=ENVIRONMENT)
        self.repository = ecr.Repository(self.stack, "Images")

    def run(self, repository: ecr.IRepository, tag: str) -> None:
        task = ecs.FargateTaskDefinition(self.stack, "Task")
        task.add_container("app", image=ecs.ContainerImage.from_ecr_repository(repository, tag))


def test_a_deployed_repository_without_a_name_keeps_it(synthesize: Synthesize) -> None:
    shop = Shop()
    shop.run(shop.repository, "v1")
    [error] = synthesized(synthesize, shop.app).errors
    resource = shop.repository.node.default_child
    logical_id = shop.stack.get_logical_id(resource)  # type: ignore[arg-type]
    assert "a name would replace it with an empty repository" in error
    assert f"--stack-name Shop --logical-resource-id {logical_id}" in error
    followed = Shop()
    deployed = ecr.Repository.from_repository_name(followed.stack, "Deployed", "shop-images-1x2y")
    followed.run(deployed, "v1")
    app = synthesized(synthesize, followed.app)
    assert app.errors == ()
    assert "/shop-images-1x2y:v1@sha256:" in json.dumps(images_in(app.template("Shop")))
    repositories = [
        resource.get("Properties", {})
        for resource in app.template("Shop")["Resources"].values()
        if resource["Type"] == "AWS::ECR::Repository"
    ]
    assert all("RepositoryName" not in each for each in repositories)


def test_a_digest_behind_an_unnamed_repository_is_left(synthesize: Synthesize) -> None:
    shop = Shop()
    shop.run(shop.repository, "sha256:" + "a" * 64)
    assert synthesized(synthesize, shop.app).errors == ()
