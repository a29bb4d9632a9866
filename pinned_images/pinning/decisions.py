"""Decide: what becomes of an image, once everything that was asked has been answered.

::

    OutcomeDecision
    ├── Pinned         it gets the digest that was learned
    ├── AlreadyPinned  it carries a digest as the app writes it
    ├── Exempt         it stays without a digest, and why
    └── NotPinned      it should carry a digest and does not, and why

A decision is made once. What is rendered, the findings, and the records of the report read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pinned_images.cloudformation.outcomes import Absent, ExemptByRule, Known, Leaf, NeedsParameters
from pinned_images.cloudformation.rewriting import pin_site
from pinned_images.errors import AccessDenied, PlatformMismatch, ResolutionError
from pinned_images.grouping import as_sentence, without_remedy
from pinned_images.pinning.images import Image, ImageOutcome
from pinned_images.pinning.policy import Policy
from pinned_images.pinning.questions import question_about
from pinned_images.problem import Problem
from pinned_images.reference import ImageReference, Style
from pinned_images.resolution import Outcome, Resolution, ResolutionRequest

# AWS Lambda developer guide, "Create a Lambda function using a container image": no index.
_SINGLE_PLATFORM_TYPES = frozenset({"AWS::Lambda::Function", "AWS::Serverless::Function"})


@dataclass(frozen=True, slots=True)
class Pinned:
    """An image that gets the digest that was learned.

    Attributes:
        request: What was asked.
        resolution: What was answered.
        reference: The image with its digest.
    """

    request: ResolutionRequest
    resolution: Resolution
    reference: ImageReference


@dataclass(frozen=True, slots=True)
class AlreadyPinned:
    """An image that carries a digest as the app writes it.

    Attributes:
        reference: The image.
    """

    reference: ImageReference


@dataclass(frozen=True, slots=True)
class Exempt:
    """An image that stays without a digest.

    Attributes:
        reason: Why, as a sentence.
        is_asset: Whether the app builds it, and its tag is the hash of its source.
    """

    reason: str
    is_asset: bool = False


@dataclass(frozen=True, slots=True)
class NotPinned:
    """An image that should carry a digest and does not.

    Attributes:
        problem: Why, and what to do.
    """

    problem: Problem | ResolutionError


OutcomeDecision = Pinned | AlreadyPinned | Exempt | NotPinned


class DecidedOutcome(NamedTuple):
    """One of the images that a place may hold, and what becomes of it."""

    outcome: ImageOutcome
    decision: OutcomeDecision

    @property
    def problem(self) -> Problem | None:
        """Why it carries no digest, with its name and its place."""
        if not isinstance(self.decision, NotPinned):
            return None
        return _named(self.outcome, self.decision.problem)


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """What was decided about an image.

    It holds for this value alone: where another one stands in the finished template, an override
    has put it there, and the gate looks at that.

    Attributes:
        location: The path of the property: ``ContainerDefinitions[0].Image``.
        value: What is rendered there.
        outcomes: What becomes of each image that the value may be.
        refusal: Why the value cannot be written with its digests.
        exemption: Why it stays unpinned, whatever it turns out to be.
        patterns: The patterns of exemptions that it falls under.
    """

    location: str
    value: Any
    outcomes: tuple[DecidedOutcome, ...] = ()
    refusal: Problem | None = None
    exemption: str | None = None
    patterns: frozenset[str] = frozenset()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why it carries no digest although it should.

        A value that cannot be written with its digests is one problem, however many images it may
        be, and none of its own where another problem is the cause.
        """
        problems = {each.problem: None for each in self.outcomes if each.problem is not None}
        if self.refusal is not None and not problems:
            written = [each for each in self.outcomes if isinstance(each.decision, Pinned)]
            return (_named(written[0].outcome, self.refusal),)
        return tuple(problems)

    @property
    def is_exempt(self) -> bool:
        """Whether it need not carry a digest: it is exempt, or an asset."""
        is_any_exempt = any(isinstance(each.decision, Exempt) for each in self.outcomes)
        return self.exemption is not None or bool(self.patterns) or is_any_exempt

    @property
    def is_final(self) -> bool:
        """Whether it carries no digest, and nothing more is to be said of that."""
        return self.is_exempt or bool(self.problems)


def decide(image: Image, policy: Policy, answers: Mapping[ResolutionRequest, Outcome]) -> Decision:
    """What becomes of an image.

    Args:
        image: The image.
        policy: What the user decided.
        answers: What the resolver says to each question about it.
    """
    outcomes = tuple(
        DecidedOutcome(outcome, _decide(image, outcome.leaf, policy, answers))
        for outcome in image.outcomes()
        if not isinstance(outcome.leaf, Absent)
    )
    value, refusal = _rewritten(image, outcomes, policy)
    patterns = (
        frozenset[str]()
        if image.exemption is not None
        else policy.exempt.patterns_for(each.outcome.leaf for each in outcomes)
    )
    return Decision(image.location, value, outcomes, refusal, image.exemption, patterns)


