"""The lock file on disk: old or new, with concurrent writers and crashes."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pinned_images.errors import LockFileError
from pinned_images.lockfile import LockEntry, LockFile, LockKey
from pinned_images.reference import Digest

NOBODY = 65534

WRITER = """
import sys
from pinned_images.lockfile import LockEntry, LockFile, LockKey
from pinned_images.reference import Digest

path, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
for number in range(count):
    key = LockKey(f"ghcr.io/team/{name}:{number}")
    entry = LockEntry(Digest.of(str(key).encode()))
    LockFile.change(path, lambda lock: lock.merged({key: entry}))
"""

# The lock is left slowly: between its file being gone and its end there is time for many others.
SLOW_TO_LEAVE = """
import pathlib, time

unlink = pathlib.Path.unlink

def slow_unlink(path, missing_ok=False):
    unlink(path, missing_ok)
    if path.name.endswith(".lock"):
        time.sleep(0.02)

pathlib.Path.unlink = slow_unlink
"""

# The child is killed at the n-th line of the package that it runs, for each n until one survives.
KILLED_AT_EVERY_LINE = """
import os, signal, sys
import filelock
from pathlib import Path
from pinned_images.lockfile import LockEntry, LockFile, LockKey
from pinned_images.reference import Digest

path = Path(sys.argv[1])
old = LockFile({LockKey("ghcr.io/team/old:1"): LockEntry(Digest.of(b"old"))})
addition = {LockKey("ghcr.io/team/new:1"): LockEntry(Digest.of(b"new"))}
new = old.merged(addition)
LockFile.change(path, lambda lock: lock.merged(addition))
outcomes = {old.render(): 0, new.render(): 0}

def die_after(lines):
    def trace(frame, event, argument):
        nonlocal lines
        if "pinned_images" not in frame.f_code.co_filename:
            return None
        lines -= event == "line"
        if lines < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace
    return trace

lines, survived = 0, False
while not survived:
    path.write_text(old.render())
    child = os.fork()
    if child == 0:
        sys.settrace(die_after(lines))
        LockFile.change(path, lambda lock: lock.merged(addition))
        sys.settrace(None)
        os._exit(0)
    survived = os.waitpid(child, 0)[1] == 0
    outcomes[path.read_text()] += 1
    lines += 1

