"""`Decision`: the outcome of pinning for an image.

::

    OutcomeDecision
    ├── Pinned         it gets the digest that was learned
    ├── AlreadyPinned  it carries a digest as the app writes it
    ├── Exempt         it stays without a digest, and why
    └── NotPinned      it should carry a digest and does not, and why

`decide` makes it once. Rendering, findings, and the records of the report read it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from pinned_images.cloudformation.display import display
from pinned_images.cloudformation.outcomes import Known
from pinned_images.errors import (
    ImageNotFound,
    PlatformMismatch,
    ResolutionError,
    UntrustedAnswer,
)
from pinned_images.grouping import as_sentence, without_remedy
from pinned_images.pinning.images import ImageOutcome
from pinned_images.printable import shown_image
from pinned_images.problem import Problem
from pinned_images.reference import ImageReference
from pinned_images.resolution import Outcome, Resolution, ResolutionRequest

# Errors that mean that a deployment would not find the image, or not the right one. Others mean
# that it could not be learned.
_UNUSABLE = (ImageNotFound, PlatformMismatch, UntrustedAnswer)


@dataclass(frozen=True, slots=True)
class Pinned:
    """An image that gets the digest that was learned.

    Attributes:
        request: The request to the resolver.
        resolution: Its answer.
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
        request: The request that verifies the digest; None without one.
        answer: Its answer: an error says what is wrong with the image, or why nothing could be
            learned.
    """

    reference: ImageReference
    request: ResolutionRequest | None = None
    answer: Outcome | None = None

    @property
    def resolution(self) -> Resolution | None:
        """The resolution of the image; None where it has none."""
        return self.answer if isinstance(self.answer, Resolution) else None

    @property
    def unusable(self) -> ResolutionError | None:
        """The error that would make a deployment fail: no such image, or none for the workload."""
        return self.answer if isinstance(self.answer, _UNUSABLE) else None

    @property
    def unverified(self) -> ResolutionError | None:
        """The error that prevented verification."""
        if isinstance(self.answer, _UNUSABLE) or not isinstance(self.answer, ResolutionError):
            return None
        return self.answer


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
    """One of the images that a place may hold, with its decision."""

    outcome: ImageOutcome
    decision: OutcomeDecision

    @property
    def problem(self) -> Problem | None:
        """The problem that it carries no digest, with its name and place."""
        if not isinstance(self.decision, NotPinned):
            return None
        return self.describe(self.decision.problem)

    @property
    def name(self) -> str:
        """The image and its place, for display: ``The image nginx:1.27 at Code.ImageUri``."""
        leaf, location = self.outcome.leaf, self.outcome.location
        written = leaf.text if isinstance(leaf, Known) else self.outcome.written
        image = f"The image {shown_image(written)}" if written else "The image"
        return f"{image} at {location}" if location else image

    def describe(self, problem: Problem | ResolutionError) -> Problem:
        """A problem with the image's name and place before it."""
        leaf = self.outcome.leaf
        written = leaf.text if isinstance(leaf, Known) else self.outcome.written
        if isinstance(problem, ResolutionError):
            sentence = without_remedy(problem).sentence(self.name)
            is_named = problem.is_about_image
            what = sentence if is_named else f"{self.name} cannot be pinned. {sentence}"
            return Problem(what, as_sentence(problem.remedy), problem, written)
        if problem.predicate is not None and written in (problem.image, display(problem.image)):
            return Problem(f"{self.name} {problem.predicate}", problem.fix)
        return Problem(
            f"{self.name} cannot be pinned. {problem.what}",
            problem.fix,
            is_unanswered=problem.is_unanswered,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """The decision about an image.

    It holds for this value alone: where another one is in the finished template, an override
    has put it there, and the gate looks at that.

    Attributes:
        location: The path of the property: ``ContainerDefinitions[0].Image``.
        value: The value to render.
        outcomes: The decision about each image that the value may be.
        refusal: Why the value cannot be written with its digests.
        exemption: Why it stays unpinned, whatever its value is.
        patterns: The patterns of exemptions that it falls under.
    """

    location: str
    value: Any
    outcomes: tuple[DecidedOutcome, ...] = ()
    refusal: Problem | None = None
    exemption: str | None = None
    patterns: frozenset[str] = frozenset()

    def at(self, location: str) -> Decision:
        """The same decision for an image that has moved in its list."""
        outcomes = tuple(
            decided._replace(
                outcome=decided.outcome._replace(
                    location=location + decided.outcome.location[len(self.location) :]
                )
            )
            for decided in self.outcomes
        )
        return replace(self, location=location, outcomes=outcomes)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems that it carries no digest although it should.

        A value that cannot be written with its digests is one problem, however many images it may
        be, and none of its own where another problem is the cause.
        """
        problems = {each.problem: None for each in self.outcomes if each.problem is not None}
        if self.refusal is not None and not problems:
            written = [each for each in self.outcomes if isinstance(each.decision, Pinned)]
            return (written[0].describe(self.refusal),)
        return tuple(problems)

    @property
    def is_exempt(self) -> bool:
        """Whether it need not carry a digest: it is exempt, or an asset."""
        is_any_exempt = any(isinstance(each.decision, Exempt) for each in self.outcomes)
        return self.exemption is not None or bool(self.patterns) or is_any_exempt

    @property
    def is_final(self) -> bool:
        """Whether it, or one of the images in it, carries no digest, and why is known."""
        return self.is_exempt or bool(self.problems)

    @property
    def final_places(self) -> frozenset[str]:
        """The places of the images that carry no digest, and of which the gate has nothing to add.

        They are all where the value as a whole is exempt, or could not be written.
        """
        is_whole = self.exemption is not None or self.refusal is not None
        return frozenset(
            each.outcome.location
            for each in self.outcomes
            if is_whole or isinstance(each.decision, Exempt | NotPinned)
        )
