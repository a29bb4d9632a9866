"""The lock file of an app, and under synths that run at the same time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs

from pinned_images import PinImages
from pinned_images.lockfile import LockedResolver, LockFile
from pinned_images.reference import ImageReference, Platform
from pinned_images.registry.resolver import RegistryResolver
from pinned_images.registry.settings import RegistrySettings
from pinned_images.resolution import ResolutionRequest
from pinned_images.testing import RegistryServer, SynthesizedApp
from pinned_images.testing.synthesized import synthesize
from tests.integration.cdk import environment_of_a_synth
from tests.synth.tasks import typed_task
from tools.example_network import mirrors_variable

AMD64 = Platform("linux", "amd64")
BOTH = ("linux/amd64", "linux/arm64")

APP = """
import sys
import aws_cdk as cdk
from pinned_images import PinImages

app = cdk.App()
containers = [{"Name": image, "Image": image} for image in sys.argv[1:]]
properties = {"ContainerDefinitions": containers}
stack = cdk.Stack(app, "Web")
cdk.CfnResource(stack, "Task", type="AWS::ECS::TaskDefinition", properties=properties)
PinImages.apply_to(app, lock_file="pinned-images.lock.json")
app.synth()
"""


class App:
    """A small app with its lock file, synthesized in this process."""

    def __init__(self, folder: Path, registry: RegistryServer) -> None:
        self.lock_file = folder / "pinned-images.lock.json"
        self._registry = registry

    def lock(self, *images: str) -> None:
        """Put images into the lock file, as a synth does."""
        registries = RegistryResolver(RegistrySettings(mirrors=self._registry.mirrors))
        requests = [ResolutionRequest(ImageReference.parse(image), AMD64) for image in images]
        LockedResolver(registries, self.lock_file).resolve(requests)

    def synth(self, *images: str, **context: str) -> SynthesizedApp:
        """Synthesize the app with these images, and context values of this library."""
        app = cdk.App(context={f"pinned-images:{name}": text for name, text in context.items()})
        task = ecs.FargateTaskDefinition(cdk.Stack(app, "Web"), "Task")
        for number, image in enumerate(images):
            task.add_container(f"c{number}", image=ecs.ContainerImage.from_registry(image))
        PinImages.apply_to(app, lock_file=str(self.lock_file), mirrors=self._registry.mirrors)
        return synthesize(app, check=False)


@pytest.fixture
def app(tmp_path: Path, registry: RegistryServer) -> App:
    return App(tmp_path, registry)


def test_always_changes_exactly_the_digest_of_the_tag_that_moved(
    app: App, registry: RegistryServer
) -> None:
    images = ("ghcr.io/org/web:1", "ghcr.io/org/jobs:2")
    old, _ = (registry.push(image, platforms=BOTH) for image in images)
    template = json.dumps(app.synth(*images).template("Web"))
    locked = app.lock_file.read_text()

    new = registry.move_tag("ghcr.io/org/web:1")
    changed = app.synth(*images, update="always")
    assert changed.errors == ()
    assert json.dumps(changed.template("Web")) == template.replace(old, new)
    assert app.lock_file.read_text() == locked.replace(old, new)
    assert old != new
    assert old in template


@pytest.mark.parametrize(
    ("is_context", "command"),
    [
        pytest.param(True, "cdk synth -c pinned-images:update=missing", id="context"),
        pytest.param(False, "PINNED_IMAGES_UPDATE=missing cdk synth", id="no-lookups"),
    ],
)
def test_never_fails_for_an_image_that_was_added_with_its_name_and_the_command_that_mends_it(
    app: App,
    registry: RegistryServer,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_context: bool,
    command: str,
) -> None:
    images = ("ghcr.io/org/web:1", "ghcr.io/org/jobs:2")
    for image in images:
        registry.push(image, platforms=BOTH)
    app.lock("ghcr.io/org/web:1")
    locked = app.lock_file.read_text()

    if not is_context:
        monkeypatch.setenv("CDK_LOOKUPS", "false")
    errors = app.synth(*images, **({"update": "never"} if is_context else {})).errors
    [added] = [error for error in errors if "is not in the lock file" in error]
    assert "The image ghcr.io/org/jobs:2 at ContainerDefinitions[" in added
    assert command in added
    assert app.lock_file.read_text() == locked


def test_synths_at_once_leave_one_valid_lock_file_with_all_entries(
    tmp_path: Path, registry: RegistryServer
) -> None:
    """An app that pins its images by the Aspect, and apps behind ``pinned-images run``.

    Ten writers at once, without the CDK in front of them, are in tests/lockfile/test_file.py.
    """
    (tmp_path / "app.py").write_text(APP, encoding="utf-8")
    shared = "ghcr.io/org/shared:1"
    own = [f"ghcr.io/org/app{number}:1" for number in range(4)]
    digests = {image: registry.push(image, platforms=BOTH) for image in (shared, *own)}
    for number, image in enumerate(own[1:], start=1):
        app = cdk.App(outdir=str(tmp_path / f"{number}.plain"))
        typed_task(cdk.Stack(app, "Web"), "Task", image, shared)
        app.synth()
    name = "pinned-images.lock.json"
    run = [sys.executable, "-m", "pinned_images", "run", "--lock-file", name, "--"]
    commands = [
        [sys.executable, "app.py", own[0], shared],
        *([*run, "cp", "-r", f"{number}.plain", f"{number}.out"] for number in range(1, 4)),
    ]
    synths = [
        subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment_of_a_synth(
                PINNED_IMAGES_MIRRORS=mirrors_variable(registry.mirrors),
                DOCKER_CONFIG=str(tmp_path),
                CDK_OUTDIR=str(tmp_path / f"{number}.out"),
            ),
            stderr=subprocess.PIPE,
        )
        for number, command in enumerate(commands)
    ]
    said = [synth.communicate()[1] for synth in synths]
    assert [synth.returncode for synth in synths] == [0] * 4, said
    entries = LockFile.read(tmp_path / name).entries
    assert {str(key): str(entry.digest) for key, entry in entries.items()} == digests
    for number, image in enumerate(own):
        template = json.loads((tmp_path / f"{number}.out" / "Web.template.json").read_text())
        assert f"{image}@{digests[image]}" in json.dumps(template)
