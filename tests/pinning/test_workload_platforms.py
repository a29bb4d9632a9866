"""On which platform a resource runs its containers."""

from __future__ import annotations

from typing import Any

import pytest

from pinned_images.cloudformation.intrinsics import NO_VALUE
from pinned_images.cloudformation.scope import AppTemplates, TemplateScope
from pinned_images.cloudformation.workload_platforms import PLATFORM_PROPERTIES, platform_of
from pinned_images.reference import Platform

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
FARGATE = {"RequiresCompatibilities": ["FARGATE"]}
EC2 = {"RequiresCompatibilities": ["EC2"]}


def windows(build: str) -> Platform:
    return Platform("windows", "amd64", os_version=build)


def runtime(cpu: object = None, family: object = None) -> dict[str, Any]:
    given = {"CpuArchitecture": cpu, "OperatingSystemFamily": family}
    return {"RuntimePlatform": {key: value for key, value in given.items() if value is not None}}


TASKS = {
    "Fargate without one": (FARGATE, AMD64),
    "Fargate and EC2 without one": ({"RequiresCompatibilities": ["EC2", "FARGATE"]}, AMD64),
    "EC2 without one": (EC2, None),
    "nothing at all": ({}, None),
    "Fargate with a processor": (FARGATE | runtime("ARM64"), ARM64),
    "Fargate with a system": (FARGATE | runtime(None, "LINUX"), AMD64),
    "Fargate with an empty one": (FARGATE | runtime(), AMD64),
    "EC2 with both": (EC2 | runtime("X86_64", "LINUX"), AMD64),
    "EC2 on Graviton": (EC2 | runtime("ARM64"), ARM64),
    "EC2 with a processor that may run Windows": (EC2 | runtime("X86_64"), None),
    "EC2 with a system that has two processors": (EC2 | runtime(None, "LINUX"), None),
    "Windows Server 2016": (
        EC2 | runtime("X86_64", "WINDOWS_SERVER_2016_FULL"),
        windows("10.0.14393"),
    ),
    "Windows Server 2019": (
        FARGATE | runtime("X86_64", "WINDOWS_SERVER_2019_CORE"),
        windows("10.0.17763"),
    ),
    "Windows Server 20H2": (
        EC2 | runtime("X86_64", "WINDOWS_SERVER_20H2_CORE"),
        windows("10.0.19042"),
    ),
    "Windows Server 2022": (
        FARGATE | runtime(None, "WINDOWS_SERVER_2022_FULL"),
        windows("10.0.20348"),
    ),
    "Windows Server 2025": (
        EC2 | runtime("X86_64", "WINDOWS_SERVER_2025_CORE"),
        windows("10.0.26100"),
    ),
    "a later Windows": (FARGATE | runtime("X86_64", "WINDOWS_SERVER_2031_CORE"), None),
    "a later processor": (FARGATE | runtime("RISCV"), None),
    "a processor known at deployment": (FARGATE | runtime({"Ref": "Cpu"}), None),
    "a system known at deployment": (FARGATE | runtime("ARM64", {"Ref": "System"}), None),
    "one known at deployment": (FARGATE | {"RuntimePlatform": {"Ref": "Platform"}}, None),
    "as CDK writes it": (
        {
            "requiresCompatibilities": ["FARGATE"],
            "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        },
        ARM64,
    ),
}


@pytest.mark.parametrize(("properties", "platform"), TASKS.values(), ids=TASKS.keys())
@pytest.mark.parametrize("kind", ["TaskDefinition", "DaemonTaskDefinition"])
def test_an_ecs_task(kind: str, properties: dict[str, Any], platform: Platform | None) -> None:
    assert platform_of(f"AWS::ECS::{kind}", properties) == platform


ON_FARGATE = {"PlatformCapabilities": ["FARGATE"]}
OTHERS: list[tuple[str, dict[str, Any], Platform | None]] = [
    ("Batch::JobDefinition", {"ContainerProperties": {}} | ON_FARGATE, AMD64),
    ("Batch::JobDefinition", {"ContainerProperties": runtime("ARM64")} | ON_FARGATE, ARM64),
    ("Batch::JobDefinition", {"ContainerProperties": {}}, None),
    (
        "Batch::JobDefinition",
        {"EcsProperties": {"TaskProperties": [runtime("ARM64", "LINUX")]}} | ON_FARGATE,
        ARM64,
    ),
    ("Batch::JobDefinition", {"NodeProperties": {}} | ON_FARGATE, None),
    ("Lambda::Function", {}, AMD64),
    ("Lambda::Function", {"Architectures": ["arm64"]}, ARM64),
    ("Lambda::Function", {"Architectures": [{"Ref": "Architecture"}]}, None),
    ("Lambda::Function", {"Architectures": {"Ref": "Architectures"}}, None),
    ("Serverless::Function", {"Architectures": ["x86_64"]}, AMD64),
    ("EMRServerless::Application", {}, AMD64),
    ("EMRServerless::Application", {"Architecture": "ARM64"}, ARM64),
    ("EMRServerless::Application", {"Architecture": {"Ref": "Architecture"}}, None),
    ("CodeBuild::Project", {"Environment": {"Type": "LINUX_CONTAINER"}}, AMD64),
    ("CodeBuild::Project", {"Environment": {"Type": "ARM_CONTAINER"}}, ARM64),
    (
        "CodeBuild::Project",
        {"Environment": {"Type": "WINDOWS_SERVER_2022_CONTAINER"}},
        windows("10.0.20348"),
    ),
    ("CodeBuild::Project", {"Environment": {"Type": "WINDOWS_CONTAINER"}}, windows("")),
    ("CodeBuild::Project", {"Environment": {"Type": "MAC_ARM"}}, None),
    ("CodeBuild::Project", {"Environment": {"Type": {"Ref": "Type"}}}, None),
    ("AppRunner::Service", {}, AMD64),
    ("Lightsail::Container", {}, AMD64),
    ("ECS::ExpressGatewayService", {}, None),
    ("BedrockAgentCore::Runtime", {}, ARM64),
    ("BedrockAgentCore::Runtime", {"CapacityProviderConfiguration": NO_VALUE}, ARM64),
    ("BedrockAgentCore::Runtime", {"CapacityProviderConfiguration": {}}, None),
    ("BedrockAgentCore::Harness", {}, ARM64),
    ("Omics::Workflow", {}, AMD64),
    ("Omics::WorkflowVersion", {}, AMD64),
    ("SageMaker::Model", {}, None),
    ("Anything::Else", FARGATE, None),
]


@pytest.mark.parametrize(("kind", "properties", "platform"), OTHERS, ids=str)
def test_another_workload(kind: str, properties: dict[str, Any], platform: Platform | None) -> None:
    assert platform_of(f"AWS::{kind}", properties) == platform


def agent_on(capacity_provider_arn: Any) -> dict[str, Any]:
    return {"CapacityProviderConfiguration": {"CapacityProviderArn": capacity_provider_arn}}


def capacity_provider(operating_system: Any) -> dict[str, Any]:
    parameters = {"LaunchParameters": {"OperatingSystem": operating_system}}
    compute = {"Ec2Configuration": {"LaunchTemplateSource": parameters}}
    return {
        "Type": "AWS::BedrockAgentCore::CapacityProvider",
        "Properties": {"ComputeConfiguration": compute},
    }


def template(operating_system: Any, **sections: Any) -> dict[str, Any]:
    resources = {"Provider": capacity_provider(operating_system), "Topic": {"Type": "AWS::SNS"}}
    return {"Resources": resources, **sections}


SYSTEM = {"System": {"Type": "String", "Default": "LINUX_X86_64"}}
LITERAL_ARN = "arn:aws:bedrock-agentcore:eu-west-1:123456789012:capacity-provider/p-0123456789"


@pytest.mark.parametrize(
    ("arn", "system", "platform"),
    [
        ({"Fn::GetAtt": ["Provider", "Arn"]}, "LINUX_X86_64", AMD64),
        ({"Fn::GetAtt": "Provider.Arn"}, "LINUX_ARM64", ARM64),
        ({"Ref": "Provider"}, "LINUX_X86_64", AMD64),
        ({"Ref": "Provider"}, {"Ref": "System"}, AMD64),
        ({"Ref": "Provider"}, "WINDOWS_X86_64", None),
        ({"Ref": "Provider"}, None, None),
        ({"Ref": "Topic"}, "LINUX_X86_64", None),
        ({"Ref": "Gone"}, "LINUX_X86_64", None),
        (LITERAL_ARN, "LINUX_X86_64", None),
        (None, "LINUX_X86_64", None),
    ],
    ids=str,
)
def test_an_agent_runs_on_the_system_of_its_capacity_provider(
    arn: Any, system: Any, platform: Platform | None
) -> None:
    scope = TemplateScope(template(system, Parameters=SYSTEM), use_parameter_defaults=True)
    assert platform_of("AWS::BedrockAgentCore::Runtime", agent_on(arn), scope) == platform


def test_a_capacity_provider_may_be_in_another_stack() -> None:
    app = AppTemplates()
    exported = {"Value": {"Fn::GetAtt": ["Provider", "Arn"]}, "Export": {"Name": "provider"}}
    outputs = {"Provider": exported}
    TemplateScope(template("LINUX_X86_64", Outputs=outputs), stack="Compute", app=app)
    arn = {"Fn::ImportValue": "provider"}
    parent = {"Resources": {"Inner": {"Properties": {"Parameters": {"Provider": arn}}}}}
    scope = TemplateScope(parent, stack="Agents", app=app)
    runtime, agent = "AWS::BedrockAgentCore::Runtime", agent_on({"Ref": "Provider"})
    assert platform_of(runtime, agent_on(arn), scope) == AMD64
    assert platform_of(runtime, agent, scope.nest("Inner", {})) == AMD64
    loop = {"Resources": {}, "Outputs": {"Provider": {**exported, "Value": arn}}}
    alone = TemplateScope(loop, stack="Loop", app=AppTemplates())
    assert platform_of(runtime, agent_on(arn), alone) is None


def test_a_capacity_provider_may_be_in_a_nested_stack() -> None:
    scope = TemplateScope({"Resources": {"Inner": {"Type": "AWS::CloudFormation::Stack"}}})
    scope.nest("Inner", template("LINUX_X86_64", Outputs={"Out": {"Value": {"Ref": "Provider"}}}))
    agent = agent_on({"Fn::GetAtt": ["Inner", "Outputs.Out"]})
    assert platform_of("AWS::BedrockAgentCore::Runtime", agent, scope) == AMD64


@pytest.mark.parametrize(
    ("properties", "platform"),
    [({}, ARM64), ({"Architectures": ["x86_64"]}, AMD64), ({"Architectures": NO_VALUE}, ARM64)],
    ids=str,
)
def test_a_serverless_function_takes_the_architecture_of_its_template(
    properties: dict[str, Any], platform: Platform
) -> None:
    scope = TemplateScope({"Globals": {"Function": {"Architectures": ["arm64"]}}})
    assert platform_of("AWS::Serverless::Function", properties, scope) == platform


def test_all_properties_that_matter_are_named() -> None:
    known = [properties for properties, _ in TASKS.values()] + [each[1] for each in OTHERS]
    names = {name[:1].upper() + name[1:] for properties in known for name in properties}
    assert names - {"NodeProperties"} == PLATFORM_PROPERTIES
