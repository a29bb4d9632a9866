"""Credentials and settings of the SDK that cannot be used: the true cause, and the way out."""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pinned_images.errors import AccessDenied, RegistryUnavailable, ResolutionError
from pinned_images.registry.aws.ecr import EcrResolver
from pinned_images.registry.aws.parameters import Parameter, fetch_parameters
from pinned_images.registry.aws.sessions import AwsSessions
from tests.registry_aws.amazon import (
    HOME_ACCOUNT,
    FakeAws,
    host_of,
    image_answer,
    manifest_of,
    only,
    request_for,
    soon,
)

HOST = host_of(HOME_ACCOUNT, "eu-west-1")
ROLE = f"arn:aws:iam::{HOME_ACCOUNT}:role/ci"
SECRET = "hunter2"


def ask() -> ResolutionError:
    """The error of an image, which is one line and without a secret, also in its traceback."""
    outcome = only(EcrResolver().resolve([request_for(f"{HOST}/app:v1")], soon()))
    assert isinstance(outcome, ResolutionError), outcome
    text = str(outcome)
    assert text.isprintable()
    assert text.startswith(f"The image '{HOST}/app:v1' could not be resolved at ")
    assert SECRET not in text
    shown = "".join(traceback.format_exception(outcome, chain=False))
    assert SECRET not in shown
    return outcome


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch, clean_environment: None) -> None:
    """None in the environment, and none from an instance: a test says where they come from."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")


Configure = Callable[[str], Path]


@pytest.fixture
def configure() -> Configure:
    """Write ~/.aws/config."""

    def write(text: str) -> Path:
        path = Path(os.environ["AWS_CONFIG_FILE"])
        path.write_text(text, encoding="utf-8")
        return path

    return write


class TestCredentialProcess:
    """Real programs, in real configuration files."""

    @pytest.mark.parametrize(
        "code",
        [
            f"print({SECRET!r})",
            "pass",
            "print('[1]')",
            "print('null')",
            f'print(\'{{"Version": 2, "SecretAccessKey": "{SECRET}"}}\')',
            f'print(\'{{"Version": 1, "SecretAccessKey": "{SECRET}"}}\')',
            r"import sys; sys.stdout.buffer.write(b'\xff\xfe')",
            (
                'print(\'{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "b", '
                '"Expiration": "soon"}\')'
            ),
            "print('[' * 100000)",
        ],
        ids=[
            "junk",
            "nothing",
            "list",
            "null",
            "version",
            "keys",
            "bytes",
            "expiration",
            "brackets",
        ],
    )
    def test_what_it_should_have_printed_is_said(
        self, configure: Configure, tmp_path: Path, code: str
    ) -> None:
        program = tmp_path / "process.py"
        program.write_text(code)
        configure(f"[default]\ncredential_process = {sys.executable} {program}\n")

        error = ask()

        assert isinstance(error, AccessDenied)
        assert error.cause == (
            "the credential_process of the AWS profile default did not print JSON with Version 1, "
            "AccessKeyId and SecretAccessKey"
        )
        assert error.remedy == "run it by hand, and see that it prints that JSON and nothing else"

    def test_one_that_fails_is_named_and_not_quoted(
        self, configure: Configure, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        command = f"sh -c 'echo {SECRET} >&2; exit 3'"
        configure(f'[profile "my profile"]\ncredential_process = {command}\n')
        monkeypatch.setenv("AWS_PROFILE", "my profile")
        error = ask()
        assert error.cause == "the credential_process of the AWS profile 'my profile' failed"
        assert error.remedy == "run it by hand to see why"

    @pytest.mark.parametrize(
        ("command", "words"),
        [
            ("/no/such/program", "cannot be started (No such file or directory)"),
            ("echo 'x", "is no command line (No closing quotation)"),
        ],
    )
    def test_one_that_cannot_be_started_is_named(
        self, configure: Configure, command: str, words: str
    ) -> None:
        configure(f"[default]\ncredential_process = {command}\n")
        error = ask()
        assert error.cause == f"the credential_process of the AWS profile default {words}"
        assert error.remedy == "correct the command in the AWS configuration"

    def test_one_that_hangs_is_told_and_not_aws(self, configure: Configure) -> None:
        configure("[default]\ncredential_process = sleep 5\n")
        sessions = AwsSessions()
        deadline = time.monotonic() + 0.5
        request = request_for(f"{HOST}/app:v1")
        parameter = Parameter(HOME_ACCOUNT, "eu-west-1", "/app/image")
        found = [
            only(EcrResolver(sessions).resolve([request], deadline)),
            fetch_parameters([parameter], deadline + 0.1, sessions)[parameter],
        ]
        for error in found:
            assert isinstance(error, RegistryUnavailable)
            assert error.cause.startswith("the AWS credentials were not there in the time")
            assert "credential_process" in (error.remedy or "")

    def test_what_it_prints_is_used(
        self, configure: Configure, tmp_path: Path, fake_aws: FakeAws
    ) -> None:
        printed = {"Version": 1, "AccessKeyId": "AKIAFROMPROCESS", "SecretAccessKey": SECRET}
        (tmp_path / "printed").write_text(json.dumps(printed))
        configure(f"[default]\ncredential_process = cat {tmp_path / 'printed'}\n")
        fake_aws.answers["BatchGetImage"] = 200, {"images": [image_answer("v1", manifest_of("a"))]}
        outcome = only(EcrResolver().resolve([request_for(f"{HOST}/app:v1")], soon()))
        assert not isinstance(outcome, ResolutionError)
        assert {key for _, key in fake_aws.signers} == {"AKIAFROMPROCESS"}


def test_a_token_file_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/no/such/token")
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    error = ask()
    assert isinstance(error, AccessDenied)
    assert error.cause == (
        "'/no/such/token', named by AWS_WEB_IDENTITY_TOKEN_FILE or web_identity_token_file, cannot "
        "be read (No such file or directory)"
    )


def test_a_profile_that_wants_a_code_is_an_error_and_no_question(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    configure(
        f"[profile dev]\nrole_arn = {ROLE}\nsource_profile = base\n"
        f"mfa_serial = arn:aws:iam::{HOME_ACCOUNT}:mfa/me\n"
        f"[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = {SECRET}\n"
    )
    monkeypatch.setenv("AWS_PROFILE", "dev")
    error = ask()
    assert isinstance(error, AccessDenied)
    assert error.cause == (
        "the AWS profile dev wants a code (mfa_serial), which a synth cannot ask for"
    )
    assert 'eval "$(aws configure export-credentials --profile dev --format env)"' in str(error)
    assert "".join(capfd.readouterr()) == ""


def test_images_of_several_registries_fail_for_one_cause() -> None:
    hosts = [host_of(HOME_ACCOUNT, region) for region in ("eu-west-1", "us-east-1")]
    requests = [request_for(f"{host}/app:v1") for host in hosts]
    errors = EcrResolver().resolve(requests, soon()).values()
    assert len({error.grouping_key for error in errors if isinstance(error, AccessDenied)}) == 1
    assert "could not be resolved at Amazon ECR: there are no AWS credentials" in str([*errors])


KEYS = {"AWS_ACCESS_KEY_ID": "AKIAKEY", "AWS_SECRET_ACCESS_KEY": SECRET}

SETTINGS: Mapping[str, tuple[Mapping[str, str], type[ResolutionError], str, str]] = {
    "an endpoint without a scheme": (
        {"AWS_ENDPOINT_URL": "localhost:4566"},
        ResolutionError,
        "AWS_ENDPOINT_URL is 'localhost:4566', which is no URL of an endpoint",
        "write it with its scheme, as in http://localhost:4566",
    ),
    "an endpoint of one service": (
        {"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_STS": "localhost:4566"},
        ResolutionError,
        "AWS_ENDPOINT_URL_STS is 'localhost:4566', which is no URL of an endpoint",
        "write it with its scheme, as in http://localhost:4566",
    ),
    "an endpoint with a password": (
        {"AWS_ENDPOINT_URL": f"me:{SECRET}@localhost:4566"},
        ResolutionError,
        "AWS_ENDPOINT_URL is '***@localhost:4566', which is no URL of an endpoint",
        "write it with its scheme, as in http://localhost:4566",
    ),
    "an endpoint with half a bracket": (
        {"AWS_ENDPOINT_URL": "http://[::1"},
        ResolutionError,
        "AWS_ENDPOINT_URL is 'http://[::1', which is no URL of an endpoint",
        "write it with its scheme, as in http://localhost:4566",
    ),
    "a line feed in the token": (
        {"AWS_SESSION_TOKEN": f"{SECRET}\n"},
        AccessDenied,
        (
            "the AWS session token in AWS_SESSION_TOKEN has a blank, a line feed or another such "
            "character"
        ),
        "set it again, without that",
    ),
    "a line feed in the key": (
        {"AWS_ACCESS_KEY_ID": "AKIA\n"},
        AccessDenied,
        (
            "the AWS access key id in AWS_ACCESS_KEY_ID has a blank, a line feed or another such "
            "character"
        ),
        "set it again, without that",
    ),
    "a secret with a dash of a word processor": (
        {"AWS_SECRET_ACCESS_KEY": f"{SECRET}\u2013"},
        AccessDenied,
        (
            "the AWS secret access key in AWS_SECRET_ACCESS_KEY has a blank, a line feed or "
            "another such character"
        ),
        "set it again, without that",
    ),
    "a number that is none": (
        {"AWS_MAX_ATTEMPTS": "many"},
        ResolutionError,
        "AWS_MAX_ATTEMPTS is no number",
        "correct it",
    ),
    "certificates that are not there": (
        {"AWS_CA_BUNDLE": "/no/such.pem"},
        ResolutionError,
        "'/no/such.pem', named by AWS_CA_BUNDLE or ca_bundle, is not there",
        "correct the name, or see that the file is there",
    ),
    "a profile that is not there": (
        {"AWS_PROFILE": "nobody"},
        AccessDenied,
        (
            "the AWS credentials at hand cannot be used (The config profile (nobody) could not be "
            "found)"
        ),
        "correct AWS_PROFILE, or add the profile to the AWS configuration",
    ),
    "a proxy that is no address": (
        {"AWS_ENDPOINT_URL": "https://aws.example", "HTTPS_PROXY": "http://[::1"},
        RegistryUnavailable,
        (
            "the address of a proxy or of AWS cannot be used for ecr:BatchGetImage in account "
            f"{HOME_ACCOUNT}, eu-west-1"
        ),
        "look at HTTPS_PROXY and at AWS_ENDPOINT_URL",
    ),
}


@pytest.mark.parametrize(
    ("environment", "kind", "cause", "remedy"), SETTINGS.values(), ids=SETTINGS
)
def test_a_setting_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch,
    *,
    environment: Mapping[str, str],
    kind: type[ResolutionError],
    cause: str,
    remedy: str,
) -> None:
    for name, value in {**KEYS, **environment}.items():
        monkeypatch.setenv(name, value)
    error = ask()
    assert (type(error), error.cause, error.remedy) == (kind, cause, remedy)


def test_a_line_feed_that_a_file_cannot_hold_comes_from_a_program(
    configure: Configure, tmp_path: Path
) -> None:
    printed = {
        "Version": 1,
        "AccessKeyId": "AKIAKEY",
        "SecretAccessKey": "x",
        "SessionToken": f"{SECRET}\n",
    }
    (tmp_path / "printed").write_text(json.dumps(printed))
    configure(f"[default]\ncredential_process = cat {tmp_path / 'printed'}\n")
    assert ask().cause.startswith("the AWS session token in the AWS configuration has a blank")


@pytest.mark.parametrize(
    ("config", "words", "remedy"),
    [
        ("[default\nx", "Unable to parse config file", "correct the file"),
        (
            (
                "[default]\nsso_start_url = https://x.example/start\nsso_region = eu-west-1\n"
                f"sso_account_id = {HOME_ACCOUNT}\nsso_role_name = dev\n"
            ),
            "Error loading SSO Token",
            "run `aws sso login --profile default`",
        ),
        (
            "[default]\naws_access_key_id = AKIAKEY\n",
            "Partial credentials found",
            "set what is missing, or take out the rest",
        ),
        (
            f"[default]\nrole_arn = {ROLE}\ncredential_source = Nothing\n",
            'The credential source "Nothing"',
            "set AWS_PROFILE (and run 'aws sso login'",
        ),
    ],
    ids=["no configuration", "sso", "half", "source"],
)
def test_a_configuration_that_the_sdk_refuses_is_quoted(
    configure: Configure, config: str, words: str, remedy: str
) -> None:
    configure(config)
    error = ask()
    assert words in error.cause
    assert (error.remedy or "").startswith(remedy)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        (
            {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://metadata.example/x"},
            "the AWS_CONTAINER_ variables gave no AWS credentials (ValueError)",
        ),
        (
            {
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/x",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/no/such",
            },
            (
                "'/no/such', named by the AWS_CONTAINER_ variables, cannot be read (No such file "
                "or directory)"
            ),
        ),
        (
            {
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/x",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": f"{SECRET}\nx",
            },
            "the AWS_CONTAINER_ variables gave no AWS credentials (ValueError)",
        ),
    ],
    ids=["host", "file", "token"],
)
def test_what_a_container_is_told_is_named(
    monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str], words: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ask().cause == words
