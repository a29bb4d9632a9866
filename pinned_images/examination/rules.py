"""What the rules say of one image in a finished template."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pinned_images.acknowledgements import FLOATING_TAG, UNPINNED_IMAGE, VERSION_CONSISTENCY
from pinned_images.cloudformation.outcomes import Known, NeedsParameters
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.cloudformation.sites import Site, evaluate_site
from pinned_images.examination.coverage import Coverage
from pinned_images.examination.scopes import without_stand_in
from pinned_images.examination.violations import Complaint
from pinned_images.pinning import (
    ImageOutcome,
    Policy,
    Verdict,
    asks_for_floating_tag,
    outcomes_of,
)
from pinned_images.problem import Problem
from pinned_images.reference import DEFAULT_TAG

_PIN_IT = "Write the image as name:tag@sha256:..., or have PinImages do it."
_OVERRIDDEN = (
    "Write it as name:tag@sha256:... where it is set: PinImages leaves alone what an override "
    "(add_property_override, add_override) sets or surrounds."
)


class Judgement(NamedTuple):
    """What rules say of an image.

    Attributes:
        complaints: What is wrong.
        patterns: The patterns of exemptions that the image falls under, and needs.
    """

    complaints: tuple[Complaint, ...]
    patterns: frozenset[str]


def judgement_on(
    site: Site, scope: TemplateScope, coverage: Coverage, verdict: Verdict | None
) -> Judgement:
    """What rules say of an image.

    Args:
        site: Where it stands.
        scope: The template.
        coverage: The part of the app that it is in.
        verdict: What was decided while it was pinned.
    """
    if verdict is not None and verdict.value == site.value and verdict.says_all:
        found = (
            Complaint(UNPINNED_IMAGE, "error", finding.what, finding.fix)
            for finding in verdict.findings
        )
        return Judgement(tuple(found), verdict.patterns)
    evaluation = evaluate_site(site, scope)
    outcomes = list(dict.fromkeys(outcomes_of(evaluation, site.location, site.value)))
    return Judgement(
        tuple(_complaints(site, outcomes, coverage)),
        coverage.policy.exempt.patterns_for(outcome.leaf for outcome in outcomes),
    )


def _complaints(
    site: Site, outcomes: Iterable[ImageOutcome], coverage: Coverage
) -> Iterator[Complaint]:
    if asks_for_floating_tag(site):
        yield from _following_a_tag(site, outcomes, coverage)
    else:
        yield from _unpinned(outcomes, coverage)
        yield from _floating_tags(outcomes)


def _unpinned(outcomes: Iterable[ImageOutcome], coverage: Coverage) -> Iterator[Complaint]:
    fix = _OVERRIDDEN if coverage.is_pinned else _PIN_IT
    for outcome in outcomes:
        problem = _problem(outcome, coverage.policy)
        if problem is not None:
            description, remedy = problem
            yield Complaint(UNPINNED_IMAGE, "error", description, remedy or fix)


def _following_a_tag(
    site: Site, outcomes: Iterable[ImageOutcome], coverage: Coverage
) -> Iterator[Complaint]:
    """A container that has switched ECS' version consistency off wants its tag to be followed."""
    if coverage.policy.version_consistency == "respect":
        return
    unpinned = list(_unpinned(outcomes, coverage))
    yield from unpinned
    if not unpinned and any(_carries_digest(outcome) for outcome in outcomes):
        yield Complaint(
            VERSION_CONSISTENCY,
            "warning",
            f"The container at {site.location} switches versionConsistency off to follow a moving "
            "tag, and is pinned all the same.",
            'Take the setting out, or use version_consistency="respect" to leave such images '
            "unpinned.",
        )


def _floating_tags(outcomes: Iterable[ImageOutcome]) -> Iterator[Complaint]:
    for outcome in outcomes:
        leaf = outcome.leaf
        if isinstance(leaf, Known) and leaf.reference.effective_tag == DEFAULT_TAG:
            yield Complaint(
                FLOATING_TAG,
                "warning",
                f"The tag {DEFAULT_TAG} of {leaf.reference.spelled_name} at {outcome.location} "
                "tells no version.",
                "Name a version in the tag.",
            )


def _carries_digest(outcome: ImageOutcome) -> bool:
    return isinstance(outcome.leaf, Known) and outcome.leaf.reference.digest is not None


def _problem(outcome: ImageOutcome, policy: Policy) -> tuple[str, str | None] | None:
    """What is wrong with an image, and what to do where it is nothing usual."""
    leaf, at = outcome.leaf, f" at {outcome.location}" if outcome.location else ""
    if isinstance(leaf, Problem):
        written = f" {outcome.written}" if outcome.written else ""
        return f"The image{written}{at} cannot be known before the deployment. {leaf.what}", (
            leaf.fix
        )
    if isinstance(leaf, NeedsParameters):
        names = ", ".join(sorted(map(str, leaf.parameters)))
        return f"The image{at} is read from the SSM parameter {names}.", None
    if not isinstance(leaf, Known) or leaf.reference.digest is not None:
        return None
    ended = policy.exempt.ended(leaf.reference, policy.today)
    if ended is None and policy.exempt.match(leaf.reference) is not None:
        return None
    image = f"The image {without_stand_in(leaf.text)}{at} carries no digest."
    return (image, None) if ended is None else (f"{image} {ended}", None)
