"""Options in `cdk.json`, after `-c` and in the environment, as the real CDK CLI hands them on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aws_cdk import App, Stack

from pinned_images import PinImages
from pinned_images.testing import RegistryServer
from tests.integration.cdk import cdk_synth
from tests.synth.synthesis import Synthesize
from tests.synth.tasks import high_level_task

APP = """
import aws_cdk as cdk
from pinned_images import PinImages

app = cdk.App()
images = [{"Name": name, "Image": f"ghcr.io/org/{name}:1"} for name in ("app", "agent")]
stack = cdk.Stack(app, "Web")
properties = {"ContainerDefinitions": images}
cdk.CfnResource(stack, "Task", type="AWS::ECS::TaskDefinition", properties=properties)
PinImages.apply_to(app, record_in="outputs")
app.synth()
"""
LOCK_FILE = "pinned-images.lock.json"
EXEMPT = {"ghcr.io/org/agent:*": {"reason": "Follows its tag.", "expires": "2999-12-31"}}


def configure(folder: Path, **options: Any) -> None:
    """Write the app, and an object with options into its ``cdk.json``."""
    (folder / "app.py").write_text(APP, encoding="utf-8")
    settings = {"app": f"{sys.executable} app.py", "context": {"pinned-images": options}}
    (folder / "cdk.json").write_text(json.dumps(settings), encoding="utf-8")


class Project(NamedTuple):
    """A folder with an app whose images are in a lock file, and their digest."""

    folder: Path
    finished: subprocess.CompletedProcess[str]
    digest: str


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project after its first synth, which has options in ``cdk.json`` and after ``-c``."""
    folder = tmp_path_factory.mktemp("project")
    with RegistryServer() as registry:
        digest = registry.push("ghcr.io/org/app:1")
        mirrors = registry.mirrors
        configure(
            folder,
            **{"lock-file": LOCK_FILE, "record-in": "metadata", "mirrors": mirrors},
            exempt=EXEMPT,
            update="never",
        )
        finished = cdk_synth(
            folder,
            *("-c", "pinned-images:update=missing", "-c", "pinned-images:summary=true"),
            DOCKER_CONFIG=str(folder),
        )
    return Project(folder, finished, str(digest))


def test_the_object_in_cdk_json_is_read_and_c_options_override_it(project: Project) -> None:
    folder, finished, digest = project
    assert finished.returncode == 0, finished.stderr
    template = json.loads((folder / "cdk.out" / "Web.template.json").read_text("utf-8"))
    assert template["Metadata"]["PinnedImages"] == {"ghcr.io/org/app:1": digest}
    assert "Outputs" not in template
    report = json.loads((folder / "cdk.out" / "pinned-images.json").read_text("utf-8"))
    found = {image["reference"]: image["resolvedBy"] for image in report["images"]}
    assert found == {"ghcr.io/org/app:1": "mirror", "ghcr.io/org/agent:1": "exempt"}
    assert (folder / LOCK_FILE).is_file()
    assert "1 image pinned (1 registry), 1 exempt; lock file pinned-images" in finished.stderr


def test_the_lock_file_next_to_cdk_json_is_used_without_being_named(project: Project) -> None:
    """Without the registry, and with an option in the ``~/.cdk.json`` of the user."""
    folder, _, digest = project
    configure(folder, update="never", summary=True)
    of_the_user = {"context": {"pinned-images": {"exempt": {"ghcr.io/org/agent:*": "why"}}}}
    (folder / ".cdk.json").write_text(json.dumps(of_the_user), encoding="utf-8")
    found = cdk_synth(folder, HOME=str(folder))
    assert found.returncode == 0, found.stderr
    assert f"1 image pinned (1 lock file), 1 exempt; lock file {LOCK_FILE}\n" in found.stderr
    assert f'"ghcr.io/org/app:1@{digest}"' in (folder / "cdk.out/Web.template.json").read_text()


def test_what_is_mistyped_names_the_nearest(synthesize: Synthesize) -> None:
    """The CLI prints it as every error: tests/integration/test_cdk_cli.py."""
    app = App(context={"pinned-images:update": "nevr"})
    high_level_task(Stack(app, "Web"))
    PinImages.apply_to(app)
    [error] = synthesize(app, check=False).errors
    assert "The context value pinned-images:update is 'nevr'. Did you mean 'never'?" in error
