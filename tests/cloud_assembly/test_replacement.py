"""What a crash in the middle of a replacement has left, and a synth that comes after it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pinned_images.cloud_assembly.replacement import JOURNAL, finish_replacement, replace_files
from pinned_images.errors import ConfigurationError

PATHS = ("Web.template.json", "Web.assets.json", "manifest.json")


class Crash(BaseException):
    """The end of the process at a replacement of a file."""


def files(root: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in sorted(root.iterdir())}


def write(root: Path, content: str) -> None:
    for name in PATHS:
        (root / name).write_text(content, "utf-8")


@pytest.fixture(params=range(3))
def crashed(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """An assembly whose replacement stopped after some files had been put into place."""
    left, replace = [len(PATHS) + 1 + request.param], Path.replace

    def dying(path: Path, target: Path) -> Path:
        if left[0] == 0:
            raise Crash
        left[0] -= 1
        return replace(path, target)

    write(tmp_path, "old")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", dying)
        with pytest.raises(Crash):
            replace_files(tmp_path, {tmp_path / name: b"new" for name in PATHS})
    assert (tmp_path / JOURNAL).is_file()
    assert not (tmp_path / "manifest.json").exists()
    return tmp_path


def test_a_replacement_is_finished(crashed: Path) -> None:
    assert finish_replacement(crashed)
    assert files(crashed) == dict.fromkeys(sorted(PATHS), "new")


def test_a_synth_after_the_crash_is_not_overwritten_by_it(crashed: Path) -> None:
    write(crashed, "synthesized")
    assert finish_replacement(crashed)
    assert files(crashed) == dict.fromkeys(sorted(PATHS), "synthesized")
    replace_files(crashed, {crashed / "Web.template.json": b"pinned"})
    assert files(crashed)["Web.template.json"] == "pinned"
    assert files(crashed)["manifest.json"] == "synthesized"


def test_a_journal_of_which_nothing_was_done_is_removed(tmp_path: Path) -> None:
    write(tmp_path, "old")
    for name in PATHS:
        (tmp_path / f".{name}.pinned-images.new").write_text("new", "utf-8")
    (tmp_path / JOURNAL).write_text(json.dumps(PATHS[:2]), "utf-8")
    assert finish_replacement(tmp_path)
    assert files(tmp_path) == dict.fromkeys(sorted(PATHS), "old")
    assert not finish_replacement(tmp_path)


def test_an_assembly_that_cannot_be_written_stays_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, "old")
    contents = {tmp_path / "Web.template.json": b"new", tmp_path / "absent" / "x.json": b"new"}
    with pytest.raises(ConfigurationError, match=r"writable, or synthesize into another one"):
        replace_files(tmp_path, contents)
    assert all((tmp_path / name).read_text("utf-8") == "old" for name in PATHS)
    assert not finish_replacement(tmp_path)
