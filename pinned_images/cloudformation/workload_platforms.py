"""The platform that a resource runs its containers on, from its properties."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pinned_images.cloudformation.evaluation import text_of
from pinned_images.cloudformation.intrinsics import NO_VALUE, intrinsic_of
from pinned_images.cloudformation.property_paths import value_of
from pinned_images.cloudformation.resource_references import resource_named_by
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.reference import Platform

# ECS API reference, RuntimePlatform.operatingSystemFamily; builds as Microsoft numbers them.
_WINDOWS_BUILDS = {
    "2016": "10.0.14393",
    "2004": "10.0.19041",
    "2019": "10.0.17763",
    "20H2": "10.0.19042",
    "2022": "10.0.20348",
    "2025": "10.0.26100",
}
_CPU_ARCHITECTURES = {"X86_64": "amd64", "ARM64": "arm64"}
_AMD64, _ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")

# CodeBuild API reference, ProjectEnvironment.type: those types that run builds in containers.
_BUILD_ENVIRONMENTS = {
    "LINUX_CONTAINER": _AMD64,
    "LINUX_GPU_CONTAINER": _AMD64,
    "LINUX_LAMBDA_CONTAINER": _AMD64,
    "ARM_CONTAINER": _ARM64,
    "ARM_LAMBDA_CONTAINER": _ARM64,
    "WINDOWS_CONTAINER": Platform("windows", "amd64"),
    "WINDOWS_SERVER_2019_CONTAINER": Platform("windows", "amd64", os_version="10.0.17763"),
    "WINDOWS_SERVER_2022_CONTAINER": Platform("windows", "amd64", os_version="10.0.20348"),
}

# AgentCore control plane API reference, LaunchParameters.operatingSystem.
_AGENT_SYSTEMS = {"LINUX_X86_64": _AMD64, "LINUX_ARM64": _ARM64}
_TO_OPERATING_SYSTEM = (
    "ComputeConfiguration",
    "Ec2Configuration",
    "LaunchTemplateSource",
    "LaunchParameters",
    "OperatingSystem",
)

#: The properties that `platform_of` reads.
PLATFORM_PROPERTIES = frozenset(
    {
        "Architecture",
        "Architectures",
        "CapacityProviderConfiguration",
        "ContainerProperties",
        "EcsProperties",
        "Environment",
        "PlatformCapabilities",
        "RequiresCompatibilities",
        "RuntimePlatform",
    }
)


def platform_of(
    resource_type: str, properties: Mapping[str, Any], scope: TemplateScope | None = None
) -> Platform | None:
    """The platform of a resource's containers, or None where it cannot be known.

    Args:
        resource_type: Such as ``AWS::ECS::TaskDefinition``.
        properties: Its properties; the first letter of a key may be in either case.
        scope: The template that it is in, for other resources and sections.

    Example:
        >>> platform_of("AWS::Lambda::Function", {"Architectures": ["arm64"]})
        Platform(os='linux', architecture='arm64', variant='', os_version='')
    """
    read = _READERS.get(resource_type)
    return read(properties, scope or TemplateScope()) if read is not None else None


def _ecs_task(properties: Mapping[str, Any], _: TemplateScope) -> Platform | None:
    """The platform of an ECS task.

    On EC2 a task without `runtimePlatform` runs on whatever instances the cluster has.
    """
    runtime = value_of(properties, "RuntimePlatform")
    compatibilities = value_of(properties, "RequiresCompatibilities")
    fargate = isinstance(compatibilities, list) and "FARGATE" in compatibilities
    return _runtime_platform(runtime, fargate=fargate)


def _batch_job(properties: Mapping[str, Any], _: TemplateScope) -> Platform | None:
    container = value_of(properties, "ContainerProperties")
    tasks = value_of(value_of(properties, "EcsProperties"), "TaskProperties")
    if container is None and isinstance(tasks, list) and len(tasks) == 1:
        container = tasks[0]
    if container is None:
        return None
    capabilities = value_of(properties, "PlatformCapabilities")
    fargate = isinstance(capabilities, list) and "FARGATE" in capabilities
    return _runtime_platform(value_of(container, "RuntimePlatform"), fargate=fargate)


def _lambda_function(properties: Mapping[str, Any], _: TemplateScope) -> Platform | None:
    return _lambda_platform(value_of(properties, "Architectures"))


def _serverless_function(properties: Mapping[str, Any], scope: TemplateScope) -> Platform | None:
    """The platform of a SAM function.

    AWS SAM specification, "Globals section": what a function leaves out is read there.
    """
    architectures = value_of(properties, "Architectures")
    if architectures is None or architectures == NO_VALUE:
        architectures = value_of(scope.section("Globals").get("Function"), "Architectures")
    return _lambda_platform(architectures)


def _lambda_platform(architectures: object) -> Platform | None:
    if architectures is None or architectures == NO_VALUE:
        return _AMD64
    if isinstance(architectures, list) and len(architectures) == 1:
        return {"x86_64": _AMD64, "arm64": _ARM64}.get(str(architectures[0]))
    return None


def _emr_application(properties: Mapping[str, Any], _: TemplateScope) -> Platform | None:
    architecture = value_of(properties, "Architecture") or "X86_64"
    known = {"X86_64": _AMD64, "ARM64": _ARM64}
    return known.get(architecture) if isinstance(architecture, str) else None


def _build_project(properties: Mapping[str, Any], _: TemplateScope) -> Platform | None:
    kind = value_of(value_of(properties, "Environment"), "Type")
    return _BUILD_ENVIRONMENTS.get(kind) if isinstance(kind, str) else None


def _agent_runtime(properties: Mapping[str, Any], scope: TemplateScope) -> Platform | None:
    """An agent runs on linux/arm64, or where its capacity provider says.

    AgentCore developer guide, "Get started without the AgentCore CLI", and the API reference of
    `LaunchParameters`.
    """
    configuration = value_of(properties, "CapacityProviderConfiguration")
    if configuration is None or configuration == NO_VALUE:
        return _ARM64
    provider = resource_named_by(value_of(configuration, "CapacityProviderArn"), scope)
    if provider is None or provider.resource_type != "AWS::BedrockAgentCore::CapacityProvider":
        return None
    found: Any = provider.properties
    for key in _TO_OPERATING_SYSTEM:
        found = value_of(found, key)
    system = text_of(found, provider.scope, {})
    return _AGENT_SYSTEMS.get(system) if isinstance(system, str) else None


def _runtime_platform(runtime: object, *, fargate: bool) -> Platform | None:
    if runtime is None:
        return _AMD64 if fargate else None
    if not isinstance(runtime, Mapping) or intrinsic_of(runtime) is not None:
        return None
    cpu = value_of(runtime, "CpuArchitecture") or ("X86_64" if fargate else None)
    family = value_of(runtime, "OperatingSystemFamily")
    if family is None and (fargate or cpu == "ARM64"):
        family = "LINUX"  # what Fargate takes where nothing is said, and all that ARM64 runs
    architecture = _CPU_ARCHITECTURES.get(cpu) if isinstance(cpu, str) else None
    if architecture is None or not isinstance(family, str):
        return None
    if family == "LINUX":
        return Platform("linux", architecture)
    for year, build in _WINDOWS_BUILDS.items():
        if f"_{year}_" in family:
            return Platform("windows", architecture, os_version=build)
    return None


def _always(platform: Platform) -> _Reader:
    return lambda _, __: platform


_Reader = Callable[[Mapping[str, Any], TemplateScope], "Platform | None"]

_READERS: Mapping[str, _Reader] = {
    "AWS::ECS::TaskDefinition": _ecs_task,
    "AWS::ECS::DaemonTaskDefinition": _ecs_task,
    "AWS::Batch::JobDefinition": _batch_job,
    "AWS::Lambda::Function": _lambda_function,
    "AWS::Serverless::Function": _serverless_function,
    "AWS::EMRServerless::Application": _emr_application,
    "AWS::CodeBuild::Project": _build_project,
    "AWS::BedrockAgentCore::Runtime": _agent_runtime,
    # AgentCore developer guide, "Environment and Skills": custom images are for linux/arm64.
    "AWS::BedrockAgentCore::Harness": _always(_ARM64),
    # HealthOmics user guide, "Container images for private workflows": no ARM containers.
    "AWS::Omics::Workflow": _always(_AMD64),
    "AWS::Omics::WorkflowVersion": _always(_AMD64),
    # aws/apprunner-roadmap#79: no service runs on ARM. Lightsail has no ARM nodes either. An
    # Express service (AWS::ECS) is not here: ECS finds out what its image was built for
    # (API reference, `RuntimePlatformOverride`).
    "AWS::AppRunner::Service": _always(_AMD64),
    "AWS::Lightsail::Container": _always(_AMD64),
}
