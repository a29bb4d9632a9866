"""A user's project with tests of its own: the built wheel, in an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import venv
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from pinned_images.lockfile import LockEntry, LockFile, LockKey
from pinned_images.reference import Digest

PROJECT = Path(__file__).with_name("project")

#: The lock file that the user has committed.
LOCKED = LockFile(
    {LockKey("docker.io/library/nginx:1.27"): LockEntry(Digest.of(b"what is deployed"))}
).render()


class Environment:
    """A virtual environment that holds the wheel, and sees the packages of this one behind it.

    That spares an installation of everything that the wheel depends on. What it requires is
    checked against the packages of this environment.
    """

    def __init__(self, folder: Path, wheel: Path) -> None:
        builder = venv.EnvBuilder(symlinks=True)
        builder.create(folder)
        context = builder.ensure_directories(folder)
        self.python = Path(context.env_exe)
        packages = self._packages()
        with ZipFile(wheel) as archive:  # all that pip does with one that is in Python alone
            archive.extractall(packages)
        _check_requirements(packages, extras=("cdk", "testing"))
        (packages / "behind.pth").write_text(f"{sysconfig.get_path('purelib')}\n")

    def _packages(self) -> Path:
        ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
        return Path(_run([self.python, "-c", ask]).strip())

    def run(self, *arguments: str, folder: Path) -> str:
        """Run Python in a folder; what it prints."""
        return _run([self.python, *arguments], folder)


def _check_requirements(packages: Path, extras: Sequence[str]) -> None:
    """Check that this environment has what the installed wheel requires, with some extras."""
    [installed] = metadata.distributions(name="pinned-images", path=[str(packages)])
    assert set(extras) <= set(installed.metadata.get_all("Provides-Extra", []))
    for line in installed.requires or []:
        required = Requirement(line)
        marker = required.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            assert required.specifier.contains(metadata.version(required.name)), line


def _run(command: Sequence[str | Path], folder: Path | None = None) -> str:
    ours = ("PYTHONPATH", "PYTEST_")
    environment = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
    run = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
    return run.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Environment:
    return Environment(tmp_path_factory.mktemp("environment"), wheel)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return folder


def test_the_wheel_is_what_is_imported(environment: Environment, project: Path) -> None:
    ask = "import pinned_images, sys; print(pinned_images.__file__.startswith(sys.prefix))"
    assert environment.run("-c", ask, folder=project).strip() == "True"


def test_the_wheel_carries_the_templates_of_the_pages(
    environment: Environment, project: Path
) -> None:
    render = (
        "from pinned_images.report import SynthReport; "
        "from pinned_images.report.html import render_html; print(render_html(SynthReport()))"
    )
    page = environment.run("-c", render, folder=project)
    assert "No container images." in page
    assert "<style>:root" in page


def test_the_project_s_own_tests_pass_and_leave_its_lock_file_alone(
    environment: Environment, project: Path
) -> None:
    lock_file = project / "pinned-images.lock.json"
    lock_file.write_text(LOCKED, encoding="utf-8")
    printed = environment.run("-m", "pytest", "-p", "no:cacheprovider", folder=project)
    assert " 5 passed" in printed
    assert "1 snapshot passed" in printed
    assert lock_file.read_text(encoding="utf-8") == LOCKED
