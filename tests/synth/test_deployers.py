"""Stacks that something other than the app deploys: no synth knows their account and region."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import (
    App,
    BootstraplessSynthesizer,
    CfnOutput,
    CfnStackSet,
    CliCredentialsStackSynthesizer,
    DefaultStackSynthesizer,
    Environment,
    Fn,
    NestedStack,
    Stack,
    StackSynthesizer,
    Stage,
    Validations,
)
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_servicecatalog as servicecatalog
from aws_cdk import aws_ssm as ssm

from pinned_images import (
    ImageReference,
    PinImages,
    PinnedImagesGate,
    Platform,
    Resolution,
    ResolutionRequest,
)
from pinned_images.report.synth_report import SynthReport
from pinned_images.testing import FixedResolver
from pinned_images.testing.synthesized import SynthesizedApp
from tests.synth.synthesis import Synthesize
from tests.synth.tasks import TYPE, acknowledge, task_properties

ACCOUNT, REGION = "123456789012", "eu-west-1"
ENVIRONMENT = Environment(account=ACCOUNT, region=REGION)
RESOLVER = FixedResolver.derived()

SERVICE_CATALOG = "AWS Service Catalog deploys this template"
STACK_SETS = "AWS CloudFormation StackSets deploys this template"
NOT_THE_APP = "something other than this app deploys this template"


class TemplateOnly(StackSynthesizer):
    """Writes the template of a stack, which no manifest names, as CDK's own for products does."""

    def add_file_asset(self, **_: Any) -> Any:
        raise NotImplementedError

    def add_docker_image_asset(self, **_: Any) -> Any:
        raise NotImplementedError

    def synthesize(self, session: Any) -> None:
        self._synthesize_template(session)


def add_task(stack: Stack, image: ecs.ContainerImage, name: str = "Task") -> None:
    ecs.FargateTaskDefinition(stack, name).add_container("app", image=image)


def by_name(stack: Stack) -> ecs.ContainerImage:
    """An image of a repository in the account and region that the stack is deployed to."""
    repository = ecr.Repository.from_repository_name(stack, "Repository", "team/app")
    return ecs.ContainerImage.from_ecr_repository(repository, "1")


def product(scope: Stack, name: str = "Product", **options: Any) -> servicecatalog.ProductStack:
    stack = servicecatalog.ProductStack(scope, name, **options)
    template = servicecatalog.CloudFormationTemplate.from_product_stack(stack)
    version = servicecatalog.CloudFormationProductVersion(cloud_formation_template=template)
    servicecatalog.CloudFormationProduct(
        scope, f"{name}Product", owner="us", product_name=name, product_versions=[version]
    )
    return stack


def stack_set(scope: Stack, name: str = "Everywhere") -> Stack:
    """A stack in another one, in the form of cdk-stacksets' `StackSetStack`."""
    stack = Stack(scope, name, synthesizer=TemplateOnly())
    CfnStackSet(
        scope,
        f"{name}Set",
        permission_model="SERVICE_MANAGED",
        stack_set_name=name,
        template_url=f"https://templates.s3.{REGION}.amazonaws.com/{name}.json",
    )
    return stack


def on_its_own(scope: Stack) -> Stack:
    """A stack of the app whose template is written and that no manifest names."""
    return Stack(Stage.of(scope), "Handed", synthesizer=TemplateOnly())


def handed_to_a_stack_set(scope: Stack) -> Stack:
    """The same, whose template a stack set names as an asset."""
    stack = on_its_own(scope)
    named = CfnStackSet(
        scope,
        "Set",
        permission_model="SERVICE_MANAGED",
        stack_set_name="everywhere",
        template_url="https://templates.s3.amazonaws.com/handed.json",
    )
    named.add_metadata("aws:asset:path", stack.template_file)
    return stack


KINDS: dict[str, tuple[Callable[[Stack], Stack], str]] = {
    "product": (product, SERVICE_CATALOG),
    "stack in another": (stack_set, STACK_SETS),
    "stack that nothing names": (
        lambda scope: Stack(scope, "Alone", synthesizer=TemplateOnly()),
        NOT_THE_APP,
    ),
    "stack on its own": (on_its_own, NOT_THE_APP),
    "handed to a stack set": (handed_to_a_stack_set, STACK_SETS),
}


@pytest.fixture(autouse=True)
def environment_of_the_synth(monkeypatch: pytest.MonkeyPatch) -> None:
    """An account and a region of whoever runs the synth, as the CDK CLI tells them to the app."""
    monkeypatch.setenv("CDK_DEFAULT_ACCOUNT", "999999999999")
    monkeypatch.setenv("CDK_DEFAULT_REGION", "us-east-2")


def synthesized(
    synthesize: Synthesize, kind: str, add: Callable[[Stack], object], **options: Any
) -> SynthesizedApp:
    app = App()
    portfolio = Stack(Stage(app, "Production"), "Portfolio", env=ENVIRONMENT)
    make, _ = KINDS[kind]
    add(make(portfolio))
    PinImages.apply_to(app, resolver=RESOLVER, **options)
    return synthesize(app, check=False)


