"""The lock file under the real CDK CLI and under synths that run at the same time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pinned_images.lockfile import LockedResolver, LockFile
from pinned_images.reference import ImageReference, Platform
from pinned_images.registry.resolver import RegistryResolver
from pinned_images.registry.settings import RegistrySettings
from pinned_images.report import SynthReport
from pinned_images.resolution import ResolutionRequest
from pinned_images.testing import RegistryServer, assert_pinned
from tests.integration.cdk import PROJECT, cdk_synth, environment_of_a_synth
from tools.example_network import mirrors_variable

LOCK_FILE = PROJECT / "pinned-images.lock.json"
AMD64 = Platform("linux", "amd64")
BOTH = ("linux/amd64", "linux/arm64")

FORBID_SOCKETS = """
import sys

def forbid(event, arguments):
    if event.startswith("socket."):
        raise RuntimeError(f"networking is forbidden: {event}")

sys.addaudithook(forbid)
"""

APP = """
import sys
import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from pinned_images import PinImages

app = cdk.App()
task = ecs.FargateTaskDefinition(cdk.Stack(app, "Web"), "Task")
for number, image in enumerate(sys.argv[1:]):
    task.add_container(f"c{number}", image=ecs.ContainerImage.from_registry(image))
PinImages.apply_to(app, lock_file="pinned-images.lock.json")
app.synth()
"""


@pytest.fixture(scope="module")
def without_sockets(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PYTHONPATH on which every Python process is kept from the network."""
    folder = tmp_path_factory.mktemp("without-sockets")
    (folder / "sitecustomize.py").write_text(FORBID_SOCKETS, encoding="utf-8")
    path = os.pathsep.join([str(folder), str(PROJECT)])
    connect = subprocess.run(
        [sys.executable, "-c", "import socket; socket.socket()"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "networking is forbidden" in connect.stderr
    return path


def written(folder: Path) -> dict[str, bytes]:
    """What a synth wrote, without CDK's notes on it.

    The stack traces of constructs name temporary folders, and how long a slow synth took is noted.
    """
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
        and not path.name.endswith((".metadata.json", "performance-counters.json"))
    }


def test_the_example_app_synthesizes_from_its_lock_file_without_network_to_identical_bytes(
    tmp_path: Path, without_sockets: str
) -> None:
    output, locked, found = tmp_path / "cdk.out", LOCK_FILE.read_bytes(), []
    for _ in range(2):
        finished = cdk_synth(
            PROJECT,
            "--output",
            str(output),
            PYTHONPATH=without_sockets,
            PINNED_IMAGES_UPDATE="never",
        )
        assert finished.returncode == 0, finished.stderr
        found.append(written(output))
        assert assert_pinned(output)
        shutil.rmtree(output)
    assert found[0] == found[1]
    report = SynthReport.from_json(found[0]["pinned-images.json"])
    assert {record.resolved_by for record in report.records} == {"lock-file"}
    assert {record.digest for record in report.records} == {
        entry.digest for entry in LockFile.read(LOCK_FILE).entries.values()
    }
    assert LOCK_FILE.read_bytes() == locked


class App:
    """A small app in a folder of its own, with its lock file."""

    def __init__(self, folder: Path, registry: RegistryServer) -> None:
        self.lock_file = folder / "pinned-images.lock.json"
        self._folder = folder
        self._registry = registry
        (folder / "app.py").write_text(APP, encoding="utf-8")

    def lock(self, *images: str) -> None:
        """Put images into the lock file, as a synth does."""
        registries = RegistryResolver(RegistrySettings(mirrors=self._registry.mirrors))
        requests = [ResolutionRequest(ImageReference.parse(image), AMD64) for image in images]
        LockedResolver(registries, self.lock_file).resolve(requests)

    def synth(
        self, *arguments: str, images: tuple[str, ...], **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """``cdk synth`` of the app with these images."""
        return cdk_synth(
            self._folder,
            "--app",
            " ".join([sys.executable, "app.py", *images]),
            *arguments,
            PINNED_IMAGES_MIRRORS=mirrors_variable(self._registry.mirrors),
            DOCKER_CONFIG=str(self._folder),
            **environment,
        )

    @property
    def template(self) -> str:
        """The template that the last synth wrote."""
        return (self._folder / "cdk.out" / "Web.template.json").read_text(encoding="utf-8")


@pytest.fixture
def app(tmp_path: Path, registry: RegistryServer) -> App:
    return App(tmp_path, registry)


def test_always_changes_exactly_the_digest_of_the_tag_that_moved(
    app: App, registry: RegistryServer
) -> None:
    images = ("ghcr.io/org/web:1", "ghcr.io/org/jobs:2")
    old, _ = (registry.push(image, platforms=BOTH) for image in images)
    assert app.synth(images=images).returncode == 0
    template, locked = app.template, app.lock_file.read_text()

    new = registry.move_tag("ghcr.io/org/web:1")
    finished = app.synth("-c", "pinned-images:update=always", images=images)
    assert finished.returncode == 0, finished.stderr
    assert app.template == template.replace(old, new)
    assert app.lock_file.read_text() == locked.replace(old, new)
    assert old != new
    assert old in template


@pytest.mark.parametrize(
    ("arguments", "environment", "command"),
    [
        pytest.param(
            ["-c", "pinned-images:update=never"],
            {},
            "cdk synth -c pinned-images:update=missing",
            id="context",
        ),
        pytest.param(
            [],
            {"CDK_LOOKUPS": "false"},
            "PINNED_IMAGES_UPDATE=missing cdk synth",
            id="no-lookups",
        ),
    ],
)
def test_never_fails_for_an_image_that_was_added_with_its_name_and_the_command_that_mends_it(
    app: App,
    registry: RegistryServer,
    arguments: list[str],
    environment: dict[str, str],
    command: str,
) -> None:
    for image in ("ghcr.io/org/web:1", "ghcr.io/org/jobs:2"):
        registry.push(image, platforms=BOTH)
    app.lock("ghcr.io/org/web:1")
    locked = app.lock_file.read_text()

    images = ("ghcr.io/org/web:1", "ghcr.io/org/jobs:2")
    finished = app.synth(*arguments, images=images, **environment)
    output = finished.stdout + finished.stderr
    assert finished.returncode == 1
    [added] = [line for line in output.splitlines() if "is not in the lock file" in line]
    assert "The image ghcr.io/org/jobs:2 at ContainerDefinitions[" in added
    assert command in output
    assert "Traceback" not in output
    assert app.lock_file.read_text() == locked


def test_synths_at_once_leave_one_valid_lock_file_with_all_entries(
    tmp_path: Path, registry: RegistryServer
) -> None:
    """Ten writers at once, without the CDK in front of them, are in tests/lockfile/test_file.py."""
    (tmp_path / "app.py").write_text(APP, encoding="utf-8")
    shared = "ghcr.io/org/shared:1"
    own = [f"ghcr.io/org/app{number}:1" for number in range(4)]
    digests = {image: registry.push(image, platforms=BOTH) for image in (shared, *own)}
    synths = [
        subprocess.Popen(
            [sys.executable, "app.py", image, shared],
            cwd=tmp_path,
            env=environment_of_a_synth(
                PINNED_IMAGES_MIRRORS=mirrors_variable(registry.mirrors),
                DOCKER_CONFIG=str(tmp_path),
                CDK_OUTDIR=str(tmp_path / f"{number}.out"),
            ),
            stderr=subprocess.PIPE,
        )
        for number, image in enumerate(own)
    ]
    said = [synth.communicate()[1] for synth in synths]
    assert [synth.returncode for synth in synths] == [0] * 4, said
    entries = LockFile.read(tmp_path / "pinned-images.lock.json").entries
    assert {str(key): str(entry.digest) for key, entry in entries.items()} == digests
    for number, image in enumerate(own):
        template = json.loads((tmp_path / f"{number}.out" / "Web.template.json").read_text())
        assert f"{image}@{digests[image]}" in json.dumps(template)
