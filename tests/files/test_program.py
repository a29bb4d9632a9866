"""The commands on files as a user runs them, in processes and terminals of their own."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import stat
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from pinned_images.testing.registry_server import RegistryServer
from tests.files.conftest import ROOT, Program, mirrors_of

TASK = (
    '{\r\n\t"family": "web",\r\n\t"containerDefinitions": [ { "name":"web",'
    ' "image" : "mvanholsteijn/paas-monitor:3.1.0" } ]\r\n}'
)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def test_the_seed_example(folder: Path, process: Program, images: RegistryServer) -> None:
    path = write(folder, "task.json", TASK)
    path.chmod(0o640)
    result = process(
        "update",
        "--image-reference",
        "mvanholsteijn/paas-monitor:3.4.0",
        "--resolve-digest",
        ".",
    )
    assert result.returncode == 0, result.stderr
    digest = images.digest("docker.io/mvanholsteijn/paas-monitor:3.4.0")
    expected = TASK.replace(":3.1.0", f":3.4.0@{digest}")
    assert path.read_bytes() == expected.encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_list_prints_each_reference_once_per_file_in_order(folder: Path, program: Program) -> None:
    write(folder, "b/compose.yaml", "services: {b: {image: b:1}, a: {image: a:1}, c: {image: b:1}}")
    write(folder, "a.md", "ghcr.io/z/z:1 ghcr.io/a/a:1 ghcr.io/z/z:1")
    assert program("list").stdout.splitlines() == [
        "a.md: ghcr.io/a/a:1",
        "a.md: ghcr.io/z/z:1",
        "b/compose.yaml: a:1",
        "b/compose.yaml: b:1",
    ]
    assert program("list", "--no-filename", "b", "a.md").stdout.splitlines() == [
        "a:1",
        "b:1",
        "ghcr.io/a/a:1",
        "ghcr.io/z/z:1",
    ]


def test_list_as_json_tells_place_format_and_whether_it_is_pinned(
    folder: Path, program: Program
) -> None:
    digest = "sha256:" + "0" * 64
    write(folder, "Dockerfile", f"FROM nginx\nFROM a/b@{digest}\n")
    result = program("list", "--json")
    assert json.loads(result.stdout) == {
        "version": 1,
        "references": [
            {
                "file": "Dockerfile",
                "line": 1,
                "column": 6,
                "reference": "nginx",
                "format": "dockerfile",
                "pinned": False,
            },
            {
                "file": "Dockerfile",
                "line": 2,
                "column": 6,
                "reference": f"a/b@{digest}",
                "format": "dockerfile",
                "pinned": True,
            },
        ],
        "skipped": [],
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["list", "nothing"],
        ["pin", "nothing"],
        ["pin", "--frozen"],
        ["pin", "--exempt", "docker.io/*"],
        ["pin", "--exempt", "=reason"],
        ["pin", "--nonsense"],
        ["update"],
        ["update", "--all", "--image-reference", "a:1"],
        ["update", "--exempt", "a:*=b", "--image-reference", "a:1"],
        ["update", "--image-reference", "a"],
        ["update", "--image-reference", "A:1"],
        ["update", "--image-reference", "a:1", "--image-reference", "docker.io/a:2"],
        ["update", "--all", "--resolve-digest", "--resolve-tag"],
        ["resolve", "--platform", "linux", "nginx"],
        ["update", "--all", "--commit", "m"],
    ],
)
@pytest.mark.usefixtures("folder")
def test_wrong_use_exits_with_2(program: Program, arguments: list[str]) -> None:
    result = program(*arguments)
    assert result.returncode == 2, result.stderr
    assert result.stdout == ""
    assert "Error: " in result.stderr


@pytest.mark.parametrize(
    "arguments", [["list"], ["pin"], ["pin", "--check"], ["update", "--all"]], ids=" ".join
)
@pytest.mark.usefixtures("folder")
def test_nothing_to_do_exits_with_0(program: Program, arguments: list[str]) -> None:
    result = program(*arguments)
    assert result.returncode == 0
    if "--check" in arguments:
        assert result.stderr == "0 image references without digest.\n"


def test_an_update_of_an_image_that_no_file_names_says_so(folder: Path, program: Program) -> None:
    write(folder, "compose.yaml", "services: {a: {image: 'redis:7'}}")
    result = program("update", "--image-reference", "redsi:8", "--image-reference", "redis:7")
    assert result.returncode == 0
    assert result.stderr == (
        "No reference to docker.io/library/redsi was found.\n0 files updated.\n"
    )
    result = program("update", "--image-reference", "redis:8", "--matching-tag")
    assert "No reference to docker.io/library/redis with the tag 8 was found." in result.stderr


def test_one_missing_image_leaves_its_file_and_the_others_are_written(
    folder: Path, program: Program
) -> None:
    first = write(folder, "a/compose.yaml", "services: {a: {image: gone:1}, b: {image: 'redis:7'}}")
    second = write(folder, "b/compose.yaml", "services: {a: {image: 'nginx:1.25'}}")
    result = program("pin")
    assert result.returncode == 1
    assert "image: gone:1}" in first.read_text()
    assert "'redis:7@sha256:" in first.read_text()
    assert "'nginx:1.25@sha256:" in second.read_text()
    assert result.stderr.count("gone:1") == 1


def test_dry_run_prints_a_diff_that_patch_takes_and_writes_nothing(
    folder: Path, process: Program
) -> None:
    path = write(folder, "sub/task.json", TASK)
    result = process("pin", "--dry-run")
    assert result.returncode == 0
    assert path.read_bytes() == TASK.encode()
    assert result.stdout.startswith("--- a/sub/task.json\n+++ b/sub/task.json\n@@ ")
    applied = subprocess.run(
        ["git", "apply", "--unsafe-paths", "-"],
        input=result.stdout.encode(),
        check=False,
        capture_output=True,
    )
    assert applied.returncode == 0, applied.stderr
    assert b"@sha256:" in path.read_bytes()
    assert process("pin", "--check").returncode == 0


def test_exempt_images_stay_as_they_are(folder: Path, program: Program) -> None:
    path = write(folder, "compose.yaml", "services: {a: {image: 'redis:7'}, b: {image: 'gone:1'}}")
    exempt = ["--exempt", "docker.io/library/gone:*=Built by the pipeline."]
    assert program("pin", *exempt).returncode == 0
    assert "'gone:1'" in path.read_text()
    assert program("pin", "--check", *exempt).returncode == 0
    assert program("pin", "--check").returncode == 1
    context = {"pinned-images:exempt": {"docker.io/library/gone:*": "Built by the pipeline."}}
    write(folder, "cdk.json", json.dumps({"context": context}))
    assert program("update", "--all", "--matching-tag", "--resolve-digest").returncode == 0
    assert "'redis:7@sha256:" in path.read_text()
    assert "'gone:1'" in path.read_text()
    assert program("update", "--image-reference", "gone:2").returncode == 0
    assert "'gone:2'" in path.read_text()


def test_frozen_asks_nobody_and_names_what_is_missing(
    folder: Path, program: Program, images: RegistryServer
) -> None:
    write(folder, "compose.yaml", "services: {a: {image: 'redis:7'}}")
    asked = images.requests
    missing = program("pin", "--lock-file", "x.lock.json", "--frozen")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "pinned-images pin --lock-file x.lock.json" in missing.stderr
    write(folder, "x.lock.json", '{"version": 1, "images": {}}')
    result = program("pin", "--lock-file", "x.lock.json", "--frozen")
    assert result.returncode == 1
    assert "redis:7 is not in the lock file 'x.lock.json'" in result.stderr
    assert "pinned-images pin --lock-file x.lock.json" in result.stderr
    assert images.requests == asked


def test_check_as_json(folder: Path, program: Program) -> None:
    write(folder, "Dockerfile", "FROM nginx:1.25\n")
    result = program("pin", "--check", "--json")
    assert result.returncode == 1
    assert json.loads(result.stdout) == {
        "version": 1,
        "unpinned": [{"file": "Dockerfile", "line": 1, "column": 6, "reference": "nginx:1.25"}],
    }


def test_resolve_prints_what_it_can_and_tells_the_rest(
    folder: Path, program: Program, images: RegistryServer
) -> None:
    digest = images.digest("docker.io/library/nginx:1.25")
    result = program("resolve", "gone:1", "nginx:1.25", "No:1", "docker.io/nginx:1.25")
    assert result.returncode == 2
    assert result.stdout.splitlines() == [
        f"nginx:1.25@{digest}",
        f"docker.io/nginx:1.25@{digest}",
    ]
    assert [line[:6] for line in result.stderr.splitlines()] == ["Error:", "Error:"]


def test_resolve_reads_the_input(process: Program, images: RegistryServer) -> None:
    for arguments in ([], ["-"]):
        result = process("resolve", *arguments, input="\nnginx:1.25\n# a comment\nredis:7\n")
        assert result.returncode == 0
        assert [line.partition("@")[0] for line in result.stdout.splitlines()] == [
            "nginx:1.25",
            "redis:7",
        ]


def test_resolve_as_json(program: Program, images: RegistryServer) -> None:
    digest = images.digest("docker.io/library/nginx:1.25")
    result = program("resolve", "--json", "nginx:1.25", "gone:1")
    assert result.returncode == 1
    found = json.loads(result.stdout)
    assert found["version"] == 1
    assert found["images"][0] == {
        "reference": "nginx:1.25",
        "pinned": f"nginx:1.25@{digest}",
        "digest": digest,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "platforms": ["linux/amd64", "linux/arm64"],
        "error": None,
    }
    assert found["images"][1]["digest"] is None
    assert "it has no '1'" in found["images"][1]["error"]


def test_resolve_gives_the_digest_of_a_platform(program: Program, images: RegistryServer) -> None:
    whole = program("resolve", "nginx:1.25").stdout
    one = program("resolve", "nginx:1.25", "--platform", "linux/arm64").stdout
    assert one.startswith("nginx:1.25@sha256:")
    assert one != whole
    assert program("resolve", "nginx:1.25", "--platform", "linux/s390x").returncode == 1


def test_a_link_stays_a_link_and_its_target_is_edited(folder: Path, program: Program) -> None:
    target = write(folder, "base/compose.yaml", "services: {a: {image: 'redis:7'}}")
    (folder / "compose.yaml").symlink_to("base/compose.yaml")
    assert program("pin", "compose.yaml").returncode == 0
    assert (folder / "compose.yaml").is_symlink()
    assert "@sha256:" in target.read_text()


def in_terminal(*arguments: str, columns: int = 80) -> tuple[int, str]:
    """Run the program in a terminal."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"}
    environment.pop("COLUMNS", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "pinned_images.cli", *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=environment,
    )
    os.close(follower)
    output = b""
    while select.select([leader], [], [], 60)[0]:
        try:
            chunk = os.read(leader, 4096)
        except OSError:  # the other side was closed
            break
        if not chunk:
            break
        output += chunk
    os.close(leader)
    return process.wait(), output.decode()


