"""The sdist and the wheel: what is in them, and what the package index will take of them."""

from __future__ import annotations

import email
import email.message
import os
import re
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from pinned_images import __version__
from tests.distributions import PROJECT

TWINE = shutil.which("twine") or shutil.which("twine", path=str(PROJECT / ".venv-docs" / "bin"))


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> email.message.Message:
    with zipfile.ZipFile(wheel) as archive:
        name = f"pinned_images-{__version__}.dist-info/METADATA"
        return email.message_from_bytes(archive.read(name))


@pytest.mark.skipif(
    TWINE is None and not os.environ.get("CI"), reason="twine is not installed: run make docs"
)
def test_the_package_index_takes_both(distributions: Path) -> None:
    assert TWINE is not None
    files = [str(path) for path in sorted(distributions.iterdir())]
    assert len(files) == 2
    finished = subprocess.run(
        [TWINE, "check", "--strict", *files], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert finished.stdout.count("PASSED") == 2


def files_of_the_project(*folders: str) -> set[str]:
    """The files under version control, and those that will be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders]
    listed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    return {name for name in listed.stdout.splitlines() if (PROJECT / name).exists()}


def test_the_wheel_has_every_file_of_the_package_and_no_other(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == files_of_the_project("pinned_images")
    assert "pinned_images/py.typed" in names


def test_the_sdist_has_every_file_of_the_project(distributions: Path) -> None:
    (path,) = distributions.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    # Some hidden files are of the repository alone.
    missing = {name for name in files_of_the_project() - names if not name.startswith(".")}
    assert missing == set()


def test_the_description_has_no_link_that_is_dead_on_the_package_index(
    metadata: email.message.Message,
) -> None:
    """There are no files beside it there."""
    assert metadata["Description-Content-Type"] == "text/markdown"
    description = metadata.get_payload()
    assert isinstance(description, str)
    links = re.findall(r"\]\(([^)]*)\)|(?:src|href)=[\"']([^\"']*)", description)
    assert [link for pair in links for link in pair if link and "://" not in link] == []


def test_the_readme_is_read_on_two_screens() -> None:
    lines = (PROJECT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 100
    screen = "\n".join(lines[:50])
    assert "PinImages.apply_to(app)" in screen
    assert "pinned-images run -- " in screen


def test_nothing_heavy_is_required_of_all(metadata: email.message.Message) -> None:
    requirements = map(Requirement, metadata.get_all("Requires-Dist") or ())
    needed = {each.name for each in requirements if each.marker is None}
    assert "boto3" in needed
    assert needed.isdisjoint({"aws-cdk-lib", "constructs", "jsii", "pytest", "starlette", "syrupy"})


def test_the_version_is_dated_in_the_changelog_below_what_is_unreleased() -> None:
    text = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    unreleased, version, *_ = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert unreleased == "[Unreleased]"
    assert re.fullmatch(rf"\[{re.escape(__version__)}\] - \d{{4}}-\d\d-\d\d", version)
