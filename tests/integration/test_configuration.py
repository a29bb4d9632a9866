"""Options in `cdk.json`, after `-c` and in the environment, as the real CDK CLI hands them on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from aws_cdk import App, Stack

from pinned_images import PinImages
from pinned_images.lockfile import LockEntry, LockFile, LockKey
from pinned_images.reference import Digest
from pinned_images.testing import RegistryServer
from tests.integration.cdk import cdk_synth
from tests.synth.synthesis import Synthesize
from tests.synth.tasks import high_level_task

APP = """
import aws_cdk as cdk
from pinned_images import PinImages

app = cdk.App()
images = [{"Name": name, "Image": f"ghcr.io/org/{name}:1"} for name in ("app", "web", "agent")]
properties = {"ContainerDefinitions": images}
stack = cdk.Stack(app, "Web")
cdk.CfnResource(stack, "Task", type="AWS::ECS::TaskDefinition", properties=properties)
PinImages.apply_to(app, record_in="outputs")
app.synth()
"""
LOCKED = Digest.of(b"what is deployed")


class Synth(NamedTuple):
    """A synth with an option in each place; one image is in the lock file next to ``cdk.json``."""

    folder: Path
    finished: subprocess.CompletedProcess[str]
    digest: str


@pytest.fixture(scope="module")
def synth(tmp_path_factory: pytest.TempPathFactory) -> Synth:
    folder = tmp_path_factory.mktemp("project")
    (folder / "app.py").write_text(APP, encoding="utf-8")
    lock_file = LockFile({LockKey("ghcr.io/org/app:1"): LockEntry(LOCKED)})
    (folder / "pinned-images.lock.json").write_text(lock_file.render(), encoding="utf-8")
    exempt = {"ghcr.io/org/agent:*": {"reason": "Follows its tag.", "expires": "2999-12-31"}}
    of_the_user = {"context": {"pinned-images": {"exempt": exempt}}}
    (folder / ".cdk.json").write_text(json.dumps(of_the_user), encoding="utf-8")
    with RegistryServer() as registry:
        digest = registry.push("ghcr.io/org/web:1")
        options = {
            "mirrors": registry.mirrors,
            "record-in": "metadata",
            "summary": True,
            "update": "never",
        }
        settings = {"app": f"{sys.executable} app.py", "context": {"pinned-images": options}}
        (folder / "cdk.json").write_text(json.dumps(settings), encoding="utf-8")
        finished = cdk_synth(
            folder,
            "-c",
            "pinned-images:update=missing",
            HOME=str(folder),
            DOCKER_CONFIG=str(folder),
        )
    return Synth(folder, finished, str(digest))


def test_the_object_in_cdk_json_is_read_and_c_options_override_it(synth: Synth) -> None:
    """As is the object in the ``~/.cdk.json`` of the user, which has the exemption."""
    assert synth.finished.returncode == 0, synth.finished.stderr
    template = json.loads((synth.folder / "cdk.out" / "Web.template.json").read_text("utf-8"))
    assert template["Metadata"]["PinnedImages"] == {
        "ghcr.io/org/app:1": str(LOCKED),
        "ghcr.io/org/web:1": synth.digest,
    }
    assert "Outputs" not in template
    report = json.loads((synth.folder / "cdk.out" / "pinned-images.json").read_text("utf-8"))
    assert {image["reference"]: image["resolvedBy"] for image in report["images"]} == {
        "ghcr.io/org/app:1": "lock-file",
        "ghcr.io/org/web:1": "mirror",
        "ghcr.io/org/agent:1": "exempt",
    }


def test_the_lock_file_next_to_cdk_json_is_used_without_being_named(synth: Synth) -> None:
    summary = "2 images pinned (1 lock file, 1 registry), 1 exempt; lock file"
    assert f"{summary} pinned-images.lock.json\n" in synth.finished.stderr
    template = (synth.folder / "cdk.out" / "Web.template.json").read_text("utf-8")
    assert f'"ghcr.io/org/app:1@{LOCKED}"' in template
    entries = LockFile.read(synth.folder / "pinned-images.lock.json").entries
    assert {str(key): str(entry.digest) for key, entry in entries.items()} == {
        "ghcr.io/org/app:1": str(LOCKED),
        "ghcr.io/org/web:1": synth.digest,
    }


def test_what_is_mistyped_names_the_nearest(synthesize: Synthesize) -> None:
    """The CLI prints it as every error: tests/integration/test_cdk_cli.py."""
    app = App(context={"pinned-images:update": "nevr"})
    high_level_task(Stack(app, "Web"))
    PinImages.apply_to(app)
    [error] = synthesize(app, check=False).errors
    assert "The context value pinned-images:update is 'nevr'. Did you mean 'never'?" in error
