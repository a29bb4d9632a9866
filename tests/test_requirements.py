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


def lines_of(file: str) -> list[str]:
    """A line for each package, with its hashes."""
    text = (PROJECT / file).read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def pinned_in(file: str) -> dict[str, Version]:
    requirements = [Requirement(line.partition("--hash")[0].strip()) for line in lines_of(file)]
    return {
        canonicalize_name(each.name): Version(specifier.version)
        for each in requirements
        for specifier in each.specifier
    }


@pytest.mark.parametrize(
    ("file", "packages"), [("requirements.txt", 100), ("docs/requirements.txt", 20)]
)
def test_every_package_is_installed_by_its_hash(file: str, packages: int) -> None:
    """With one hash in the file pip wants all; the header says how they are made."""
    lines = lines_of(file)
    assert len(lines) > packages
    assert [line for line in lines if "--hash=sha256:" not in line] == []


def test_every_package_has_one_exact_version() -> None:
    for file in ("requirements.txt", "requirements-oldest.txt", "docs/requirements.txt"):
        names = [line.partition("==")[0] for line in lines_of(file)]
        assert len(names) == len(set(names)) == len(pinned_in(file))


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
