"""One configuration for synths and commands: options, variables, and the context of the app."""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from pinned_images.cli.configuration import COMMAND_OPTIONS, context_of_app, options_of
from pinned_images.cli.shared_options import Network, registry_options
from pinned_images.registry.settings import RegistrySettings
from pinned_images.testing import RegistryServer
from tests.cli.conftest import LockedFolder, Run

ROLE = "arn:aws:iam::123456789012:role/{}"


def write_context(folder: Path, context: Mapping[str, Any], name: str = "cdk.json") -> None:
    """Write a file of the CDK CLI; ``cdk.context.json`` is all context."""
    content = context if name == "cdk.context.json" else {"context": context}
    (folder / name).write_text(json.dumps(content), encoding="utf-8")


def settings_of(*arguments: str) -> RegistrySettings:
    """The configuration of the registries that a command with some arguments gets."""
    found: list[RegistrySettings] = []

    @click.command()
    @registry_options
    def command(network: Network) -> None:
        found.append(network.settings)

    CliRunner().invoke(command, arguments, catch_exceptions=False)
    return found[0]


def test_errors_name_options_as_the_command_takes_them(run: Run, folder: Path) -> None:
    syntax = settings_of().option_syntax
    assert syntax.written("ecr_roles", {"123456789012": ...}) == "--ecr-role 123456789012=..."
    assert syntax.written("deadline", 30) == "--timeout 30"
    assert "pinned-images:ssm-parameters" in syntax.written("ssm_parameters", {"/shop/image": ...})

    (folder / "Web.json").write_text(
        json.dumps(
            {
                "Parameters": {"Image": {"Type": "String"}},
                "Resources": {
                    "Job": {
                        "Type": "AWS::Batch::JobDefinition",
                        "Properties": {"ContainerProperties": {"Image": {"Ref": "Image"}}},
                    }
                },
            }
        ),
        encoding="utf-8",
    )
    result = run("check", "Web.json", "--json")
    [violation] = json.loads(result.stdout)["violations"]
    assert '"pinned-images:use-parameter-defaults": true in cdk.json' in violation["fix"]


def test_context_is_merged_as_the_cdk_cli_merges_it(folder: Path) -> None:
    user = {"a": 1, "b": 1, "c": 1, "o": {"x": 1, "y": 1, "z": {"u": 1}}, "list": [1]}
    looked_up = {"a": 2, "b": 2, "o": {"x": 2, "z": {"v": 2}}, "list": [2, 2]}
    write_context(folder, user, ".cdk.json")
    write_context(folder, looked_up, "cdk.context.json")
    write_context(folder, {"a": 3, "o": {"x": 3}})
    assert context_of_app() == {
        "a": 3,
        "b": 2,
        "c": 1,
        "o": {"x": 3, "y": 1, "z": {"u": 1, "v": 2}},
        "list": [2, 2],
    }


@pytest.mark.parametrize(
    "content", [b"[1]", b'{"context": 3}', b"{}", codecs.BOM_UTF8 + b'{"context": {}}']
)
def test_a_file_without_context_has_none(folder: Path, content: bytes) -> None:
    (folder / "cdk.json").write_bytes(content)
    assert context_of_app() == {}


@pytest.mark.parametrize("content", [b"{", b"\xff", b'{"context": ' + b'{"a": ' * 5000])
def test_a_file_that_cannot_be_read_is_wrong_use_and_is_named(
    run: Run, folder: Path, content: bytes
) -> None:
    (folder / "cdk.json").write_bytes(content)
    result = run("resolve", "nginx:1")
    assert result.exit_code == 2
    assert "'cdk.json'" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_what_the_cdk_cli_hands_over_counts_in_place_of_the_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_context(folder, {"a": 1})
    (folder / "overflow.json").write_text('{"b": 2}', encoding="utf-8")
    monkeypatch.setenv("CDK_CONTEXT_JSON", '{"a": 3}')
    assert context_of_app() == {"a": 3}
    monkeypatch.setenv("CONTEXT_OVERFLOW_LOCATION_ENV", "overflow.json")
    assert context_of_app() == {"a": 3, "b": 2}


