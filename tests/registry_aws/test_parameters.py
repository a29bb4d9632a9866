"""Values of SSM parameters."""

from __future__ import annotations

import time
from typing import Any, Literal

import pytest

from pinned_images.errors import AccessDenied, ImageNotFound, RegistryUnavailable, ResolutionError
from pinned_images.registry.aws.parameters import Parameter, fetch_parameters
from tests.registry_aws.amazon import (
    HOME_ACCOUNT,
    OTHER_ACCOUNT,
    Answer,
    FakeAws,
    Moto,
    access_denied,
    error,
    soon,
)

FLUENT_BIT = "/aws/service/aws-for-fluent-bit/stable"


def put(
    moto: Moto,
    *parameters: tuple[str, str],
    kind: Literal["String", "SecureString"] = "String",
    account: str = HOME_ACCOUNT,
) -> None:
    ssm = moto.client("ssm", "eu-west-1", account)
    for name, value in parameters:
        ssm.put_parameter(Name=name, Value=value, Type=kind, Overwrite=True)
    ssm.close()


def here(name: str) -> Parameter:
    return Parameter(HOME_ACCOUNT, "eu-west-1", name)


def test_parameters_are_read_in_batches_of_ten_in_each_environment(moto: Moto) -> None:
    values = {f"/app/{number}": f"nginx:{number}" for number in range(25)}
    put(moto, *values.items())
    put(moto, ("/app/0", "nginx:other"), account=OTHER_ACCOUNT)
    expected = {here(name): value for name, value in values.items()}
    expected[Parameter(OTHER_ACCOUNT, "eu-west-1", "/app/0")] = "nginx:other"
    moto.forget()

    assert fetch_parameters(expected, soon()) == expected
    assert moto.operations == {"GetParameters": 4, "GetCallerIdentity": 1, "AssumeRole": 1}


def test_a_parameter_that_is_missing_hurts_no_other(moto: Moto) -> None:
    put(moto, ("/app/image", "nginx:1"))

    outcomes = fetch_parameters([here("/app/image"), here("/app/nowhere")], soon())

    assert outcomes[here("/app/image")] == "nginx:1"
    missing = outcomes[here("/app/nowhere")]
    assert isinstance(missing, ImageNotFound)
    assert f"'/app/nowhere' in account {HOME_ACCOUNT}, eu-west-1" in str(missing)


def test_versions_of_a_parameter_are_told_apart(moto: Moto) -> None:
    put(moto, ("/app/image", "nginx:1"), ("/app/image", "nginx:2"))

    outcomes = fetch_parameters([here("/app/image:1"), here("/app/image")], soon())

    assert outcomes == {here("/app/image:1"): "nginx:1", here("/app/image"): "nginx:2"}


def test_a_secure_string_is_refused(moto: Moto) -> None:
    put(moto, ("/app/image", "hunter2"), kind="SecureString")

    refused = fetch_parameters([here("/app/image")], soon())[here("/app/image")]

    assert isinstance(refused, ResolutionError)
    assert "SecureString" in str(refused)
    assert "hunter2" not in str(refused)


def test_without_an_account_the_ambient_credentials_read_a_public_parameter(
    fake_aws: FakeAws,
) -> None:
    fake_aws.answers["GetParameters"] = (
        200,
        {"Parameters": [{"Name": FLUENT_BIT, "Type": "String", "Value": "fluent-bit:2"}]},
    )
    parameter = Parameter(None, "eu-west-1", FLUENT_BIT)

    assert fetch_parameters([parameter], soon()) == {parameter: "fluent-bit:2"}
    assert fake_aws.asked("AssumeRole") == []


def test_a_shared_parameter_is_known_by_its_arn(fake_aws: FakeAws) -> None:
    arn = f"arn:aws:ssm:eu-west-1:{OTHER_ACCOUNT}:parameter/app/image"
    answer = {"Name": "/app/image", "ARN": arn, "Type": "String", "Value": "nginx:1"}
    fake_aws.answers["GetParameters"] = 200, {"Parameters": [answer]}

    assert fetch_parameters([here(arn)], soon()) == {here(arn): "nginx:1"}


SPOILERS = {
    "a malformed name": (400, error("ValidationException", "Parameter name must be ...")),
    "a name that is not allowed": access_denied("ssm:GetParameters"),
}


@pytest.mark.parametrize("spoiler", SPOILERS.values(), ids=SPOILERS.keys())
def test_one_name_that_fails_its_batch_hurts_no_other(fake_aws: FakeAws, spoiler: Answer) -> None:
    def answer(parameters: dict[str, Any]) -> Answer:
        if "/bad" in parameters["Names"]:
            return spoiler
        return 200, {
            "Parameters": [
                {"Name": name, "Type": "String", "Value": name} for name in parameters["Names"]
            ]
        }

    fake_aws.answers["GetParameters"] = answer
    names = ["/a", "/b", "/bad", "/c"]

    outcomes = fetch_parameters([here(name) for name in names], soon())

    assert {name: outcomes[here(name)] for name in ("/a", "/b", "/c")} == {
        "/a": "/a",
        "/b": "/b",
        "/c": "/c",
    }
    assert isinstance(outcomes[here("/bad")], ResolutionError)


def test_no_permission_names_the_action(fake_aws: FakeAws) -> None:
    fake_aws.answers["GetParameters"] = access_denied("ssm:GetParameters")

    refused = fetch_parameters([here("/a")], soon())[here("/a")]

    assert isinstance(refused, AccessDenied)
    assert "allow ssm:GetParameters to one of them" in str(refused)


def test_after_the_deadline_nothing_is_asked(fake_aws: FakeAws) -> None:
    outcomes = fetch_parameters([here("/a")], time.monotonic() - 1)

    assert isinstance(outcomes[here("/a")], RegistryUnavailable)
    assert fake_aws.requests == []
