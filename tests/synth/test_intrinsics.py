"""Values that CDK's own constructs write as functions: which image they are, or why not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from aws_cdk import (
    App,
    Aws,
    CfnCondition,
    CfnMapping,
    CfnOutput,
    CfnParameter,
    CfnResource,
    CrossStackReferences,
    CustomResource,
    Environment,
    Fn,
    NestedStack,
    ReferenceStrength,
    SecretValue,
    Stack,
    Token,
)
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from pinned_images import PinImages
from pinned_images.report.synth_report import SiteRecord, SynthReport
from pinned_images.testing import FixedResolver, SynthesizedApp, synthesize

ACCOUNT, REGION = "123456789012", "eu-west-1"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
PARAMETERS = {"/images/web": "nginx:1.27", "/images/tag:3": "1.26"}

#: Makes something in a stack, and gives the image that a container there shall run.
Case = Callable[[Stack], str | ecs.ContainerImage]


def other_stack(stack: Stack, region: str = REGION) -> Stack:
    """A stack beside a stack."""
    environment = Environment(account=ACCOUNT, region=region)
    app = stack.node.root
    assert isinstance(app, App)
    return Stack(app, f"{stack.node.id}-Other", env=environment, cross_region_references=True)


def add_task(scope: Construct, image: str | ecs.ContainerImage) -> None:
    if isinstance(image, str):
        container = ecs.CfnTaskDefinition.ContainerDefinitionProperty(name="app", image=image)
        ecs.CfnTaskDefinition(scope, "Task", container_definitions=[container])
    else:
        ecs.FargateTaskDefinition(scope, "Task").add_container("app", image=image)


def app_of(cases: dict[str, Case], outdir: Path) -> App:
    app = App(outdir=str(outdir), context={"aws:cdk:enable-path-metadata": True})
    for name, case in cases.items():
        environment = Environment(account=ACCOUNT, region=REGION)
        stack = Stack(app, name, env=environment, cross_region_references=True)
        add_task(stack, case(stack))
    return app


def mapping(stack: Stack) -> str:
    images = CfnMapping(stack, "Images", mapping={REGION: {"web": "nginx:1.27"}})
    return images.find_in_map(Aws.REGION, "web")


def condition(stack: Stack) -> str:
    size = CfnParameter(stack, "Size", default="small")
    large = CfnCondition(stack, "Large", expression=Fn.condition_equals(size, "large"))
    return Token.as_string(Fn.condition_if(large.logical_id, "nginx:1.27", "nginx:1.26"))


def condition_in_tag(stack: Stack) -> str:
    large = CfnCondition(stack, "Large", expression=Fn.condition_equals(Aws.REGION, REGION))
    return f"nginx:{Token.as_string(Fn.condition_if(large.logical_id, '1.27', '1.26'))}"


def condition_for_nothing(stack: Stack) -> str:
    large = CfnCondition(stack, "Large", expression=Fn.condition_equals(Aws.REGION, REGION))
    return Token.as_string(Fn.condition_if(large.logical_id, "nginx:1.27", Aws.NO_VALUE))


def substitution(stack: Stack) -> str:
    return Fn.sub(
        "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/shop:${Tag}", {"Tag": "2"}
    )


def selection(stack: Stack) -> str:
    tags = CfnMapping(stack, "Tags", mapping={"web": {"all": "1.26|1.27"}})
    return Fn.join(":", ["nginx", Fn.select(1, Fn.split("|", tags.find_in_map("web", "all")))])


def import_by_name(stack: Stack) -> str:
    CfnOutput(other_stack(stack), "Image", value="nginx:1.27", export_name="the-image")
    return Fn.import_value("the-image")


def import_by_computed_name(stack: Stack) -> str:
    other = other_stack(stack)
    name = Fn.sub("${AWS::StackName}-image")
    CfnOutput(other, "Image", value="nginx:1.27", export_name=name)
    return Fn.import_value(f"{other.stack_name}-image")


def repository_here(stack: Stack) -> ecs.ContainerImage:
    repository = ecr.Repository(stack, "Repository", repository_name="shop")
    return ecs.ContainerImage.from_ecr_repository(repository, "2")


def uri_of_repository_here(stack: Stack) -> str:
    repository = ecr.CfnRepository(stack, "Repository", repository_name="shop")
    return f"{repository.attr_repository_uri}:2"


def repository_by_name(stack: Stack) -> ecs.ContainerImage:
    repository = ecr.Repository.from_repository_name(stack, "Repository", "shop")
    return ecs.ContainerImage.from_ecr_repository(repository, "2")


def repository_elsewhere(stack: Stack) -> ecs.ContainerImage:
    repository = ecr.Repository(other_stack(stack), "Repository", repository_name="shop")
    return ecs.ContainerImage.from_ecr_repository(repository, "2")


def repository_elsewhere_referred_to_weakly(stack: Stack) -> ecs.ContainerImage:
    CrossStackReferences.of(stack).consume(ReferenceStrength.WEAK)
    return repository_elsewhere(stack)


def repository_in_another_region(stack: Stack) -> ecs.ContainerImage:
    other = other_stack(stack, "us-east-1")
    repository = ecr.Repository(other, "Repository", repository_name="shop")
    return ecs.ContainerImage.from_ecr_repository(repository, "2")


def repository_in_a_nested_stack(stack: Stack) -> ecs.ContainerImage:
    repository = ecr.Repository(NestedStack(stack, "Inner"), "Repository", repository_name="shop")
    return ecs.ContainerImage.from_ecr_repository(repository, "2")


def pull_through_cache(stack: Stack) -> str:
    rule = ecr.CfnPullThroughCacheRule(stack, "Rule", ecr_repository_prefix="hub")
    return f"{REGISTRY}/{rule.ref}/library/nginx:1.27"


def ssm_parameter(stack: Stack) -> str:
    return ssm.StringParameter.value_for_string_parameter(stack, "/images/web")


def ssm_parameter_of_a_version(stack: Stack) -> str:
    tag = ssm.StringParameter.from_string_parameter_attributes(
        stack, "Parameter", parameter_name="/images/tag", version=3
    )
    return f"nginx:{tag.string_value}"


def ssm_parameter_here(stack: Stack) -> str:
    CfnOutput(stack, "Unrelated", value="...")
    return ssm.CfnParameter(
        stack, "Parameter", type="String", value="nginx:1.27", name="/here"
    ).attr_value


KNOWN: dict[str, tuple[Case, list[str]]] = {
    "Mapping": (mapping, ["nginx:1.27"]),
    "Condition": (condition, ["nginx:1.27", "nginx:1.26"]),
    "ConditionInTag": (condition_in_tag, ["nginx:1.27", "nginx:1.26"]),
    "ConditionForNothing": (condition_for_nothing, ["nginx:1.27"]),
    "Substitution": (substitution, [f"{REGISTRY}/shop:2"]),
    "Selection": (selection, ["nginx:1.27"]),
    "ImportByName": (import_by_name, ["nginx:1.27"]),
    "ImportByComputedName": (import_by_computed_name, ["nginx:1.27"]),
    "RepositoryHere": (repository_here, [f"{REGISTRY}/shop:2"]),
    "UriOfRepositoryHere": (uri_of_repository_here, [f"{REGISTRY}/shop:2"]),
    "RepositoryByName": (repository_by_name, [f"{REGISTRY}/shop:2"]),
    "RepositoryElsewhere": (repository_elsewhere, [f"{REGISTRY}/shop:2"]),
    "RepositoryElsewhereReferredToWeakly": (
        repository_elsewhere_referred_to_weakly,
        [f"{REGISTRY}/shop:2"],
    ),
    "RepositoryInAnotherRegion": (
        repository_in_another_region,
        [f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/shop:2"],
    ),
    "RepositoryInANestedStack": (repository_in_a_nested_stack, [f"{REGISTRY}/shop:2"]),
    "PullThroughCache": (pull_through_cache, [f"{REGISTRY}/hub/library/nginx:1.27"]),
    "SsmParameter": (ssm_parameter, ["nginx:1.27"]),
    "SsmParameterOfAVersion": (ssm_parameter_of_a_version, ["nginx:1.26"]),
    "SsmParameterHere": (ssm_parameter_here, ["nginx:1.27"]),
}


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[SiteRecord]]:
    """The records of each stack with a case that is known."""
    app = app_of({name: case for name, (case, _) in KNOWN.items()}, tmp_path_factory.mktemp("a"))
    PinImages.apply_to(app, resolver=FixedResolver.derived(), ssm_parameters=PARAMETERS)
    directory = synthesize(app).directory
    by_stack = SynthReport.read(directory).by_stack()
    return {stack: list(records) for stack, records in by_stack.items()}


@pytest.mark.parametrize("name", KNOWN)
def test_what_functions_come_to_is_pinned(known: dict[str, list[SiteRecord]], name: str) -> None:
    expected = KNOWN[name][1]
    assert [record.reference for record in known[name]] == expected
    assert [str(record.pinned).partition("@sha256:")[0] for record in known[name]] == expected


def parameter(stack: Stack) -> str:
    return f"nginx:{CfnParameter(stack, 'Tag').value_as_string}"


def parameter_with_default(stack: Stack) -> str:
    return f"nginx:{CfnParameter(stack, 'Tag', default='1.27').value_as_string}"


def secret_parameter(stack: Stack) -> str:
    return f"nginx:{CfnParameter(stack, 'Tag', default='1.27', no_echo=True).value_as_string}"


def tag_of_a_pipeline(stack: Stack) -> ecs.ContainerImage:
    repository = ecr.Repository.from_repository_name(stack, "Repository", "shop")
    return ecs.TagParameterContainerImage(repository)


def unnamed_repository(stack: Stack) -> ecs.ContainerImage:
    return ecs.ContainerImage.from_ecr_repository(ecr.Repository(stack, "Repository"), "2")


def unnamed_repository_elsewhere(stack: Stack) -> ecs.ContainerImage:
    return unnamed_repository(other_stack(stack))


def other_resource(stack: Stack) -> str:
    return f"nginx:{CfnResource(stack, 'Bucket', type='AWS::S3::Bucket').ref}"


def custom_resource(stack: Stack) -> str:
    token = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:newest"
    return CustomResource(stack, "Newest", service_token=token).get_att_string("Image")


def import_from_another_app(stack: Stack) -> str:
    return Fn.import_value("the-image-of-others")


def secret(stack: Stack) -> str:
    return SecretValue.secrets_manager("image").unsafe_unwrap()


def secure_parameter(stack: Stack) -> str:
    return SecretValue.ssm_secure("/image", "1").unsafe_unwrap()


def unreadable_parameter(stack: Stack) -> str:
    return ssm.StringParameter.value_for_string_parameter(stack, "/images/none")


def macro(stack: Stack) -> str:
    return Token.as_string(Fn.transform("Macro", {"Image": "nginx"}))


def missing_in_mapping(stack: Stack) -> str:
    CfnMapping(stack, "Tags", mapping={"web": {"new": "1.27"}})
    return f"nginx:{Fn.find_in_map('Tags', 'web', 'old')}"


def no_reference(stack: Stack) -> str:
    return "https://docker.io/nginx:1.27"


UNKNOWN: dict[str, tuple[Case, list[str]]] = {
    "Parameter": (parameter, ["nginx:${Tag}", "'Tag' gets its value at deployment", "default"]),
    "ParameterWithDefault": (
        parameter_with_default,
        ["nginx:${Tag}", "another value than its default '1.27'", "use_parameter_defaults=True"],
    ),
    "SecretParameter": (secret_parameter, ["NoEcho", "Use a parameter without NoEcho"]),
    "TagOfAPipeline": (
        tag_of_a_pipeline,
        [
            "TagParameterContainerImage",
            "name the tag in the code, as in ContainerImage.from_ecr_repository(repository, 'v1')",
            "pass tag@sha256:... and exempt the image",
        ],
    ),
    "UnnamedRepository": (
        unnamed_repository,
        ["'UnnamedRepository/Repository' has no RepositoryName", "repository_name=..."],
    ),
    "UnnamedRepositoryElsewhere": (
        unnamed_repository_elsewhere,
        ["'UnnamedRepositoryElsewhere-Other/Repository' has no RepositoryName"],
    ),
    "OtherResource": (
        other_resource,
        ["nginx:${Bucket}", "'OtherResource/Bucket'", "literal name"],
    ),
    "CustomResource": (custom_resource, ["attribute Image", "'CustomResource/Newest/Default'"]),
    "ImportFromAnotherApp": (
        import_from_another_app,
        ["'the-image-of-others' is of no stack in this app", "Add the stack that exports it"],
    ),
    "Secret": (secret, ["read from a secret", "plain SSM parameter"]),
    "SecureParameter": (secure_parameter, ["read from a secret", "plain SSM parameter"]),
    "UnreadableParameter": (
        unreadable_parameter,
        ["'/images/none'", "PinImages(ssm_parameters={'/images/none': ...})"],
    ),
    "Macro": (macro, ["Fn::Transform", "at deployment", "Write the image as text"]),
    "MissingInMapping": (missing_in_mapping, ["Tags / web / old", "DefaultValue"]),
    "NoReference": (no_reference, ["URL scheme", "leave out the scheme and '//'"]),
}


@pytest.fixture(scope="module")
def unknown(tmp_path_factory: pytest.TempPathFactory) -> SynthesizedApp:
    """The app with the cases that are not known; there are no AWS credentials."""
    app = app_of({name: case for name, (case, _) in UNKNOWN.items()}, tmp_path_factory.mktemp("a"))
    PinImages.apply_to(app, resolver=FixedResolver.derived())
    with pytest.MonkeyPatch.context() as environment:
        for variable in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.delenv(variable, raising=False)
        environment.setenv("AWS_EC2_METADATA_DISABLED", "true")
        environment.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        return synthesize(app, check=False)


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_cannot_be_known_is_an_error_that_says_what_to_do(
    unknown: SynthesizedApp, name: str
) -> None:
    [error] = [error for error in unknown.errors if error.startswith(f"{name}/Task")]
    problem = "is not an image reference:" if name == "NoReference" else "cannot be pinned."
    assert f"at ContainerDefinitions[0].Image {problem}" in error
    assert error.endswith("(pinned-images::unpinned-image)")
    for words in UNKNOWN[name][1]:
        assert words in error
    assert '{"Fn::' not in error


def test_a_parameters_default_counts_where_that_is_asked_for(tmp_path: Path) -> None:
    app = app_of({"Web": parameter_with_default}, tmp_path)
    PinImages.apply_to(app, resolver=FixedResolver.derived(), use_parameter_defaults=True)
    [record] = SynthReport.read(synthesize(app).directory).records
    assert record.reference == "nginx:1.27"


@pytest.mark.parametrize(
    ("region", "suffix"),
    [("eu-west-1", "amazonaws.com"), ("cn-north-1", "amazonaws.com.cn")],
)
def test_a_stack_without_environment_has_that_of_the_cdk_cli(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, region: str, suffix: str
) -> None:
    monkeypatch.setenv("CDK_DEFAULT_ACCOUNT", ACCOUNT)
    monkeypatch.setenv("CDK_DEFAULT_REGION", region)
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Web")
    add_task(stack, repository_by_name(stack))
    PinImages.apply_to(app, resolver=FixedResolver.derived())
    [record] = SynthReport.read(synthesize(app).directory).records
    assert record.reference == f"{ACCOUNT}.dkr.ecr.{region}.{suffix}/shop:2"


def test_a_stack_whose_environment_nobody_knows_is_told_to_have_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CDK_DEFAULT_ACCOUNT", raising=False)
    monkeypatch.setenv("CDK_DEFAULT_REGION", "")
    app = App(outdir=str(tmp_path))
    for case in (repository_by_name, mapping):
        stack = Stack(app, "Web" if case is mapping else "Own")
        add_task(stack, case(stack))
    PinImages.apply_to(app, resolver=FixedResolver.derived())
    errors = synthesize(app, check=False).errors
    assert len(errors) == 2
    assert "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/shop:2" in errors[0]
    for error in errors:
        assert "Give the stack an environment (env=Environment(account=..., region=...))" in error


def test_a_digest_in_the_code_pins_a_repository_that_has_no_name_yet(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Functions")
    digest = f"sha256:{'a' * 64}"
    code = lambda_.DockerImageCode.from_ecr(ecr.Repository(stack, "R"), tag_or_digest=digest)
    lambda_.DockerImageFunction(stack, "Function", code=code)
    PinImages.apply_to(app, resolver=FixedResolver({}))
    [record] = SynthReport.read(synthesize(app).directory).records
    assert record.resolved_by == "exempt"
    assert record.reason is not None
    assert "carries its digest already" in record.reason
