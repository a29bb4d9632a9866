"""Registry credentials out of Secrets Manager, and the silence about them."""

from __future__ import annotations

import logging
import traceback

import pytest

from pinned_images.errors import AccessDenied, RegistryUnavailable, ResolutionError
from pinned_images.registry.auth import Credentials
from pinned_images.registry.aws.ecr import EcrResolver
from pinned_images.registry.aws.secrets import fetch_registry_credentials
from pinned_images.registry.aws.sessions import AwsSessions
from tests.registry_aws.amazon import (
    HOME_ACCOUNT,
    OTHER_ACCOUNT,
    SECRET_KEY,
    SESSION_TOKEN,
    Answer,
    FakeAws,
    Moto,
    access_denied,
    error,
    host_of,
    image_answer,
    manifest_of,
    request_for,
    soon,
)

ARN = f"arn:aws:secretsmanager:eu-west-1:{HOME_ACCOUNT}:secret:registry-AbCdEf"
PASSWORD = "correct-horse-battery"


def create_secret(moto: Moto, text: str, account: str = HOME_ACCOUNT) -> str:
    client = moto.client("secretsmanager", "eu-west-1", account)
    arn: str = client.create_secret(Name="registry", SecretString=text)["ARN"]
    client.close()
    moto.forget()
    return arn


def test_user_name_and_password_are_read(moto: Moto) -> None:
    arn = create_secret(moto, f'{{"username": "alice", "password": "{PASSWORD}"}}')

    assert fetch_registry_credentials(arn, soon()) == Credentials("alice", PASSWORD)
    assert moto.operations == {"GetCallerIdentity": 1, "GetSecretValue": 1}


def test_in_another_account_a_role_is_assumed(moto: Moto) -> None:
    arn = create_secret(moto, '{"username": "bob", "password": "x"}', OTHER_ACCOUNT)

    assert fetch_registry_credentials(arn, soon()) == Credentials("bob", "x")
    assert moto.operations["AssumeRole"] == 1


def test_a_secret_that_is_not_there_is_named(moto: Moto) -> None:
    with pytest.raises(AccessDenied, match="there is no such secret") as raised:
        fetch_registry_credentials(ARN, soon())

    assert ARN in str(raised.value)


@pytest.mark.parametrize("text", ["registry", "", "arn:aws:s3:::bucket", f"x{ARN}"])
def test_what_is_no_arn_of_a_secret_is_refused(text: str) -> None:
    with pytest.raises(AccessDenied, match="name it by its whole ARN"):
        fetch_registry_credentials(text, soon())


CONTENTS = {
    "no JSON": PASSWORD,
    "no object": f'["{PASSWORD}"]',
    "no user name": f'{{"password": "{PASSWORD}"}}',
    "no password": f'{{"username": "{PASSWORD}"}}',
    "an empty password": f'{{"username": "{PASSWORD}", "password": ""}}',
    "a number": f'{{"username": "{PASSWORD}", "password": 7}}',
}


@pytest.mark.parametrize("text", CONTENTS.values(), ids=CONTENTS.keys())
def test_a_secret_of_another_form_is_an_error_that_does_not_repeat_it(
    moto: Moto, text: str
) -> None:
    arn = create_secret(moto, text)

    with pytest.raises(AccessDenied, match="'username' and 'password'") as raised:
        fetch_registry_credentials(arn, soon())

    assert PASSWORD not in "".join(traceback.format_exception(raised.value))


FAULTS = {
    "no permission": (
        access_denied("secretsmanager:GetSecretValue"),
        AccessDenied,
        "the CDK's lookup role may not read secrets",
    ),
    "no KMS key": ((400, error("DecryptionFailure")), AccessDenied, "kms:Decrypt"),
    "to be deleted": (
        (400, error("InvalidRequestException", "marked for deletion")),
        ResolutionError,
        "marked for deletion",
    ),
    "unwell": ((500, error("InternalServiceError")), RegistryUnavailable, "try again later"),
}


@pytest.mark.parametrize(("answer", "kind", "words"), FAULTS.values(), ids=FAULTS.keys())
def test_each_fault_is_told(
    fake_aws: FakeAws, answer: Answer, kind: type[ResolutionError], words: str
) -> None:
    fake_aws.answers["GetSecretValue"] = answer

    with pytest.raises(kind, match=words) as raised:
        fetch_registry_credentials(ARN, soon())

    assert type(raised.value) is kind


def test_no_secret_of_a_run_is_logged_even_by_the_sdk_at_debug(
    fake_aws: FakeAws, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    manifest = manifest_of("app", b'{"os": "linux", "architecture": "amd64"}')
    fake_aws.answers.update(
        GetSecretValue=(
            200,
            {"SecretString": f'{{"username": "alice", "password": "{PASSWORD}"}}'},
        ),
        BatchGetImage=(200, {"images": [image_answer("v1", manifest)]}),
        GetDownloadUrlForLayer=(200, {"downloadUrl": f"{fake_aws.url}/layer?signature=s3cret"}),
    )
    fake_aws.blobs["/layer"] = 200, b'{"os": "linux", "architecture": "amd64"}'
    sessions = AwsSessions()

    credentials = fetch_registry_credentials(ARN, soon(), sessions)
    resolver = EcrResolver(sessions=sessions)
    host = host_of(OTHER_ACCOUNT, "eu-west-1")
    outcomes = resolver.resolve([request_for(f"{host}/app:v1", "linux/amd64")], soon())

    seen = caplog.text + repr((credentials, sessions, resolver, outcomes, vars(sessions)))
    assert "botocore" in caplog.text
    assert "AssumeRole" in [operation for operation, _ in fake_aws.requests]
    for secret in (PASSWORD, SECRET_KEY, SESSION_TOKEN, "role-secret", "role-token", "s3cret"):
        assert secret not in seen


def test_the_sdk_may_talk_again_when_others_use_it(
    fake_aws: FakeAws, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fake_aws.answers["GetSecretValue"] = 400, error("ResourceNotFoundException")
    with pytest.raises(AccessDenied):
        fetch_registry_credentials(ARN, soon())
    caplog.clear()

    logging.getLogger("botocore.endpoint").debug("someone else's request")

    assert "someone else's request" in caplog.text
