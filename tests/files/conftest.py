"""A registry on loopback that stands in for all registries of the golden folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from pinned_images.cli.application import application
from pinned_images.testing.registry_server import RegistryServer

#: Files to pin are no modules of this suite, and bytecode beside them would be one more file.
collect_ignore = ["golden"]

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"

IMAGES = (
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com/fn:v1",
    "docker.io/docker/dockerfile:1",
    "docker.io/library/alpine:3",
    "docker.io/library/busybox:1",
    "docker.io/library/nginx:1.25",
    "docker.io/library/nginx:latest",
    "docker.io/library/node:18",
    "docker.io/library/python:3.12",
    "docker.io/library/redis:7",
    "docker.io/library/ruby:3",
    "docker.io/mvanholsteijn/paas-monitor:3.1.0",
    "docker.io/mvanholsteijn/paas-monitor:3.4.0",
    "docker.io/mvanholsteijn/paas-monitor:latest",
    "docker.io/team/a.b:1.0",
    "docker.io/team/app:1.0",
    "ghcr.io/team/app:1",
    "ghcr.io/team/app:1.0",
    "public.ecr.aws/nginx/nginx:1.25",
)

Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def images() -> Iterator[RegistryServer]:
    """The registry; tests that change it take `own_registry` in its place."""
    with RegistryServer() as registry:
        for image in IMAGES:
            registry.push(image, platforms=("linux/amd64", "linux/arm64"))
        yield registry


@pytest.fixture
def own_registry() -> Iterator[RegistryServer]:
    """A registry of the test's own."""
    with RegistryServer() as registry:
        yield registry


def mirrors_of(registry: RegistryServer) -> str:
    """The mirrors as the environment names them."""
    return ",".join(f"{host}={url}" for host, url in registry.mirrors.items())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder; settings of whoever runs the tests do not count."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("COLUMNS", "80")
    for variable in ("DOCKER_CONFIG", "PINNED_IMAGES_LOCK_FILE", "PINNED_IMAGES_UPDATE"):
        monkeypatch.delenv(variable, raising=False)
    return work


@pytest.fixture
def golden(folder: Path) -> Path:
    """The working folder with the golden files before anything was done to them."""
    shutil.copytree(GOLDEN / "before", folder, dirs_exist_ok=True, symlinks=True)
    return folder


@pytest.fixture
def program(folder: Path, images: RegistryServer, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Run ``pinned-images`` here, which takes a tenth of the time of a process of its own."""
    monkeypatch.setenv("PINNED_IMAGES_MIRRORS", mirrors_of(images))

    def run(*arguments: str, **options: str) -> subprocess.CompletedProcess[str]:
        given = options.get("input", "").encode()
        result = CliRunner().invoke(application, arguments, given, prog_name="pinned-images")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        # Not as text, which would take carriage returns away.
        output, errors = result.stdout_bytes.decode(), result.stderr_bytes.decode()
        return subprocess.CompletedProcess(arguments, result.exit_code, output, errors)

    return run


@pytest.fixture
def process(program: Program) -> Program:
    """Run ``pinned-images`` as a user does, in a process of its own."""

    def run(*arguments: str, **options: str) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            [sys.executable, "-m", "pinned_images.cli", *arguments],
            capture_output=True,
            check=False,
            input=options.get("input", "").encode(),
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        output, errors = result.stdout.decode(), result.stderr.decode()
        return subprocess.CompletedProcess(arguments, result.returncode, output, errors)

    return run