def _decide(
    image: Image, leaf: Leaf, policy: Policy, answers: Mapping[ResolutionRequest, Outcome]
) -> OutcomeDecision:
    if isinstance(leaf, ExemptByRule):
        return Exempt(leaf.reason, is_asset=leaf.rule == "content-addressed-asset")
    if isinstance(leaf, Known) and leaf.reference.digest is not None:
        return AlreadyPinned(leaf.reference)
    if image.exemption is not None:
        return Exempt(image.exemption)
    if isinstance(leaf, NeedsParameters):
        names = ", ".join(sorted(map(str, leaf.parameters)))
        return NotPinned(Problem(f"The value of the SSM parameter {names} could not be read."))
    if isinstance(leaf, Known):
        return _decide_reference(image, leaf.reference, policy, answers)
    if isinstance(leaf, Problem):
        return NotPinned(leaf)
    raise AssertionError(leaf)  # pragma: no cover - Absent is nothing to decide about


def _decide_reference(
    image: Image,
    reference: ImageReference,
    policy: Policy,
    answers: Mapping[ResolutionRequest, Outcome],
) -> OutcomeDecision:
    matched = policy.exempt.match(reference)
    if matched is not None:
        ended = policy.exempt.ended(reference, policy.today)
        return Exempt(matched[1].reason) if ended is None else NotPinned(Problem(ended))
    request = question_about(image, reference, policy)
    answer = answers[request]
    if isinstance(answer, AccessDenied) and isinstance(image.secret, Problem):
        answer = answer.noted(f"The workload's own credentials were not tried: {image.secret}")
    if isinstance(answer, Resolution) and _has_too_many_platforms(image, answer, policy):
        answer = _too_many_platforms(image, reference, answer)
    if isinstance(answer, ResolutionError):
        return NotPinned(answer)
    return Pinned(request, answer, reference.with_digest(answer.digest, _style_of(image, policy)))


def _has_too_many_platforms(image: Image, resolution: Resolution, policy: Policy) -> bool:
    return (
        policy.platforms == "verify"
        and image.resource.resource_type in _SINGLE_PLATFORM_TYPES
        and len(resolution.platforms) > 1
    )


def _too_many_platforms(
    image: Image, reference: ImageReference, resolution: Resolution
) -> PlatformMismatch:
    platforms = ", ".join(map(str, resolution.platforms))
    return PlatformMismatch(
        remedy='push one for a single platform, or use PinImages(platforms="select")',
        reference=str(reference),
        predicate=(
            f"is an image for several platforms ({platforms}), which "
            f"{image.resource.resource_type} does not run"
        ),
    )


def _rewritten(
    image: Image, outcomes: tuple[DecidedOutcome, ...], policy: Policy
) -> tuple[Any, Problem | None]:
    """The value to render, and why it could not be written with its digests."""
    digests = {
        each.decision.request.reference: each.decision.resolution.digest
        for each in outcomes
        if isinstance(each.decision, Pinned)
    }
    if not digests:
        return image.site.value, None
    rewritten = pin_site(
        image.site,
        image.resource.scope,
        digests.get,
        _style_of(image, policy),
        evaluated=image.evaluation,
    )
    if isinstance(rewritten, Problem):
        return image.site.value, rewritten
    return rewritten.value, None


def _style_of(image: Image, policy: Policy) -> Style:
    """Where a service takes a digest in the tag's place only, that is what it gets."""
    styles = (policy.style, image.site.image_property.style)
    return "digest" if "digest" in styles else "tag-and-digest"


def _named(outcome: ImageOutcome, problem: Problem | ResolutionError) -> Problem:
    """A problem with the image and its place before it."""
    written = outcome.leaf.text if isinstance(outcome.leaf, Known) else outcome.written
    image = f"The image {written}" if written else "The image"
    at = f"{image} at {outcome.location}" if outcome.location else image
    if isinstance(problem, ResolutionError):
        sentence = without_remedy(problem).sentence(at)
        what = sentence if problem.is_about_image else f"{at} cannot be pinned. {sentence}"
        return Problem(what, as_sentence(problem.remedy), problem, written)
    for named in (f"{written} ", f"{written!r} "):  # as others begin: not said twice, either
        if problem.what.startswith(named):
            return Problem(f"{at} {problem.what[len(named) :]}", problem.fix)
    return Problem(f"{at} cannot be pinned. {problem.what}", problem.fix)
