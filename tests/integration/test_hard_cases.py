"""The hard cases together in one app: those that are pinned, and those that cannot be.

The CDK CLI in front of an app, and how it prints errors, is in tests/integration/test_cdk_cli.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from aws_cdk import App, Stack

from pinned_images import PinImages, ResolutionRequest
from pinned_images.reference import ImageReference, Platform
from pinned_images.registry.resolver import RegistryResolver
from pinned_images.registry.settings import RegistrySettings
from pinned_images.resolution import Resolution
from pinned_images.testing import RegistryServer, SynthesizedApp
from pinned_images.testing.synthesized import synthesize
from tests.integration.hard_cases.kinds import ENVIRONMENT, IMAGES, KINDS, Kind
from tests.synth.synthesis import plugin_report
from tools.example_network import mirrors_variable

RIGHT = [kind for kind in KINDS if not kind.error]
WRONG = [kind for kind in KINDS if kind.error]


def text_of(app: SynthesizedApp, stack: str) -> str:
    """The text of a stack's template, and of those that it hands over."""
    files = sorted(app.directory.glob(f"{stack}*.template.json"))
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
def environment(
    registry: RegistryServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """The environment in which the CDK CLI would run the app."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PINNED_IMAGES_MIRRORS", mirrors_variable(registry.mirrors))
        patch.setenv("DOCKER_CONFIG", str(tmp_path_factory.mktemp("docker")))
        patch.setenv("CDK_DEFAULT_ACCOUNT", "999999999999")
        patch.setenv("CDK_DEFAULT_REGION", "us-east-2")
        yield


def synthesized(kinds: Sequence[Kind]) -> SynthesizedApp:
    app = App()
    for kind in kinds:
        kind.add(Stack(app, kind.name, env=ENVIRONMENT))
    PinImages.apply_to(app)
    return synthesize(app, check=False)


@pytest.fixture(scope="module")
def right(environment: None) -> SynthesizedApp:
    return synthesized(RIGHT)


@pytest.fixture(scope="module")
def wrong(environment: None) -> SynthesizedApp:
    return synthesized(WRONG)


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


def test_the_app_synthesizes(right: SynthesizedApp) -> None:
    assert right.errors == ()


@pytest.mark.parametrize("kind", RIGHT, ids=lambda kind: kind.name)
def test_a_case_is_pinned_to_what_will_run(
    right: SynthesizedApp, registry: RegistryServer, kind: Kind
) -> None:
    expected = {digest(registry, image) for image in kind.pinned}
    found = {part[:64] for part in text_of(right, kind.name).split("@sha256:")[1:]}
    assert found == {each.removeprefix("sha256:") for each in expected}


@pytest.mark.parametrize("kind", RIGHT, ids=lambda kind: kind.name)
def test_the_gate_warns_of_a_case_by_its_rules(right: SynthesizedApp, kind: Kind) -> None:
    warned = {
        violation["ruleName"]
        for violation in plugin_report(right)["violations"]
        for construct in violation["violatingConstructs"]
        if construct["constructPath"].startswith(f"{kind.name}/")
    }
    assert warned - {"floating-tag"} == set(kind.warnings)


def test_the_app_of_errors_ends_with_them_alone(wrong: SynthesizedApp) -> None:
    assert len(wrong.errors) == len(WRONG)


@pytest.mark.parametrize("kind", WRONG, ids=lambda kind: kind.name)
def test_a_case_that_cannot_be_pinned_says_why(wrong: SynthesizedApp, kind: Kind) -> None:
    [error] = [each for each in wrong.errors if each.startswith(f"{kind.name}/")]
    assert kind.error in error
