"""Report, for people: which images carry no digest, and why."""

from __future__ import annotations

from typing import Any

from pinned_images.cloudformation.outcomes import ExemptByRule, Known, Leaf, NeedsParameters, leaves
from pinned_images.errors import PinnedImagesError
from pinned_images.pinning.answers import Answers
from pinned_images.pinning.images import Image, ImageOutcome
from pinned_images.pinning.resources import Verdict
from pinned_images.problem import Problem


def verdict_of(image: Image, rendered: Any, answers: Answers, refusal: Problem | None) -> Verdict:
    """What is decided about an image.

    Args:
        image: The image.
        rendered: Its value as it will stand in the template.
        answers: What is known of digests.
        refusal: Why its value could not be written with a digest.
    """
    if image.exemption is not None:
        return Verdict(image.location, rendered, is_left=True)
    outcomes = list(leaves(image.evaluation))
    findings = _findings(image, answers, refusal)
    patterns = answers.policy.exempt.patterns_for(outcomes)
    is_left = bool(patterns) or any(isinstance(leaf, ExemptByRule) for leaf in outcomes)
    return Verdict(image.location, rendered, findings, is_left, patterns)


def problem_of(image: Image, leaf: Leaf, answers: Answers) -> Problem | None:
    """Why one of the outcomes of an image cannot be pinned; None where it can, or need not be."""
    if isinstance(leaf, Problem):
        return leaf
    if isinstance(leaf, NeedsParameters):
        names = ", ".join(sorted(map(str, leaf.parameters)))
        return Problem(f"The value of the SSM parameter {names} could not be read.")
    if isinstance(leaf, Known):
        outcome = answers.of_reference(image, leaf.reference)
        return Problem(str(outcome)) if isinstance(outcome, PinnedImagesError) else None
    return None


def _findings(image: Image, answers: Answers, refusal: Problem | None) -> tuple[Problem, ...]:
    found = [
        _cannot_be_pinned(outcome, problem)
        for outcome in image.outcomes()
        if (problem := problem_of(image, outcome.leaf, answers)) is not None
    ]
    if refusal is not None and not found:
        found = [_cannot_be_pinned(outcome, refusal) for outcome in image.outcomes()][:1]
    return tuple(dict.fromkeys(found))


def _cannot_be_pinned(outcome: ImageOutcome, problem: Problem) -> Problem:
    written = outcome.leaf.text if isinstance(outcome.leaf, Known) else outcome.written
    image = f"The image {written}" if written else "The image"
    at = f"{image} at {outcome.location}" if outcome.location else image
    named = f"The image {written!r} could not be resolved"
    if problem.what.startswith(named):  # as registries' errors begin: not said twice
        return Problem(f"{at} could not be resolved{problem.what[len(named) :]}")
    for named in (f"{written} ", f"{written!r} "):  # as others begin: not said twice, either
        if problem.what.startswith(named):
            return Problem(f"{at} {problem.what[len(named) :]}", problem.fix)
    return Problem(f"{at} cannot be pinned. {problem.what}", problem.fix)
