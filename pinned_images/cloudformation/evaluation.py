"""The evaluation of an image property's value: an image, or why it cannot be known.

Pure and total: `evaluate` gives an `Evaluation` for every value there is, and raises nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pinned_images.cloudformation import dynamic_references
from pinned_images.cloudformation.catalog import ExemptRule
from pinned_images.cloudformation.exempt_rules import exempt_by_rule
from pinned_images.cloudformation.fragments import Fragments, LiteralText
from pinned_images.cloudformation.intermediate import NeedsCondition, Unresolved
from pinned_images.cloudformation.interpreter import Interpreter
from pinned_images.cloudformation.outcomes import (
    Choice,
    Condition,
    Evaluation,
    ExemptByRule,
    Known,
    Leaf,
    NeedsParameters,
)
from pinned_images.cloudformation.partitions import partition_of
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.cloudformation.transports import without_transport
from pinned_images.errors import InvalidReference
from pinned_images.problem import Problem
from pinned_images.reference import Digest, ImageReference

MAXIMUM_CONDITIONS = 8
MAXIMUM_LENGTH = 2_000
CORRECT_OR_EXEMPT = "Correct the image, or exempt it with a reason."

_SHORTEST_COMPARED = 4
_WITHOUT_SUFFIX = re.compile(
    r"(?P<registry>[0-9]{12}\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.)\$\{AWS::URLSuffix\}"
    r"(?P<repository>/[^${}]+)"
)
_COLON_BEFORE_DIGEST = re.compile(r"[^@]:sha256:[0-9a-f]{64}\Z")
#: `StringParameter.valueFromLookup` of the AWS CDK: what it gives before the CLI has the value.
_NOT_LOOKED_UP = re.compile(r"dummy-value-for-(?P<parameter>[\w./-]{1,200})", re.ASCII)
_DIGEST_AT_END = re.compile(r"@([^@]*)\Z")

Assumptions = Mapping[Condition, bool]


def evaluate(
    value: Any,
    scope: TemplateScope,
    *,
    exempt_rule: ExemptRule | None = None,
    assumptions: Assumptions | None = None,
) -> Evaluation:
    """The evaluation of a value.

    Args:
        value: The value of an image property: a string, or intrinsic functions as plain data.
        scope: The template that it is in, and its environment.
        exempt_rule: The rule for values of this property that are no references to a registry.
        assumptions: Answers to conditions that hold at the value's place.

    Example:
        >>> scope = TemplateScope(region="eu-west-1")
        >>> value = {"Fn::Sub": "1234.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/app:v1"}
        >>> evaluate(value, scope)
        Known(text='1234.dkr.ecr.eu-west-1.amazonaws.com/app:v1')
    """
    return _evaluate(value, scope, exempt_rule, dict(assumptions or {}), MAXIMUM_CONDITIONS)


def _evaluate(
    value: Any,
    scope: TemplateScope,
    exempt_rule: ExemptRule | None,
    assumptions: dict[Condition, bool],
    conditions_left: int,
) -> Evaluation:
    text = text_of(value, scope, assumptions)
    if not isinstance(text, NeedsCondition):
        return _classified(value, text, scope, exempt_rule, assumptions)
    condition = text.condition
    if conditions_left == 0:
        return Problem(
            f"The image depends on more than {MAXIMUM_CONDITIONS} conditions.",
            "Choose it with fewer, or exempt it with a reason.",
        )
    when_true, when_false = (
        _evaluate(
            value, scope, exempt_rule, {**assumptions, condition: answer}, conditions_left - 1
        )
        for answer in (True, False)
    )
    if when_true == when_false:
        return when_true
    return Choice(condition, when_true, when_false)


def text_of(value: Any, scope: TemplateScope, assumptions: Assumptions) -> str | Unresolved:
    """The string that a value evaluates to, with dynamic references filled in."""
    text = Interpreter(assumptions).text(value, scope)
    return dynamic_references.resolve(text, scope) if isinstance(text, str) else text


def _classified(
    value: Any,
    text: str | Leaf,
    scope: TemplateScope,
    exempt_rule: ExemptRule | None,
    assumptions: Assumptions,
) -> Leaf:
    """The outcome of a string, or of a value by its shape where the string is not known."""
    if isinstance(text, (Problem, NeedsParameters)):
        text = _by_shape(value, text, scope, exempt_rule, assumptions)
    if not isinstance(text, str):
        return text
    if exempt_rule == "transport":
        text = without_transport(text)
    exempt = exempt_by_rule(text, scope, exempt_rule)
    if exempt is not None:
        return exempt
    problem = _unless_image(text, scope)
    return Known(text) if problem is None else problem


def _unless_image(text: str, scope: TemplateScope) -> Problem | None:
    """The reason why a string is no image reference; None where it is one."""
    if len(text) > MAXIMUM_LENGTH:
        why = f"A text of {len(text)} characters is no image reference: {text[:60]!r}..."
        return _no_image(text, Problem(why, CORRECT_OR_EXEMPT), scope)
    if _COLON_BEFORE_DIGEST.search(text):
        return Problem(
            "Its digest has a ':' before it in place of '@': CDK writes that where the digest is "
            "no text (a parameter, for instance) when it is given as a tag.",
            "Give it as text, or join it by '@': "
            "ContainerImage.from_registry(f'{repository.repository_uri}@{digest}').",
        )
    not_looked_up = _NOT_LOOKED_UP.search(text)
    if not_looked_up is not None:
        return Problem(
            f"The SSM parameter {not_looked_up['parameter']!r} has not been looked up yet: "
            "StringParameter.value_from_lookup gives a placeholder until the CDK CLI has it.",
            "Run `cdk synth` with AWS credentials, and commit the value that it keeps in "
            "cdk.context.json; a unit test gives it to the App as context.",
        )
    try:
        ImageReference.parse(text)
    except InvalidReference as refusal:
        why = str(refusal)
        problem = Problem(why, CORRECT_OR_EXEMPT, image=text, predicate=refusal.predicate)
        return _no_image(text, problem, scope)
    return None


def _no_image(text: str, problem: Problem, scope: TemplateScope) -> Problem:
    """The problem, without the string where it may hold an SSM parameter's value.

    A parameter that names no image may hold anything, also a secret.
    """
    parameters = sorted(
        str(parameter)
        for parameter, value in scope.parameter_values.items()
        if isinstance(value, str) and _may_come_from(value, text)
    )
    if not parameters:
        return problem
    return Problem(
        "Its text is no image reference, and is not shown: what the SSM parameter "
        f"{', '.join(parameters)} holds is part of it.",
        "Correct the parameter or the image, or exempt it with a reason.",
    )


def _may_come_from(value: str, text: str) -> bool:
    """Whether a parameter's value may be part of a string.

    A short value, such as a version, is in strings that have nothing to do with it.
    """
    return value == text or (len(value) >= _SHORTEST_COMPARED and value in text)


def _by_shape(
    value: Any,
    text: Problem | NeedsParameters,
    scope: TemplateScope,
    exempt_rule: ExemptRule | None,
    assumptions: Assumptions,
) -> str | Leaf:
    """The outcome that the shape of an unknown value allows; else why it is unknown."""
    shape = Interpreter(assumptions, symbolic=True).text(value, scope)
    if isinstance(shape, str):
        shape = without_transport(shape) if exempt_rule == "transport" else shape
        found = exempt_by_rule(shape, scope, exempt_rule) or _in_own_region(shape)
        if found is not None:
            return found
    return _digest_in_place(value, scope, assumptions) or text


def _in_own_region(shape: str) -> str | None:
    """An ECR image whose region is written and whose domain suffix is not, completed.

    CDK writes ``AWS::URLSuffix`` after the region, which is the suffix of the region that the
    stack is deployed to. In another partition than the repository's, no such host exists.
    """
    match = _WITHOUT_SUFFIX.fullmatch(shape)
    if match is None:
        return None
    return f"{match['registry']}{partition_of(match['region']).url_suffix}{match['repository']}"


def _digest_in_place(
    value: Any, scope: TemplateScope, assumptions: Assumptions
) -> ExemptByRule | None:
    """The exemption of an image with a written digest and a name known at deployment only."""
    match = _DIGEST_AT_END.search(_known_end(value, scope, assumptions))
    if match is None:
        return None
    try:
        digest = Digest(match[1])
    except InvalidReference:
        return None
    return ExemptByRule(
        f"...@{digest}",
        "digest-in-place",
        "It carries its digest already; the rest of it is known at deployment only.",
    )


def _known_end(value: Any, scope: TemplateScope, assumptions: Assumptions) -> str:
    """The known end of a string."""
    end = ""
    for fragment in reversed(Fragments.of(value).row):
        if isinstance(fragment, LiteralText):
            end = fragment.reads + end
            continue
        text = Interpreter(assumptions).text(fragment.value, scope)
        if not isinstance(text, str):
            break
        end = text + end
    return end
