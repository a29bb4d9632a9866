"""Violations that have one cause, such as a mirror that is down, as one violation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from pinned_images.grouping import by_cause, counted_images, named, said_of_several, without_remedy
from pinned_images.rules.rule import Violation


def grouped_violations(
    violations: Sequence[Violation],
    is_acknowledged: Callable[[Violation], bool],
    *,
    at_app: bool = False,
) -> list[Violation]:
    """The violations, those of a rule together that have one cause: one names their first places.

    One cause may be an error for some images and a warning for others.

    Args:
        violations: The violations.
        is_acknowledged: Whether a violation is acknowledged; it then stays on its own.
        at_app: Report groups at the App, whatever their stacks.
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
    return [each for group in groups for each in _grouped(group, is_acknowledged, at_app=at_app)]


def _grouped(
    group: list[Violation], is_acknowledged: Callable[[Violation], bool], *, at_app: bool
) -> Iterator[Violation]:
    """One violation for several of one cause; at the App where several stacks are concerned.

    An acknowledged violation stays on its own, since CDK removes a violation as a whole.
    """
    open_ones = [each for each in group if len(group) > 1 and not is_acknowledged(each)]
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
