"""The rule `unpinned-image`: an image that carries no digest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pinned_images.cloudformation.deployers import Deployer
from pinned_images.cloudformation.outcomes import ExemptByRule, Known, NeedsParameters
from pinned_images.pinning import Decision, ImageOutcome, Pinned, Policy, follows_its_tag
from pinned_images.printable import shown_image
from pinned_images.problem import Problem
from pinned_images.rules.rule import ExaminedImage, Rule

#: The placeholder for the value of an SSM parameter that was not read.
STAND_IN = "parameter.invalid/value:v"

_FORMS = {"tag-and-digest": "name:tag@sha256:...", "digest": "name@sha256:..."}
_PIN_IT = "Write the image as {form}, or have PinImages do it."
# A template tells neither the language of its app nor whether there is one.
_PIN_IT_SOMEHOW = (
    "Write the image as {form}, or have PinImages (in an app in Python), `pinned-images run` (in "
    "any other app) or `pinned-images pin` (in files) do it."
)
_OVERRIDDEN = (
    "Write it as {form} where it is set: PinImages leaves alone what an override "
    "(add_property_override, add_override) sets or surrounds."
)
_NAMED_TEMPLATE = (
    "Write it as {form} in that template, which a resource only names: PinImages changes the "
    "stacks of the app. A NestedStack, or CfnInclude with load_nested_stacks, makes it one of them."
)


class _UnpinnedImage(Rule):
    id = "unpinned-image"
    severity = "error"

    def check_image(self, image: ExaminedImage) -> Iterator[Problem]:
        """The problems from pinning, or those of the value in the template."""
        if image.decision is not None:
            yield from image.decision.problems
        if follows_its_tag(image.site) and image.policy.version_consistency == "respect":
            return
        if image.resource.coverage.is_pinned:
            advice = _OVERRIDDEN if image.resource.is_in_construct else _NAMED_TEMPLATE
        else:
            advice = _PIN_IT if image.policy.option_syntax.is_for_app else _PIN_IT_SOMEHOW
        fix = advice.format(form=_FORMS.get(image.site.image_property.style, "name:tag"))
        for outcome in image.outcomes:
            problem = _problem(outcome, image.policy)
            if problem is not None:
                yield Problem(problem.what, problem.fix or fix)
        if image.decision is not None and image.scope.deployer is not None:
            yield from _pinned_elsewhere(image.outcomes, image.decision, image.scope.deployer)


def _pinned_elsewhere(
    outcomes: Iterable[ImageOutcome], decision: Decision, deployer: Deployer
) -> Iterator[Problem]:
    """The problem of digests that PinImages looked up where the template is not deployed.

    The name of the image is known at deployment only, and still a digest was found: nothing in the
    construct tree shows that something else deploys the template.
    """
    is_pinned = any(isinstance(each.decision, Pinned) for each in decision.outcomes)
    for outcome in outcomes if is_pinned else ():
        leaf = outcome.leaf
        if isinstance(leaf, ExemptByRule) and leaf.rule == "digest-in-place":
            unknown = deployer.unknown("its account or region")
            what = (
                f"The digest of the image {outcome.written} at {outcome.location} was looked up in "
                f"the account and region of this synth. {unknown.what}"
            )
            yield Problem(what, unknown.fix)


def is_unpinned(outcome: ImageOutcome, policy: Policy) -> bool:
    """Whether an image carries no digest, although it should."""
    return _problem(outcome, policy) is not None


def _problem(outcome: ImageOutcome, policy: Policy) -> Problem | None:
    """The problem of an image, with a fix where the usual one does not apply."""
    leaf, at = outcome.leaf, f" at {outcome.location}" if outcome.location else ""
    if isinstance(leaf, Problem):
        ended = policy.exempt.ended(outcome.written, policy.today)
        if ended is None and policy.exempt.match(outcome.written) is not None:
            return None
        written = f" {shown_image(outcome.written)}" if outcome.written else ""
        what = f"The image{written}{at} cannot be known before the deployment. {leaf.what}"
        return Problem(what if ended is None else f"{what} {ended}", leaf.fix)
    if isinstance(leaf, NeedsParameters):
        names = ", ".join(sorted(map(str, leaf.parameters)))
        return Problem(f"The image{at} is read from the SSM parameter {names}.")
    if not isinstance(leaf, Known) or leaf.reference.digest is not None:
        return None
    ended = policy.exempt.ended(leaf.reference, policy.today)
    if ended is None and policy.exempt.match(leaf.reference) is not None:
        return None
    what = f"The image {_without_placeholder(leaf.text)}{at} carries no digest."
    return Problem(what if ended is None else f"{what} {ended}")


def _without_placeholder(text: str) -> str:
    """An image for display, without the placeholder for a parameter's value."""
    return "in an SSM parameter" if text.startswith(STAND_IN) else shown_image(text)


UNPINNED_IMAGE = _UnpinnedImage()
