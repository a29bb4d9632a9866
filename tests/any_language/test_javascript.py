"""One app in JavaScript and in Python: equal pinned images, through the real CDK CLI.

aws-cdk-lib comes from npm, some 100 MB that are kept in ``.make``; so it runs in CI alone.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pinned_images.testing import SynthesizedApp
from tests.cloud_assembly.consistency import assert_consistent
from tests.integration.cdk import CDK, environment_of_a_synth
from tests.synth.image_values import take_images_out
from tools.assemblies_of_versions import install

HERE = Path(__file__).parent
VERSION = "2.275.0"
ROUTER = "/aws/service/aws-for-fluent-bit/latest"

pytestmark = [
    pytest.mark.skipif(
        not os.environ.get("CI"), reason="set CI=true: aws-cdk-lib is fetched from npm, 100 MB"
    ),
    pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed"),
]


def synth(folder: Path, app: str, output: str, **environment: str) -> None:
    """``cdk synth`` of an app of this folder."""
    router = {ROUTER: "public.ecr.aws/aws-observability/aws-for-fluent-bit:2.32"}
    context = {"pinned-images:ssm-parameters": router}
    (folder / "cdk.json").write_text(json.dumps({"context": context}), "utf-8")
    finished = subprocess.run(
        [str(CDK), "synth", "--quiet", "--no-notices", "--app", app, "--output", output],
        cwd=folder,
        env=environment_of_a_synth(DOCKER_CONFIG=str(folder), **environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr


def images(folder: Path) -> dict[str, list[Any]]:
    """The values at the image properties of each template."""
    assembly = SynthesizedApp.read(folder)
    return {path: take_images_out(template) for path, template in assembly.templates.items()}


def test_an_app_in_javascript_is_pinned_as_its_twin_in_python(tmp_path: Path) -> None:
    lock_file = str(tmp_path / "pinned-images.lock.json")
    twin = f"{sys.executable} {HERE / 'python' / 'app.py'}"
    synth(tmp_path, twin, "python.out", LOCK_FILE=lock_file)

    node = {"NODE_PATH": str(install(VERSION))}
    javascript = f"node {HERE / 'javascript' / 'app.js'}"
    synth(tmp_path, javascript, "plain.out", **node)
    run = f"{sys.executable} -m pinned_images run --lock-file {lock_file} -- {javascript}"
    synth(tmp_path, run, "cdk.out", PINNED_IMAGES_UPDATE="never", **node)

    (tmp_path / "plain.out" / "validation-report.json").unlink(missing_ok=True)
    assert_consistent(tmp_path / "plain.out", tmp_path / "cdk.out")
    found, wanted = images(tmp_path / "cdk.out"), images(tmp_path / "python.out")
    assert found == wanted
    assert json.dumps(found).count("@sha256:") == 11
