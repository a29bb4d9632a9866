"""The functions of CloudFormation that compute: what they come to, given their arguments.

They are those of the CloudFormation user guide, "Intrinsic function reference". What names mean
stands in `lookups.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pinned_images.cloudformation.intrinsics import if_arguments, sub_arguments, sub_pieces
from pinned_images.cloudformation.outcomes import Condition
from pinned_images.cloudformation.results import (
    Items,
    Pending,
    Result,
    Undecided,
    Unsettled,
    first_unsettled,
    joined,
    malformed,
)
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.problem import Problem

if TYPE_CHECKING:
    from pinned_images.cloudformation.interpreter import Interpreter

_MAXIMUM_INDEX_DIGITS = 9


def if_(interpreter: Interpreter, argument: Any, scope: TemplateScope) -> Result:
    arguments = if_arguments(argument)
    if arguments is None:
        return malformed("Fn::If", "[condition name, value if true, value if false]")
    condition = Condition(arguments.condition, scope.stack)
    answer = interpreter.assumptions.get(condition)
    if answer is None:
        return Undecided(condition)
    return interpreter.evaluate(arguments.when_true if answer else arguments.when_false, scope)


def join(interpreter: Interpreter, argument: Any, scope: TemplateScope) -> Result:
    match argument:
        case [str(delimiter), values]:
            items = interpreter.evaluate(values, scope)
        case _:
            return malformed("Fn::Join", "[delimiter, [values]]")
    if isinstance(items, str):
        return malformed("Fn::Join", "[delimiter, [values]]")
    if not isinstance(items, Items):
        return items
    return joined(delimiter, [interpreter.text(*element) for element in items.elements])


def sub(interpreter: Interpreter, argument: Any, scope: TemplateScope) -> Result:
    arguments = sub_arguments(argument)
    if arguments is None:
        return malformed("Fn::Sub", "a text, or [text, {variable: value}]")
    text, variables = arguments
    return joined(
        "",
        [
            piece.reads
            if piece.variable is None
            else _variable(interpreter, piece.variable, variables, scope)
            for piece in sub_pieces(text)
        ],
    )


def _variable(
    interpreter: Interpreter, name: str, variables: Mapping[str, Any], scope: TemplateScope
) -> str | Unsettled:
    return interpreter.text(variable_value(name, variables), scope)


def select(interpreter: Interpreter, argument: Any, scope: TemplateScope) -> Result:
    match argument:
        case [index_value, values]:
            index = interpreter.text(index_value, scope)
            items = interpreter.evaluate(values, scope)
        case _:
            return malformed("Fn::Select", "[index, [values]]")
    if not isinstance(index, str):
        return index
    if isinstance(items, str) or not (index.isascii() and index.isdecimal()):
        return malformed("Fn::Select", "[index, [values]]")
    if not isinstance(items, Items):
        return items
    if len(index) > _MAXIMUM_INDEX_DIGITS or int(index) >= len(items.elements):
        return Problem(
            f"Fn::Select asks for element {index[:9]} of a list of {len(items.elements)}.",
            "Select an element that is there; they are counted from 0.",
        )
    return interpreter.evaluate(*items.elements[int(index)])


def split(interpreter: Interpreter, argument: Any, scope: TemplateScope) -> Result:
    match argument:
        case [str(delimiter), source] if delimiter:
            text = interpreter.text(source, scope)
        case _:
            return malformed("Fn::Split", "[delimiter, text]")
    if not isinstance(text, str):
        return text
    return Items(tuple(Pending(part, scope) for part in text.split(delimiter)))


def find_in_map(interpreter: Interpreter, argument: Any, scope: TemplateScope) -> Result:
    match argument:
        case [name, first, second]:
            default = None
        case [name, first, second, {"DefaultValue": value}]:
            default = Pending(value, scope)
        case _:
            return malformed("Fn::FindInMap", "[mapping, first key, second key]")
    keys = [interpreter.text(key, scope) for key in (name, first, second)]
    unsettled = first_unsettled(keys)
    if unsettled is not None:
        return unsettled
    found: Any = scope.section("Mappings")
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    if found is not None:
        return interpreter.evaluate(found, scope)
    if default is not None:
        return interpreter.evaluate(*default)
    return Problem(
        f"The template has no mapping value {' / '.join(map(str, keys))}.",
        "Add the value to the mapping, or give Fn::FindInMap a DefaultValue.",
    )


def variable_value(name: str, variables: Mapping[str, Any]) -> Any:
    """What a variable of ``Fn::Sub`` stands for: its own value, or a Ref, or a Fn::GetAtt."""
    if name in variables:
        return variables[name]
    logical_id, dot, attribute = name.partition(".")
    return {"Fn::GetAtt": [logical_id, attribute]} if dot else {"Ref": name}


FUNCTIONS = {
    "Fn::FindInMap": find_in_map,
    "Fn::If": if_,
    "Fn::Join": join,
    "Fn::Select": select,
    "Fn::Split": split,
    "Fn::Sub": sub,
}
