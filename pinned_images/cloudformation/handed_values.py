"""What stacks hand to each other: exports, outputs, cross-region references."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pinned_images.cloudformation.results import OR_EXEMPT, Result, Unsettled
from pinned_images.cloudformation.scope import HandedValue, TemplateScope
from pinned_images.problem import Problem

if TYPE_CHECKING:
    from pinned_images.cloudformation.interpreter import Interpreter


def import_value(interpreter: Interpreter, argument: Any, scope: TemplateScope) -> Result:
    """What ``Fn::ImportValue`` comes to, where the export is of the same app."""
    name = interpreter.text(argument, scope)
    if not isinstance(name, str):
        return name
    found = _exported(interpreter, name, scope)
    if not found and scope.app is not None and scope.app.add_others():
        found = _exported(interpreter, name, scope)
    return _the_only(
        interpreter,
        found,
        what=f"The export {name!r}",
        remedy="Add the stack that exports it to this app, write the value as text, " + OR_EXEMPT,
    )


def _exported(interpreter: Interpreter, name: str, scope: TemplateScope) -> list[HandedValue]:
    """What stacks of the scope's own environment export under a name."""
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


def get_stack_output(interpreter: Interpreter, argument: Any, scope: TemplateScope) -> Result:
    """What ``Fn::GetStackOutput`` comes to, where the stack is of the same app."""
    if not isinstance(argument, Mapping) or not {"StackName", "OutputName"} <= argument.keys():
        return Problem(
            "Fn::GetStackOutput is not written as CloudFormation takes it.",
            "Write {StackName: ..., OutputName: ...}.",
        )
    stack = interpreter.text(argument["StackName"], scope)
    output = interpreter.text(argument["OutputName"], scope)
    region: str | Unsettled | None = scope.region
    if argument.get("Region") is not None:
        region = interpreter.text(argument["Region"], scope)
    if not isinstance(stack, str):
        return stack
    if not isinstance(output, str):
        return output
    if region is not None and not isinstance(region, str):
        return region
    found = scope.app.stack_output(stack, region, output) if scope.app else []
    if not found and scope.app is not None and scope.app.add_others():
        found = scope.app.stack_output(stack, region, output)
    return _the_only(
        interpreter,
        found,
        what=f"The output {output!r} of the stack {stack!r}",
        remedy="Add that stack to this app, write the value as text, " + OR_EXEMPT,
    )


def nested_output(interpreter: Interpreter, name: str, output: str, scope: TemplateScope) -> Result:
    """What an output of a nested stack comes to."""
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
    interpreter: Interpreter, name: str, attribute: str, scope: TemplateScope
) -> Result:
    """What CDK's ``Custom::CrossRegionExportReader`` reads under a name."""
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
    interpreter: Interpreter, found: list[HandedValue], *, what: str, remedy: str
) -> Result:
    if len(found) == 1:
        return interpreter.evaluate(*found[0])
    if not found:
        return Problem(f"{what} is of no stack in this app and environment.", remedy)
    return Problem(
        f"{what} is of {len(found)} stacks in this app.", "Give one of them another name."
    )
