"""Report, for people: what the user should know of each image."""

from __future__ import annotations

from pinned_images.acknowledgements import UNPINNED_IMAGE, VERSION_CONSISTENCY, rule_id
from pinned_images.cloudformation.outcomes import Known, Leaf, NeedsParameters, Unknown, leaves
from pinned_images.cloudformation.rewriting import Refused
from pinned_images.errors import PinnedImagesError
from pinned_images.pinning.answers import Answers
from pinned_images.pinning.images import Image, asks_for_floating_tag
from pinned_images.pinning.resources import Finding


def findings_of(image: Image, answers: Answers, refusal: Refused | None) -> list[Finding]:
    """What the user should know of an image.

    Args:
        image: The image.
        answers: What is known of digests.
        refusal: Why its value could not be written with a digest.
    """
    if image.exemption is not None:
        return []
    found = [
        _error(image, leaf, problem)
        for leaf in leaves(image.evaluation)
        if (problem := problem_of(image, leaf, answers)) is not None
    ]
    if refusal is not None and not found:
        found.append(_error(image, None, str(refusal)))
    if not found and asks_for_floating_tag(image.site):
        found.append(_version_consistency(image))
    return list(dict.fromkeys(found))


def problem_of(image: Image, leaf: Leaf, answers: Answers) -> str | None:
    """Why one of the outcomes of an image cannot be pinned; None where it can, or need not be."""
    if isinstance(leaf, Unknown):
        return str(leaf)
    if isinstance(leaf, NeedsParameters):
        names = ", ".join(sorted(map(str, leaf.parameters)))
        return f"The value of the SSM parameter {names} could not be read."
    if isinstance(leaf, Known):
        outcome = answers.of_reference(image, leaf.reference)
        return str(outcome) if isinstance(outcome, PinnedImagesError) else None
    return None


def _error(image: Image, leaf: Leaf | None, problem: str) -> Finding:
    written = leaf.text if isinstance(leaf, Known) else image.as_written
    message = (
        f"The image {written} at {image.location} cannot be pinned. {problem} "
        f"To leave it unpinned, acknowledge {rule_id(UNPINNED_IMAGE)} with a reason."
    )
    return Finding("error", UNPINNED_IMAGE, message, image.location)


def _version_consistency(image: Image) -> Finding:
    message = (
        f"The container at {image.location} disables versionConsistency to follow a "
        "moving tag, and is pinned all the same: remove the setting, or use "
        'PinImages(version_consistency="respect") to leave such images unpinned.'
    )
    return Finding("warning", VERSION_CONSISTENCY, message, image.location)
