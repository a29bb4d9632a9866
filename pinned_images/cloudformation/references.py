"""The values of references: parameters, resources, their attributes, and other stacks' outputs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pinned_images.cloudformation.intermediate import OR_EXEMPT, Evaluator, Result, Unresolved
from pinned_images.cloudformation.outcomes import Absent, NeedsParameters, SsmParameter
from pinned_images.cloudformation.partitions import partition_of
from pinned_images.cloudformation.scope import CrossStackReference, TemplateScope
from pinned_images.printable import quoted
from pinned_images.problem import Problem


def import_value(interpreter: Evaluator, argument: Any, scope: TemplateScope) -> Result:
    """The value of ``Fn::ImportValue``, where the export is of the same app."""
    name = interpreter.text(argument, scope)
    if not isinstance(name, str):
        return name
    if scope.deployer is not None:
        return scope.deployer.unknown(f"the export {name!r}")
    found = _exported(interpreter, name, scope)
    if not found and scope.app is not None and scope.app.add_others():
        found = _exported(interpreter, name, scope)
    return _the_only(
        interpreter,
        found,
        what=f"The export {name!r}",
        remedy="Add the stack that exports it to this app, write the value as text, " + OR_EXEMPT,
    )


def _exported(interpreter: Evaluator, name: str, scope: TemplateScope) -> list[CrossStackReference]:
    """The values that stacks of the scope's own environment export under a name."""
    if scope.app is None:
        return []
    exports = scope.app.exports(scope.account, scope.region)
    return [
        *exports.by_name.get(name, ()),
        *(
            export.value
            for export in exports.computed
            if interpreter.text(export.name, export.value.scope) == name
        ),
    ]


def get_stack_output(interpreter: Evaluator, argument: Any, scope: TemplateScope) -> Result:
    """The value of ``Fn::GetStackOutput``, where the stack is of the same app."""
    if not isinstance(argument, Mapping) or not {"StackName", "OutputName"} <= argument.keys():
        return Problem(
            "Fn::GetStackOutput is not written as CloudFormation takes it.",
            "Write {StackName: ..., OutputName: ...}.",
        )
    stack = interpreter.text(argument["StackName"], scope)
    output = interpreter.text(argument["OutputName"], scope)
    region: str | Unresolved | None = scope.region
    if argument.get("Region") is not None:
        region = interpreter.text(argument["Region"], scope)
    if not isinstance(stack, str):
        return stack
    if not isinstance(output, str):
        return output
    if region is not None and not isinstance(region, str):
        return region
    if scope.deployer is not None:
        return scope.deployer.unknown(f"the output {output!r} of the stack {stack!r}")
    found = scope.app.stack_output(stack, region, output) if scope.app else []
    if not found and scope.app is not None and scope.app.add_others():
        found = scope.app.stack_output(stack, region, output)
    return _the_only(
        interpreter,
        found,
        what=f"The output {output!r} of the stack {stack!r}",
        remedy="Add that stack to this app, write the value as text, " + OR_EXEMPT,
    )


def nested_output(interpreter: Evaluator, name: str, output: str, scope: TemplateScope) -> Result:
    """The value of an output of a nested stack."""
    nested = scope.nested.get(name)
    entry = nested.entry("Outputs", output) if nested is not None else None
    if nested is None or entry is None or "Value" not in entry:
        return Problem(
            f"The template of the nested stack {name!r} is not in this app, or has no output "
            f"{output!r}.",
            f"Write the value as text, {OR_EXEMPT}",
        )
    return interpreter.evaluate(entry["Value"], nested)


def cross_region_import(
    interpreter: Evaluator, name: str, attribute: str, scope: TemplateScope
) -> Result:
    """The value that CDK's ``Custom::CrossRegionExportReader`` reads under a name."""
    reader = scope.resource_properties(name).get("ReaderProps")
    region = reader.get("region") if isinstance(reader, Mapping) else None
    found = scope.app.cross_region_export(attribute, region) if scope.app else []
    return _the_only(
        interpreter,
        found,
        what=f"The cross-region reference {attribute!r}",
        remedy="Add the stack that it comes from to this app, write the value as text, "
        + OR_EXEMPT,
    )


def _the_only(
    interpreter: Evaluator, found: list[CrossStackReference], *, what: str, remedy: str
) -> Result:
    if len(found) == 1:
        return interpreter.evaluate(*found[0])
    if not found:
        return Problem(f"{what} is of no stack in this app and environment.", remedy)
    return Problem(
        f"{what} is of {len(found)} stacks in this app.", "Give one of them another name."
    )


# The id of the parameter in aws-cdk-lib, aws-ecs/lib/images/tag-parameter-container-image.ts.
_TAG_PARAMETER = re.compile(r"ImageTagParam[0-9A-F]{8}\Z")
_SSM_VALUE = "AWS::SSM::Parameter::Value<"
_GIVE_ENVIRONMENT = (
    "Give the stack an environment (env=Environment(account=..., region=...)), or synthesize "
    "with AWS credentials, so that the CDK CLI tells the app its account and region."
)


