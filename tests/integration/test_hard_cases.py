"""The hard cases together in one app, through the real CDK CLI."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import aws_cdk as cdk
import pytest

from pinned_images import ResolutionRequest
from pinned_images.reference import ImageReference, Platform
from pinned_images.registry.resolver import RegistryResolver
from pinned_images.registry.settings import RegistrySettings
from pinned_images.resolution import Resolution
from pinned_images.testing import RegistryServer
from pinned_images.testing.synthesized import synthesize
from tests.integration.cdk import cdk_reads, cdk_synth
from tests.integration.hard_cases.app import build
from tests.integration.hard_cases.kinds import IMAGES, KINDS, Kind
from tools.example_network import mirrors_variable

RIGHT = [kind for kind in KINDS if not kind.error]
WRONG = [kind for kind in KINDS if kind.error]


class Synth(NamedTuple):
    """A synth of the app, and the registry that it asked."""

    registry: RegistryServer
    folder: Path
    finished: subprocess.CompletedProcess[str]

    @property
    def output(self) -> str:
        return self.finished.stdout + self.finished.stderr

    def templates(self, stack: str) -> str:
        """The text of a stack's template, and of those that it hands over."""
        files = sorted((self.folder / "cdk.out").glob(f"{stack}*.template.json"))
        return "".join(
            file.read_text(encoding="utf-8")
            for file in files
            if not any(
                file.name.startswith(other.name)
                for other in KINDS
                if other.name.startswith(stack) and other.name != stack
            )
        )


@pytest.fixture(scope="module")
def registry() -> Iterator[RegistryServer]:
    with RegistryServer() as server:
        for image, platforms in IMAGES.items():
            server.push(image, platforms)
        yield server


@pytest.fixture(scope="module")
def right(registry: RegistryServer, tmp_path_factory: pytest.TempPathFactory) -> Synth:
    folder = tmp_path_factory.mktemp("right")
    finished = cdk_synth(
        folder,
        "--app",
        f"{sys.executable} -m tests.integration.hard_cases.app",
        PINNED_IMAGES_MIRRORS=mirrors_variable(registry.mirrors),
        DOCKER_CONFIG=str(folder),
        CDK_DEFAULT_ACCOUNT="999999999999",
        CDK_DEFAULT_REGION="us-east-2",
        NO_COLOR="1",
    )
    return Synth(registry, folder, finished)


@pytest.fixture(scope="module")
def wrong(registry: RegistryServer, tmp_path_factory: pytest.TempPathFactory) -> Synth:
    folder = tmp_path_factory.mktemp("wrong")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PINNED_IMAGES_MIRRORS", mirrors_variable(registry.mirrors))
        patch.setenv("DOCKER_CONFIG", str(folder))
        app = build(WRONG, cdk.App(outdir=str(folder / "cdk.out")))
        synthesize(app, check=False)
    return Synth(registry, folder, cdk_reads(folder / "cdk.out", NO_COLOR="1"))


def digest(registry: RegistryServer, image: str) -> str:
    """The digest of a tag, or of what it has for a platform."""
    name, _, platform = image.partition(" ")
    if not platform:
        return str(registry.digest(name))
    request = ResolutionRequest(ImageReference.parse(name), Platform.parse(platform), select=True)
    resolver = RegistryResolver(RegistrySettings(mirrors=registry.mirrors))
    answer = resolver.resolve([request])[request]
    assert isinstance(answer, Resolution)
    return str(answer.digest)


def test_the_app_synthesizes(right: Synth) -> None:
    assert right.finished.returncode == 0, right.output


@pytest.mark.parametrize("kind", RIGHT, ids=lambda kind: kind.name)
def test_a_case_is_pinned_to_what_will_run(right: Synth, kind: Kind) -> None:
    text = right.templates(kind.name)
    expected = {digest(right.registry, image) for image in kind.pinned}
    found = {part[:64] for part in text.split("@sha256:")[1:]}
    assert found == {each.removeprefix("sha256:") for each in expected}


@pytest.mark.parametrize("kind", RIGHT, ids=lambda kind: kind.name)
def test_the_gate_warns_of_a_case_by_its_rules(right: Synth, kind: Kind) -> None:
    file = right.folder / "cdk.out" / "validation-report.json"
    report = json.loads(file.read_text(encoding="utf-8"))
    warned = {
        violation["ruleName"]
        for plugin in report["pluginReports"]
        if plugin["pluginName"] == "pinned-images"
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
        if construct["constructPath"].startswith(f"{kind.name}/")
    }
    assert warned - {"floating-tag"} == set(kind.warnings)


def test_the_app_of_errors_ends_with_them_and_no_traceback(wrong: Synth) -> None:
    assert wrong.finished.returncode == 1
    assert "Traceback" not in wrong.output
    assert wrong.output.count("ERROR ") == len(WRONG)


@pytest.mark.parametrize("kind", WRONG, ids=lambda kind: kind.name)
def test_a_case_that_cannot_be_pinned_says_why(wrong: Synth, kind: Kind) -> None:
    blocks = wrong.output.split("ERROR ")
    [block] = [each for each in blocks if f"\n   {kind.name}/" in each]
    assert kind.error in block
