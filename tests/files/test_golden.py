"""A folder with files of every format, before and after, compared byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinned_images.testing.registry_server import RegistryServer
from tests.files.conftest import GOLDEN, Program


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_pin_gives_the_golden_folder_its_digests_and_keeps_every_other_byte(
    golden: Path, program: Program
) -> None:
    result = program("pin")
    assert result.returncode == 0, result.stderr
    assert contents(golden) == contents(GOLDEN / "after")
    assert result.stdout == ""
    assert "Left as it is: compose.yaml:10:12: ${REGISTRY}/team/app:1.0" in result.stderr


def test_pin_twice_is_pin_once_and_asks_nobody(
    golden: Path, program: Program, images: RegistryServer
) -> None:
    program("pin")
    before, asked = contents(golden), images.requests
    result = program("pin")
    assert result.returncode == 0
    assert contents(golden) == before
    assert images.requests == asked


@pytest.mark.usefixtures("golden")
def test_check_tells_every_unpinned_reference_and_writes_nothing(
    folder: Path, program: Program
) -> None:
    before = contents(folder)
    result = program("pin", "--check")
    assert result.returncode == 1
    assert contents(folder) == before
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["task-definition.json", "4", "mvanholsteijn/paas-monitor:3.1.0"] in rows
    assert not any("redis:7@sha256" in line for line in result.stdout.splitlines())
    program("pin")
    assert program("pin", "--check").returncode == 0


def test_a_lock_file_gives_the_digests_and_gets_new_ones(
    golden: Path, program: Program, images: RegistryServer
) -> None:
    first = program("pin", "--lock-file", "images.lock.json")
    assert first.returncode == 0, first.stderr
    pinned = contents(golden)
    for path in (GOLDEN / "before").rglob("*"):
        if path.is_file():
            (golden / path.relative_to(GOLDEN / "before")).write_bytes(path.read_bytes())
    asked = images.requests
    second = program("pin", "--lock-file", "images.lock.json", "--frozen")
    assert second.returncode == 0, second.stderr
    assert contents(golden) == pinned
    assert images.requests == asked


def test_only_what_is_inserted_differs(golden: Path, program: Program) -> None:
    """Without the digests, the pinned files are the files before, but for where a digest has a key.

    The references that are written with a digest in the tag's place are left aside.
    """
    program("pin")
    for name, before in contents(GOLDEN / "before").items():
        after = (golden / name).read_bytes()
        position = 0
        if name in ("chart/values.yaml", "terraform/main.tf", "templates/template.yaml"):
            continue
        for byte in after:
            if position < len(before) and before[position] == byte:
                position += 1
        assert position == len(before), name
