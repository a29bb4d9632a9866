"""`unusable-digest`, `unverified-digest` and `image-format`: what was learned while pinning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pinned_images.cloudformation.outcomes import Known
from pinned_images.errors import (
    AccessDenied,
    ImageNotFound,
    NotLocked,
    PlatformMismatch,
    RegistryUnavailable,
    ResolutionError,
    UntrustedAnswer,
)
from pinned_images.media_types import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from pinned_images.pinning import (
    AlreadyPinned,
    DecidedOutcome,
    Decision,
    ImageOutcome,
    OutcomeDecision,
    Pinned,
)
from pinned_images.reference import Digest, ImageReference
from pinned_images.resolution import Outcome, Resolution, ResolutionRequest
from tests.rules.assemblies import DIGEST, coverage, examined, said, task, write_stack

IMAGE = f"nginx:1.27@{DIGEST}"
REFERENCE = ImageReference.parse(IMAGE)
REQUEST = ResolutionRequest(REFERENCE)
AT = "ContainerDefinitions[0].Image"
MODEL_AT = "PrimaryContainer.Image"


def decided(decision: OutcomeDecision, at: str = AT, path: str = "Web/Task") -> Any:
    outcome = ImageOutcome(at, IMAGE, Known(IMAGE))
    return {(path, at): Decision(at, IMAGE, (DecidedOutcome(outcome, decision),))}


def found(folder: Path, answer: Outcome | None, image: str = IMAGE) -> list[tuple[str, str]]:
    """Rule and description of what is said of an image that was answered so."""
    stack = write_stack(folder, {"Task": task(image)})
    decisions = decided(AlreadyPinned(REFERENCE, REQUEST, answer))
    return [(rule, what) for rule, _, what in said(examined(stack, coverage(decisions=decisions)))]


@pytest.mark.parametrize("kind", [ImageNotFound, PlatformMismatch, UntrustedAnswer])
def test_what_a_deployment_could_not_use_is_an_error(
    tmp_path: Path, kind: type[ResolutionError]
) -> None:
    [(rule, what)] = found(tmp_path, kind("it is gone", reference=IMAGE, place="the registry"))
    assert rule == "unusable-digest"
    assert what == f"The image {IMAGE} at {AT} could not be resolved at the registry: it is gone."


@pytest.mark.parametrize("kind", [RegistryUnavailable, AccessDenied, NotLocked, ResolutionError])
def test_what_could_not_be_learned_is_a_warning(
    tmp_path: Path, kind: type[ResolutionError]
) -> None:
    [(rule, what)] = found(tmp_path, kind("no network", reference=IMAGE, place="the registry"))
    assert rule == "unverified-digest"
    assert what.startswith(f"The image {IMAGE} at {AT} could not be resolved")


@pytest.mark.parametrize("answer", [None, Resolution(Digest(DIGEST))], ids=["not asked", "there"])
def test_nothing_is_said_of_other_digests(tmp_path: Path, answer: Outcome | None) -> None:
    assert found(tmp_path, answer) == []


def test_what_was_learned_does_not_hold_for_an_image_that_an_override_has_set(
    tmp_path: Path,
) -> None:
    gone = ImageNotFound("it is gone", reference=IMAGE)
    assert found(tmp_path, gone, f"redis:7@{DIGEST}") == []


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        (OCI_INDEX, "an index"),
        (DOCKER_LIST, "an index"),
        (OCI_MANIFEST, "an image in OCI's format"),
        (DOCKER_MANIFEST, None),
        (None, None),
    ],
)
@pytest.mark.parametrize("is_pinned", [True, False], ids=["pinned", "written"])
def test_sagemaker_hosting_takes_single_images_in_docker_s_format_alone(
    tmp_path: Path, media_type: str | None, kind: str | None, *, is_pinned: bool
) -> None:
    answer = Resolution(Digest(DIGEST), media_type)
    decision = (
        Pinned(REQUEST, answer, REFERENCE)
        if is_pinned
        else AlreadyPinned(REFERENCE, REQUEST, answer)
    )
    model = {"Type": "AWS::SageMaker::Model", "Properties": {"PrimaryContainer": {"Image": IMAGE}}}
    stack = write_stack(tmp_path, {"Task": model})
    part = coverage(decisions=decided(decision, MODEL_AT))
    rules = {rule: what for rule, _, what in said(examined(stack, part))}
    assert (kind is not None) == ("image-format" in rules)
    if kind is not None:
        assert f"The image {IMAGE} at {MODEL_AT} is {kind}" in rules["image-format"]