def test_the_registries_are_configured_as_those_of_a_synth(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings_of() == RegistrySettings(deadline=600.0)
    write_context(
        folder,
        {
            "@aws-cdk/core:bootstrapQualifier": "acme",
            "pinned-images": {
                "mirrors": {"docker.io": "https://a.example", "ghcr.io": "https://b.example"},
                "mirror-fallback": True,
                "insecure-registries": ["one.example"],
                "ecr-roles": {"123456789012": ROLE.format("context")},
                "deadline": 30,
            },
        },
    )
    found = settings_of()
    assert found.mirrors == {"docker.io": "https://a.example", "ghcr.io": "https://b.example"}
    assert (found.mirror_fallback, found.deadline) == (True, 30.0)
    assert found.insecure_registries == {"one.example"}
    assert found.ecr_roles == {"123456789012": ROLE.format("context")}
    assert found.bootstrap_qualifier == "acme"

    monkeypatch.setenv("PINNED_IMAGES_DEADLINE", "40")
    monkeypatch.setenv("PINNED_IMAGES_MIRRORS", "ghcr.io=https://c.example")
    found = settings_of()
    assert found.deadline == 40.0
    assert found.mirrors == {"docker.io": "https://a.example", "ghcr.io": "https://c.example"}

    found = settings_of(
        *("--timeout", "50", "--mirror", "index.docker.io=https://d.example"),
        *("--insecure-registry", "two.example", "--qualifier", "other"),
        *("--ecr-role", f"123456789012={ROLE.format('option')}"),
    )
    assert found.mirrors == {"docker.io": "https://d.example", "ghcr.io": "https://c.example"}
    assert (found.deadline, found.bootstrap_qualifier) == (50.0, "other")
    assert found.insecure_registries == {"two.example"}
    assert found.ecr_roles == {"123456789012": ROLE.format("option")}


@pytest.mark.parametrize(
    ("context", "arguments", "words"),
    [
        ({"pinned-images:mirors": "x"}, [], "Did you mean 'pinned-images:mirrors'?"),
        ({"pinned-images": {"deadlin": 3}}, [], "Did you mean 'deadline'?"),
        ({"pinned-images:deadline": "soon"}, [], "pinned-images:deadline"),
        ({}, ["--ecr-role", "1=arn:aws:iam::1:role/x"], "--ecr-role"),
    ],
)
def test_what_is_mistyped_is_wrong_use_of_a_command_too(
    run: Run, folder: Path, context: dict[str, Any], arguments: list[str], words: str
) -> None:
    write_context(folder, context)
    result = run("resolve", "nginx:1", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_commands_on_registries_ask_the_mirrors_of_cdk_json(
    run: Run, folder: Path, registry: RegistryServer
) -> None:
    digest = registry.push("ghcr.io/org/app:1")
    write_context(folder, {"pinned-images:mirrors": registry.mirrors})
    assert run("resolve", "ghcr.io/org/app:1").stdout == f"ghcr.io/org/app:1@{digest}\n"


def test_every_command_uses_the_lock_file_that_is_configured(
    run: Run,
    folder: Path,
    lock: LockedFolder,
    registry: RegistryServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = f"{registry.host}/org/app:1"
    digest = registry.push("org/app:1")
    lock.add(image)
    lock.path.rename(folder / "ours.json")
    write_context(folder, {"pinned-images:lock-file": "ours.json"})
    (folder / "compose.yaml").write_text(f"services:\n  web:\n    image: {image}\n")
    assert "1 image in ours.json" in run("lock").stdout
    assert run("outdated").exit_code == 0
    assert run("lock", "verify").stderr == "1 of 1 image verified.\n"
    assert run("pin", "--frozen", "--dry-run", "compose.yaml").stdout.count(str(digest)) == 1

    monkeypatch.setenv("PINNED_IMAGES_LOCK_FILE", "other.json")
    for command in (
        ["lock"],
        ["outdated"],
        ["lock", "verify"],
        ["pin", "--frozen", "compose.yaml"],
    ):
        result = run(*command)
        assert result.exit_code == 2, command
        assert "There is no lock file 'other.json'" in result.stderr
    assert "ours.json" in run("lock", "--lock-file", "ours.json").stdout
    own = ["lock", "--lock-file", "none.json", "verify", "--lock-file", "ours.json"]
    assert run(*own).exit_code == 0

    monkeypatch.setenv("PINNED_IMAGES_LOCK_FILE", "false")
    assert "says that there is no lock file" in run("lock").stderr
    assert run("lock", "verify", "--lock-file", "ours.json").exit_code == 0
    assert run("pin", "--frozen", "compose.yaml").exit_code == 2

    (folder / "ours.json").rename(lock.path)
    assert run("pin", "--lock-file", "false", "--frozen", "compose.yaml").exit_code == 2
    monkeypatch.delenv("PINNED_IMAGES_LOCK_FILE")
    write_context(folder, {})
    other = registry.push("org/other:1")
    (folder / "other.yaml").write_text(
        f"services:\n  web:\n    image: {registry.host}/org/other:1\n"
    )
    before = lock.path.read_bytes()
    assert run("pin", "other.yaml").exit_code == 0
    assert str(other) in (folder / "other.yaml").read_text()
    assert lock.path.read_bytes() == before
    registry.stop()
    assert run("pin", "compose.yaml").exit_code == 0
    assert str(digest) in (folder / "compose.yaml").read_text()


def test_exemptions_and_the_mode_count_for_plain_files(
    run: Run, folder: Path, registry: RegistryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = f"{registry.host}/org/app:1"
    (folder / "compose.yaml").write_text(f"services:\n  web:\n    image: {image}\n")
    assert run("pin", "--check", "compose.yaml").exit_code == 1
    write_context(folder, {"pinned-images:exempt": {f"{registry.host}/*:*": "why"}})
    assert run("pin", "--check", "compose.yaml").exit_code == 0

    monkeypatch.setenv("PINNED_IMAGES_UPDATE", "never")
    assert run("pin", "--check", "compose.yaml").exit_code == 0
    result = run("pin", "compose.yaml")
    assert result.exit_code == 2
    assert "--lock-file" in result.stderr


@pytest.mark.parametrize("command", ["check-deployed", "protect", "release"])
def test_images_in_use_are_not_looked_for_in_a_lock_file_that_is_not_there(
    run: Run, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINNED_IMAGES_LOCK_FILE", "absent.json")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    result = run(command)
    assert result.exit_code == 2
    assert "There is no lock file 'absent.json'" in result.stderr


@pytest.mark.parametrize("command", ["protect", "release"])
def test_images_in_use_are_read_only_from_a_lock_file_that_is_named(
    run: Run, command: str, lock: LockedFolder
) -> None:
    lock.path.write_text('{"version": 1, "images": {}}')
    assert "--lock-file, --app or --deployed" in run(command).stderr


@pytest.mark.parametrize(
    "twice",
    [
        ("pin", "--exempt", "a=One.", "--exempt", "a=Two."),
        ("run", "--exempt", "a=One.", "--exempt", "a=Two.", "--", "true"),
        ("resolve", "a", "--mirror", "a.io=https://b.io", "--mirror", "A.io=https://c.io"),
        (
            *("resolve", "a", "--ecr-role", f"123456789012={ROLE.format('a')}"),
            *("--ecr-role", f"123456789012={ROLE.format('b')}"),
        ),
    ],
    ids=lambda arguments: f"{arguments[0]} {arguments[-2]}",
)
def test_what_is_given_twice_is_wrong_use(run: Run, folder: Path, twice: tuple[str, ...]) -> None:
    (folder / "cdk.out").mkdir()
    (folder / "cdk.out" / "manifest.json").write_text(
        '{"version": "36.0.0", "artifacts": {}}', "utf-8"
    )
    result = run(*twice)
    assert result.exit_code == 2
    assert "twice: leave one of them out" in result.stderr


def test_typed_options_are_named_in_errors() -> None:
    with pytest.raises(Exception, match=r"The option --lock-file: It names no file"):
        options_of({"lock_file": "off"})
    assert set(COMMAND_OPTIONS) >= {"lock_file", "mirrors"}
