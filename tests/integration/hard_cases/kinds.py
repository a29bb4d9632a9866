"""The hard cases: what each puts into a stack, and what becomes of it.

A new case is a function that fills a stack, and a line in `KINDS`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import cdk_ecr_deployment as ecr_deployment
import cdk_stacksets as stacksets
import jsii
from aws_cdk import (
    Acknowledgment,
    CfnResource,
    Environment,
    IStableAnyProducer,
    Lazy,
    Stack,
    Validations,
)
from aws_cdk import aws_apprunner as apprunner
from aws_cdk import aws_cleanroomsml as cleanroomsml
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_servicecatalog as servicecatalog
from aws_cdk import cloudformation_include as include
from constructs import Construct

ENVIRONMENT = Environment(account="123456789012", region="eu-west-1")
VENDOR = "registry.example/vendor"
PUBLIC = "public.ecr.aws/acme"
OWN = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
ROLE = "arn:aws:iam::123456789012:role/role"

#: What the registries hold, and for which platforms.
IMAGES = {
    f"{VENDOR}/plain:1": ["linux/amd64"],
    f"{VENDOR}/both:1": ["linux/amd64", "linux/arm64"],
    f"{PUBLIC}/agent:1": ["linux/amd64"],
    f"{PUBLIC}/web:1": ["linux/amd64"],
}


class Kind(NamedTuple):
    """A hard case.

    Attributes:
        name: The name of its stack.
        add: Fills the stack.
        pinned: The images whose digests are in the stack's templates; one with a platform behind
            it has that platform's own.
        warnings: The rules that the gate warns by.
        error: What the synth says where an image cannot be pinned; empty where all can.
    """

    name: str
    add: Callable[[Stack], None]
    pinned: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    error: str = ""


def run(scope: Construct, image: str | ecs.ContainerImage, name: str = "Task") -> None:
    """A task that runs an image on Fargate."""
    task = ecs.FargateTaskDefinition(scope, name)
    found = ecs.ContainerImage.from_registry(image) if isinstance(image, str) else image
    task.add_container("app", image=found)


def by_name(scope: Construct) -> ecs.ContainerImage:
    """An image of a repository that is where the stack is deployed."""
    repository = ecr.Repository.from_repository_name(scope, "Repository", "team/app")
    return ecs.ContainerImage.from_ecr_repository(repository, "1")


def copied(stack: Stack, **options: Any) -> None:
    """A service that runs what the same deployment copies into its repository."""
    repository = ecr.Repository(stack, "Copies", repository_name=f"copies/{stack.node.id.lower()}")
    ecr_deployment.ECRDeployment(
        stack,
        "Copy",
        src=ecr_deployment.DockerImageName(f"{VENDOR}/both:1"),
        dest=ecr_deployment.DockerImageName(f"{repository.repository_uri}:latest"),
        **options,
    )
    run(stack, ecs.ContainerImage.from_ecr_repository(repository, "latest"))


def copied_whole(stack: Stack) -> None:
    copied(stack, copy_image_index=True)


def copied_asset(stack: Stack) -> None:
    folder = Path(tempfile.gettempdir()) / "hard-cases-asset"
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    asset = ecr_assets.DockerImageAsset(stack, "Asset", directory=str(folder))
    repository = ecr.Repository(stack, "Copies", repository_name="copies/asset")
    ecr_deployment.ECRDeployment(
        stack,
        "Copy",
        src=ecr_deployment.DockerImageName(asset.image_uri),
        dest=ecr_deployment.DockerImageName(f"{repository.repository_uri}:latest"),
    )
    run(stack, ecs.ContainerImage.from_ecr_repository(repository, "latest"))


def product(stack: Stack, image: Callable[[Construct], str | ecs.ContainerImage]) -> None:
    """A template that AWS Service Catalog deploys."""
    inner = servicecatalog.ProductStack(stack, "Product")
    run(inner, image(inner))
    template = servicecatalog.CloudFormationTemplate.from_product_stack(inner)
    version = servicecatalog.CloudFormationProductVersion(cloud_formation_template=template)
    servicecatalog.CloudFormationProduct(
        stack, "Listed", owner="us", product_name=stack.node.id, product_versions=[version]
    )


def stack_set(stack: Stack, image: Callable[[Construct], str | ecs.ContainerImage]) -> None:
    """A template that AWS CloudFormation StackSets deploys."""
    inner = stacksets.StackSetStack(stack, "Everywhere")
    run(inner, image(inner))
    stacksets.StackSet(
        stack,
        "Set",
        target=stacksets.StackSetTarget.from_accounts(
            regions=["us-east-1"], accounts=["210987654321"]
        ),
        template=stacksets.StackSetTemplate.from_stack_set_stack(inner),
    )


def literal(_: Construct) -> str:
    return f"{VENDOR}/plain:1"


def agent(stack: Stack, **properties: Any) -> None:
    """An agent whose image is for linux/amd64."""
    artifact = {"ContainerConfiguration": {"ContainerUri": f"{PUBLIC}/agent:1"}}
    CfnResource(
        stack,
        "Agent",
        type="AWS::BedrockAgentCore::Runtime",
        properties={
            "AgentRuntimeArtifact": artifact,
            "AgentRuntimeName": "agent",
            "NetworkConfiguration": {"NetworkMode": "PUBLIC"},
            "RoleArn": ROLE,
            **properties,
        },
    )


def agent_on_intel(stack: Stack) -> None:
    """The same on instances of a capacity provider in the app."""
    launch = {"LaunchParameters": {"OperatingSystem": "LINUX_X86_64"}}
    compute = {"Ec2Configuration": {"LaunchTemplateSource": launch}}
    provider = CfnResource(
        stack,
        "Provider",
        type="AWS::BedrockAgentCore::CapacityProvider",
        properties={"Name": "intel", "ComputeConfiguration": compute},
    )
    agent(stack, CapacityProviderConfiguration={"CapacityProviderArn": provider.get_att("Arn")})


def algorithm(stack: Stack) -> None:
    """A model of AWS Clean Rooms ML, which takes images by their tag alone."""
    cleanroomsml.CfnConfiguredModelAlgorithm(
        stack,
        "Algorithm",
        name="algorithm",
        role_arn=ROLE,
        training_container_config={"imageUri": f"{OWN}/training:6"},
    )


def app_runner(stack: Stack) -> None:
    repository = {"imageIdentifier": f"{PUBLIC}/web:1", "imageRepositoryType": "ECR_PUBLIC"}
    apprunner.CfnService(
        stack,
        "Service",
        source_configuration={"imageRepository": repository, "autoDeploymentsEnabled": True},
    )


def included(stack: Stack, **options: Any) -> None:
    """A template with a parameter for the image."""
    container = {"Name": "app", "Image": {"Ref": "Image"}}
    task = {
        "Type": "AWS::ECS::TaskDefinition",
        "Properties": {"ContainerDefinitions": [container]},
    }
    template = {"Parameters": {"Image": {"Type": "String"}}, "Resources": {"Task": task}}
    file = Path(tempfile.gettempdir()) / "hard-cases-template.json"
    file.write_text(json.dumps(template), encoding="utf-8")
    include.CfnInclude(stack, "Template", template_file=str(file), **options)


def unnamed_repository(stack: Stack) -> None:
    repository = ecr.Repository(stack, "Images")
    run(stack, ecs.ContainerImage.from_ecr_repository(repository, "v1"))


def function(stack: Stack) -> None:
    """A Lambda function, which takes no index."""
    CfnResource(
        stack,
        "Function",
        type="AWS::Lambda::Function",
        properties={
            "Code": {"ImageUri": f"{VENDOR}/both:1"},
            "PackageType": "Image",
            "Architectures": ["arm64"],
            "Role": ROLE,
        },
    )


def task_of(stack: Stack, *images: Any) -> CfnResource:
    """A raw task definition with a container for each image."""
    containers = [{"Name": f"c{number}", "Image": image} for number, image in enumerate(images)]
    properties = {"ContainerDefinitions": containers}
    return CfnResource(stack, "Task", type="AWS::ECS::TaskDefinition", properties=properties)


def empty_image(stack: Stack) -> None:
    """An image whose value is nothing, between two others."""
    task_of(stack, f"{VENDOR}/plain:1", Lazy.any(Nothing()), f"{VENDOR}/both:1")


@jsii.implements(IStableAnyProducer)
class Nothing:
    """What is not there after all."""

    def produce(self) -> Any:
        """None."""
        return None


def acknowledged(stack: Stack) -> None:
    """A placeholder that is filled in later, beside an image that is not."""
    task = task_of(stack, "${IMAGE}", f"{VENDOR}/plain:1")
    reason = "The deployment fills it in."
    Validations.of(task).acknowledge(
        Acknowledgment(id="pinned-images::unpinned-image", reason=reason)
    )


KINDS = (
    Kind("Function", function, (f"{VENDOR}/both:1 linux/arm64",)),
    Kind(
        "Gone",
        lambda stack: run(stack, f"{VENDOR}/plain:1@sha256:{'0' * 64}"),
        error=f"{VENDOR}/plain:1@sha256:{'0' * 64}",
    ),
    Kind("EmptyImage", empty_image, (f"{VENDOR}/plain:1", f"{VENDOR}/both:1")),
    Kind("Acknowledged", acknowledged, (f"{VENDOR}/plain:1",)),
    Kind("Copied", copied, (f"{VENDOR}/both:1", f"{VENDOR}/both:1 linux/amd64")),
    Kind("CopiedWhole", copied_whole, (f"{VENDOR}/both:1",)),
    Kind("CopiedAsset", copied_asset, error="This deployment pushes it (CopiedAsset/Copy/"),
    Kind("Product", lambda stack: product(stack, literal), (f"{VENDOR}/plain:1",)),
    Kind(
        "ProductByName",
        lambda stack: product(stack, by_name),
        error="AWS Service Catalog deploys this template",
    ),
    Kind("StackSet", lambda stack: stack_set(stack, literal), (f"{VENDOR}/plain:1",)),
    Kind(
        "StackSetByName",
        lambda stack: stack_set(stack, by_name),
        error="AWS CloudFormation StackSets deploys this template",
    ),
    Kind("AgentOnIntel", agent_on_intel, (f"{PUBLIC}/agent:1",)),
    Kind("Agent", agent, error="linux/arm64"),
    Kind("Algorithm", algorithm, warnings=("tag-only",)),
    Kind("AppRunner", app_runner, (f"{PUBLIC}/web:1",), warnings=("automatic-deployments",)),
    Kind(
        "Included",
        lambda stack: included(stack, parameters={"Image": f"{VENDOR}/plain:1"}),
        (f"{VENDOR}/plain:1",),
    ),
    Kind("Parameter", included, error="CfnInclude(..., parameters={'Image': ...})"),
    Kind("Unnamed", unnamed_repository, error="a name would replace it with an empty repository"),
)