def test_the_table_fits_a_terminal_of_80_columns(folder: Path) -> None:
    name = "a-rather-long-folder/and-another-one-below-it/compose.yaml"
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/a-long-team/a-long-application:v1.2.3"
    write(folder, name, f"services: {{a: {{image: '{image}'}}}}")
    code, output = in_terminal("pin", "--check")
    assert code == 1
    lines = re.sub(r"\x1b\[[0-9;]*m|\r", "", output).splitlines()
    table = [line for line in lines if "without digest" not in line]
    assert max(map(len, table)) <= 80
    words = "".join("".join(line.split()) for line in table)
    assert all(part in words for part in ("a-rather-long-folder/", "a-long-application:v1.2.3"))


def test_ctrl_c_exits_with_130_and_leaves_whole_files(
    folder: Path, own_registry: RegistryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_registry.push("docker.io/library/redis:7")
    monkeypatch.setenv("PINNED_IMAGES_MIRRORS", mirrors_of(own_registry))
    own_registry.latency = 3_600  # its stop ends it
    text = "services: {a: {image: 'redis:7'}}"
    path = write(folder, "compose.yaml", text)
    process = subprocess.Popen(
        [sys.executable, "-m", "pinned_images.cli", "pin"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    while not own_registry.connections:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "Interrupted.\n"
    assert path.read_text() == text
    assert [each.name for each in folder.iterdir()] == ["compose.yaml"]