def pseudo_parameter(interpreter: Evaluator, name: str, scope: TemplateScope) -> Result:
    """The value of a pseudo parameter such as ``AWS::Region``."""
    region = scope.region
    known = {
        "AWS::AccountId": scope.account,
        "AWS::Region": region,
        "AWS::Partition": partition_of(region).name if region else None,
        "AWS::URLSuffix": partition_of(region).url_suffix if region else None,
        "AWS::StackName": _stack_name(scope),
    }
    if name == "AWS::NoValue":
        return Absent()
    value = known.get(name)
    if value is not None:
        return value
    if name not in known or name == "AWS::StackName":
        return Problem(
            f"{name} gets its value at deployment.", f"Leave it out of the image, {OR_EXEMPT}"
        )
    if interpreter.symbolic:
        return f"${{{name}}}"
    if scope.deployer is not None:
        return scope.deployer.unknown(name)
    what = "account" if name == "AWS::AccountId" else "region"
    return Problem(
        f"The image depends on {name}, and the stack's {what} is not known at synth.",
        _GIVE_ENVIRONMENT,
    )


def _stack_name(scope: TemplateScope) -> str | None:
    is_own_stack = scope.parent is None and scope.deployer is None
    return scope.stack if is_own_stack and scope.stack else None


def parameter_value(
    interpreter: Evaluator, name: str, declaration: Mapping[str, Any], scope: TemplateScope
) -> Result:
    """The value of a parameter of the template."""
    declared = declaration.get("Type")
    kind = declared if isinstance(declared, str) else "String"
    value = _parameter_text(interpreter, name, declaration, scope)
    if isinstance(value, str) and kind.startswith(_SSM_VALUE):
        value = ssm_value(SsmParameter(value, None, scope.account, scope.region), scope)
    if isinstance(value, str) and ("List<" in kind or kind == "CommaDelimitedList"):
        return interpreter.evaluate([part.strip() for part in value.split(",")], scope)
    return value


def _parameter_text(
    interpreter: Evaluator, name: str, declaration: Mapping[str, Any], scope: TemplateScope
) -> str | Unresolved:
    if declaration.get("NoEcho") in (True, "true", "True"):
        return Problem(
            f"The parameter {name!r} is a secret (NoEcho).",
            f"Use a parameter without NoEcho for the image, {OR_EXEMPT}",
        )
    if scope.parent is not None:
        bound = scope.parent.resource_properties(scope.logical_id_in_parent).get("Parameters")
        if isinstance(bound, Mapping) and name in bound:
            return interpreter.text(bound[name], scope.parent)
    is_ssm = str(declaration.get("Type")).startswith(_SSM_VALUE)
    default = declaration.get("Default")
    if default is None:
        return _parameter_without_value(name, scope)
    if is_ssm or scope.use_parameter_defaults or scope.parent is not None:
        return interpreter.text(default, scope)
    return Problem(
        f"A deployment can give the parameter {name!r} another value than its default "
        f"{quoted(default)}.",
        f"Write the image as text, {_in_an_included_template(name)}, take defaults for the values "
        f"with {scope.option_syntax.written('use_parameter_defaults', value=True)}, {OR_EXEMPT}",
    )


def _in_an_included_template(name: str) -> str:
    """Advice for a parameter, in case its template is one that CDK includes."""
    return (
        "if CfnInclude loads the template, give the value there (CfnInclude(..., parameters="
        f"{{{name!r}: ...}}))"
    )


def _parameter_without_value(name: str, scope: TemplateScope) -> Problem:
    if _TAG_PARAMETER.search(name):
        return Problem(
            f"The tag is the parameter {name!r} of a TagParameterContainerImage, which gets its "
            "value at deployment, after the digest would have to be known.",
            "Either name the tag in the code, as in "
            "ContainerImage.from_ecr_repository(repository, 'v1'); or let the pipeline that fills "
            "the parameter in pass tag@sha256:... and exempt the image with a reason.",
        )
    if scope.parent is not None:
        return Problem(
            f"The nested stack {scope.stack!r} is given no value for its parameter {name!r}.",
            f"Give it one (NestedStack(..., parameters={{{name!r}: ...}})), {OR_EXEMPT}",
        )
    with_default = (
        "give the parameter a default"
        if scope.use_parameter_defaults
        else "give the parameter a default and take it for the value with "
        f"{scope.option_syntax.written('use_parameter_defaults', value=True)}"
    )
    return Problem(
        f"The parameter {name!r} gets its value at deployment, after the digest would have to be "
        "known.",
        f"Write the value in the code, {_in_an_included_template(name)}, {with_default}, "
        f"{OR_EXEMPT}",
    )


def ssm_value(parameter: SsmParameter, scope: TemplateScope) -> str | Unresolved:
    """The value of an SSM parameter, as far as the caller has read it."""
    value = scope.parameter_values.get(parameter, NeedsParameters(frozenset({parameter})))
    if isinstance(value, Problem) and scope.deployer is not None:
        return scope.deployer.unknown_parameter(parameter, scope.option_syntax)
    return value


_REPOSITORY_ARN = "arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/${Name}"
_REPOSITORY_URI = "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/${Name}"
_SECRETS_MANAGER = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}"


