"""What names come to: parameters, resources and their attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pinned_images.cloudformation.handed_values import get_stack_output, import_value
from pinned_images.cloudformation.parameter_values import parameter_value, pseudo_parameter
from pinned_images.cloudformation.resource_values import attribute_of, described, resource_ref
from pinned_images.cloudformation.results import OR_EXEMPT, Result
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.problem import Problem

if TYPE_CHECKING:
    from pinned_images.cloudformation.interpreter import Interpreter


def ref(interpreter: Interpreter, name: Any, scope: TemplateScope) -> Result:
    """What ``Ref`` comes to."""
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


def get_att(interpreter: Interpreter, argument: Any, scope: TemplateScope) -> Result:
    """What ``Fn::GetAtt`` comes to, in its list form and its text form."""
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
