"""Options in `cdk.json`, after `-c` and in the environment, as the real CDK CLI hands them on."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pinned_images.testing import RegistryServer
from tests.integration.cdk import cdk_synth
from tools.example_network import mirrors_variable

APP = """
import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from pinned_images import PinImages

app = cdk.App()
task = ecs.FargateTaskDefinition(cdk.Stack(app, "Web"), "Task")
for name in ("app", "agent"):
    image = ecs.ContainerImage.from_registry(f"ghcr.io/org/{name}:1")
    task.add_container(name, image=image)
PinImages.apply_to(app, record_in="outputs")
app.synth()
"""


def project(folder: Path, registry: RegistryServer) -> None:
    (folder / "app.py").write_text(APP, encoding="utf-8")
    options = {
        "lock-file": "images.lock.json",
        "record-in": "metadata",
        "mirrors": registry.mirrors,
        "exempt": {"ghcr.io/org/agent:*": {"reason": "Follows its tag.", "expires": "2999-12-31"}},
    }
    settings = {"app": f"{sys.executable} app.py", "context": {"pinned-images": options}}
    (folder / "cdk.json").write_text(json.dumps(settings), encoding="utf-8")


def test_the_object_in_cdk_json_is_read(tmp_path: Path, registry: RegistryServer) -> None:
    digest = registry.push("ghcr.io/org/app:1")
    project(tmp_path, registry)
    finished = cdk_synth(tmp_path, DOCKER_CONFIG=str(tmp_path))
    assert finished.returncode == 0, finished.stderr
    template = json.loads((tmp_path / "cdk.out" / "Web.template.json").read_text("utf-8"))
    assert template["Metadata"]["PinnedImages"] == {"ghcr.io/org/app:1": str(digest)}
    assert "Outputs" not in template
    report = json.loads((tmp_path / "cdk.out" / "pinned-images.json").read_text("utf-8"))
    found = {image["reference"]: image["resolvedBy"] for image in report["images"]}
    assert found == {"ghcr.io/org/app:1": "mirror", "ghcr.io/org/agent:1": "exempt"}
    assert (tmp_path / "images.lock.json").is_file()


def test_what_is_mistyped_names_the_nearest_and_ends_without_a_traceback(
    tmp_path: Path, registry: RegistryServer
) -> None:
    project(tmp_path, registry)
    variables = {"PINNED_IMAGES_MIRRORS": mirrors_variable(registry.mirrors)}
    finished = cdk_synth(tmp_path, "-c", "pinned-images:update=nevr", **variables)
    output = finished.stdout + finished.stderr
    assert finished.returncode == 1
    assert "The context value pinned-images:update is 'nevr'. Did you mean 'never'?" in output
    assert "Traceback" not in output


def test_the_lock_file_next_to_cdk_json_is_used_without_being_named(
    tmp_path: Path, registry: RegistryServer
) -> None:
    digest = registry.push("ghcr.io/org/app:1")
    mirrors = mirrors_variable(registry.mirrors)
    project(tmp_path, registry)
    options = {"update": "never", "summary": True}
    settings = {"app": f"{sys.executable} app.py", "context": {"pinned-images": options}}
    (tmp_path / "cdk.json").write_text(json.dumps(settings), encoding="utf-8")
    (tmp_path / ".cdk.json").write_text(
        json.dumps({"context": {"pinned-images": {"exempt": {"ghcr.io/org/agent:*": "why"}}}})
    )
    name = "pinned-images.lock.json"
    first = cdk_synth(
        tmp_path,
        *("-c", f"pinned-images:lock-file={name}", "-c", "pinned-images:update=missing"),
        HOME=str(tmp_path),
        PINNED_IMAGES_MIRRORS=mirrors,
    )
    assert "1 image pinned (1 registry), 1 exempt; lock file pinned-images" in first.stderr
    registry.stop()
    found = cdk_synth(tmp_path, HOME=str(tmp_path))
    assert found.returncode == 0, found.stderr
    assert f"1 image pinned (1 lock file), 1 exempt; lock file {name}\n" in found.stderr
    assert f'"ghcr.io/org/app:1@{digest}"' in (tmp_path / "cdk.out/Web.template.json").read_text()
