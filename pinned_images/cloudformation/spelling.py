"""Another end for a value, in the user's own spelling and with the user's own functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pinned_images.cloudformation.catalog import LeaveRule
from pinned_images.cloudformation.dynamic_references import masked
from pinned_images.cloudformation.evaluation import Assumptions, evaluate
from pinned_images.cloudformation.interpreter import MAXIMUM_DEPTH, Interpreter
from pinned_images.cloudformation.intrinsics import if_arguments, intrinsic_of
from pinned_images.cloudformation.outcomes import Choice, Condition, Evaluation, Known, leaves
from pinned_images.cloudformation.pieces import Hole, Piece, Pieces, Text
from pinned_images.cloudformation.results import Undecided
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.problem import Problem
from pinned_images.reference import ImageReference

BY_HAND = "Write the image with its digest in the code, or exempt it with a reason."


class Pin(NamedTuple):
    """An image before and after."""

    before: ImageReference
    after: ImageReference


@dataclass(frozen=True, slots=True)
class Rewriter:
    """Writes pinned images into values.

    Attributes:
        scope: The template that the values stand in.
        pins: What each text shall become.
        leave: The rule for values that are no references to a registry.
    """

    scope: TemplateScope
    pins: Mapping[str, Pin]
    leave: LeaveRule | None

    def rewrite(
        self, value: Any, evaluation: Evaluation, assumptions: dict[Condition, bool]
    ) -> Any | Problem:
        """The value with its images pinned; the very same object where nothing changes.

        Args:
            value: The value.
            evaluation: What it comes to under the assumptions.
            assumptions: Answers to conditions.
        """
        changed = [leaf for leaf in leaves(evaluation) if self._changes(leaf)]
        if not changed:
            return value
        intrinsic = intrinsic_of(value)
        if intrinsic is not None and intrinsic.name == "Fn::If":
            return self._rewrite_if(intrinsic.argument, assumptions)
        if isinstance(evaluation, Known):
            return self._end(value, evaluation.text, assumptions)
        additions = {self._addition(leaf) for leaf in leaves(evaluation)}
        if len(additions) == 1 and None not in additions:
            return _ended(value, None, str(additions.pop()), {})
        if isinstance(evaluation, Choice):
            return self._distribute(value, evaluation.condition, assumptions)
        return Problem("The value holds several images.", BY_HAND)

    def _changes(self, leaf: Evaluation) -> bool:
        return isinstance(leaf, Known) and leaf.text in self.pins

    def _rewrite_if(self, argument: Any, assumptions: dict[Condition, bool]) -> Any | Problem:
        """Each branch that can be taken, on its own."""
        branches = if_arguments(argument)
        if branches is None:
            return Problem("Fn::If is not written as CloudFormation takes it.", BY_HAND)
        condition = Condition(branches.condition, self.scope.stack)
        rewritten = []
        for answer, branch in ((True, branches.when_true), (False, branches.when_false)):
            if assumptions.get(condition, answer) is answer:
                rewritten.append(self._under(branch, {**assumptions, condition: answer}))
            else:
                rewritten.append(branch)
        for branch in rewritten:
            if isinstance(branch, Problem):
                return branch
        return {"Fn::If": [branches.condition, *rewritten]}

    def _under(self, value: Any, assumptions: dict[Condition, bool]) -> Any | Problem:
        evaluation = evaluate(value, self.scope, leave=self.leave, assumptions=assumptions)
        return self.rewrite(value, evaluation, assumptions)

    def _addition(self, leaf: Evaluation) -> str | None:
        """What the end of a text gets, where nothing but the end changes."""
        if not isinstance(leaf, Known) or leaf.text not in self.pins:
            return None
        after = str(self.pins[leaf.text].after)
        return after[len(leaf.text) :] if after.startswith(leaf.text) else None

    def _distribute(
        self, value: Any, condition: Condition, assumptions: dict[Condition, bool]
    ) -> Any | Problem:
        """One ``Fn::If`` around the whole, since its sides get different ends."""
        if condition.stack != self.scope.stack:
            return Problem(
                f"Which image it is depends on the condition {condition.name!r} of another "
                "template, and the digests differ.",
                BY_HAND,
            )
        sides = [
            self._under(
                _assuming(value, condition.name, answer=answer),
                {**assumptions, condition: answer},
            )
            for answer in (True, False)
        ]
        for side in sides:
            if isinstance(side, Problem):
                return side
        return {"Fn::If": [condition.name, *sides]}

    def _end(self, value: Any, text: str, assumptions: dict[Condition, bool]) -> Any | Problem:
        """The value of one image, with another end."""
        addition = self._addition(Known(text))
        if addition is not None:
            return _ended(value, None, addition, assumptions, self.scope)
        written = Interpreter(assumptions).text(value, self.scope)
        if isinstance(written, Undecided):
            return self._distribute(value, written.condition, assumptions)
        readable = masked(str(written))
        tag_at = readable.find(":", readable.rfind("/") + 1)
        if not isinstance(written, str) or tag_at < 0:
            return Problem(
                "The tag is part of an SSM parameter's value, and this property takes a digest "
                "in the tag's place.",
                BY_HAND,
            )
        after = self.pins[text].after
        return _ended(value, tag_at, f"@{after.digest}", assumptions, self.scope)


def _ended(
    value: Any,
    keep: int | None,
    addition: str,
    assumptions: Assumptions,
    scope: TemplateScope | None = None,
) -> Any:
    """The value with only so many characters of its text kept, and an addition at the end."""
    pieces = Pieces.of(value)
    row = list(pieces.row)
    if keep is not None and scope is not None:
        row = _first(row, keep, assumptions, scope)
    last = row[-1] if row else None
    if isinstance(last, Text) and not last.is_delimiter:
        row[-1] = Text(last.reads + addition, last.written + addition, last.element)
    else:
        row.append(Text(addition, addition))
    return pieces.put_together(row)


def _first(
    row: list[Piece], keep: int, assumptions: Assumptions, scope: TemplateScope
) -> list[Piece]:
    """As much of a row as comes to so many characters."""
    kept: list[Piece] = []
    for piece in row:
        if keep <= 0:
            break
        if isinstance(piece, Text):
            text = piece.reads
            kept.append(piece.cut(0, keep))
        else:
            text = str(Interpreter(assumptions).text(piece.value, scope))
            kept.append(piece if len(text) <= keep else _first_of_hole(piece, text, keep))
        keep -= len(text)
    return kept


def _first_of_hole(hole: Hole, text: str, keep: int) -> Hole:
    """What stands before the tag in a value: split at the colon, which then works for any tag."""
    delimiter = ":" if ":" not in text[:keep] else text[keep:]
    return Hole({"Fn::Select": [0, {"Fn::Split": [delimiter, hole.value]}]})


def _assuming(value: Any, condition: str, *, answer: bool, depth: int = 0) -> Any:
    """The value with one condition's ``Fn::If`` replaced by the side that is taken."""
    if depth > 2 * MAXIMUM_DEPTH:
        return value
    intrinsic = intrinsic_of(value)
    if intrinsic is not None and intrinsic.name == "Fn::If":
        arguments = if_arguments(intrinsic.argument)
        if arguments is not None and arguments.condition == condition:
            taken = arguments.when_true if answer else arguments.when_false
            return _assuming(taken, condition, answer=answer, depth=depth + 1)
    if isinstance(value, Mapping):
        items = value.items()
        return _folded(
            {key: _assuming(each, condition, answer=answer, depth=depth + 1) for key, each in items}
        )
    if isinstance(value, list):
        return [_assuming(each, condition, answer=answer, depth=depth + 1) for each in value]
    return value


def _folded(value: dict[str, Any]) -> Any:
    """A join of nothing but texts as the text that it comes to."""
    match value:
        case {"Fn::Join": [str(delimiter), [*elements]]} if all(
            isinstance(element, str) for element in elements
        ):
            return delimiter.join(elements)
    return value
