"""Digests that the app writes itself: they are asked for, and not believed unseen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CfnResource, Stack
from aws_cdk import aws_ecs as ecs

from pinned_images import PinImages
from pinned_images.lockfile import LockFile
from pinned_images.report import SynthReport
from pinned_images.testing import RegistryServer, assert_pinned
from pinned_images.testing.synthesized import SynthesizedApp
from tests.synth.synthesis import Synthesize, plugin_report
from tests.synth.tasks import acknowledge, high_level_task

HOST = "registry.example"
WEB = f"{HOST}/shop/web:1"
GONE = f"{HOST}/shop/web:1@sha256:{'0' * 64}"
NOBODY = {HOST: "http://127.0.0.1:9"}


@pytest.fixture
def registry() -> Iterator[RegistryServer]:
    with RegistryServer() as server:
        server.push(WEB)
        server.push(f"{HOST}/shop/arm:1", ("linux/arm64",))
        yield server


def app_of(*images: str, **options: Any) -> App:
    app = App()
    task = ecs.FargateTaskDefinition(Stack(app, "Web"), "Task")
    for number, image in enumerate(images):
        task.add_container(f"c{number}", image=ecs.ContainerImage.from_registry(image))
    PinImages.apply_to(app, **options)
    return app


def broken_rules(app: SynthesizedApp) -> list[tuple[str, str]]:
    """Rule and description of each violation."""
    text = (app.directory / "validation-report.json").read_text(encoding="utf-8")
    return [
        (violation["ruleName"], violation["description"])
        for plugin in json.loads(text)["pluginReports"]
        for violation in plugin["violations"]
    ]


def test_a_digest_that_is_gone_or_for_another_platform_is_an_error(
    registry: RegistryServer, synthesize: Synthesize
) -> None:
    there = f"{WEB}@{registry.digest(WEB)}"
    arm = f"{HOST}/shop/arm:1@{registry.digest(f'{HOST}/shop/arm:1')}"
    app = synthesize(app_of(there, GONE, arm, mirrors=registry.mirrors), check=False)
    (first, gone), (second, other) = broken_rules(app)
    assert (first, second) == ("unusable-digest", "unusable-digest")
    assert gone.startswith(f"The image {GONE} at ContainerDefinitions[1].Image could not be")
    assert "linux/amd64, only for linux/arm64" in other
    records = SynthReport.read(app.directory).records
    assert [record.resolved_by for record in records] == ["already-pinned", "failed", "failed"]
    assert records[0].platforms == ("linux/amd64",)


@pytest.mark.parametrize("options", [{}, {"platforms": "ignore"}], ids=["verify", "ignore"])
def test_all_are_asked_at_once_with_the_images_that_are_pinned(
    registry: RegistryServer, synthesize: Synthesize, options: dict[str, Any]
) -> None:
    there = f"{WEB}@{registry.digest(WEB)}"
    images = (WEB, there, there)
    app = synthesize(app_of(*images, mirrors=registry.mirrors, **options))
    assert [str(image) for image in assert_pinned(app)] == [there]
    asked = sum(registry.requests[f"{method} manifest"] for method in ("HEAD", "GET"))
    assert asked == 2


def test_a_registry_that_cannot_be_reached_is_a_warning(synthesize: Synthesize) -> None:
    app = synthesize(app_of(GONE, mirrors=NOBODY, deadline=1))
    [(rule, description)] = broken_rules(app)
    assert rule == "unverified-digest"
    assert description.startswith(f"The image {GONE} at ContainerDefinitions[0].Image could not be")
    assert [str(image) for image in assert_pinned(app)] == [GONE]


def test_an_image_without_a_digest_is_an_error_there_all_the_same(synthesize: Synthesize) -> None:
    [error] = synthesize(app_of(GONE, WEB, mirrors=NOBODY, deadline=1), check=False).errors
    assert WEB in error


def test_one_option_believes_them(registry: RegistryServer, synthesize: Synthesize) -> None:
    app = app_of(GONE, mirrors=registry.mirrors, verify_digests=False)
    assert broken_rules(synthesize(app)) == []
    assert not registry.connections


def test_a_digest_of_another_algorithm_is_not_asked_for(
    registry: RegistryServer, synthesize: Synthesize
) -> None:
    """Registries answer with the SHA-256 of what they have, whatever they are asked by."""
    app = app_of(f"{WEB}@sha512:{'0' * 128}", mirrors=registry.mirrors)
    assert broken_rules(synthesize(app)) == []
    assert not registry.connections


def test_a_digest_that_the_deployment_itself_copies_there_need_not_be_there_yet(
    registry: RegistryServer, synthesize: Synthesize
) -> None:
    app = App()
    stack = Stack(app, "Web")
    copied = f"{HOST}/copies/web:1"
    CfnResource(
        stack,
        "Copy",
        type="Custom::CDKECRDeployment",
        properties={"SrcImage": f"docker://{WEB}", "DestImage": f"docker://{copied}"},
    )
    high_level_task(stack, image=f"{copied}@{registry.digest(WEB)}")
    PinImages.apply_to(app, mirrors=registry.mirrors)
    assert [rule for rule, _ in broken_rules(synthesize(app))] == []


def test_an_acknowledged_image_is_not_asked_for(
    registry: RegistryServer, synthesize: Synthesize
) -> None:
    app = App()
    task = high_level_task(Stack(app, "Web"), image=GONE)
    acknowledge(task)
    PinImages.apply_to(app, mirrors=registry.mirrors)
    assert broken_rules(synthesize(app)) == []
    assert not registry.connections


def test_an_error_can_be_acknowledged_by_its_own_rule(
    registry: RegistryServer, synthesize: Synthesize
) -> None:
    app = App()
    task = high_level_task(Stack(app, "Web"), image=GONE)
    acknowledge(task, "It is pushed before the deployment.", "unusable-digest")
    PinImages.apply_to(app, mirrors=registry.mirrors)
    result = synthesize(app)
    assert broken_rules(result) == []
    assert plugin_report(result)["suppressedViolations"]


class TestWithALockFile:
    @pytest.fixture
    def app(self, tmp_path: Path) -> Callable[..., App]:
        return lambda *images, **options: app_of(
            *images, lock_file=tmp_path / "images.lock.json", **options
        )

    def test_the_answer_is_remembered_so_that_a_frozen_synth_asks_nothing(
        self,
        app: Callable[..., App],
        registry: RegistryServer,
        synthesize: Synthesize,
        tmp_path: Path,
    ) -> None:
        digest = registry.digest(WEB)
        there = f"{WEB}@{digest}"
        assert broken_rules(synthesize(app(there, mirrors=registry.mirrors))) == []
        lock = LockFile.read(tmp_path / "images.lock.json")
        [(key, entry)] = lock.entries.items()
        assert (str(key), entry.digest) == (there, digest)
        asked = registry.connections
        for update in ("missing", "never"):
            result = synthesize(app(there, mirrors=registry.mirrors, update=update))
            assert broken_rules(result) == []
        assert registry.connections == asked

    def test_what_is_wrong_is_not_remembered(
        self,
        app: Callable[..., App],
        registry: RegistryServer,
        synthesize: Synthesize,
        tmp_path: Path,
    ) -> None:
        for _ in range(2):
            result = synthesize(app(GONE, mirrors=registry.mirrors), check=False)
            assert [rule for rule, _ in broken_rules(result)] == ["unusable-digest"]
        assert not (tmp_path / "images.lock.json").exists()

    def test_a_platform_is_checked_without_network(
        self,
        app: Callable[..., App],
        registry: RegistryServer,
        synthesize: Synthesize,
        tmp_path: Path,
    ) -> None:
        there = f"{WEB}@{registry.digest(WEB)}"
        synthesize(app(there, mirrors=registry.mirrors))
        arm = App()
        task = ecs.FargateTaskDefinition(
            Stack(arm, "Web"),
            "Task",
            runtime_platform=ecs.RuntimePlatform(cpu_architecture=ecs.CpuArchitecture.ARM64),
        )
        task.add_container("c", image=ecs.ContainerImage.from_registry(there))
        PinImages.apply_to(arm, lock_file=tmp_path / "images.lock.json", update="never")
        [(rule, description)] = broken_rules(synthesize(arm, check=False))
        assert rule == "unusable-digest"
        assert "does not run on linux/arm64" in description

    def test_a_frozen_file_that_does_not_know_a_digest_is_a_warning(
        self, app: Callable[..., App], synthesize: Synthesize
    ) -> None:
        """It may have been written when such digests were not asked for."""
        result = synthesize(app(GONE, update="never"))
        [(rule, description)] = broken_rules(result)
        assert rule == "unverified-digest"
        assert "is not in the lock file" in description
