"""The identities of calls to AWS, their order, and the error when none has access."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from pinned_images.errors import AccessDenied
from pinned_images.registry.aws.clients import Clients, invoke
from pinned_images.registry.aws.environments import Environment
from pinned_images.registry.aws.faults import AwsFault
from pinned_images.registry.aws.sessions import AwsSessions
from pinned_images.registry.settings import RegistrySettings
from tests.registry_aws.amazon import (
    HOME_ACCOUNT,
    OTHER_ACCOUNT,
    SECRET_KEY,
    Answer,
    FakeAws,
    access_denied,
    caller,
    error,
    soon,
    sts_error,
)

HOME = Environment(HOME_ACCOUNT, "eu-west-1")
OTHER = Environment(OTHER_ACCOUNT, "eu-west-1")
AMBIENT_KEY = "AKIAIOSFODNN7EXAMPLE"
ROLE_KEY = "ASIAROLE"


def ask(environment: Environment, sessions: AwsSessions | None = None) -> dict[str, Any]:
    return (sessions or AwsSessions()).call("ecr", "DescribeRegistry", environment, deadline=soon())


def refuse(fake_aws: FakeAws, key: str) -> None:
    """Let in everyone but those who sign with a key."""

    def answer(_: dict[str, Any]) -> Answer:
        if fake_aws.signers[-1] == ("DescribeRegistry", key):
            return access_denied("ecr:DescribeRegistry")
        return 200, {}

    fake_aws.answers["DescribeRegistry"] = answer


def test_in_their_own_account_the_ambient_credentials_are_enough(fake_aws: FakeAws) -> None:
    fake_aws.answers["DescribeRegistry"] = 200, {}

    ask(HOME)

    assert fake_aws.signers == [
        ("GetCallerIdentity", AMBIENT_KEY),
        ("DescribeRegistry", AMBIENT_KEY),
    ]


def test_refused_in_their_own_account_they_assume_the_lookup_role(fake_aws: FakeAws) -> None:
    refuse(fake_aws, AMBIENT_KEY)

    ask(HOME)

    assert fake_aws.signers[1:] == [
        ("DescribeRegistry", AMBIENT_KEY),
        ("AssumeRole", AMBIENT_KEY),
        ("DescribeRegistry", ROLE_KEY),
    ]


def test_in_another_account_the_lookup_role_goes_first(fake_aws: FakeAws) -> None:
    fake_aws.answers["DescribeRegistry"] = 200, {}

    ask(OTHER)

    assert fake_aws.signers[1:] == [("AssumeRole", AMBIENT_KEY), ("DescribeRegistry", ROLE_KEY)]


@pytest.mark.parametrize("obstacle", ["the role refuses us", "the role is refused"])
def test_in_another_account_a_policy_may_let_the_ambient_credentials_in(
    fake_aws: FakeAws, obstacle: str
) -> None:
    if obstacle == "the role refuses us":
        fake_aws.answers["DescribeRegistry"] = 200, {}
        fake_aws.answers["AssumeRole"] = sts_error("AccessDenied", "no")
    else:
        refuse(fake_aws, ROLE_KEY)

    ask(OTHER)

    assert fake_aws.signers[-1] == ("DescribeRegistry", AMBIENT_KEY)


ROLES = {
    "the CDK's default": (
        RegistrySettings(),
        "eu-west-1",
        f"arn:aws:iam::{OTHER_ACCOUNT}:role/cdk-hnb659fds-lookup-role-{OTHER_ACCOUNT}-eu-west-1",
    ),
    "a qualifier of one's own": (
        RegistrySettings(bootstrap_qualifier="myteam"),
        "eu-west-1",
        f"arn:aws:iam::{OTHER_ACCOUNT}:role/cdk-myteam-lookup-role-{OTHER_ACCOUNT}-eu-west-1",
    ),
    "China": (
        RegistrySettings(bootstrap_qualifier="myteam"),
        "cn-north-1",
        f"arn:aws-cn:iam::{OTHER_ACCOUNT}:role/cdk-myteam-lookup-role-{OTHER_ACCOUNT}-cn-north-1",
    ),
    "a role that was named": (
        RegistrySettings(ecr_roles={OTHER_ACCOUNT: f"arn:aws:iam::{OTHER_ACCOUNT}:role/reader"}),
        "eu-west-1",
        f"arn:aws:iam::{OTHER_ACCOUNT}:role/reader",
    ),
    "a role that was named for another account": (
        RegistrySettings(ecr_roles={HOME_ACCOUNT: f"arn:aws:iam::{HOME_ACCOUNT}:role/reader"}),
        "eu-west-1",
        f"arn:aws:iam::{OTHER_ACCOUNT}:role/cdk-hnb659fds-lookup-role-{OTHER_ACCOUNT}-eu-west-1",
    ),
}


@pytest.mark.parametrize(("settings", "region", "role"), ROLES.values(), ids=ROLES.keys())
def test_which_role_is_assumed(
    fake_aws: FakeAws, settings: RegistrySettings, region: str, role: str
) -> None:
    fake_aws.answers["DescribeRegistry"] = 200, {}

    ask(Environment(OTHER_ACCOUNT, region), AwsSessions(settings))

    (parameters,) = fake_aws.asked("AssumeRole")
    assert parameters["RoleArn"] == role


def test_roles_and_their_refusals_are_remembered(fake_aws: FakeAws) -> None:
    fake_aws.answers["DescribeRegistry"] = 200, {}
    sessions = AwsSessions()
    refused = Environment(OTHER_ACCOUNT, "us-east-1")

    def assume(parameters: dict[str, Any]) -> Answer:
        if parameters["RoleArn"].endswith("us-east-1"):
            return sts_error("AccessDenied", "no")
        return granted

    granted: Answer = fake_aws.answers["AssumeRole"]  # type: ignore[assignment]
    fake_aws.answers["AssumeRole"] = assume

    for environment in (OTHER, refused, OTHER, refused):
        ask(environment, sessions)

    assert len(fake_aws.asked("AssumeRole")) == 2
    assert len(fake_aws.asked("GetCallerIdentity")) == 1


def test_where_the_account_cannot_be_learned_the_ambient_credentials_go_first(
    fake_aws: FakeAws,
) -> None:
    fake_aws.answers["GetCallerIdentity"] = 500, "<ErrorResponse/>"
    fake_aws.answers["DescribeRegistry"] = 200, {}

    ask(OTHER)

    assert fake_aws.signers[1:] == [("DescribeRegistry", AMBIENT_KEY)]


def test_no_account_means_that_of_the_credentials(fake_aws: FakeAws) -> None:
    fake_aws.answers["DescribeRegistry"] = access_denied("ecr:DescribeRegistry")

    with pytest.raises(AwsFault) as raised:
        ask(Environment(None, "eu-west-1"))

    assert "AssumeRole" not in [operation for operation, _ in fake_aws.requests]
    assert raised.value.remedy == "allow ecr:DescribeRegistry to one of them"


@pytest.mark.usefixtures("fake_aws")
class TestWithoutCredentials:
    @pytest.fixture(autouse=True)
    def no_keys(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name)

    def refusal(self) -> AwsFault:
        with pytest.raises(AwsFault) as raised:
            ask(HOME)
        assert raised.value.kind is AccessDenied
        return raised.value

    def test_the_user_is_told_how_to_sign_in(self, fake_aws: FakeAws) -> None:
        fault = self.refusal()

        assert fault.cause == "there are no AWS credentials to ask with"
        assert "AWS_PROFILE" in fault.remedy
        assert fake_aws.requests == []

    def test_a_profile_that_is_not_there_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_PROFILE", "nowhere")

        assert "nowhere" in self.refusal().cause

    def test_half_a_key_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", AMBIENT_KEY)

        assert "AWS_SECRET_ACCESS_KEY" in self.refusal().cause

    def test_an_sso_session_that_was_never_signed_in_is_told(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "config").write_text(
            "[profile dev]\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = r\n"
            "[sso-session s]\nsso_start_url = https://sso.invalid\nsso_region = eu-west-1\n"
        )
        monkeypatch.setenv("AWS_PROFILE", "dev")

        fault = self.refusal()

        assert "cannot be used" in fault.cause
        assert "aws sso login" in fault.remedy

    def test_what_a_credential_process_prints_is_not_repeated(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        program = tmp_path / "helper.py"
        program.write_text("import sys; sys.exit('hunter2')")
        (tmp_path / "config").write_text(
            f"[profile dev]\ncredential_process = {sys.executable} {program}\n"
        )
        monkeypatch.setenv("AWS_PROFILE", "dev")

        fault = self.refusal()

        assert fault.cause == "the credential_process of the AWS profile dev failed"
        assert "hunter2" not in f"{fault.cause}{fault.remedy}"

    def test_the_keys_of_a_profile_are_used(
        self, fake_aws: FakeAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "credentials").write_text(
            f"[dev]\naws_access_key_id = AKIADEV\naws_secret_access_key = {SECRET_KEY}\n"
        )
        monkeypatch.setenv("AWS_PROFILE", "dev")
        fake_aws.answers["DescribeRegistry"] = 200, {}

        ask(HOME)

        assert {key for _, key in fake_aws.signers} == {"AKIADEV"}


def test_credentials_that_expired_are_not_tried_any_further(fake_aws: FakeAws) -> None:
    fake_aws.answers["GetCallerIdentity"] = sts_error("ExpiredToken", "expired")
    sessions = AwsSessions()

    for environment in (HOME, OTHER):
        with pytest.raises(AwsFault, match="have expired"):
            ask(environment, sessions)

    assert len(fake_aws.requests) == 1


@pytest.mark.parametrize(
    "environment",
    [
        Environment(HOME_ACCOUNT, "us-east-1", fips=True),
        Environment(HOME_ACCOUNT, "us-east-1", dual_stack=True),
        Environment(HOME_ACCOUNT, "us-east-1", fips=True, dual_stack=True),
    ],
    ids=["fips", "dual-stack", "both"],
)
def test_an_endpoint_that_the_user_chose_goes_before_the_host_s_variants(
    fake_aws: FakeAws, environment: Environment
) -> None:
    fake_aws.answers["DescribeRegistry"] = 200, {}

    ask(environment)

    assert len(fake_aws.asked("DescribeRegistry")) == 1


@pytest.mark.parametrize("dual_stack", [False, True], ids=["IPv4", "dual-stack"])
@pytest.mark.parametrize("fips", [False, True], ids=["standard", "fips"])
def test_the_api_is_asked_over_the_kind_of_endpoint_that_the_host_names(
    *, fips: bool, dual_stack: bool
) -> None:
    asked: list[str] = []

    class Stop(Exception):
        pass

    def note(request: Any, **_: object) -> None:
        asked.append(request.url.rstrip("/"))
        raise Stop

    clients = Clients(5.0)
    environment = Environment(HOME_ACCOUNT, "us-east-1", fips=fips, dual_stack=dual_stack)
    client = clients.get("ecr", environment, "", {})
    client.meta.events.register_first("before-send", note)
    with pytest.raises(Stop):
        invoke(client, "DescribeRegistry", {}, soon())
    clients.close()

    (url,) = asked
    assert ("ecr-fips." in url) is fips
    assert url.endswith("us-east-1.api.aws" if dual_stack else "us-east-1.amazonaws.com")


def test_the_number_of_attempts_is_the_user_s(
    fake_aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    fake_aws.answers["DescribeRegistry"] = 500, error("ServerException")

    with pytest.raises(AwsFault, match="every time it was asked"):
        ask(HOME)

    assert len(fake_aws.asked("DescribeRegistry")) == 2


def test_another_account_is_recognized_by_what_sts_says(fake_aws: FakeAws) -> None:
    fake_aws.answers["GetCallerIdentity"] = caller(OTHER_ACCOUNT)
    fake_aws.answers["DescribeRegistry"] = 200, {}

    ask(OTHER)

    assert fake_aws.asked("AssumeRole") == []
