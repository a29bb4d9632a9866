"""The evaluation of CloudFormation values under given answers to the template's conditions.

The functions are those of the CloudFormation user guide, "Intrinsic function reference";
parameters, resources and cross-stack references are in `references.py`.

Evaluation is total: every value, however malformed, has a result, and the result of what cannot be
known is an `Unknown` that says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pinned_images.cloudformation.intermediate import (
    WRITE_IT_OUT,
    Items,
    NeedsCondition,
    Result,
    Thunk,
    Unresolved,
    first_unresolved,
    joined,
    kind_of,
    malformed,
)
from pinned_images.cloudformation.intrinsics import (
    function_among,
    if_arguments,
    intrinsic_of,
    sub_arguments,
    sub_fragments,
)
from pinned_images.cloudformation.outcomes import Condition
from pinned_images.cloudformation.references import LOOKUPS
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.problem import Problem

_MAXIMUM_INDEX_DIGITS = 9


def if_(interpreter: Interpreter, argument: Any, scope: TemplateScope) -> Result:
    arguments = if_arguments(argument)
    if arguments is None:
        return malformed("Fn::If", "[condition name, value if true, value if false]")
    condition = Condition(arguments.condition, scope.stack)
    answer = interpreter.assumptions.get(condition)
    if answer is None:
        answer = interpreter.answer_by_defaults(arguments.condition, scope)
    if answer is None:
        return NeedsCondition(condition)
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
            fragment.reads
            if fragment.variable is None
            else _variable(interpreter, fragment.variable, variables, scope)
            for fragment in sub_fragments(text)
        ],
    )


def _variable(
    interpreter: Interpreter, name: str, variables: Mapping[str, Any], scope: TemplateScope
) -> str | Unresolved:
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
    return Items(tuple(Thunk(part, scope) for part in text.split(delimiter)))


def find_in_map(interpreter: Interpreter, argument: Any, scope: TemplateScope) -> Result:
    match argument:
        case [name, first, second]:
            default = None
        case [name, first, second, {"DefaultValue": value}]:
            default = Thunk(value, scope)
        case _:
            return malformed("Fn::FindInMap", "[mapping, first key, second key]")
    keys = [interpreter.text(key, scope) for key in (name, first, second)]
    unresolved = first_unresolved(keys)
    if unresolved is not None:
        return unresolved
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
    """The value of a variable of ``Fn::Sub``: its own value, a Ref or a Fn::GetAtt."""
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


MAXIMUM_DEPTH = 60
MAXIMUM_STEPS = 20_000

# CloudFormation user guide, "Condition functions": And and Or take 2 to 10 conditions.
_MOST_PARTS = 10
_MOST_NESTED = 12

_FUNCTIONS = {**FUNCTIONS, **LOOKUPS}


class Interpreter:
    """Evaluator of values under assumptions; one for each evaluation, which bounds its steps."""

    def __init__(
        self,
        assumptions: Mapping[Condition, bool],
        *,
        symbolic: bool = False,
        shows_repositories: bool = False,
    ) -> None:
        """Make an interpreter.

        Args:
            assumptions: The answers to conditions.
            symbolic: Render an unknown account or region as ``${AWS::AccountId}`` and
                ``${AWS::Region}``, to recognise a value's shape.
            shows_repositories: Render the name of an ECR repository that CloudFormation makes up
                as ``<repository Path>``, for display.
        """
        self.assumptions = assumptions
        self.symbolic = symbolic
        self.shows_repositories = shows_repositories
        self._steps = 0
        self._depth = 0

    def text(self, value: Any, scope: TemplateScope) -> str | Unresolved:
        """Evaluate a value that has to be a string."""
        result = self.evaluate(value, scope)
        if isinstance(result, Items):
            return Problem("A list is where a string belongs.", WRITE_IT_OUT)
        return result

    def evaluate(self, value: Any, scope: TemplateScope) -> Result:
        """Evaluate any value."""
        self._steps += 1
        if self._depth >= MAXIMUM_DEPTH or self._steps > MAXIMUM_STEPS:
            return Problem(
                "The value refers to itself, or its functions are nested too deep to follow.",
                WRITE_IT_OUT,
            )
        self._depth += 1
        try:
            return self._dispatch(value, scope)
        finally:
            self._depth -= 1

    def answer_by_defaults(self, condition: str, scope: TemplateScope) -> bool | None:
        """The answer to a condition by parameter defaults; None if it is not known.

        Args:
            condition: Its name.
            scope: The template that it is in; its `use_parameter_defaults` says what counts.
        """
        if not scope.use_parameter_defaults:
            return None
        return self._truth(scope.section("Conditions").get(condition), scope, _MOST_NESTED)

    def _truth(self, expression: Any, scope: TemplateScope, depth: int) -> bool | None:
        """The value of a condition function; known parts may decide it; None if it is unknown."""
        if depth == 0 or not isinstance(expression, Mapping):
            return None
        answer: bool | None = None
        match dict(expression):
            case {"Condition": str(other)}:
                answer = self._truth(scope.section("Conditions").get(other), scope, depth - 1)
            case {"Fn::Equals": [one, other]}:
                texts = self.text(one, scope), self.text(other, scope)
                is_known = all(isinstance(text, str) for text in texts)
                answer = texts[0] == texts[1] if is_known else None
            case {"Fn::Not": [negated]}:
                negation = self._truth(negated, scope, depth - 1)
                answer = None if negation is None else not negation
            case {"Fn::And": [*parts]}:
                answer = _all(self._truth(part, scope, depth - 1) for part in parts[:_MOST_PARTS])
            case {"Fn::Or": [*parts]}:
                negations = (
                    self._truth({"Fn::Not": [part]}, scope, depth - 1)
                    for part in parts[:_MOST_PARTS]
                )
                answer = _all(negations)
                answer = None if answer is None else not answer
        return answer

    def _dispatch(self, value: Any, scope: TemplateScope) -> Result:
        if isinstance(value, str):
            return value
        if isinstance(value, (bool, int)):
            return _plain_text(value)
        if isinstance(value, (list, tuple)):
            return Items(tuple(Thunk(element, scope) for element in value))
        intrinsic = intrinsic_of(value)
        if intrinsic is None:
            return _not_a_text(value)
        function = _FUNCTIONS.get(intrinsic.name)
        if function is None:
            return _at_deployment(intrinsic.name)
        return function(self, intrinsic.argument, scope)


def _all(answers: Iterable[bool | None]) -> bool | None:
    """Whether all are true; None where that is not known."""
    found = set(answers)
    return False if False in found else None if None in found else True


def _at_deployment(function: str) -> Problem:
    return Problem(
        f"What {function} gives is known to CloudFormation alone, at deployment.", WRITE_IT_OUT
    )


def _plain_text(value: bool | int) -> Result:  # noqa: FBT001 - a value of the template
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return str(value)
    except ValueError:
        return Problem("The number is too long to be written.", WRITE_IT_OUT)


def _not_a_text(value: Any) -> Problem:
    function = function_among(value) if isinstance(value, Mapping) else None
    if function is not None:
        return _at_deployment(function)
    if isinstance(value, float):
        return Problem(
            f"The number {value!r} is where a string belongs, and numbers such as 1.10 lose "
            "their zeros.",
            "Write it in quotation marks.",
        )
    return Problem(f"{kind_of(value)} is where a string belongs.", WRITE_IT_OUT)
