"""`assert_pinned` finds every image without a digest, and names its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Environment, NestedStack, Stack, Stage, assertions, aws_ecr, aws_ecs

from pinned_images import ConfigurationError, ImageReference
from pinned_images.testing import SynthesizedApp, assert_pinned

DIGEST = f"sha256:{'1b' * 32}"
PINNED = f"nginx:1.25@{DIGEST}"


def task(*images: Any) -> dict[str, Any]:
    containers = [{"Name": f"c{number}", "Image": image} for number, image in enumerate(images)]
    properties = {"ContainerDefinitions": containers}
    return {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}


def template(**resources: Any) -> dict[str, Any]:
    return {"Resources": resources}


def test_pinned_images_pass_and_are_given_back() -> None:
    given = template(Web=task(PINNED, f"ghcr.io/org/app@{DIGEST}"), Worker=task(PINNED))
    assert assert_pinned(given) == [
        ImageReference.parse(PINNED),
        ImageReference.parse(f"ghcr.io/org/app@{DIGEST}"),
    ]


def test_a_template_without_images_gives_none_back() -> None:
    assert assert_pinned(template(Queue={"Type": "AWS::SQS::Queue"})) == []


def test_images_that_stacks_name_to_each_other_are_given_back(
    synthesize: Callable[..., SynthesizedApp],
) -> None:
    app = App()
    here = Environment(account="123456789012", region="us-east-1")
    repository = aws_ecr.Repository(
        Stack(app, "Images", env=here), "Repository", repository_name="shop"
    )
    task_definition = aws_ecs.FargateTaskDefinition(Stack(app, "Web", env=here), "Task")
    image = aws_ecs.ContainerImage.from_ecr_repository(repository, f"v1@{DIGEST}")
    task_definition.add_container("app", image=image)
    [reference] = assert_pinned(synthesize(app))
    assert (reference.repository, reference.tag) == ("shop", "v1")


def test_all_unpinned_images_are_named_with_their_place() -> None:
    function = {"Type": "AWS::Lambda::Function", "Properties": {"Code": {"ImageUri": "app:v1"}}}
    with pytest.raises(AssertionError) as failure:
        assert_pinned(template(Web=task(PINNED, "nginx:1.25"), Function=function))
    assert str(failure.value).splitlines() == [
        "2 images are not pinned:",
        "  Web Properties.ContainerDefinitions[1].Image: nginx:1.25",
        "  Function Properties.Code.ImageUri: app:v1",
        "Pin the app with PinImages, or name what may stay unpinned in exempt.",
    ]


@pytest.mark.parametrize(
    "image",
    [
        {"Fn::Sub": f"${{AWS::AccountId}}.dkr.ecr.${{AWS::Region}}.amazonaws.com/app:1@{DIGEST}"},
        {"Fn::Join": ["", [{"Fn::ImportValue": "Repository"}, f":v1@{DIGEST}"]]},
        {"Fn::Join": ["", [{"Ref": "FromSsm"}, f"@{DIGEST}"]]},
        f"{{{{resolve:ssm:/app/image}}}}@{DIGEST}",
        {"Fn::If": ["Production", PINNED, f"nginx:1.26@{DIGEST}"]},
        {"Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/"
         "cdk-hnb659fds-container-assets-${AWS::AccountId}-${AWS::Region}:" + "0a" * 32},
        {"Ref": "AWS::NoValue"},
    ],
    ids=["sub", "import", "ssm-ref", "ssm-text", "if", "asset", "no-value"],
)  # fmt: skip
def test_intrinsic_functions_are_followed(image: Any) -> None:
    parameter = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/app/image"}
    assert_pinned(template(Web=task(image)) | {"Parameters": {"FromSsm": parameter}})


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        ({"Fn::Join": ["", [{"Fn::ImportValue": "Repository"}, ":v1"]]}, "${Repository}:v1"),
        ({"Fn::If": ["Production", PINNED, "nginx:1.26"]}, "nginx:1.26"),
        ({"Ref": "Image"}, "${Image}"),
        ({"Fn::Join": ["", [{"Ref": "Image"}, "@sha256:12"]]}, "@sha256:12"),
        ({"Fn::Join": ["", []]}, ".Image: ''"),
        ("{{resolve:ssm:/app/image}}", "resolve:ssm"),
        ("", "ContainerDefinitions"),
    ],
)
def test_what_cannot_be_known_to_be_pinned_is_not(image: Any, shown: str) -> None:
    with pytest.raises(AssertionError, match="1 image is not pinned") as failure:
        assert_pinned(template(Web=task(image)))
    assert shown in str(failure.value)


@pytest.mark.parametrize(
    "exempt",
    [
        ["docker.io/library/nginx:*"],
        ["*/nginx:1.25"],
        ["Web"],
        ["W*"],
        ("nothing", "Web"),
        "docker.io/library/nginx:1.25",
    ],
)
def test_exempt_images_pass(exempt: Any) -> None:
    assert assert_pinned(template(Web=task("nginx:1.25", PINNED)), exempt=exempt) == [
        ImageReference.parse(PINNED)
    ]


@pytest.mark.parametrize("exempt", ["nginx:1.25", "docker.io/library/nginx", "web", ""])
def test_an_exemption_covers_what_it_names_alone(exempt: str) -> None:
    with pytest.raises(AssertionError, match=r"nginx:1\.25"):
        assert_pinned(template(Web=task("nginx:1.25")), exempt=[exempt])


def test_a_template_may_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "Web.template.json"
    file.write_text(json.dumps(template(Web=task("nginx:1.25"))), encoding="utf-8")
    for form in (file, str(file)):
        with pytest.raises(AssertionError, match=r"nginx:1\.25"):
            assert_pinned(form)


def test_what_is_no_template_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no template"):
        assert_pinned(["nginx"])
    with pytest.raises(ConfigurationError, match="no cloud assembly"):
        assert_pinned(tmp_path)


@pytest.fixture
def app() -> App:
    return App(analytics_reporting=False)


def add_task(scope: Stack, image: aws_ecs.ContainerImage) -> None:
    definition = aws_ecs.FargateTaskDefinition(scope, "Task")
    definition.add_container("web", image=image)


@pytest.mark.parametrize("environment", [None, Environment(account="1" * 12, region="eu-west-1")])
def test_templates_of_cdk_are_read(app: App, environment: Environment | None) -> None:
    web = Stack(app, "Web", env=environment)
    repository = aws_ecr.Repository.from_repository_name(web, "Repository", "team/app")
    add_task(web, aws_ecs.ContainerImage.from_ecr_repository(repository, DIGEST))
    (image,) = assert_pinned(assertions.Template.from_stack(web))
    assert image.digest == DIGEST


def test_every_template_of_an_app_is_read(
    app: App, synthesize: Callable[..., SynthesizedApp]
) -> None:
    images = aws_ecs.ContainerImage
    web = Stack(app, "Web")
    add_task(web, images.from_registry(PINNED))
    add_task(NestedStack(web, "Nested"), images.from_registry("nested:1"))
    add_task(Stack(Stage(app, "Production"), "Web"), images.from_registry("staged:1"))
    synthesized = synthesize(app)
    for form in (synthesized, synthesized.directory, str(synthesized.directory)):
        with pytest.raises(AssertionError, match="2 images are not pinned") as failure:
            assert_pinned(form)
        assert "Web/Nested Task" in str(failure.value)
        assert "Production/Web Task" in str(failure.value)
