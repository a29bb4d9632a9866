"""What CDK hashes while it prepares an app: templates of nested stacks, versions of functions."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CfnResource, Environment, NestedStack, Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from pinned_images import PinImages
from pinned_images.assembly import pin_assembly
from pinned_images.options import Options
from pinned_images.reference import Digest
from pinned_images.report.synth_report import FILE_NAME, SynthReport
from pinned_images.testing import FixedResolver, SynthesizedApp, assert_pinned, synthesize

ENVIRONMENT = Environment(account="123456789012", region="eu-west-1")
NAME = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop"
IMAGE = f"{NAME}:v1"
ROLE = "arn:aws:iam::123456789012:role/function"


def resources(app: SynthesizedApp, resource_type: str) -> dict[str, dict[str, Any]]:
    return {
        logical_id: resource
        for template in app.templates.values()
        for logical_id, resource in template.get("Resources", {}).items()
        if resource["Type"] == resource_type
    }


def pinned_images(assembly: Path) -> list[str | None]:
    """What the report says that was pinned."""
    report = SynthReport.from_json((assembly / FILE_NAME).read_text("utf-8"))
    return [image.pinned for image in report.records]


def digest_of_nested_template(app: SynthesizedApp) -> str:
    """The hash of what was written, as CDK computes it for the name of the template in S3."""
    [template] = app.directory.glob("*.nested.template.json")
    compact = json.dumps(
        json.loads(template.read_text("utf-8")), separators=(",", ":"), ensure_ascii=False
    )
    return hashlib.sha256(compact.encode()).hexdigest()


def file_assets(app: SynthesizedApp) -> set[str]:
    return {
        asset
        for manifest in app.directory.glob("*.assets.json")
        for asset in json.loads(manifest.read_text("utf-8"))["files"]
    }


def function_app(
    place: str, role: str, outdir: Path, digest: Digest | None = None, *, by_aspect: bool = True
) -> App:
    """A function in an image of another stack's repository, with a version that others name."""
    app = App(outdir=str(outdir))
    images = Stack(app, "Images", env=ENVIRONMENT)
    repository = ecr.Repository(images, "Repository", repository_name="shop")
    stack = Stack(app, "Functions", env=ENVIRONMENT)
    scope = NestedStack(stack, "Inner") if place == "nested stack" else stack
    function = lambda_.DockerImageFunction(
        scope,
        "Function",
        role=iam.Role.from_role_arn(scope, "Role", ROLE) if role == "imported role" else None,
        code=lambda_.DockerImageCode.from_ecr(repository, tag_or_digest="v1"),
    )
    lambda_.Alias(scope, "Live", alias_name="live", version=function.current_version)
    user = Stack(app, "User", env=ENVIRONMENT)
    CfnResource(
        user,
        "User",
        type="Custom::User",
        properties={"ServiceToken": ROLE, "Version": function.current_version.version},
    )
    if by_aspect:
        PinImages.apply_to(
            app, resolver=FixedResolver({IMAGE: str(digest)}) if digest else FixedResolver.derived()
        )
    return app


PLACES = pytest.mark.parametrize("place", ["stack", "nested stack"])
ROLES = pytest.mark.parametrize("role", ["own role", "imported role"])


@PLACES
@ROLES
def test_a_function_with_a_version_is_pinned_when_references_are_known(
    tmp_path: Path, place: str, role: str
) -> None:
    app = synthesize(function_app(place, role, tmp_path))
    assert_pinned(app)
    one = Digest.of(f"{IMAGE} for linux/amd64".encode())
    assert pinned_images(app.directory) == [f"{NAME}@{one}"]
    if place == "nested stack":
        assert digest_of_nested_template(app) in file_assets(app)


