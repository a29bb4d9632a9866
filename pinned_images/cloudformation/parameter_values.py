"""What parameters come to: those of the template, pseudo parameters, and SSM parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pinned_images.cloudformation.outcomes import Absent, NeedsParameters, SsmParameter
from pinned_images.cloudformation.partitions import partition_of
from pinned_images.cloudformation.results import OR_EXEMPT, Result, Unsettled
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.problem import Problem

if TYPE_CHECKING:
    from pinned_images.cloudformation.interpreter import Interpreter

# The id of the parameter in aws-cdk-lib, aws-ecs/lib/images/tag-parameter-container-image.ts.
_TAG_PARAMETER = re.compile(r"ImageTagParam[0-9A-F]{8}\Z")
_SSM_VALUE = "AWS::SSM::Parameter::Value<"
_GIVE_ENVIRONMENT = (
    "Give the stack an environment (env=Environment(account=..., region=...)), or synthesize "
    "with AWS credentials, so that the CDK CLI tells the app its account and region."
)


def pseudo_parameter(interpreter: Interpreter, name: str, scope: TemplateScope) -> Result:
    """What a pseudo parameter such as ``AWS::Region`` comes to."""
    region = scope.region
    known = {
        "AWS::AccountId": scope.account,
        "AWS::Region": region,
        "AWS::Partition": partition_of(region).name if region else None,
        "AWS::URLSuffix": partition_of(region).url_suffix if region else None,
        "AWS::StackName": scope.stack if scope.parent is None and scope.stack else None,
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
    what = "account" if name == "AWS::AccountId" else "region"
    return Problem(
        f"The image depends on {name}, and the stack's {what} is not known at synth.",
        _GIVE_ENVIRONMENT,
    )


def parameter_value(
    interpreter: Interpreter, name: str, declaration: Mapping[str, Any], scope: TemplateScope
) -> Result:
    """What a parameter of the template comes to."""
    declared = declaration.get("Type")
    kind = declared if isinstance(declared, str) else "String"
    value = _parameter_text(interpreter, name, declaration, scope)
    if isinstance(value, str) and kind.startswith(_SSM_VALUE):
        value = ssm_value(SsmParameter(value, None, scope.account, scope.region), scope)
    if isinstance(value, str) and ("List<" in kind or kind == "CommaDelimitedList"):
        return interpreter.evaluate([part.strip() for part in value.split(",")], scope)
    return value


def _parameter_text(
    interpreter: Interpreter, name: str, declaration: Mapping[str, Any], scope: TemplateScope
) -> str | Unsettled:
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
        f"A deployment can give the parameter {name!r} another value than its default {default!r}.",
        "Write the image as text, allow defaults with "
        f"PinImages(use_parameter_defaults=True), {OR_EXEMPT}",
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
    return Problem(
        f"The parameter {name!r} gets its value at deployment, after the digest would have to be "
        "known.",
        "Write the value in the code; or give the parameter a default and allow defaults with "
        f"PinImages(use_parameter_defaults=True); {OR_EXEMPT}",
    )


def ssm_value(parameter: SsmParameter, scope: TemplateScope) -> str | Unsettled:
    """The value of an SSM parameter, as far as the caller has read it."""
    return scope.parameter_values.get(parameter, NeedsParameters(frozenset({parameter})))
