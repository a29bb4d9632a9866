"""The real CDK CLI in front of an app in Python, run as a user runs it."""

from __future__ import annotations

import sys
from typing import NamedTuple

import pytest

from pinned_images.testing import RegistryServer
from tests.integration.cdk import cdk_synth
from tools.example_network import mirrors_variable

#: Two images without an answer after one that has one, and a Stage that the Aspect does not reach.
APP = """
import aws_cdk as cdk
from pinned_images import PinImages

def task(stack, name, image):
    containers = [{"Name": "app", "Image": image}]
    properties = {"ContainerDefinitions": containers}
    cdk.CfnResource(stack, name, type="AWS::ECS::TaskDefinition", properties=properties)

app = cdk.App()
stack = cdk.Stack(app, "Web")
task(stack, "Served", "ghcr.io/org/app:1")
task(stack, "Missing", "ghcr.io/org/app:2")
task(stack, "Unreachable", "quay.io/org/jobs:1")
task(cdk.Stack(cdk.Stage(app, "Production"), "Web"), "Task", "ghcr.io/org/app:1")
cdk.Aspects.of(app).add(PinImages())
app.synth()
"""


class Synth(NamedTuple):
    """A synth of the app.

    Attributes:
        code: The exit code of the CLI.
        output: All that was printed.
        template: The text of the template of the stack ``Web``.
        digest: The digest of the image that the registry has.
    """

    code: int
    output: str
    template: str
    digest: str


@pytest.fixture(scope="module")
def synth(tmp_path_factory: pytest.TempPathFactory) -> Synth:
    folder = tmp_path_factory.mktemp("app")
    (folder / "app.py").write_text(APP, encoding="utf-8")
    with RegistryServer() as registry:
        digest = registry.push("ghcr.io/org/app:1", platforms=("linux/amd64", "linux/arm64"))
        with RegistryServer() as gone:
            gone.push("quay.io/org/jobs:1")
            mirrors = {**registry.mirrors, **gone.mirrors}
        finished = cdk_synth(
            folder,
            "--app",
            f"{sys.executable} app.py",
            PINNED_IMAGES_MIRRORS=mirrors_variable(mirrors),
            DOCKER_CONFIG=str(folder),
        )
    template = (folder / "cdk.out" / "Web.template.json").read_text(encoding="utf-8")
    return Synth(finished.returncode, finished.stdout + finished.stderr, template, str(digest))


def test_images_are_pinned_to_what_the_registry_serves(synth: Synth) -> None:
    """An app without errors is in tests/integration/test_lookups.py."""
    assert f'"ghcr.io/org/app:1@{synth.digest}"' in synth.template
    assert "Web/Served" not in synth.output


def test_what_has_no_answer_ends_with_the_constructs_path_and_no_traceback(synth: Synth) -> None:
    """A tag that is missing, and a registry that is not there."""
    assert synth.code == 1
    for construct, image in (
        ("Web/Missing", "ghcr.io/org/app:2"),
        ("Web/Unreachable", "quay.io/org/jobs:1"),
    ):
        [block] = [each for each in synth.output.split("ERROR ") if f"\n   {construct} " in each]
        assert image in block
    assert "Traceback" not in synth.output


def test_an_aspect_that_does_not_reach_a_stage_says_what_to_write(synth: Synth) -> None:
    assert synth.code == 1
    assert "Stage Production" in synth.output
    assert "PinImages.apply_to(app)" in synth.output