@PLACES
@ROLES
def test_another_digest_is_another_version_of_a_function(
    tmp_path: Path, place: str, role: str
) -> None:
    versions = []
    for text in ("first", "second"):
        digest = Digest.of(text.encode())
        app = synthesize(function_app(place, role, tmp_path / text, digest))
        [version] = resources(app, "AWS::Lambda::Version")
        [alias] = resources(app, "AWS::Lambda::Alias").values()
        assert alias["Properties"]["FunctionVersion"] == {"Fn::GetAtt": [version, "Version"]}
        versions.append(version)
    assert versions[0] != versions[1]


def test_a_finished_assembly_gets_new_names_of_versions_where_the_aspect_gives_them(
    tmp_path: Path,
) -> None:
    """But for the hashes, the template is the same: names of exports, which others import, stay."""
    plain = synthesize(function_app("stack", "own role", tmp_path / "plain", by_aspect=False))
    templates, versions = {}, {}
    for text in ("first", "second"):
        digest = Digest.of(text.encode())
        by_aspect = synthesize(function_app("stack", "own role", tmp_path / text, digest))
        folder = tmp_path / f"run {text}"
        shutil.copytree(plain.directory, folder)
        options = Options.of({"resolver": FixedResolver({IMAGE: str(digest)})})
        assert pin_assembly(folder, options).violations == ()
        run = SynthesizedApp.read(folder)
        for how, app in (("aspect", by_aspect), ("run", run)):
            [versions[how, text]] = resources(app, "AWS::Lambda::Version")
            templates[how, text] = json.dumps(app.templates).replace(versions[how, text], "version")
        assert templates["run", text] == templates["aspect", text]
        metadata = "".join(each.read_text("utf-8") for each in folder.glob("*.metadata.json"))
        assert versions["run", text] in metadata
    assert len({*versions.values(), *resources(plain, "AWS::Lambda::Version")}) == 5


def test_a_nested_template_is_hashed_with_its_pinned_images(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    repository = ecr.Repository(
        Stack(app, "Images", env=ENVIRONMENT), "Repository", repository_name="shop"
    )
    nested = NestedStack(Stack(app, "Web", env=ENVIRONMENT), "Inner")
    task = ecs.FargateTaskDefinition(nested, "Task")
    task.add_container("app", image=ecs.ContainerImage.from_ecr_repository(repository, "v1"))
    PinImages.apply_to(app, resolver=FixedResolver.derived())
    synthesized = synthesize(app)
    assert_pinned(synthesized)
    assert pinned_images(tmp_path) == [f"{IMAGE}@{Digest.of(IMAGE.encode())}"]
    assert digest_of_nested_template(synthesized) in file_assets(synthesized)


@PLACES
def test_a_raw_resource_is_pinned_when_references_are_known(tmp_path: Path, place: str) -> None:
    app = App(outdir=str(tmp_path))
    images = Stack(app, "Images", env=ENVIRONMENT)
    repository = ecr.Repository(images, "Repository", repository_name="shop")
    stack = Stack(app, "Web", env=ENVIRONMENT)
    CfnResource(
        NestedStack(stack, "Inner") if place == "nested stack" else stack,
        "Task",
        type="AWS::ECS::TaskDefinition",
        properties={"ContainerDefinitions": [{"Image": repository.repository_uri_for_tag("v1")}]},
    )
    PinImages.apply_to(app, resolver=FixedResolver.derived())
    synthesize(app)
    assert pinned_images(tmp_path) == [f"{IMAGE}@{Digest.of(IMAGE.encode())}"]


@PLACES
def test_images_are_pinned_in_a_synth_without_validation(tmp_path: Path, place: str) -> None:
    app = function_app(place, "own role", tmp_path)
    app.synth(skip_validation=True)
    [function] = resources(SynthesizedApp.read(tmp_path), "AWS::Lambda::Function").values()
    assert function["Properties"]["Code"]["ImageUri"]["Fn::Join"][1][-1].startswith("@sha256:")


def test_the_resource_that_tells_when_a_template_is_written_stays_as_it_is(tmp_path: Path) -> None:
    app = synthesize(function_app("stack", "own role", tmp_path))
    [role] = resources(app, "AWS::IAM::Role").values()
    assert "pinned-images" not in json.dumps(role)
