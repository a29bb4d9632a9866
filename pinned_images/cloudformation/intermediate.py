"""Intermediate evaluation results and how they combine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from msgspec import Struct

from pinned_images.cloudformation.outcomes import Absent, Condition, NeedsParameters
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.problem import Problem

MAXIMUM_LENGTH = 4_000_000

WRITE_IT_OUT = (
    "Write the image as text, or as functions of what is known at synth, "
    "or exempt it with a reason."
)


#: The end of a remedy.
OR_EXEMPT = "or exempt it with a reason."


class Thunk(NamedTuple):
    """A value that has not been evaluated yet, with its scope."""

    value: Any
    scope: TemplateScope


class Items(NamedTuple):
    """A list; its elements are evaluated when they are used."""

    elements: tuple[Thunk, ...]


class NeedsCondition(Struct, frozen=True):
    """A result that depends on a condition for which no answer is assumed."""

    condition: Condition


Unresolved = Problem | NeedsParameters | NeedsCondition | Absent
Result = str | Items | Unresolved


class Evaluator(Protocol):
    """The evaluator of function arguments."""

    symbolic: bool
    shows_repositories: bool

    def text(self, value: Any, scope: TemplateScope) -> str | Unresolved:
        """Evaluate a value that has to be a string."""
        ...

    def evaluate(self, value: Any, scope: TemplateScope) -> Result:
        """Evaluate any value."""
        ...


def malformed(function: str, form: str) -> Problem:
    """The problem of a function with malformed arguments."""
    return Problem(f"{function} is not written as CloudFormation takes it.", f"Write {form}.")


def first_unresolved(results: Iterable[str | Unresolved]) -> Unresolved | None:
    """The first result that prevents the use of all of them; None where all are strings.

    A condition comes first, since each of its answers may resolve the others; then what can
    never be known; then the parameters that are still to be read, all of them.
    """
    unresolved = [result for result in results if not isinstance(result, str)]
    for kind in (NeedsCondition, Problem, Absent):
        for result in unresolved:
            if isinstance(result, kind):
                return result
    waiting = [each.parameters for each in unresolved if isinstance(each, NeedsParameters)]
    return NeedsParameters(frozenset().union(*waiting)) if waiting else None


def joined(delimiter: str, parts: Sequence[str | Unresolved]) -> str | Unresolved:
    """The parts joined to one string."""
    unresolved = first_unresolved(parts)
    if isinstance(unresolved, Absent):
        return Problem("AWS::NoValue is joined with text.", "Join an empty text instead.")
    if unresolved is not None:
        return unresolved
    texts = [part for part in parts if isinstance(part, str)]
    if sum(map(len, texts)) + len(delimiter) * len(texts) > MAXIMUM_LENGTH:
        return Problem("The text is longer than any template can hold.", WRITE_IT_OUT)
    return delimiter.join(texts)


def kind_of(value: Any) -> str:
    """The noun of a value, for display: ``A text``, ``An object``."""
    if value is None:
        return "Nothing (null)"
    for kind, words in ((str, "A text"), (Mapping, "An object"), ((list, tuple), "A list")):
        if isinstance(value, kind):
            return words
    return "A number or a truth value"
