"""One app in several languages, through the real CDK CLI, and in Python: equal pinned images.

Each app is as ``cdk init`` lays it out, with ``pinned-images run`` in its ``cdk.json``. Their
packages are some hundred megabytes in each language, so the tests run where
``PINNED_IMAGES_TEST_LANGUAGES`` names the languages (``make test-languages`` names all); in CI,
that is TypeScript.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from pinned_images.testing import SynthesizedApp
from pinned_images.testing.synthesized import synthesize
from tests.any_language.python.app import build
from tests.cloud_assembly.consistency import assert_consistent
from tests.integration.cdk import CDK, OF_TYPESCRIPT, environment_of_a_synth
from tests.synth.image_values import take_images_out
from tools.npm_packages import install

HERE = Path(__file__).parent
VARIABLE = "PINNED_IMAGES_TEST_LANGUAGES"
WANTED = os.environ.get(VARIABLE, "typescript" if os.environ.get("CI") else "").split(",")
RUN = "pinned-images run -- "
LANGUAGES = ("typescript", "java", "go")


def parameter(language: str) -> Any:
    """A language as a parameter of a test, skipped where it was not asked for."""
    reason = f"set {VARIABLE}={language}: its packages are fetched, some 100 MB"
    wanted = pytest.mark.skipif(language not in WANTED, reason=reason)
    return pytest.param(language, marks=wanted)


def synth(folder: Path, output: Path, *arguments: str, **environment: str) -> None:
    """``cdk synth`` of an app, without network."""
    finished = subprocess.run(
        [str(CDK), "synth", "--quiet", "--no-notices", "--output", str(output), *arguments],
        cwd=folder,
        env=environment_of_a_synth(DOCKER_CONFIG=str(folder), **environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


def images(folder: Path) -> dict[str, list[Any]]:
    """The values at the image properties of each template."""
    assembly = SynthesizedApp.read(folder)
    return {path: take_images_out(template) for path, template in assembly.templates.items()}


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app in Python, pinned by the Aspect: its lock file, and its assembly in ``cdk.out``."""
    folder = tmp_path_factory.mktemp("python")
    app = build(cdk.App(outdir=str(folder / "cdk.out")), folder / "pinned-images.lock.json")
    synthesize(app)
    return folder


def test_only_known_languages_are_asked_for() -> None:
    assert set(WANTED) - {""} <= set(LANGUAGES)


@pytest.mark.parametrize("language", list(map(parameter, LANGUAGES)))
def test_an_app_is_pinned_by_run_as_its_twin_in_python_by_the_aspect(
    language: str, twin: Path, tmp_path: Path
) -> None:
    app = tmp_path / language
    shutil.copytree(HERE / language, app, ignore=shutil.ignore_patterns("node_modules", "target"))
    shutil.copytree(HERE / "image", tmp_path / "image")
    shutil.copy(twin / "pinned-images.lock.json", app)
    if language == "typescript":
        files = ("package.json", "package-lock.json")
        contents = {name: (app / name).read_text(encoding="utf-8") for name in files}
        (app / "node_modules").symlink_to(install("typescript", contents))

    # What the app itself writes is copied, so that it need not be synthesized twice.
    configuration = json.loads((app / "cdk.json").read_text(encoding="utf-8"))
    preparation, run, command = configuration["app"].partition(RUN)
    copying = f"""{preparation}{run}sh -c '{command} && cp -r "$CDK_OUTDIR" ../plain.out'"""
    assert run
    environment = OF_TYPESCRIPT if language == "typescript" else {}
    output = tmp_path / "cdk.out"
    synth(app, output, "--app", copying, PINNED_IMAGES_UPDATE="never", **environment)

    for lock in (tmp_path / "plain.out").glob("*.lock"):  # of the CLI, while the app runs
        lock.unlink()
    assert_consistent(tmp_path / "plain.out", tmp_path / "cdk.out")
    found, wanted = images(tmp_path / "cdk.out"), images(twin / "cdk.out")
    assert found == wanted
    assert json.dumps(found).count("@sha256:") == 11