LockFile.change(path, lambda lock: lock.merged(addition))
print(lines, *outcomes.values(), *sorted(file.name for file in path.parent.iterdir()))
"""


def entries(*names: str) -> dict[LockKey, LockEntry]:
    return {
        LockKey(f"ghcr.io/team/{name}:1"): LockEntry(Digest.of(name.encode())) for name in names
    }


def add(path: Path, *names: str) -> LockFile:
    return LockFile.change(path, lambda lock: lock.merged(entries(*names)))


@pytest.fixture
def as_somebody_else(lock_path: Path) -> Iterator[None]:
    """Permissions bind everybody but root, so root becomes nobody."""
    root = os.geteuid() == 0
    if root:
        # Python's own modules may be out of nobody's reach: what is imported late comes first.
        warm_up = lock_path.with_name("warm-up.json")
        add(warm_up, "web")
        warm_up.unlink()
        os.chown(lock_path.parent, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    yield
    if root:
        os.seteuid(0)


def test_a_file_that_is_not_there_is_an_empty_one(lock_path: Path) -> None:
    assert LockFile.read(lock_path) == LockFile()


def test_a_change_is_on_disk_and_nothing_else_is_left_beside_it(lock_path: Path) -> None:
    add(lock_path, "web")
    add(lock_path, "jobs")
    assert LockFile.read(lock_path).entries == entries("web", "jobs")
    assert list(lock_path.parent.iterdir()) == [lock_path]


def test_nothing_is_written_where_nothing_changes(lock_path: Path) -> None:
    lock_path.write_text(LockFile(entries("web")).render().replace("\n", "\r\n"), newline="")
    before = (lock_path.stat().st_ino, lock_path.stat().st_mtime_ns, lock_path.read_bytes())
    add(lock_path, "web")
    assert (lock_path.stat().st_ino, lock_path.stat().st_mtime_ns, lock_path.read_bytes()) == before


def test_no_file_is_made_to_hold_nothing(lock_path: Path) -> None:
    add(lock_path)
    assert not lock_path.exists()


@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_permissions_are_kept(lock_path: Path, mode: int) -> None:
    add(lock_path, "web")
    lock_path.chmod(mode)
    add(lock_path, "jobs")
    assert stat.S_IMODE(lock_path.stat().st_mode) == mode


@pytest.mark.parametrize("there_already", [True, False], ids=["to-a-file", "to-nothing-yet"])
def test_a_symbolic_link_stays_one_and_its_target_is_written(
    tmp_path: Path,
    there_already: bool,  # noqa: FBT001 - a parameter of pytest's
) -> None:
    (tmp_path / "shared").mkdir()
    target = tmp_path / "shared" / "target.json"
    link = tmp_path / "pinned-images.lock.json"
    link.symlink_to("shared/target.json")
    if there_already:
        add(target, "web")
    add(link, "web", "jobs")
    assert link.is_symlink()
    assert LockFile.read(target).entries == entries("web", "jobs")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"{", id="broken"),
        pytest.param(b'{"version": 9, "images": {}}', id="newer-schema"),
        pytest.param(b"\xff\xfe", id="not-utf-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_never_overwritten(lock_path: Path, content: bytes) -> None:
    lock_path.write_bytes(content)
    with pytest.raises(LockFileError, match=r"pinned-images\.lock\.json"):
        add(lock_path, "web")
    assert lock_path.read_bytes() == content


def test_a_file_that_breaks_while_the_lock_is_awaited_is_not_overwritten(lock_path: Path) -> None:
    def edit(lock: LockFile) -> LockFile:
        lock_path.write_text("broken meanwhile")
        return lock.merged(entries("web"))

    with pytest.raises(LockFileError, match="line 1"):
        LockFile.change(lock_path, edit)
    assert lock_path.read_text() == "broken meanwhile"


@pytest.mark.usefixtures("as_somebody_else")
def test_a_read_only_checkout_is_read_and_is_an_error_only_to_change(lock_path: Path) -> None:
    add(lock_path, "web")
    lock_path.parent.chmod(0o555)
    assert add(lock_path, "web").entries == entries("web")
    with pytest.raises(LockFileError, match=r"cannot be written.*commit a lock file"):
        add(lock_path, "jobs")
    lock_path.parent.chmod(0o755)
    assert LockFile.read(lock_path).entries == entries("web")


@pytest.mark.usefixtures("as_somebody_else")
def test_a_read_only_file_in_a_writable_folder_is_not_replaced(lock_path: Path) -> None:
    add(lock_path, "web")
    lock_path.chmod(0o444)
    with pytest.raises(LockFileError, match=r"cannot be written \(it is read-only\)"):
        add(lock_path, "jobs")
    assert list(lock_path.parent.iterdir()) == [lock_path]


@pytest.mark.usefixtures("as_somebody_else")
def test_a_file_that_may_not_be_read_is_an_error(lock_path: Path) -> None:
    add(lock_path, "web")
    lock_path.chmod(0)
    with pytest.raises(LockFileError, match=r"cannot be read \(Permission denied\)"):
        LockFile.read(lock_path)


def test_a_folder_that_is_not_there_is_an_error_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(LockFileError, match="there is no directory"):
        add(tmp_path / "absent" / "lock.json", "web")
    assert not (tmp_path / "absent").exists()


def test_a_folder_in_the_file_s_place_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LockFileError, match="Is a directory"):
        LockFile.read(tmp_path)


def test_a_writer_killed_at_any_line_leaves_the_old_file_or_the_new_one(lock_path: Path) -> None:
    script = [sys.executable, "-c", KILLED_AT_EVERY_LINE, str(lock_path)]
    output = subprocess.run(script, check=True, capture_output=True, text=True).stdout.split()
    points, old, new, *left = output
    assert int(old) > 50
    assert int(new) > 1
    assert int(old) + int(new) == int(points)
    assert left == [lock_path.name]


@pytest.mark.parametrize("leaving", ["", SLOW_TO_LEAVE], ids=["at once", "slow to leave the lock"])
def test_ten_processes_at_once_leave_one_valid_file_with_all_entries(
    lock_path: Path, leaving: str
) -> None:
    script = [sys.executable, "-c", leaving + WRITER, str(lock_path)]
    writers = [subprocess.Popen([*script, f"app{number}", "5"]) for number in range(10)]
    assert [writer.wait() for writer in writers] == [0] * 10
    assert {str(key) for key in LockFile.read(lock_path).entries} == {
        f"ghcr.io/team/app{number}:{tag}" for number in range(10) for tag in range(5)
    }
    assert list(lock_path.parent.iterdir()) == [lock_path]