def resource_ref(
    interpreter: Evaluator, name: str, resource: Mapping[str, Any], scope: TemplateScope
) -> Result:
    """The value of ``Ref`` of a resource."""
    match resource.get("Type"):
        case "AWS::ECR::Repository":
            known = _property(interpreter, name, "RepositoryName", scope)
            is_shown = interpreter.shows_repositories and isinstance(known, Problem)
            return f"<repository {_path(name, resource)}>" if is_shown else known
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
    interpreter: Evaluator, name: str, attribute: str, scope: TemplateScope
) -> Result | None:
    """A known attribute of a resource; None of the others."""
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
    interpreter: Evaluator, name: str, key: str, scope: TemplateScope
) -> str | Unresolved:
    """A property that a resource is known by; CloudFormation makes one up where it is not set."""
    properties = scope.resource_properties(name)
    result = interpreter.text(properties[key], scope) if key in properties else Absent()
    if not isinstance(result, Absent):
        return result
    resource = scope.entry("Resources", name) or {}
    what = (
        f"The {described(name, resource)} has no {key}, so CloudFormation makes one up at "
        "deployment."
    )
    if _type(resource) == "AWS::ECR::Repository":
        return Problem(what, _name_of_repository(name, scope))
    return Problem(what, f"Give it a {key}, {OR_EXEMPT}")


def _name_of_repository(logical_id: str, scope: TemplateScope) -> str:
    """Advice for a repository without a name: a new name replaces one that is deployed.

    CloudFormation template reference, AWS::ECR::Repository: an update of `RepositoryName` requires
    replacement.
    """
    is_own_stack = scope.parent is None and scope.deployer is None and scope.stack
    lookup = (
        f" (aws cloudformation describe-stack-resource --stack-name {scope.stack} "
        f"--logical-resource-id {logical_id} tells it)"
        if is_own_stack
        else ""
    )
    return (
        "If it is not deployed yet, give it a name (repository_name=...). If it is, a name would "
        "replace it with an empty repository: run the image by the name that CloudFormation has "
        f"made up{lookup}, with Repository.from_repository_name(stack, 'Deployed', '<that name>'), "
        f"or write the digest behind it, {OR_EXEMPT}"
    )


def _of_repository(text: str, interpreter: Evaluator, name: str, scope: TemplateScope) -> Result:
    return interpreter.evaluate({"Fn::Sub": [text, {"Name": {"Ref": name}}]}, scope)


def _secret_arn(interpreter: Evaluator, name: str, scope: TemplateScope) -> Result:
    """A secret's ARN without the characters that AWS appends; it finds the secret too.

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
    """A resource for display, by its construct path where CDK has written that down."""
    return f"{_type(resource)} {_path(name, resource)!r}"


def _path(name: str, resource: Mapping[str, Any]) -> str:
    metadata = resource.get("Metadata")
    path = metadata.get("aws:cdk:path") if isinstance(metadata, Mapping) else None
    return path.removesuffix("/Resource") if isinstance(path, str) else name


def _type(resource: Mapping[str, Any]) -> str:
    declared = resource.get("Type")
    return declared if isinstance(declared, str) else "resource"


def ref(interpreter: Evaluator, name: Any, scope: TemplateScope) -> Result:
    """The value of ``Ref``."""
    if not isinstance(name, str):
        return Problem("Ref is given something other than a name.", "Write the name as text.")
    if name.startswith("AWS::"):
        return pseudo_parameter(interpreter, name, scope)
    parameter = scope.entry("Parameters", name)
    if parameter is not None:
        return parameter_value(interpreter, name, parameter, scope)
    resource = scope.entry("Resources", name)
    if resource is not None:
        return resource_ref(interpreter, name, resource, scope)
    return _nothing_of_that_name(name, scope)


def get_att(interpreter: Evaluator, argument: Any, scope: TemplateScope) -> Result:
    """The value of ``Fn::GetAtt``, in its list form and its string form."""
    match argument:
        case str(text) if "." in text:
            name, _, attribute = text.partition(".")
        case [str(name), *rest] if rest and all(isinstance(part, str) for part in rest):
            attribute = ".".join(rest)
        case _:
            return Problem(
                "Fn::GetAtt is not written with a resource's name and an attribute's.",
                "Write [logical id, attribute].",
            )
    resource = scope.entry("Resources", name)
    if resource is None:
        return _nothing_of_that_name(name, scope)
    return attribute_of(interpreter, name, attribute, scope) or Problem(
        f"The attribute {attribute} of the {described(name, resource)} is known after it has been "
        "deployed.",
        f"Use a value that is known at synth, such as a literal name, {OR_EXEMPT}",
    )


def _nothing_of_that_name(name: str, scope: TemplateScope) -> Problem:
    where = f"the template of {scope.stack!r}" if scope.stack else "the template"
    return Problem(
        f"{name!r} is neither a parameter nor a resource of {where}.",
        "Correct the name, or add what it names.",
    )


LOOKUPS = {
    "Fn::GetAtt": get_att,
    "Fn::GetStackOutput": get_stack_output,
    "Fn::ImportValue": import_value,
    "Ref": ref,
}
