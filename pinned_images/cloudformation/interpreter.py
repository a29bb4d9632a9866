"""What values come to, under given answers to the template's conditions.

It is total: every value, however malformed, comes to something, and what cannot be known comes
to an `Problem` that says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pinned_images.cloudformation.functions import FUNCTIONS
from pinned_images.cloudformation.intrinsics import function_among, intrinsic_of
from pinned_images.cloudformation.lookups import LOOKUPS
from pinned_images.cloudformation.outcomes import Condition
from pinned_images.cloudformation.results import (
    WRITE_IT_OUT,
    Items,
    Pending,
    Result,
    Unsettled,
    kind_of,
)
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.problem import Problem

MAXIMUM_DEPTH = 60
MAXIMUM_STEPS = 20_000

_FUNCTIONS = {**FUNCTIONS, **LOOKUPS}


class Interpreter:
    """Evaluates values under assumptions; made anew for each evaluation, for its bounds' sake."""

    def __init__(self, assumptions: Mapping[Condition, bool], *, symbolic: bool = False) -> None:
        """Make an interpreter.

        Args:
            assumptions: The answers to conditions.
            symbolic: Let an unknown account or region stand as ``${AWS::AccountId}`` and
                ``${AWS::Region}``, to recognise a value's shape.
        """
        self.assumptions = assumptions
        self.symbolic = symbolic
        self._steps = 0
        self._depth = 0

    def text(self, value: Any, scope: TemplateScope) -> str | Unsettled:
        """Evaluate what has to be text."""
        result = self.evaluate(value, scope)
        if isinstance(result, Items):
            return Problem("A list stands where a text belongs.", WRITE_IT_OUT)
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

    def _dispatch(self, value: Any, scope: TemplateScope) -> Result:
        if isinstance(value, str):
            return value
        if isinstance(value, (bool, int)):
            return _plain_text(value)
        if isinstance(value, (list, tuple)):
            return Items(tuple(Pending(element, scope) for element in value))
        intrinsic = intrinsic_of(value)
        if intrinsic is None:
            return _not_a_text(value)
        function = _FUNCTIONS.get(intrinsic.name)
        if function is None:
            return _at_deployment(intrinsic.name)
        return function(self, intrinsic.argument, scope)


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
            f"The number {value!r} stands where a text belongs, and numbers such as 1.10 lose "
            "their zeros.",
            "Write it in quotation marks.",
        )
    return Problem(f"{kind_of(value)} stands where a text belongs.", WRITE_IT_OUT)
