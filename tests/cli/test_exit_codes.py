"""Every command against the one table of exit codes."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import click
import pytest

from pinned_images.cli.__main__ import main
from pinned_images.cli.application import application
from pinned_images.cli.exit_codes import COMMANDS, MEANINGS, ExitCode
from tests.cli.conftest import Run
from tests.cli.schemas import validate
from tests.cli.workplace import ECR, GONE, REGION, images_in_ecr, workplace
from tests.cloud_assembly.assemblies import Assembly, Stack, Template
from tests.documentation import page
from tests.registry_aws.amazon import Moto

__all__ = ["workplace"]

COPY = "import os, shutil; shutil.copytree('plain.out', os.environ['CDK_OUTDIR'])"


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
        ("run --lokc-file x -- {python} -c 0", 2),
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
def test_a_command_exits_with_its_code(run: Run, workplace: Path, words: str, code: int) -> None:
    arguments = words.split()
    if "{copies}" in arguments:
        shutil.copytree(arguments[-1], "plain.out")
        arguments[arguments.index("{copies}") :] = ["--", sys.executable, "-c", COPY]
    result = run(*(each.replace("{python}", sys.executable) for each in arguments))
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output


def test_the_commands_on_aws_exit_with_their_codes(
    run: Run, folder: Path, moto: Moto, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = ("--region", REGION)
    digest = moto.push("shop/web", {"1": "{}"})["1"].removeprefix("sha256:")
    assert run("lifecycle", "--repository", "shop/web", *here).exit_code == 0
    assert run("protect", "--lock-file", images_in_ecr(digest)).exit_code == 0
    for command, some, code in (
        ("release", [digest], 0),
        ("protect", [digest, GONE], 1),
    ):
        result = run(command, "--lock-file", images_in_ecr(*some), "--json")
        assert result.exit_code == code
        validate(command, json.loads(result.stdout))

    ecs = moto.client("ecs", REGION)
    ecs.create_cluster(clusterName="shop")
    container = {"name": "app", "image": f"{ECR}/shop/web@sha256:{GONE}", "memory": 128}
    ecs.register_task_definition(family="web", containerDefinitions=[container])
    ecs.create_service(cluster="shop", serviceName="web", taskDefinition="web", desiredCount=1)
    result = run("check-deployed", *here, "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    validate("check-deployed", document)
    assert document["scope"] == {
        "regions": [REGION],
        "clusters": [],
        "services": [],
        "complete": True,
    }
    assert run("check-deployed", *here, "--fail-on", "archived").exit_code == 0
    limited = json.loads(run("check-deployed", *here, "--cluster", "shop", "--json").stdout)
    validate("check-deployed", limited)
    assert limited["scope"] == {
        "regions": [REGION],
        "clusters": ["shop"],
        "services": [],
        "complete": False,
    }

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    for words in (
        ["lifecycle", "--repository", "shop/web", *here],
        ["protect", "--lock-file", images_in_ecr(digest)],
        ["release", "--lock-file", images_in_ecr(digest)],
        ["check-deployed", *here],
    ):
        result = run(*words, "--json")
        assert result.exit_code == 3
        document = json.loads(result.stdout)
        validate(words[0], document)
        assert document["unseen"] or document["images"][0]["state"] == "failed"
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


def test_a_parameter_that_is_not_there_is_a_finding_and_a_silent_aws_an_unknown(
    run: Run, folder: Path, moto: Moto, monkeypatch: pytest.MonkeyPatch
) -> None:
    Assembly((Stack(Template(()), "legacy"),)).write(folder / "cdk.out")
    path = folder / "cdk.out" / "Stack0.template.json"
    parameter = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/shop/image"}
    container = {"Name": "app", "Image": {"Ref": "Image"}}
    task = {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": [container]}}
    template = {"Parameters": {"Image": parameter}, "Resources": {"Task": task}}
    path.write_text(json.dumps(template), "utf-8")
    assert run("pin", "cdk.out").exit_code == 1
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert run("pin", "cdk.out").exit_code == 3


def test_an_error_of_the_program_itself_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("pinned_images.cli.application.application", broken)
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 3


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
    for words, near in (("outdated --exit-cod", "exit-code"), ("run --lokc-file=x a", "lock-file")):
        result = run(*words.split())
        assert result.exit_code == 2
        assert f"--{near}" in result.stderr


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_a_help_fits_80_columns_and_cuts_no_summary(run: Run, name: str) -> None:
    result = run(*name.split(), "--help")
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line for line in lines[2:] if line.endswith("...")] == []
    listed = result.stdout.partition("\nCommands:\n")[2].partition("\n\n")[0].splitlines()
    for command, summary in (line.split(maxsplit=1) for line in listed):
        assert summary.endswith("."), command
