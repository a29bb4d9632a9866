"""The program as a user starts it, in a process of its own."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pinned_images.report import SiteRecord, SynthReport
from pinned_images.testing.registry_server import RegistryServer
from tests.cli.conftest import Run
from tests.hostile import CONTROLS

#: What may be in a file's name and an argument: all but a slash and a NUL.
HOSTILE = "".join(f"{control}x" for control in CONTROLS if control != "\0")[:100]

ROOT = Path(__file__).parents[2]

WHAT_IS_LOADED = """
import json, sys
sys.argv = ["pinned-images", *sys.argv[1:]]
from pinned_images.cli.__main__ import main
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""

# A test that runs in the background may have it from its shell that interrupts are ignored.
INTERRUPTIBLE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from pinned_images.cli.__main__ import main
main()
"""


def program(
    *arguments: str, stdout: Any = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )


@pytest.mark.parametrize("arguments", [["--help"], ["lock", "update", "--help"], ["--version"]])
def test_help_imports_neither_aws_nor_the_network_nor_tables(arguments: list[str]) -> None:
    result = program("-c", WHAT_IS_LOADED, *arguments)
    assert result.returncode == 0
    loaded = {name.partition(".")[0] for name in json.loads(result.stderr)}
    assert "click" in loaded
    assert not loaded & {
        "aws_cdk",
        "jsii",
        "boto3",
        "botocore",
        "urllib3",
        "rich",
        "filelock",
        "http",
    }


@pytest.mark.parametrize(
    "words", [["--debug", "resolve"], ["resolve", "--debug"], ["--debug", "resolve", "--debug"]]
)
def test_what_registries_answer_is_logged_with_debug_alone(
    run: Run, registry: RegistryServer, words: list[str]
) -> None:
    image = f"{registry.host}/team/web:1"
    digest = registry.push("team/web:1")
    logged = run(*words, image)
    assert (logged.exit_code, logged.stdout) == (0, f"{image}@{digest}\n")
    assert logged.stderr.count(f"{image} is {digest} at the registry {registry.host}") == 1
    assert run("resolve", image).stderr == ""


def test_asking_a_registry_imports_neither_aws_cdk_nor_boto3(
    lock: Any, registry: RegistryServer
) -> None:
    registry.push("team/web:1")
    lock.add(f"{registry.host}/team/web:1")
    result = program("-c", WHAT_IS_LOADED, "outdated")
    assert result.returncode == 0
    loaded = {name.partition(".")[0] for name in json.loads(result.stderr.splitlines()[-1])}
    assert not loaded & {"aws_cdk", "jsii", "boto3", "botocore"}


def test_the_module_is_the_program(lock: Any, registry: RegistryServer) -> None:
    registry.push("team/web:1")
    lock.add(f"{registry.host}/team/web:1")
    result = program("-m", "pinned_images.cli", "lock", "verify")
    assert (result.returncode, result.stderr) == (0, "1 of 1 image verified.\n")


def test_a_narrow_table_keeps_its_width(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def listed(columns: str) -> str:
        monkeypatch.setenv("COLUMNS", columns)
        return run("lock").stdout

    Path("pinned-images.lock.json").write_text(
        json.dumps(
            {
                "version": 1,
                "images": {
                    f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/{'long/' * 9}name:1": {
                        "digest": "sha256:" + "0" * 64
                    }
                },
            }
        )
    )
    narrow = program("-m", "pinned_images.cli", "lock", COLUMNS="80").stdout
    assert max(map(len, narrow.splitlines())) <= 80
    assert listed("80") == narrow
    assert f"/long/name:1   sha256:{64 * chr(48)}\n" in listed("200")
    for none in ("", "0", "-5", "wide"):
        assert "/long/name:1   000000000000\n" in listed(none)
    assert "sha256" not in listed("1")


def test_the_package_is_the_program_too() -> None:
    result = program("-m", "pinned_images", "--help")
    assert result.returncode == 0
    assert result.stdout.startswith("Usage: pinned-images ")


@pytest.mark.parametrize(
    "arguments", ["report", "report --json", "report --html", "report --markdown", "lock", "--help"]
)
def test_an_output_that_cannot_be_written_is_one_line(arguments: str) -> None:
    record = SiteRecord("Web", "Web/Task", "AWS::ECS::TaskDefinition", "Image", "a:1", "registry")
    Path("cdk.out").mkdir()
    SynthReport.of([record]).write("cdk.out")
    Path("pinned-images.lock.json").write_text('{"version": 1, "images": {}}')
    with Path("/dev/full").open("w") as full:
        result = program("-m", "pinned_images", *arguments.split(), stdout=full)
    assert (result.returncode, result.stderr) == (
        3,
        "Error: The output cannot be written (No space left on device).\n",
    )


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        result = program("-m", "pinned_images", "--help", stdout=pipe)
    assert result.stderr == ""


def test_what_a_terminal_or_a_pipe_has_no_letters_for_is_written_as_an_escape() -> None:
    asset = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/assets:" + "5" * 64
    record = SiteRecord("Web", "Web/Größe", "AWS::ECS::TaskDefinition", "Image", asset, "asset")
    Path("cdk.out").mkdir()
    SynthReport.of([record]).write("cdk.out")
    for arguments in (["report"], ["report", "--markdown"]):
        result = program("-m", "pinned_images", *arguments, PYTHONIOENCODING="ascii")
        assert (result.returncode, result.stderr) == (0, "")
        assert "Web/Gr\\xf6\\xdfe" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", HOSTILE],
        ["lock", "--lock-file", HOSTILE],
        ["lock", "--lock-file", HOSTILE, "update", HOSTILE],
        ["outdated", "--mirror", HOSTILE],
        ["outdated", "--ecr-role", f"1{HOSTILE}=arn:{HOSTILE}"],
        [HOSTILE],
        ["lock", HOSTILE],
        ["report", "-o", HOSTILE],
        ["report", f"--{HOSTILE}"],
        ["list", HOSTILE],
        ["list", "."],
        ["list", ".", "--json"],
        ["pin", HOSTILE],
        ["pin", "--check", "."],
        ["update", HOSTILE],
        ["resolve", HOSTILE],
        ["run", "--", HOSTILE],
        ["check", HOSTILE],
        ["lifecycle", HOSTILE],
        ["check-deployed", "--app", HOSTILE],
        ["check-deployed", "--lock-file", HOSTILE],
        ["schema", HOSTILE],
        ["demo", HOSTILE],
        ["pin", "Dockerfile", "--json", "--lock-file", HOSTILE],
    ],
    ids=lambda arguments: " ".join(arguments).replace(HOSTILE, "X"),
)
@pytest.mark.parametrize("exists", [False, True])
def test_what_a_command_is_called_with_does_not_steer_the_terminal(
    run: Run, arguments: list[str], *, exists: bool
) -> None:
    if exists:
        Path(HOSTILE).write_text('{"version": 1, "images": {}}', encoding="utf-8")
        Path(f"{HOSTILE}.Dockerfile").write_text(f"FROM app:1{HOSTILE}\n", encoding="utf-8")
        Path("Dockerfile").write_text(f"FROM 127.0.0.1:1/{HOSTILE}:1\n", encoding="utf-8")
    result = run(*arguments)
    lines = [*result.stdout.split("\n"), *result.stderr.split("\n")]
    assert [line for line in lines if not line.isprintable()] == []


def test_ctrl_c_while_a_registry_is_asked_is_one_line(lock: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        Path("pinned-images.lock.json").write_text(
            json.dumps(
                {"version": 1, "images": {f"{host}/app:1": {"digest": "sha256:" + "0" * 64}}}
            )
        )
        process = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTIBLE, "outdated"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        with silent.accept()[0]:
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate()
    assert (process.returncode, stdout, stderr) == (130, "", "Interrupted.\n")


def test_an_output_that_is_closed_is_no_error() -> None:
    Path("pinned-images.lock.json").write_text('{"version": 1, "images": {}}')
    for arguments in ("lock --json", "--help"):
        script = f"{shlex.quote(sys.executable)} -m pinned_images {arguments} >&- <&-"
        result = subprocess.run(
            ["/bin/sh", "-c", script],
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        ("lock-update", "lock update"),
        ("lock check", "--check"),
        ("version", "--version"),
        ("lock updte", "update"),
        ("run --lockfile a -- true", "--lock-file"),
    ],
)
def test_what_is_mistyped_names_what_was_meant(run: Run, arguments: str, near: str) -> None:
    result = run(*arguments.split())
    assert result.exit_code == 2
    said = result.stderr.replace("'", "")  # click 8.2 writes options without quotes
    assert f"Did you mean {near}?" in said


@pytest.mark.parametrize("arguments", ["lock nonsense", "--nonsense", "lock prune x"])
def test_a_wrong_use_exits_with_2(arguments: str) -> None:
    result = program("-m", "pinned_images.cli", *arguments.split())
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
