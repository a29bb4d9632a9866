"""What the rules say of one image in a finished template."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pinned_images.acknowledgements import FLOATING_TAG, UNPINNED_IMAGE, VERSION_CONSISTENCY
from pinned_images.cloudformation.outcomes import Known, Leaf, NeedsParameters, Unknown, leaves
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.cloudformation.sites import Site, evaluate_site
from pinned_images.examination.scopes import readable
from pinned_images.examination.violations import Complaint
from pinned_images.pinning import Policy, Verdict, asks_for_floating_tag
from pinned_images.reference import DEFAULT_TAG

_FIX = (
    "Write the image as name:tag@sha256:..., or let PinImages do it; where an override "
    "(add_property_override) sets the image, put the digest there."
)


def complaints_about(
    site: Site, scope: TemplateScope, policy: Policy, verdict: Verdict | None
) -> Iterator[Complaint]:
    """What rules say of an image.

    Args:
        site: Where it stands.
        scope: The template.
        policy: What the user decided.
        verdict: What was decided while it was pinned.
    """
    if verdict is not None and verdict.value == site.value:
        for finding in verdict.findings:
            yield Complaint(UNPINNED_IMAGE, "error", finding.description, finding.fix)
        return
    outcomes = list(dict.fromkeys(leaves(evaluate_site(site, scope))))
    if asks_for_floating_tag(site):
        yield from _following_a_tag(site, outcomes, policy)
    else:
        yield from _unpinned(site, outcomes, policy)
        yield from _floating_tags(site, outcomes)


def _unpinned(site: Site, outcomes: Iterable[Leaf], policy: Policy) -> Iterator[Complaint]:
    for leaf in outcomes:
        problem = _problem(site, leaf, policy)
        if problem is not None:
            yield Complaint(UNPINNED_IMAGE, "error", *problem)


def _following_a_tag(site: Site, outcomes: Iterable[Leaf], policy: Policy) -> Iterator[Complaint]:
    """A container that has switched ECS' version consistency off wants its tag to be followed."""
    if policy.version_consistency == "respect":
        return
    unpinned = list(_unpinned(site, outcomes, policy))
    yield from unpinned
    if not unpinned and any(isinstance(leaf, Known) for leaf in outcomes):
        yield Complaint(
            VERSION_CONSISTENCY,
            "warning",
            f"The container at {site.location} switches versionConsistency off to follow a moving "
            "tag, and is pinned all the same.",
            'Take the setting out, or use version_consistency="respect" to leave such images '
            "unpinned.",
        )


def _floating_tags(site: Site, outcomes: Iterable[Leaf]) -> Iterator[Complaint]:
    for leaf in outcomes:
        if isinstance(leaf, Known) and leaf.reference.effective_tag == DEFAULT_TAG:
            yield Complaint(
                FLOATING_TAG,
                "warning",
                f"The tag {DEFAULT_TAG} of {leaf.reference.spelled_name} at {site.location} "
                "tells no version.",
                "Name a version in the tag.",
            )


def _problem(site: Site, leaf: Leaf, policy: Policy) -> tuple[str, str | None] | None:
    if isinstance(leaf, Unknown):
        known_late = f"The image at {site.location} cannot be known before the deployment."
        return f"{known_late} {leaf.reason}", leaf.remedy
    if isinstance(leaf, NeedsParameters):
        names = ", ".join(sorted(map(str, leaf.parameters)))
        return f"The image at {site.location} is read from the SSM parameter {names}.", _FIX
    if not isinstance(leaf, Known) or leaf.reference.digest is not None:
        return None
    ended = policy.exempt.ended(leaf.reference, policy.today)
    if ended is not None:
        return f"The image {leaf.text} at {site.location} carries no digest. {ended}", _FIX
    if policy.exempt.match(leaf.reference) is not None:
        return None
    return f"The image {readable(leaf.text)} at {site.location} carries no digest.", _FIX
