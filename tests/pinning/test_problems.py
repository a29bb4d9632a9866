"""How the findings on images begin: each names its image and place, once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pinned_images.cloudformation.catalog import Catalog
from pinned_images.cloudformation.outcomes import SsmParameter
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.lockfile import LockedResolver
from pinned_images.pinning import (
    AlreadyPinned,
    ImageResource,
    PinnedResource,
    Policy,
    pin_images,
)
from pinned_images.problem import Problem
from pinned_images.resolution import ParameterValues, ResolutionRequest, Resolver
from pinned_images.testing import FixedResolver

AT = "at Code.ImageUri"
DIGEST = "sha256:" + "a" * 64


class NoParameters:
    """Nobody needs an SSM parameter here."""

    def read(self, _: Iterable[SsmParameter]) -> ParameterValues:
        return {}

    def keep(self, _: Mapping[SsmParameter, str]) -> None:
        pass


class Answering:
    """A resolver of a user's own that answers with something else, or with nothing."""

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def resolve(self, requests: Sequence[ResolutionRequest]) -> Any:
        return {} if self._answer is None else dict.fromkeys(requests, self._answer)


def finding(image: str, resolver: Resolver) -> str:
    scope = TemplateScope({}, "123456789012", "eu-west-1")
    function = ImageResource(
        "AWS::Lambda::Function", {"Code": {"ImageUri": image}}, scope, "Shop", "Shop/Resize"
    )
    policy = Policy(catalog=Catalog.default(), today=date(2026, 1, 1))
    [result] = pin_images([function], policy, resolver, NoParameters(), {})
    [found] = result.problems or _unusable(result)
    return found.what


def _unusable(result: PinnedResource) -> list[Problem]:
    return [
        decided.describe(decided.decision.unusable)
        for decision in result.decisions
        for decided in decision.outcomes
        if isinstance(decided.decision, AlreadyPinned) and decided.decision.unusable is not None
    ]


@pytest.mark.parametrize(
    ("image", "beginning"),
    [
        pytest.param(
            f"shop/a:1@{DIGEST}",
            f"The image shop/a:1@{DIGEST} {AT} is the digest of an index",
            id="index",
        ),
        pytest.param("Shop:1", f"The image Shop:1 {AT} is not an image reference", id="no-image"),
        pytest.param("", f"The image '' {AT} is not an image reference", id="empty"),
    ],
)
def test_an_image_is_named_once(image: str, beginning: str) -> None:
    found = finding(image, FixedResolver.derived(platforms=["linux/amd64", "linux/arm64"]))
    assert found.startswith(beginning)


def test_an_image_that_is_not_locked_is_named_once(tmp_path: Path) -> None:
    frozen = LockedResolver(FixedResolver.derived, tmp_path / "lock.json", mode="never")
    found = finding("shop/a:1", frozen)
    assert found.startswith(f"The image shop/a:1 {AT} for linux/amd64 is not in the lock file")
    assert "shop/a:1" not in found.removeprefix("The image shop/a:1")


@pytest.mark.parametrize("lock_file", [False, True], ids=["alone", "behind a lock file"])
@pytest.mark.parametrize(
    ("answer", "shown"), [(None, "nothing"), (DIGEST, "a str")], ids=["nothing", "another type"]
)
def test_a_resolver_that_does_not_answer_leaves_its_image_unpinned(
    tmp_path: Path, answer: object, shown: str, *, lock_file: bool
) -> None:
    resolver: Resolver = Answering(answer)
    if lock_file:
        resolver = LockedResolver(resolver, tmp_path / "images.lock.json")
    assert finding("nginx:1.27", resolver) == (
        f"The image nginx:1.27 {AT} could not be resolved: its resolver answers {shown}."
    )
