"""SSM parameters from the lock file, and missing ones from AWS."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from pinned_images.cloudformation.outcomes import SsmParameter
from pinned_images.errors import LockFileError
from pinned_images.lockfile import LockedParameters, LockFile, ParameterKey, UpdateMode
from pinned_images.problem import Problem

ACCOUNT = "123456789012"
WEB = SsmParameter("/shop/web", None, ACCOUNT, "eu-west-1")
JOBS = SsmParameter("/shop/jobs", 3, ACCOUNT, "eu-west-1")


class Store:
    """Parameter Store as a table, which records requests."""

    def __init__(self, values: dict[SsmParameter, str]) -> None:
        self.values = values
        self.asked: list[str] = []

    def __call__(self, parameters: Iterable[SsmParameter]) -> dict[SsmParameter, str | Problem]:
        wanted = list(parameters)
        self.asked += map(str, wanted)
        return {each: self.values[each] for each in wanted}


def no_one(_: Iterable[SsmParameter]) -> dict[SsmParameter, str | Problem]:
    raise AssertionError("nobody is to be asked")


def keep(path: Path, values: dict[SsmParameter, str], mode: UpdateMode = "missing") -> None:
    LockedParameters(no_one, path, mode).keep(values)


def stored(path: Path) -> dict[str, str]:
    return {str(key): value for key, value in LockFile.read(path).parameters.items()}


def test_what_the_file_lacks_is_read_and_what_it_holds_is_not(lock_path: Path) -> None:
    keep(lock_path, {WEB: "nginx:1"})
    store = Store({JOBS: "redis:7"})
    assert LockedParameters(store, lock_path).read([WEB, JOBS]) == {WEB: "nginx:1", JOBS: "redis:7"}
    assert store.asked == ["/shop/jobs:3"]


def test_what_is_kept_is_added_to_the_file_and_what_stands_there_stays(lock_path: Path) -> None:
    keep(lock_path, {WEB: "nginx:1"})
    keep(lock_path, {JOBS: "redis:7"})
    assert stored(lock_path) == {
        f"{ACCOUNT} eu-west-1 /shop/jobs:3": "redis:7",
        f"{ACCOUNT} eu-west-1 /shop/web": "nginx:1",
    }


def test_nothing_is_kept_before_it_is_known_to_name_an_image(lock_path: Path) -> None:
    LockedParameters(Store({WEB: "nginx:1"}), lock_path).read([WEB])
    assert not lock_path.exists()


def test_always_reads_again_and_replaces(lock_path: Path) -> None:
    keep(lock_path, {WEB: "nginx:1", JOBS: "redis:7"})
    parameters = LockedParameters(Store({WEB: "nginx:2"}), lock_path, "always")
    assert parameters.read([WEB]) == {WEB: "nginx:2"}
    parameters.keep({WEB: "nginx:2"})
    assert list(stored(lock_path).values()) == ["redis:7", "nginx:2"]


def test_never_names_the_parameter_and_the_command_and_asks_nobody(
    lock_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("PINNED_IMAGES_UPDATE", "CDK_LOOKUPS"):
        monkeypatch.delenv(variable, raising=False)
    keep(lock_path, {WEB: "nginx:1"})
    before = lock_path.read_bytes()
    parameters = LockedParameters(no_one, lock_path, "never")
    answers = parameters.read([WEB, JOBS])
    parameters.keep({JOBS: "redis:7"})
    assert answers[WEB] == "nginx:1"
    assert f"'{ACCOUNT} eu-west-1 /shop/jobs:3', which is not in the lock file" in str(
        answers[JOBS]
    )
    assert "`cdk synth -c pinned-images:update=missing`" in str(answers[JOBS])
    assert lock_path.read_bytes() == before


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(WEB._replace(account="210987654321"), id="account"),
        pytest.param(WEB._replace(region="us-east-1"), id="region"),
        pytest.param(WEB._replace(version=1), id="version"),
        pytest.param(WEB._replace(name="/shop/we"), id="name"),
    ],
)
def test_a_parameter_that_differs_in_one_thing_is_another(
    lock_path: Path, other: SsmParameter
) -> None:
    keep(lock_path, {WEB: "nginx:1"})
    answers = LockedParameters(Store({other: "nginx:2"}), lock_path).read([other])
    assert answers == {other: "nginx:2"}


def test_a_parameter_that_aws_publishes_is_the_same_in_all_accounts(lock_path: Path) -> None:
    public = SsmParameter("/aws/service/router", None, ACCOUNT, "eu-west-1")
    keep(lock_path, {public: "nginx:1"})
    elsewhere = public._replace(account=None)
    assert stored(lock_path) == {"eu-west-1 /aws/service/router": "nginx:1"}
    assert LockedParameters(no_one, lock_path).read([elsewhere]) == {elsewhere: "nginx:1"}


@pytest.mark.parametrize(
    "parameter",
    [
        pytest.param(WEB._replace(account=None), id="account"),
        pytest.param(WEB._replace(region=None), id="region"),
    ],
)
def test_a_parameter_of_nobody_knows_whom_is_read_and_not_kept(
    lock_path: Path, parameter: SsmParameter
) -> None:
    parameters = LockedParameters(Store({parameter: "nginx:1"}), lock_path)
    assert parameters.read([parameter]) == {parameter: "nginx:1"}
    parameters.keep({parameter: "nginx:1"})
    assert not lock_path.exists()
    frozen = LockedParameters(no_one, lock_path, "never").read([parameter])
    assert "Give the stack an environment" in str(frozen[parameter])


@pytest.mark.parametrize("value", ["", "two words", '{"password": "x"}', "nginx:1\n", "x" * 2001])
def test_a_value_that_can_be_no_part_of_an_image_s_name_is_never_written(
    lock_path: Path, value: str
) -> None:
    keep(lock_path, {WEB: value}, "always")
    assert not lock_path.exists()


def test_a_value_that_another_synth_has_just_put_there_stops_this_one(lock_path: Path) -> None:
    parameters = LockedParameters(Store({WEB: "nginx:2"}), lock_path)
    parameters.read([WEB])
    keep(lock_path, {WEB: "nginx:1"})
    with pytest.raises(LockFileError, match=r"eu-west-1 /shop/web'.*synthesize again"):
        parameters.keep({WEB: "nginx:2"})
    assert list(stored(lock_path).values()) == ["nginx:1"]


@pytest.mark.parametrize("mode", ["missing", "always", "never"])
def test_a_broken_file_stops_the_synth_in_every_mode(lock_path: Path, mode: UpdateMode) -> None:
    lock_path.write_text(json.dumps({"version": 2}))
    with pytest.raises(LockFileError, match="line 1"):
        LockedParameters(no_one, lock_path, mode).read([WEB])


def test_a_key_reads_as_it_is_written() -> None:
    for text in (f"{ACCOUNT} eu-west-1 /shop/web:3", "eu-west-1 /aws/service/router"):
        assert str(ParameterKey.parse(text)) == text
