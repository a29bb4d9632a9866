"""The commands with SSM parameters, against moto and a registry."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from pinned_images.cloudformation.outcomes import SsmParameter
from pinned_images.lockfile import LockedParameters, LockFile
from pinned_images.report import SiteRecord, SynthReport
from pinned_images.testing.registry_server import RegistryServer
from tests.cli.schemas import validate
from tests.registry_aws.amazon import HOME_ACCOUNT, Moto

Run = Callable[..., Result]

KEY = f"{HOME_ACCOUNT} eu-west-1 /shop/web"


@dataclass
class Store:
    """The parameter ``/shop/web``, in Parameter Store and in the lock file."""

    moto: Moto
    lock: Any

    def put(self, value: str) -> None:
        ssm = self.moto.client("ssm", "eu-west-1")
        ssm.put_parameter(Name="/shop/web", Value=value, Type="String", Overwrite=True)
        ssm.close()

    def delete(self) -> None:
        ssm = self.moto.client("ssm", "eu-west-1")
        ssm.delete_parameter(Name="/shop/web")
        ssm.close()

    def locked(self) -> dict[str, str]:
        lock = LockFile.read(self.lock.path)
        return {str(key): value for key, value in lock.parameters.items()}


@pytest.fixture
def web(registry: RegistryServer) -> str:
    registry.push("team/web:1", platforms=("linux/amd64", "linux/arm64"))
    return f"{registry.host}/team/web:1"


@pytest.fixture
def store(moto: Moto, lock: Any, web: str) -> Store:
    """The parameter names the image ``web``, and a synth has locked both."""
    found = Store(moto, lock)
    found.put(web)
    lock.add(web, platform="linux/arm64")
    parameter = SsmParameter("/shop/web", None, HOME_ACCOUNT, "eu-west-1")
    LockedParameters(lambda _: {}, lock.path).keep({parameter: web})
    return found


def test_lock_shows_parameters_below_the_images(run: Run, store: Store, web: str) -> None:
    result = run("lock")
    assert result.stdout.index(web) < result.stdout.index(KEY)
    assert "1 image and 1 SSM parameter in pinned-images.lock.json" in result.stdout
    assert run("lock", "--json").stdout == store.lock.text


def test_update_takes_over_a_new_value_with_the_digest_of_its_image(
    run: Run, store: Store, registry: RegistryServer, web: str
) -> None:
    new = registry.push("team/web:2", platforms=("linux/amd64", "linux/arm64"))
    store.put(f"{registry.host}/team/web:2")
    result = run("lock", "update")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-3:] == [
        KEY,
        f"  Old  {web}",
        f"  New  {registry.host}/team/web:2",
    ]
    assert result.stderr == "0 of 1 image moved, 1 of 1 parameter changed.\n"
    assert store.locked() == {KEY: f"{registry.host}/team/web:2"}
    images = json.loads(store.lock.text)["images"]
    assert images[f"{registry.host}/team/web:2"]["digest"] == new
    assert images[f"{registry.host}/team/web:2"]["platforms"] == ["linux/amd64", "linux/arm64"]


@pytest.mark.parametrize("pattern", ["/shop/web", "/shop/*", KEY, f"{HOME_ACCOUNT} *"])
def test_update_knows_a_parameter_by_name_and_by_pattern(
    run: Run, store: Store, registry: RegistryServer, pattern: str
) -> None:
    registry.push("team/web:2", platforms=("linux/amd64", "linux/arm64"))
    store.put(f"{registry.host}/team/web:2")
    assert run("lock", "update", pattern).exit_code == 0
    assert store.locked() == {KEY: f"{registry.host}/team/web:2"}


def test_update_of_an_image_leaves_parameters_alone(
    run: Run, store: Store, registry: RegistryServer, web: str
) -> None:
    registry.push("team/web:2")
    store.put(f"{registry.host}/team/web:2")
    result = run("lock", "update", web)
    assert result.stderr == "0 of 1 image moved.\n"
    assert store.locked() == {KEY: web}


@pytest.mark.parametrize("command", ["lock update", "outdated", "outdated --json", "lock verify"])
@pytest.mark.parametrize("secret", ["hunter2", "hunter 2"])
def test_a_new_value_that_is_no_image_is_neither_told_nor_written(
    run: Run, store: Store, web: str, command: str, secret: str
) -> None:
    store.put(secret)
    before = store.lock.text
    result = run(*command.split(), "--mirror", f"docker.io=http://{web.partition('/')[0]}")
    assert result.exit_code == 1
    assert f"SSM parameter '{KEY}'" in result.stderr
    assert "hunter" not in result.output
    assert store.lock.text == before


@pytest.mark.parametrize("command", ["lock update --dry-run --json", "outdated --json"])
def test_a_new_value_about_which_no_registry_answers_is_not_known(
    run: Run, store: Store, command: str
) -> None:
    store.put("hunter2")
    result = run(*command.split(), "--mirror", "docker.io=http://127.0.0.1:1")
    assert result.exit_code == 3
    assert "hunter" not in result.output
    found = json.loads(result.stdout)
    validate(command.split(" --", maxsplit=1)[0].replace(" ", "-"), found)
    assert (found["problems"], [each["parameter"] for each in found["unknown"]]) == ([], [KEY])


@pytest.mark.parametrize("command", ["lock update", "outdated", "lock verify"])
@pytest.mark.parametrize("new", ["team/web:2", "other/web:1", "", None])
def test_the_json_about_parameters_is_as_its_schema_says(
    run: Run, store: Store, registry: RegistryServer, command: str, new: str | None
) -> None:
    registry.push("team/web:2")
    if new is None:
        store.delete()
    else:
        store.put(f"{registry.host}/{new}" if new else "hunter2")
    result = run(*command.split(), "--json", "--mirror", f"docker.io={registry.url}")
    found = json.loads(result.stdout)
    validate(command.replace(" ", "-"), found)
    assert "hunter2" not in result.output
    assert bool(found["problems"]) == (result.exit_code == 1)


def test_update_says_how_a_part_of_a_name_is_installed(run: Run, moto: Moto, lock: Any) -> None:
    found = Store(moto, lock)
    parameter = SsmParameter("/shop/web", None, HOME_ACCOUNT, "eu-west-1")
    LockedParameters(lambda _: {}, lock.path).keep({parameter: "1.27"})
    found.put("1.28")
    result = run("lock", "update")
    assert result.exit_code == 1
    assert "is only a part of an image's name" in result.stderr
    assert "`cdk synth -c pinned-images:update=always`" in result.stderr
    assert found.locked() == {KEY: "1.27"}


def test_update_takes_over_a_value_that_carries_its_digest(run: Run, moto: Moto, lock: Any) -> None:
    found = Store(moto, lock)
    parameter = SsmParameter("/shop/web", None, HOME_ACCOUNT, "eu-west-1")
    old, new = (f"nginx:1.27@sha256:{digit * 64}" for digit in "12")
    LockedParameters(lambda _: {}, lock.path).keep({parameter: old})
    found.put(new)
    assert run("lock", "update").exit_code == 0
    assert found.locked() == {KEY: new}


def test_a_parameter_that_cannot_be_read_is_named_and_stays(
    run: Run, store: Store, web: str
) -> None:
    store.delete()
    result = run("lock", "update")
    assert result.exit_code == 1
    assert "The SSM parameter '/shop/web' in account" in result.stderr
    assert "there is no such parameter" in result.stderr
    assert store.locked() == {KEY: web}


def test_outdated_shows_a_parameter_that_names_another_image(
    run: Run, store: Store, registry: RegistryServer, web: str
) -> None:
    assert run("outdated", "--exit-code").exit_code == 0
    registry.push("team/web:2")
    new = f"{registry.host}/team/web:2"
    store.put(new)
    before = store.lock.text
    assert run("outdated").exit_code == 0
    assert run("outdated", "--exit-code").exit_code == 1
    assert json.loads(run("outdated", "--json").stdout)["changed"] == [
        {"parameter": KEY, "locked": web, "now": new}
    ]
    assert store.lock.text == before


def test_verify_passes_where_the_parameter_names_another_tag(
    run: Run, store: Store, registry: RegistryServer
) -> None:
    store.put(f"{registry.host}/team/web:2")
    result = run("lock", "verify")
    assert (result.exit_code, result.stderr) == (
        0,
        "1 of 1 image, 1 of 1 parameter verified.\n",
    )


def test_verify_fails_where_the_parameter_names_another_repository(
    run: Run, store: Store, registry: RegistryServer
) -> None:
    store.put(f"{registry.host}/other/web:1")
    result = run("lock", "verify")
    assert result.exit_code == 1
    assert f"Error: The SSM parameter '{KEY}' names another repository now" in result.stderr
    assert "1 of 1 image, 0 of 1 parameter verified." in result.stderr


def test_verify_fails_where_the_parameter_is_gone(run: Run, store: Store) -> None:
    store.delete()
    result = run("lock", "verify")
    assert result.exit_code == 1
    assert "there is no such parameter" in result.stderr


@pytest.mark.parametrize("used", [True, False], ids=["used", "unused"])
def test_prune_drops_a_parameter_that_no_image_is_read_from(
    run: Run,
    store: Store,
    web: str,
    folder: Path,
    used: bool,  # noqa: FBT001 - a parameter of pytest's
) -> None:
    record = SiteRecord(
        "S", "S/T", "AWS::ECS::TaskDefinition", "Image", web, "lock-file", parameters=(KEY,) * used
    )
    (folder / "cdk.out").mkdir()
    SynthReport.of([record]).write(folder / "cdk.out")
    result = run("lock", "prune")
    assert result.stdout == ("" if used else f"{KEY}\n")
    assert store.locked() == ({KEY: web} if used else {})
