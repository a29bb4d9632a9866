"""Where a violation is reported, so that everybody sees it whom it concerns.

`cdk synth` shows what is wrong in the stacks of the App itself, and in those of Stages that were
synthesized with ``validate_on_synthesis`` (as CDK Pipelines does it). What is wrong in other Stages
it shows to nobody, and succeeds: such errors are reported at the App, where it looks always.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from aws_cdk import App
from constructs import IConstruct

from pinned_images.acknowledgements import is_below
from pinned_images.cdk.metadata import acknowledgements_above
from pinned_images.cloud_assembly import AssemblyStack
from pinned_images.grouping import by_cause, counted_images, named, said_of_several, without_remedy
from pinned_images.problem import Problem
from pinned_images.rules import UNPINNED_IMAGE, Violation

#: Why a Stage was not pinned: nobody asked for it, or too late.
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
    """Violations to be reported where they are, and those to be reported at the App.

    Args:
        violations: What was found.
        stacks: The top-level stacks.
        missed: The Stages that were not pinned; one problem stands for all errors in each.
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
    here = _told_once(here, app)
    hidden = [_at_app(violation) for violation in _told_once(hidden, app, at_app=True)]
    if hidden:
        problem = hidden[-1].problem
        fix = f"{problem.fix or ''} {_SHOWN_TO_ALL}".strip()
        hidden[-1] = replace(hidden[-1], problem=replace(problem, fix=fix))
    return here, [*(_missed(stage, some) for stage, some in in_missed.items()), *hidden]


def _told_once(
    violations: Sequence[Violation], app: IConstruct, *, at_app: bool = False
) -> list[Violation]:
    """The violations, those of a rule together that have one cause: one names their first places.

    One cause may be an error for some images and a warning for others.
    """
    of_rules: dict[str, list[Violation]] = {}
    for violation in violations:
        of_rules.setdefault(violation.rule.id, []).append(violation)
    groups = [
        group
        for of_rule in of_rules.values()
        for group in by_cause(of_rule, lambda violation: violation.problem.error)
    ]
    position = {id(violation): index for index, violation in enumerate(violations)}
    groups.sort(key=lambda group: position[id(group[0])])
    return [each for group in groups for each in _told_together(group, app, at_app=at_app)]


def _told_together(group: list[Violation], app: IConstruct, *, at_app: bool) -> Iterator[Violation]:
    """One violation for several of one cause; at the App where several stacks are concerned.

    What is acknowledged stays on its own, since CDK takes a violation away as a whole.
    """
    open_ones = [each for each in group if len(group) > 1 and not _is_acknowledged(each, app)]
    error = group[0].problem.error
    if error is None or len(open_ones) < 2:  # noqa: PLR2004 - several
        yield from group
        return
    yield from (each for each in group if each not in open_ones)
    images = [each.problem.image for each in open_ones]
    first = named([f"{each.problem.image} at {each.construct_path}".lstrip() for each in open_ones])
    said = said_of_several(without_remedy(error))
    if len(set(images)) == 1:
        said = without_remedy(error).sentence("").strip() if error.is_about_image else said
    what = f"{counted_images(images)} ({first}) {said}"
    problem = replace(group[0].problem, what=what)
    if at_app or len({each.stack for each in open_ones}) > 1:
        yield Violation(group[0].rule, problem)
    else:
        yield replace(open_ones[0], problem=problem)


def _is_shown(stack: AssemblyStack, app: IConstruct) -> bool:
    if stack.validate_on_synth or not isinstance(app, App):
        return True
    return stack.template_path.parent.resolve() == Path(app.outdir).resolve()


def _is_acknowledged(violation: Violation, app: IConstruct) -> bool:
    """CDK looks for acknowledgements where a violation is reported, so at the App alone."""
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
