"""The example app by the real CDK CLI: from registries and AWS, then from its lock file alone."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.filters import props

from pinned_images.lockfile import LockFile
from pinned_images.report import SynthReport
from pinned_images.testing import SynthesizedApp, assert_pinned
from tests.integration.cdk import PROJECT, cdk_synth
from tools.synth_example import synth

LOCK_FILE = PROJECT / "pinned-images.lock.json"

FORBID_SOCKETS = """
import sys

def forbid(event, arguments):
    if event.startswith("socket."):
        raise RuntimeError(f"networking is forbidden: {event}")

sys.addaudithook(forbid)
"""


@pytest.fixture(scope="module")
def without_sockets(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PYTHONPATH on which every Python process is kept from the network."""
    folder = tmp_path_factory.mktemp("without-sockets")
    (folder / "sitecustomize.py").write_text(FORBID_SOCKETS, encoding="utf-8")
    path = os.pathsep.join([str(folder), str(PROJECT)])
    connect = subprocess.run(
        [sys.executable, "-c", "import socket; socket.socket()"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "networking is forbidden" in connect.stderr
    return path


def written(folder: Path) -> dict[str, bytes]:
    """What a synth wrote, without CDK's notes on it.

    The stack traces of constructs name temporary folders, and how long a slow synth took is noted.
    """
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
        and not path.name.endswith((".metadata.json", "performance-counters.json"))
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which ``make synth`` wrote: ``cdk.out``, and a lock file."""
    folder = tmp_path_factory.mktemp("made")
    arguments = [
        *("--quiet", "--output", str(folder / "cdk.out")),
        *("--context", f"pinned-images:lock-file={folder / LOCK_FILE.name}"),
    ]
    with pytest.MonkeyPatch.context() as patch, (folder / "printed").open("w") as file:
        # What the user works with otherwise leads it nowhere else.
        patch.setenv("AWS_PROFILE", "no-such")
        patch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        code = synth(arguments, file)
    printed = (folder / "printed").read_text(encoding="utf-8")
    assert code == 0, printed
    assert "Supply a stack id ()" not in printed
    assert "WARNING" not in printed
    assert "Warning" not in printed
    assert "ghcr.io/acme/agent:1.8" in printed
    return folder


def test_the_example_app_is_pinned_as_make_synth_does_it(
    made: Path, template_snapshot: SnapshotAssertion
) -> None:
    output, lock_file = made / "cdk.out", made / LOCK_FILE.name
    assert assert_pinned(output)
    assert len(LockFile.read(lock_file).entries) == 9
    assert lock_file.read_bytes() == LOCK_FILE.read_bytes()
    resolved_by = {record.resolved_by for record in SynthReport.read(output).records}
    assert resolved_by == {"mirror", "registry", "ecr-api"}
    templates = SynthesizedApp.read(output).templates
    assert list(templates) == [
        "Production/Reports",
        "Production/Web",
        "Staging/Reports",
        "Staging/Web",
    ]
    cdk_version = props("CDKMetadata")
    assert templates["Staging/Reports"] == template_snapshot(name="Reports", exclude=cdk_version)
    assert templates["Staging/Web"] == template_snapshot(name="Web", exclude=cdk_version)


def test_the_example_app_synthesizes_from_its_lock_file_without_network_to_identical_bytes(
    made: Path, tmp_path: Path, without_sockets: str
) -> None:
    locked, output = LOCK_FILE.read_bytes(), tmp_path / "cdk.out"
    finished = cdk_synth(
        PROJECT,
        "--output",
        str(output),
        PYTHONPATH=without_sockets,
        PINNED_IMAGES_UPDATE="never",
    )
    assert finished.returncode == 0, finished.stderr
    assert assert_pinned(output)
    found, asked = written(output), written(made / "cdk.out")
    report = SynthReport.from_json(found.pop("pinned-images.json"))
    assert report.records == tuple(
        replace(record, resolved_by="lock-file", origin=LOCK_FILE.name)
        for record in SynthReport.from_json(asked.pop("pinned-images.json")).records
    )
    assert found == asked
    assert {record.resolved_by for record in report.records} == {"lock-file"}
    assert {record.digest for record in report.records} == {
        entry.digest for entry in LockFile.read(LOCK_FILE).entries.values()
    }
    assert LOCK_FILE.read_bytes() == locked
