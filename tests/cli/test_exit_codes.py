"""Every command against the one table of exit codes."""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import click
import pytest

from pinned_images.cli.application import application
from pinned_images.cli.exit_codes import COMMANDS, MEANINGS, ExitCode
from pinned_images.lockfile import LockFile, LockKey
from pinned_images.lockfile.entries import LockEntry
from pinned_images.reference import Digest
from pinned_images.report import SiteRecord, SynthReport
from pinned_images.testing.registry_server import RegistryServer
from tests.cli.conftest import Run
from tests.cloud_assembly.assemblies import Assembly, Stack, Template
from tests.documentation import page
from tests.registry_aws.amazon import HOME_ACCOUNT, Moto, host_of

REGION = "eu-west-1"
ECR = host_of(HOME_ACCOUNT, REGION)
POLICY = """{"rules": [{"rulePriority": 1, "action": {"type": "expire"}, "selection":
    {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1}}]}"""
LOCK = "pinned-images.lock.json"
EMPTY_LOCK = '{"version": 1, "images": {}}'
GONE = "0" * 64
COPY = "import os, shutil; shutil.copytree('plain.out', os.environ['CDK_OUTDIR'])"


@pytest.fixture
def command_folder(folder: Path, registry: RegistryServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files, a lock file and an assembly; docker.io is on loopback, quay.io is down."""
    there = registry.push("docker.io/library/nginx:1")
    mirrors = [f"{host}={url}" for host, url in registry.mirrors.items()]
    monkeypatch.setenv("PINNED_IMAGES_MIRRORS", ",".join([*mirrors, "quay.io=http://127.0.0.1:1"]))
    monkeypatch.setenv("CDK_CLI_VERSION", "2.1000.0")
    for name, image in {
        "good": "nginx:1",
        "gone": "nginx:2",
        "down": "quay.io/a/b:1",
    }.items():
        (folder / f"{name}.Dockerfile").write_text(f"FROM {image}\n")
        assembly = Assembly((Stack(Template((image,)), "default"),))
        assembly.write(folder / name)
        key = LockKey.parse(image if "/" in image else f"docker.io/library/{image}")
        digest = Digest(f"sha256:{GONE}") if name == "gone" else there
        lock = LockFile({key: LockEntry(digest)})
        (folder / f"{name}.lock.json").write_text(lock.render())
    (folder / "both.Dockerfile").write_text("FROM nginx:2\nFROM quay.io/a/b:1\n")
    Assembly((Stack(Template(("nginx:2", "quay.io/a/b:1")), "default"),)).write(folder / "both")
    both = [LockFile.read(f"{name}.lock.json").entries for name in ("gone", "down")]
    Path("both.lock.json").write_text(LockFile({**both[0], **both[1]}).render())
    Path("empty.lock.json").write_text(EMPTY_LOCK)
    Path("broken.lock.json").write_text("{")
    Path("read-only").mkdir()
    record = SiteRecord("S", "S/T", "AWS::ECS::TaskDefinition", "Image", "nginx:1", "registry")
    Path("synth").mkdir()
    SynthReport.of([record]).write("synth")
    Path("base").mkdir()
    SynthReport.of([replace(record, reference="nginx:0")]).write("base")
    Path("policy.json").write_text(POLICY)
    Path("images.json").write_text('{"imageDetails": []}')
    return folder


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("check good", 1),
        ("check good --exempt *=Later.", 0),
        ("check nothing", 2),
        ("list good.Dockerfile", 0),
        ("list nothing", 2),
        ("list --repository nothing", 3),
        ("lock --lock-file good.lock.json", 0),
        ("lock", 2),
        ("lock --lock-file broken.lock.json", 2),
        ("lock --lock-file good.lock.json --check --app synth", 0),
        ("lock --lock-file empty.lock.json --check --app synth", 1),
        ("lock --lock-file empty.lock.json --check --app nothing", 2),
        ("lock prune --lock-file good.lock.json --app synth", 0),
        ("lock prune --app synth", 2),
        ("lock prune --lock-file good.lock.json --app nothing", 2),
        ("lock update --lock-file good.lock.json", 0),
        ("lock update --lock-file gone.lock.json", 1),
        ("lock update --lock-file down.lock.json", 3),
        ("lock update --lock-file both.lock.json", 1),
        ("lock update", 2),
        ("lock update --lock-file good.lock.json redis", 2),
        ("lock verify --lock-file good.lock.json", 0),
        ("lock verify --lock-file gone.lock.json", 1),
        ("lock verify --lock-file down.lock.json", 3),
        ("lock verify --lock-file both.lock.json", 1),
        ("lock verify", 2),
        ("outdated --lock-file good.lock.json", 0),
        ("outdated --lock-file gone.lock.json", 1),
        ("outdated --lock-file down.lock.json", 3),
        ("outdated --lock-file both.lock.json --exit-code", 1),
        ("outdated", 2),
        ("outdated --lock-file broken.lock.json", 2),
        ("pin good.Dockerfile", 0),
        ("pin gone.Dockerfile", 1),
        ("pin down.Dockerfile", 3),
        ("pin both.Dockerfile", 1),
        ("pin both.Dockerfile --dry-run", 1),
        ("pin good.Dockerfile --check", 1),
        ("pin good.Dockerfile --check --exempt *=Later.", 0),
        ("pin nothing", 2),
        ("pin good.Dockerfile --frozen --lock-file nothing.json", 2),
        ("pin good.Dockerfile --frozen --lock-file empty.lock.json", 1),
        ("pin good.Dockerfile --lock-file broken.lock.json", 2),
        ("pin --repository nothing", 3),
        ("pin good", 0),
        ("pin gone", 1),
        ("pin down", 3),
        ("pin both", 1),
        ("pin good --check", 1),
        ("pin good --lock-file broken.lock.json", 2),
        ("report synth", 0),
        ("report synth --compare base", 0),
        ("report synth --compare base --exit-code", 1),
        ("report synth --compare synth --exit-code", 0),
        ("report nothing", 2),
        ("resolve nginx:1", 0),
        ("resolve nginx:2", 1),
        ("resolve quay.io/a/b:1", 3),
        ("resolve quay.io/a/b:1 nginx:2", 1),
        ("resolve quay.io/a/b:1 nginx:2 No:1", 2),
        ("run {copies} good", 0),
        ("run {copies} gone", 1),
        ("run {copies} down", 3),
        ("run {copies} both", 1),
        ("run --exempt x {copies} good", 2),
        ("run --lock-file broken.lock.json {copies} good", 2),
        ("run -- {python} -c raise(SystemExit(42))", 42),
        ("run -- no-such-program", 127),
        ("serve", 2),
        ("serve --repository x --branch y --host 192.0.2.1", 2),
        ("update good.Dockerfile --image-reference nginx:2", 0),
        ("update good.Dockerfile --image-reference nginx:2 --resolve-digest", 1),
        ("update down.Dockerfile --image-reference quay.io/a/b:2 --resolve-digest", 3),
        ("update both.Dockerfile --all --resolve-digest", 1),
        ("update good.Dockerfile", 2),
        ("update --all --repository nothing", 3),
        ("lifecycle policy.json --images images.json", 0),
        ("lifecycle images.json --images images.json", 2),
        ("lifecycle --repository a", 2),
        ("--nonsense", 2),
        ("nonsense", 2),
        ("--help", 0),
    ],
)
def test_a_command_exits_with_its_code(
    run: Run, command_folder: Path, words: str, code: int
) -> None:
    arguments = words.split()
    if "{copies}" in arguments:
        shutil.copytree(arguments[-1], "plain.out")
        arguments[arguments.index("{copies}") :] = ["--", sys.executable, "-c", COPY]
    result = run(*(each.replace("{python}", sys.executable) for each in arguments))
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output


def in_ecr(*digests: str) -> str:
    """A lock file of images in ECR."""
    lock = LockFile(
        {
            LockKey(f"{ECR}/shop/web:{each[0]}"): LockEntry(Digest(f"sha256:{each}"))
            for each in digests
        }
    )
    Path("ecr.lock.json").write_text(lock.render())
    return "ecr.lock.json"


def test_the_commands_on_aws_exit_with_their_codes(
    run: Run, folder: Path, moto: Moto, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = ("--region", REGION)
    digest = moto.push("shop/web", {"1": "{}"})["1"].removeprefix("sha256:")
    assert run("lifecycle", "--repository", "shop/web", *here).exit_code == 0
    assert run("protect", "--lock-file", in_ecr(digest)).exit_code == 0
    assert run("release", "--lock-file", in_ecr(digest)).exit_code == 0
    assert run("protect", "--lock-file", in_ecr(digest, GONE)).exit_code == 1

    ecs = moto.client("ecs", REGION)
    ecs.create_cluster(clusterName="shop")
    container = {"name": "app", "image": f"{ECR}/shop/web@sha256:{GONE}", "memory": 128}
    ecs.register_task_definition(family="web", containerDefinitions=[container])
    ecs.create_service(cluster="shop", serviceName="web", taskDefinition="web", desiredCount=1)
    assert run("check-deployed", *here).exit_code == 1
    assert run("check-deployed", *here, "--fail-on", "archived").exit_code == 0

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert run("lifecycle", "--repository", "shop/web", *here).exit_code == 3
    assert run("protect", "--lock-file", in_ecr(digest)).exit_code == 3
    assert run("release", "--lock-file", in_ecr(digest)).exit_code == 3
    assert run("check-deployed", *here).exit_code == 3
    assert run("check-deployed").exit_code == 2
    assert run("protect").exit_code == 2
    assert run("release").exit_code == 2


def commands(group: click.Group, path: str = "") -> dict[str, click.Command]:
    """All commands by their names, those of groups after the group's."""
    found = {}
    for name, command in group.commands.items():
        found[f"{path}{name}"] = command
        if isinstance(command, click.Group):
            found |= commands(command, f"{name} ")
    return found


def test_every_command_is_in_the_table() -> None:
    assert commands(application).keys() == COMMANDS.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_ends_with_its_codes(run: Run, name: str) -> None:
    words = " ".join(run(*name.split(), "--help").stdout.rpartition("Exit codes:")[2].split())
    found = COMMANDS[name]
    for code, text in ((1, found.finding), (3, found.unknown)):
        assert (f"{code} {text}" in words) == (text is not None)
    assert f"2 {MEANINGS[ExitCode.WRONG_USE]}" in words


def test_the_page_has_the_same_tables(run: Run) -> None:
    text = page("scripts.md")
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", text, re.MULTILINE)
    assert rows == [(str(int(code)), meaning) for code, meaning in MEANINGS.items()]
    of_commands = re.findall(r"^\| `([a-z -]+)` \| (.+) \| (.+) \| (.+) \|$", text, re.MULTILINE)
    assert of_commands == [
        (name, found.fine or "-", found.finding or "-", found.unknown or "-")
        for name, found in sorted(COMMANDS.items())
    ]


@pytest.mark.parametrize(
    ("words", "near"),
    [
        ("pn", "pin"),
        ("outdatet", "outdated"),
        ("lock verfy", "verify"),
        ("check_deployed", "check-"),
    ],
)
def test_a_mistyped_command_names_the_nearest(run: Run, words: str, near: str) -> None:
    result = run(*words.split())
    assert result.exit_code == 2
    assert f"Did you mean '{near}" in result.stderr


def test_a_mistyped_option_names_the_nearest(run: Run) -> None:
    result = run("outdated", "--exit-cod")
    assert result.exit_code == 2
    assert "--exit-code" in result.stderr
