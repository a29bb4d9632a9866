"""What resources are known by before they are deployed: their names, and what holds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pinned_images.cloudformation.handed_values import cross_region_import, nested_output
from pinned_images.cloudformation.outcomes import Absent
from pinned_images.cloudformation.results import OR_EXEMPT, Result, Unsettled
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.problem import Problem

if TYPE_CHECKING:
    from pinned_images.cloudformation.interpreter import Interpreter

_REPOSITORY_ARN = "arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/${Name}"
_REPOSITORY_URI = "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/${Name}"
_SECRETS_MANAGER = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}"


def resource_ref(
    interpreter: Interpreter, name: str, resource: Mapping[str, Any], scope: TemplateScope
) -> Result:
    """What ``Ref`` of a resource comes to."""
    match resource.get("Type"):
        case "AWS::ECR::Repository":
            return _property(interpreter, name, "RepositoryName", scope)
        case "AWS::ECR::PullThroughCacheRule":
            return _property(interpreter, name, "EcrRepositoryPrefix", scope)
        case "AWS::SSM::Parameter":
            return _property(interpreter, name, "Name", scope)
        case "AWS::SecretsManager::Secret":
            return _secret_arn(interpreter, name, scope)
    return Problem(
        f"What Ref gives for the {described(name, resource)} is known after it has been deployed.",
        f"Use a value that is known at synth, such as a literal name, {OR_EXEMPT}",
    )


def attribute_of(
    interpreter: Interpreter, name: str, attribute: str, scope: TemplateScope
) -> Result | None:
    """An attribute of a resource of which one can know something; None of the others."""
    match _type(scope.entry("Resources", name) or {}), attribute:
        case "AWS::ECR::Repository", "Arn":
            return _of_repository(_REPOSITORY_ARN, interpreter, name, scope)
        case "AWS::ECR::Repository", "RepositoryUri":
            return _of_repository(_REPOSITORY_URI, interpreter, name, scope)
        case "AWS::SSM::Parameter", "Value":
            return _property(interpreter, name, "Value", scope)
        case "AWS::CloudFormation::Stack", _ if attribute.startswith("Outputs."):
            return nested_output(interpreter, name, attribute.removeprefix("Outputs."), scope)
        case "Custom::CrossRegionExportReader", _:
            return cross_region_import(interpreter, name, attribute, scope)
    return None


def _property(
    interpreter: Interpreter, name: str, key: str, scope: TemplateScope
) -> str | Unsettled:
    """A property that a resource is known by; CloudFormation makes one up where it is not set."""
    properties = scope.resource_properties(name)
    result = interpreter.text(properties[key], scope) if key in properties else Absent()
    if not isinstance(result, Absent):
        return result
    resource = scope.entry("Resources", name) or {}
    return Problem(
        f"The {described(name, resource)} has no {key}, so CloudFormation makes one up at "
        "deployment.",
        f"Give it a {key} (repository_name=... for a CDK repository), write the digest behind it, "
        + OR_EXEMPT,
    )


def _of_repository(text: str, interpreter: Interpreter, name: str, scope: TemplateScope) -> Result:
    return interpreter.evaluate({"Fn::Sub": [text, {"Name": {"Ref": name}}]}, scope)


def _secret_arn(interpreter: Interpreter, name: str, scope: TemplateScope) -> Result:
    """A secret's ARN without what AWS puts behind the name at deployment; it finds the secret too.

    AWS Secrets Manager user guide, "Find a secret from a partial ARN".
    """
    given = scope.resource_properties(name).get("Name")
    if given is None:
        return Problem(
            f"The secret {name!r} has no Name, so CloudFormation makes one up at deployment.",
            "Give it one (secret_name=... for a CDK secret).",
        )
    return interpreter.evaluate(
        {"Fn::Sub": [f"{_SECRETS_MANAGER}:secret:${{Name}}", {"Name": given}]}, scope
    )


def described(name: str, resource: Mapping[str, Any]) -> str:
    """A resource for people, by its construct path where CDK has written that down."""
    metadata = resource.get("Metadata")
    path = metadata.get("aws:cdk:path") if isinstance(metadata, Mapping) else None
    if not isinstance(path, str):
        return f"{_type(resource)} {name!r}"
    return f"{_type(resource)} {path.removesuffix('/Resource')!r}"


def _type(resource: Mapping[str, Any]) -> str:
    declared = resource.get("Type")
    return declared if isinstance(declared, str) else "resource"
