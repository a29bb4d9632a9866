"""The platform that a resource runs its containers on, as far as its properties tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pinned_images.cloudformation.intrinsics import intrinsic_of
from pinned_images.cloudformation.property_paths import value_of
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

#: The properties that `platform_of` reads.
PLATFORM_PROPERTIES = frozenset(
    {
        "Architecture",
        "Architectures",
        "ContainerProperties",
        "EcsProperties",
        "Environment",
        "PlatformCapabilities",
        "RequiresCompatibilities",
        "RuntimePlatform",
    }
)


def platform_of(resource_type: str, properties: Mapping[str, Any]) -> Platform | None:
    """The platform of a resource's containers, or None where it cannot be known.

    Args:
        resource_type: Such as ``AWS::ECS::TaskDefinition``.
        properties: Its properties; the first letter of a key may be in either case.

    Example:
        >>> platform_of("AWS::Lambda::Function", {"Architectures": ["arm64"]})
        Platform(os='linux', architecture='arm64', variant='', os_version='')
    """
    read = _READERS.get(resource_type)
    return read(properties) if read is not None else None


def _ecs_task(properties: Mapping[str, Any]) -> Platform | None:
    """On EC2 a task without `runtimePlatform` runs on whatever instances the cluster has."""
    runtime = value_of(properties, "RuntimePlatform")
    compatibilities = value_of(properties, "RequiresCompatibilities")
    fargate = isinstance(compatibilities, list) and "FARGATE" in compatibilities
    return _runtime_platform(runtime, fargate=fargate)


def _batch_job(properties: Mapping[str, Any]) -> Platform | None:
    container = value_of(properties, "ContainerProperties")
    tasks = value_of(value_of(properties, "EcsProperties"), "TaskProperties")
    if container is None and isinstance(tasks, list) and len(tasks) == 1:
        container = tasks[0]
    if container is None:
        return None
    capabilities = value_of(properties, "PlatformCapabilities")
    fargate = isinstance(capabilities, list) and "FARGATE" in capabilities
    return _runtime_platform(value_of(container, "RuntimePlatform"), fargate=fargate)


def _lambda_function(properties: Mapping[str, Any]) -> Platform | None:
    architectures = value_of(properties, "Architectures")
    if architectures is None:
        return _AMD64
    if isinstance(architectures, list) and len(architectures) == 1:
        return {"x86_64": _AMD64, "arm64": _ARM64}.get(str(architectures[0]))
    return None


def _emr_application(properties: Mapping[str, Any]) -> Platform | None:
    architecture = value_of(properties, "Architecture") or "X86_64"
    known = {"X86_64": _AMD64, "ARM64": _ARM64}
    return known.get(architecture) if isinstance(architecture, str) else None


def _build_project(properties: Mapping[str, Any]) -> Platform | None:
    kind = value_of(value_of(properties, "Environment"), "Type")
    return _BUILD_ENVIRONMENTS.get(kind) if isinstance(kind, str) else None


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


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Platform | None]] = {
    "AWS::ECS::TaskDefinition": _ecs_task,
    "AWS::ECS::DaemonTaskDefinition": _ecs_task,
    "AWS::Batch::JobDefinition": _batch_job,
    "AWS::Lambda::Function": _lambda_function,
    "AWS::Serverless::Function": _lambda_function,
    "AWS::EMRServerless::Application": _emr_application,
    "AWS::CodeBuild::Project": _build_project,
    # These services have one kind of processor, as their developer guides say.
    "AWS::AppRunner::Service": lambda _: _AMD64,
    "AWS::Lightsail::Container": lambda _: _AMD64,
    "AWS::BedrockAgentCore::Runtime": lambda _: _ARM64,
}
