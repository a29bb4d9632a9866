"""The placement of violations, so that `cdk synth` shows each of them.

`cdk synth` shows what is wrong in the stacks of the App itself, and in those of Stages that were
synthesized with ``validate_on_synthesis`` (as CDK Pipelines does it). What is wrong in other Stages
it does not show, and succeeds: such errors are reported at the App, which is always shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from aws_cdk import App
from constructs import IConstruct

from pinned_images.acknowledgements import is_below
from pinned_images.cdk.metadata import acknowledgements_above
from pinned_images.cloud_assembly import AssemblyStack
from pinned_images.problem import Problem
from pinned_images.rules import UNPINNED_IMAGE, Violation
from pinned_images.rules.grouped_violations import grouped_violations

#: Why a Stage was not pinned: no `PinImages` was applied to it, or too late.
MissedReason = Literal["not applied", "applied late"]


@dataclass(frozen=True, slots=True)
class MissedStage:
    """A Stage that was synthesized without being pinned.

    Attributes:
        construct_path: The Stage.
        reason: Why.
    """

    construct_path: str
    reason: MissedReason


_SHOWN_TO_ALL = (
    "Errors in a Stage stop every command; with app.synth(validate_on_synthesis=True) they stop "
    "cdk synth and the deployment of that Stage."
)
_WHY_MISSED: Mapping[MissedReason, tuple[str, str]] = {
    "not applied": (
        (
            "PinImages was not applied to it. An Aspect does not reach into Stages, and apply_to "
            "reaches those that are there when it is called, outside of CDK's own constructs."
        ),
        (
            "Write PinImages.apply_to(app) when all Stages are made, in place of "
            "Aspects.of(app).add(PinImages()). For a Stage in a pipeline, or in a construct of "
            "CDK's, write PinImages.apply_to(stage) before pipeline.add_stage(stage)."
        ),
    ),
    "applied late": (
        (
            "it was synthesized before PinImages was applied to it, as pipeline.add_stage does at "
            "once."
        ),
        "Write PinImages.apply_to(stage) before pipeline.add_stage(stage).",
    ),
}


def placed(
    violations: Iterable[Violation],
    stacks: Iterable[AssemblyStack],
    missed: Sequence[MissedStage],
    app: IConstruct,
) -> tuple[list[Violation], list[Violation]]:
    """Violations to report at their constructs, and those to report at the App.

    Args:
        violations: The violations.
        stacks: The top-level stacks.
        missed: The Stages that were not pinned; one problem is reported for all errors in each.
        app: The root of the construct tree.
    """
    shown = {stack.construct_path for stack in stacks if _is_shown(stack, app)}
    here: list[Violation] = []
    hidden: list[Violation] = []
    in_missed: dict[MissedStage, list[Violation]] = {}
    for violation in violations:
        stage = _missed_stage_of(violation, missed)
        if violation.rule.severity == "warning" or (stage is None and violation.stack in shown):
            here.append(violation)
        elif _is_acknowledged(violation, app):
            continue
        elif stage is not None:
            in_missed.setdefault(stage, []).append(violation)
        else:
            hidden.append(violation)
    is_acknowledged = partial(_is_acknowledged, app=app)
    here = grouped_violations(here, is_acknowledged)
    hidden = [_at_app(each) for each in grouped_violations(hidden, is_acknowledged, at_app=True)]
    if hidden:
        problem = hidden[-1].problem
        fix = f"{problem.fix or ''} {_SHOWN_TO_ALL}".strip()
        hidden[-1] = replace(hidden[-1], problem=replace(problem, fix=fix))
    return here, [*(_missed(stage, some) for stage, some in in_missed.items()), *hidden]


def _is_shown(stack: AssemblyStack, app: IConstruct) -> bool:
    if stack.validate_on_synth or not isinstance(app, App):
        return True
    return stack.template_path.parent.resolve() == Path(app.outdir).resolve()


def _is_acknowledged(violation: Violation, app: IConstruct) -> bool:
    """Whether it is acknowledged; CDK itself looks where it is reported, so at the App alone."""
    path = violation.construct_path
    reason = acknowledgements_above(app, path).reason(violation.rule.id, path)
    return reason is not None


def _missed_stage_of(violation: Violation, missed: Sequence[MissedStage]) -> MissedStage | None:
    holding = [each for each in missed if is_below(violation.construct_path, each.construct_path)]
    return max(holding, key=lambda each: len(each.construct_path), default=None)


def _at_app(violation: Violation) -> Violation:
    if not violation.construct_path:
        return violation
    what = f"{violation.construct_path}: {violation.problem.what}"
    return Violation(violation.rule, replace(violation.problem, what=what))


def _missed(stage: MissedStage, violations: Sequence[Violation]) -> Violation:
    why, fix = _WHY_MISSED[stage.reason]
    some = (
        f"The image at {violations[0].construct_path} is"
        if len(violations) == 1
        else f"{len(violations)} images ({violations[0].construct_path} for one) are"
    )
    what = f"{some} not pinned in the Stage {stage.construct_path}: {why}"
    return Violation(UNPINNED_IMAGE, Problem(what, fix))
