"""The versions that are tested: the newest, and the oldest that the package admits."""

from __future__ import annotations

from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PROJECT = Path(__file__).resolve().parents[1]
REQUIREMENTS = [Requirement(text) for text in requires("pinned-images") or ()]


def pinned_in(file: str) -> dict[str, Version]:
    lines = (PROJECT / file).read_text(encoding="utf-8").splitlines()
    pins = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): Version(version) for name, version in pins}


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda each: each.name)
def test_the_oldest_version_that_is_tested_is_the_oldest_that_is_admitted(
    requirement: Requirement,
) -> None:
    [lowest] = [Version(each.version) for each in requirement.specifier if each.operator == ">="]
    assert pinned_in("requirements-oldest.txt")[canonicalize_name(requirement.name)] == lowest


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda each: each.name)
def test_the_newest_version_that_is_tested_is_admitted(requirement: Requirement) -> None:
    newest = pinned_in("requirements.txt")[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(newest)
