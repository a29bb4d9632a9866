"""The command line in a folder of its own, with a registry on loopback to ask."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pinned_images.cli.application import application
from pinned_images.lockfile import LockedResolver, LockFile, LockKey
from pinned_images.reference import Digest, ImageReference, Platform
from pinned_images.registry.resolver import RegistryResolver
from pinned_images.resolution import ResolutionRequest
from tests.registry_aws.conftest import clean_environment, fake_aws, models, moto, moto_server

__all__ = ["clean_environment", "fake_aws", "models", "moto", "moto_server"]

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the user stands; credentials and settings of whoever runs the tests do not count."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in (
        "COLUMNS",
        "DOCKER_CONFIG",
        "PINNED_IMAGES_MIRRORS",
        "PINNED_IMAGES_LOCK_FILE",
    ):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


@pytest.fixture
def run() -> Run:
    """Run ``pinned-images``; any exception that is no exit of its own fails the test."""

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(application, arguments, prog_name="pinned-images")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


class LockedFolder:
    """The lock file of the folder, filled as synths fill it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "pinned-images.lock.json"

    def add(self, *images: str, platform: str | None = None, select: bool = False) -> None:
        """Lock images, for a platform where one is given."""
        known = None if platform is None else Platform.parse(platform)
        requests = [
            ResolutionRequest(ImageReference.parse(image), known, select=select) for image in images
        ]
        LockedResolver(RegistryResolver, self.path).resolve(requests)

    def digest(self, key: str) -> Digest:
        """What the file holds for an image."""
        return LockFile.read(self.path).entries[LockKey.parse(key)].digest

    @property
    def text(self) -> str:
        """The file as it is."""
        return self.path.read_text(encoding="utf-8")


@pytest.fixture
def lock(folder: Path) -> LockedFolder:
    """The lock file of the folder, which is not there before something is added."""
    return LockedFolder(folder)