def written(app: SynthesizedApp) -> dict[str, Any]:
    """The images of all templates, whether a manifest names them or not, by logical id."""
    templates = [json.loads(file.read_text("utf-8")) for file in app.directory.rglob("*.json")]
    return {
        logical_id: container["Image"]
        for template in templates
        for logical_id, resource in template.get("Resources", {}).items()
        if resource["Type"] == TYPE
        for container in resource["Properties"]["ContainerDefinitions"]
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_repository_where_the_stack_is_deployed_is_an_error(
    synthesize: Synthesize, kind: str
) -> None:
    app = synthesized(synthesize, kind, lambda stack: add_task(stack, by_name(stack)))
    [error] = app.errors
    assert "Task/Resource" in error
    assert KINDS[kind][1] in error
    assert "account and the region of the image's repository as text" in error
    assert "credentials" not in error
    assert "env=" not in error


@pytest.mark.parametrize("kind", KINDS)
def test_images_whose_account_and_region_are_written_are_pinned(
    synthesize: Synthesize, kind: str
) -> None:
    arn = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/team/app"
    images = [f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/team/app:1", "nginx:1.27"]

    def add(stack: Stack) -> None:
        for image in images:
            add_task(stack, ecs.ContainerImage.from_registry(image), image.split(".")[0])
        repository = ecr.Repository.from_repository_arn(stack, "Repository", arn)
        add_task(stack, ecs.ContainerImage.from_ecr_repository(repository, "1"), "ByArn")

    app = synthesized(synthesize, kind, add)
    assert app.errors == ()
    in_ecr, by_arn, public = (image for _, image in sorted(written(app).items()))
    before, suffix, after = by_arn["Fn::Join"][1]
    assert suffix == {"Ref": "AWS::URLSuffix"}
    assert f"{before}amazonaws.com{after}" == in_ecr == digest_of(images[0])
    assert public == digest_of(images[1])


def digest_of(image: str) -> str:
    request = ResolutionRequest(ImageReference.parse(image), Platform("linux", "amd64"))
    resolution = RESOLVER.resolve([request])[request]
    assert isinstance(resolution, Resolution)
    return f"{image}@{resolution.digest}"


def test_the_domain_of_a_repository_follows_its_own_region(synthesize: Synthesize) -> None:
    arn = f"arn:aws-cn:ecr:cn-north-1:{ACCOUNT}:repository/team/app"

    def add(stack: Stack) -> None:
        repository = ecr.Repository.from_repository_arn(stack, "Repository", arn)
        add_task(stack, ecs.ContainerImage.from_ecr_repository(repository, "1"))

    app = synthesized(synthesize, "product", add)
    [record] = SynthReport.read(app.directory).records
    assert record.reference == f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn/team/app:1"
    assert app.errors == ()


@pytest.mark.parametrize("kind", ["product", "stack in another"])
def test_an_ssm_parameter_is_read_where_nobody_knows(synthesize: Synthesize, kind: str) -> None:
    def add(stack: Stack) -> None:
        image = ssm.StringParameter.value_for_string_parameter(stack, "/team/image")
        add_task(stack, ecs.ContainerImage.from_registry(image))

    [error] = synthesized(synthesize, kind, add).errors
    assert "the SSM parameter /team/image where" in error
    assert "PinImages(ssm_parameters={'/team/image': ...})" in error
    given = synthesized(synthesize, kind, add, ssm_parameters={"/team/image": "nginx:1.27"})
    assert given.errors == ()


def test_what_another_stack_of_the_app_exports_may_be_another_value_there(
    synthesize: Synthesize,
) -> None:
    def add(stack: Stack) -> None:
        exporting = Stack(Stage.of(stack), "Exporting", env=ENVIRONMENT)
        CfnOutput(exporting, "Image", value="nginx:1.27", export_name="image")
        add_task(stack, ecs.ContainerImage.from_registry(Fn.import_value("image")))

    [error] = synthesized(synthesize, "product", add).errors
    assert "the export 'image'" in error
    assert SERVICE_CATALOG in error


def test_a_stack_that_is_nested_in_a_product_is_deployed_with_it(synthesize: Synthesize) -> None:
    app = App()
    portfolio = Stack(app, "Portfolio", env=ENVIRONMENT)
    bucket = s3.Bucket(portfolio, "Assets", bucket_name="assets")
    nested = NestedStack(product(portfolio, asset_bucket=bucket), "Nested")
    add_task(nested, by_name(nested))
    PinImages.apply_to(app, resolver=RESOLVER)
    [error] = synthesize(app, check=False).errors
    assert SERVICE_CATALOG in error


def test_a_stack_in_another_that_the_app_deploys_has_its_own_environment(
    synthesize: Synthesize,
) -> None:
    app = App()
    outer = Stack(app, "Outer", synthesizer=DefaultStackSynthesizer(qualifier="other"))
    for number, synthesizer in enumerate(
        [None, CliCredentialsStackSynthesizer(), BootstraplessSynthesizer()]
    ):
        inner = Stack(outer, f"Inner{number}", env=ENVIRONMENT, synthesizer=synthesizer)
        add_task(inner, by_name(inner))
    PinImages.apply_to(app, resolver=RESOLVER)
    assert len(written(synthesize(app))) == 1  # the same logical id in each


def test_an_image_in_a_product_can_be_exempt_and_acknowledged(synthesize: Synthesize) -> None:
    def add(stack: Stack) -> None:
        add_task(stack, by_name(stack))
        acknowledge(stack)

    assert synthesized(synthesize, "product", add).errors == ()


def test_the_gate_alone_names_what_deploys_a_template(synthesize: Synthesize) -> None:
    image = {"Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/team/app:1"}
    body = {"Resources": {"Task": {"Type": TYPE, "Properties": task_properties(image)}}}
    app = App()
    CfnStackSet(
        Stack(app, "Portfolio", env=ENVIRONMENT),
        "Everywhere",
        permission_model="SERVICE_MANAGED",
        stack_set_name="everywhere",
        template_body=json.dumps(body),
    )
    Validations.of(app).add_plugins(PinnedImagesGate())
    [error] = synthesize(app, check=False).errors
    assert "Portfolio/Everywhere/Task" in error
    assert STACK_SETS in error
