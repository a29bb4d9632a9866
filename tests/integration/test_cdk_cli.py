"""The real CDK CLI, run as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from syrupy.assertion import SnapshotAssertion
from syrupy.filters import props

from pinned_images.lockfile import LockFile
from pinned_images.testing import RegistryServer, assert_pinned
from pinned_images.testing.synthesized import SynthesizedApp
from tests.integration.cdk import PROJECT, cdk_synth
from tools.example_network import mirrors_variable

APP = """
import sys
import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from pinned_images import PinImages

app = cdk.App()
where = cdk.Stage(app, "Production") if "stage" in sys.argv else app
stack = cdk.Stack(where, "Web")
images = [argument for argument in sys.argv[1:] if ":" in argument]
for number, image in enumerate(images or ["ghcr.io/org/app:1"]):
    task = ecs.FargateTaskDefinition(stack, f"Task{number or ''}")
    task.add_container("app", image=ecs.ContainerImage.from_registry(image))
if "aspect" in sys.argv:
    cdk.Aspects.of(app).add(PinImages())
else:
    PinImages.apply_to(app)
app.synth()
"""


def synth(
    folder: Path, mirrors: Mapping[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """``cdk synth`` of a small app whose images come from mirrors."""
    app = folder / "app.py"
    app.write_text(APP, encoding="utf-8")
    return cdk_synth(
        folder,
        "--app",
        " ".join([sys.executable, str(app), *arguments]),
        PINNED_IMAGES_MIRRORS=mirrors_variable(mirrors),
        DOCKER_CONFIG=str(folder),
    )


def test_images_are_pinned_to_what_the_registry_serves(
    tmp_path: Path, registry: RegistryServer
) -> None:
    digest = registry.push("ghcr.io/org/app:1", platforms=("linux/amd64", "linux/arm64"))
    finished = synth(tmp_path, registry.mirrors)
    assert finished.returncode == 0, finished.stderr
    [reference] = assert_pinned(tmp_path / "cdk.out")
    assert str(reference) == f"ghcr.io/org/app:1@{digest}"


def test_what_has_no_answer_ends_with_the_constructs_path_and_no_traceback(
    tmp_path: Path, registry: RegistryServer
) -> None:
    """A tag that is missing, and a registry that is not there."""
    registry.push("ghcr.io/org/app:2")
    with RegistryServer() as gone:
        gone.push("quay.io/org/jobs:1")
        mirrors = {**registry.mirrors, **gone.mirrors}
    finished = synth(tmp_path, mirrors, "ghcr.io/org/app:1", "quay.io/org/jobs:1")
    output = finished.stdout + finished.stderr
    assert finished.returncode == 1
    assert "Web/Task/Resource" in output
    assert "ghcr.io/org/app:1" in output
    assert "Web/Task1/Resource" in output
    assert "quay.io/org/jobs:1" in output
    assert "Traceback" not in output


def test_an_aspect_that_does_not_reach_a_stage_says_what_to_write(
    tmp_path: Path, registry: RegistryServer
) -> None:
    registry.push("ghcr.io/org/app:1")
    finished = synth(tmp_path, registry.mirrors, "stage", "aspect")
    output = finished.stdout + finished.stderr
    assert finished.returncode == 1
    assert "Stage Production" in output
    assert "PinImages.apply_to(app)" in output


def test_the_example_app_is_pinned_as_make_synth_does_it(
    tmp_path: Path, template_snapshot: SnapshotAssertion
) -> None:
    output, lock_file = tmp_path / "cdk.out", tmp_path / "pinned-images.lock.json"
    finished = subprocess.run(
        [
            sys.executable,
            "-m",
            "tools.synth_example",
            "--quiet",
            "--output",
            str(output),
            "--context",
            f"pinned-images:lock-file={lock_file}",
        ],
        cwd=PROJECT,
        # What the user works with otherwise leads it nowhere else.
        env={**os.environ, "AWS_PROFILE": "no-such", "HTTP_PROXY": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert "Supply a stack id ()" not in finished.stdout + finished.stderr
    assert "WARNING" not in finished.stdout + finished.stderr
    assert "Warning" not in finished.stdout + finished.stderr
    assert assert_pinned(output)
    assert len(LockFile.read(lock_file).entries) == 9
    assert lock_file.read_bytes() == (PROJECT / lock_file.name).read_bytes()
    report = json.loads((output / "pinned-images.json").read_text(encoding="utf-8"))
    resolved_by = {image["resolvedBy"] for image in report["images"]}
    assert resolved_by == {"mirror", "registry", "ecr-api"}
    templates = SynthesizedApp.read(output).templates
    assert list(templates) == [
        "Production/Reports",
        "Production/Web",
        "Staging/Reports",
        "Staging/Web",
    ]
    cdk_version = props("CDKMetadata")
    assert templates["Staging/Reports"] == template_snapshot(name="Reports", exclude=cdk_version)
    assert templates["Staging/Web"] == template_snapshot(name="Web", exclude=cdk_version)
