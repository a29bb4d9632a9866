"""A synth that has a lock file asks nobody, whatever its images are read from."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from aws_cdk import App, Environment, Stack, Stage
from aws_cdk import aws_ecs as ecs

from pinned_images import PinImages
from pinned_images.errors import ConfigurationError
from pinned_images.lockfile import LockEntry, LockFile, LockKey
from pinned_images.options import Options
from pinned_images.reference import Digest
from pinned_images.sources import Sources
from pinned_images.testing import FixedResolver, assert_pinned
from pinned_images.testing.synthesized import SynthesizedApp
from tests.registry_aws.amazon import HOME_ACCOUNT, FakeAws
from tests.registry_aws.conftest import clean_environment, fake_aws
from tests.synth.synthesis import Synthesize

__all__ = ["clean_environment", "fake_aws"]

ROUTER = "906394416424.dkr.ecr.eu-west-1.amazonaws.com/aws-for-fluent-bit:2.34"


def app_with_firelens(lock_file: Path, **options: Any) -> App:
    """An app whose log router CDK adds by itself, with an image from an SSM parameter."""
    app = App()
    env = Environment(account=HOME_ACCOUNT, region="eu-west-1")
    task = ecs.FargateTaskDefinition(Stack(app, "Web", env=env), "Task")
    task.add_container(
        "app",
        image=ecs.ContainerImage.from_registry("nginx:1.27"),
        logging=ecs.LogDrivers.firelens(options={}),
    )
    PinImages.apply_to(app, lock_file=lock_file, **options)
    return app


def parameter_store(fake_aws: FakeAws, value: str) -> None:
    """Every parameter that is asked for has this value."""
    fake_aws.answers["GetParameters"] = lambda asked: (
        200,
        {
            "Parameters": [
                {"Name": name, "Type": "String", "Value": value} for name in asked["Names"]
            ]
        },
    )


def files(app: SynthesizedApp) -> dict[str, bytes]:
    """All that a synth wrote."""
    return {
        str(path.relative_to(app.directory)): path.read_bytes()
        for path in app.directory.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def lock_file(tmp_path: Path) -> Path:
    return tmp_path / "pinned-images.lock.json"


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From the moment that it is called, a socket is an error."""

    def forbid() -> None:
        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("a socket was opened")

        monkeypatch.setattr(socket, "socket", refuse)

    return forbid


def test_a_frozen_synth_with_firelens_needs_no_network_and_gives_the_same_bytes(
    synthesize: Synthesize, fake_aws: FakeAws, lock_file: Path, no_network: Callable[[], None]
) -> None:
    parameter_store(fake_aws, ROUTER)
    first = synthesize(app_with_firelens(lock_file, resolver=FixedResolver.derived()))
    locked = json.loads(lock_file.read_text())
    [parameter] = locked["parameters"]
    assert parameter.startswith("eu-west-1 /aws/service/aws-for-fluent-bit/")
    assert locked["parameters"][parameter] == {"value": ROUTER}
    assert ROUTER in locked["images"]

    no_network()
    frozen = [synthesize(app_with_firelens(lock_file, update="never")) for _ in range(2)]
    assert frozen[0].templates == first.templates
    assert files(frozen[0]) == files(frozen[1])


def test_a_parameter_that_moves_counts_only_when_it_is_asked_for(
    synthesize: Synthesize, fake_aws: FakeAws, lock_file: Path
) -> None:
    resolver = FixedResolver.derived()
    parameter_store(fake_aws, ROUTER)
    first = synthesize(app_with_firelens(lock_file, resolver=resolver)).templates
    parameter_store(fake_aws, ROUTER.replace("2.34", "2.35"))
    assert synthesize(app_with_firelens(lock_file, resolver=resolver)).templates == first
    moved = synthesize(app_with_firelens(lock_file, resolver=resolver, update="always"))
    assert moved.templates != first
    assert "2.35" in json.dumps(json.loads(lock_file.read_text())["parameters"])


def test_a_frozen_synth_names_the_parameter_that_is_not_locked(
    synthesize: Synthesize, lock_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PINNED_IMAGES_UPDATE", raising=False)
    app = app_with_firelens(lock_file, resolver=FixedResolver.derived(), update="never")
    errors = synthesize(app, check=False).errors
    [error] = [each for each in errors if "SSM parameter" in each]
    assert "'eu-west-1 /aws/service/aws-for-fluent-bit/" in error
    assert "is not in the lock file" in error
    assert "cdk synth -c pinned-images:update=missing" in error


def test_a_parameter_that_holds_no_image_is_not_written_down(
    synthesize: Synthesize, fake_aws: FakeAws, lock_file: Path
) -> None:
    parameter_store(fake_aws, "hunter2")
    resolver = FixedResolver({"nginx:1.27": "sha256:" + "1a" * 32})
    assert synthesize(app_with_firelens(lock_file, resolver=resolver), check=False).errors
    assert "hunter2" not in lock_file.read_text()


def app_with_a_stage(**options: Any) -> App:
    """An app with the same image in a stack of its own and in one of a Stage."""
    app = App()
    for scope in (app, Stage(app, "Production")):
        task = ecs.FargateTaskDefinition(Stack(scope, "Web"), "Task")
        task.add_container("app", image=ecs.ContainerImage.from_registry("nginx:1.27"))
    PinImages.apply_to(app, **options)
    return app


def test_the_lock_file_in_the_working_directory_is_used_and_no_test_writes_into_it(
    synthesize: Synthesize,
    lock_file: Path,
    no_network: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    locked = "sha256:" + "1a" * 32
    entries = {LockKey("docker.io/library/nginx:1.27"): LockEntry(Digest(locked))}
    lock_file.write_text(LockFile(entries).render(), encoding="utf-8")
    monkeypatch.chdir(lock_file.parent)
    no_network()
    app = app_with_a_stage(platforms="ignore", summary=True)
    cast("Stage", app.node.find_child("Production")).synth()  # as a pipeline does early
    assert capsys.readouterr().err == ""
    found = assert_pinned(synthesize(app))
    assert [image.digest for image in found] == [locked]
    assert capsys.readouterr().err == (
        "pinned-images: 1 image pinned (1 lock file); lock file pinned-images.lock.json\n"
    )

    before = lock_file.read_bytes()
    app = app_with_a_stage(platforms="ignore", resolver=FixedResolver.derived(), update="always")
    assert {image.digest for image in assert_pinned(synthesize(app))}.isdisjoint([locked])
    assert lock_file.read_bytes() == before
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({}, "there is no pinned-images.lock.json in the working directory", id="none"),
        pytest.param({"lock_file": None}, "says that there is none", id="declined"),
        pytest.param(
            {"resolver": FixedResolver.derived()}, "only where the option lock_file", id="resolver"
        ),
    ],
)
def test_a_frozen_synth_without_a_lock_file_says_why_it_has_none(
    options: dict[str, Any], words: str
) -> None:
    effective = Options.of({**options, "update": "never"}).with_settings({}, {})
    with pytest.raises(ConfigurationError, match=words):
        Sources().resolver(effective)
