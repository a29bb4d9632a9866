"""The lock file that needs no name: the one in the working directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinned_images.lockfile import LockFile, default_lock_file, no_default_lock_file
from pinned_images.options import Options
from pinned_images.testing import FixedResolver, RegistryServer

NAME = Path("pinned-images.lock.json")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a lock file."""
    (tmp_path / NAME).write_text(LockFile().render(), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_is_the_one_in_the_working_directory(folder: Path) -> None:
    assert default_lock_file() == NAME
    NAME.unlink()
    assert default_lock_file() is None
    NAME.symlink_to("elsewhere.json")
    assert default_lock_file() == NAME


def test_it_is_not_looked_for_in_folders_above_or_below(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "app").mkdir()
    monkeypatch.chdir(folder / "app")
    assert default_lock_file() is None


def test_what_has_its_name_and_is_no_file_is_not_passed_over() -> None:
    NAME.unlink()
    NAME.mkdir()
    assert default_lock_file() == NAME


def test_it_is_not_used_with_mirrors_of_the_test_kit() -> None:
    def lock_file(mirrors: dict[str, str], **context: str) -> object:
        options = Options.of({"mirrors": mirrors})
        return options.with_settings(context, {}, default_lock_file()).lock_file

    with RegistryServer() as registry, RegistryServer() as other:
        registry.push("ghcr.io/org/app:1")
        mirrors = registry.mirrors
        other.stop()
        assert lock_file(mirrors) is None
        assert lock_file({"docker.io": "https://mirror.example"}) == NAME
        assert lock_file({}) == NAME
        assert lock_file({}, **{"pinned-images:mirrors": f"ghcr.io={registry.url}"}) is None
        assert lock_file(mirrors, **{"pinned-images:lock-file": "a.json"}) == Path("a.json")
    assert lock_file(mirrors) == NAME


def test_it_can_be_ignored_in_one_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with no_default_lock_file(folder):
        assert default_lock_file() is None
        (folder / "other").mkdir()
        monkeypatch.chdir(folder / "other")
        NAME.write_text(LockFile().render(), encoding="utf-8")
        assert default_lock_file() == NAME


#: Whether the argument, the context and the environment name a file, decline one, or say nothing.
LEVELS = [
    pytest.param({}, {}, {}, NAME, id="nothing"),
    pytest.param({"lock_file": None}, {}, {}, False, id="argument declines"),
    pytest.param({"lock_file": "a"}, {"lock-file": False}, {}, False, id="context declines"),
    pytest.param({}, {"lock-file": "False"}, {}, False, id="-c declines"),
    pytest.param({"lock_file": None}, {"lock-file": "b"}, {}, Path("b"), id="context names one"),
    pytest.param({"lock_file": None}, {"lock-file": None}, {}, False, id="null is left out"),
    pytest.param({}, {"lock-file": "b"}, {"LOCK_FILE": "false"}, False, id="variable declines"),
    pytest.param({}, {"lock-file": False}, {"LOCK_FILE": "c"}, Path("c"), id="variable names one"),
    pytest.param({}, {"lock-file": False}, {"LOCK_FILE": ""}, False, id="empty variable"),
    pytest.param({"resolver": FixedResolver.derived()}, {}, {}, None, id="resolver"),
    pytest.param(
        {"resolver": FixedResolver.derived(), "lock_file": "a"}, {}, {}, Path("a"), id="both"
    ),
    pytest.param(
        {"resolver": FixedResolver.derived()},
        {"lock-file": "b"},
        {},
        Path("b"),
        id="resolver, and context names one",
    ),
]


@pytest.mark.parametrize(("arguments", "context", "environment", "expected"), LEVELS)
@pytest.mark.parametrize("as_one_object", [True, False], ids=["object", "keys"])
def test_every_level_can_name_one_or_decline_it(
    arguments: dict[str, object],
    context: dict[str, object],
    environment: dict[str, str],
    expected: object,
    *,
    as_one_object: bool,
) -> None:
    keys = {f"pinned-images:{key}": value for key, value in context.items()}
    options = Options.of(arguments).with_settings(
        {"pinned-images": context} if as_one_object else keys,
        {f"PINNED_IMAGES_{name}": value for name, value in environment.items()},
        default_lock_file(),
    )
    assert options.lock_file == expected


def test_lookups_that_are_off_freeze_it_and_nothing_else() -> None:
    environment = {"CDK_LOOKUPS": "false"}
    assert Options().with_settings({}, environment, default_lock_file()).update == "never"
    declined = Options.of({"lock_file": None})
    assert declined.with_settings({}, environment, default_lock_file()).update is None
