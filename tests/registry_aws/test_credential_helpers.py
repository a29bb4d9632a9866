"""A real credential helper, Debian's `docker-credential-ecr-login`, asked through the keychain."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pinned_images.registry.auth import ConfiguredKeychain, Credentials
from tests.registry_aws.amazon import HOME_ACCOUNT, Moto, host_of
from tools.example_network import proxy_to

PROGRAM = "docker-credential-ecr-login"
HOST = host_of(HOME_ACCOUNT, "eu-west-1")


@pytest.fixture(autouse=True)
def program() -> None:
    if shutil.which(PROGRAM):
        return
    reason = f"{PROGRAM} is not installed: apt-get install amazon-ecr-credential-helper"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def docker_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A docker configuration that names the program for our registry."""
    config = {"credHelpers": {HOST: "ecr-login"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    # Its own cache and log would lie in the home directory.
    monkeypatch.setenv("AWS_ECR_DISABLE_CACHE", "1")


@pytest.fixture(autouse=True)
def amazon(moto: Moto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A proxy behind which Amazon is moto.

    The program's SDK is too old to know AWS_ENDPOINT_URL, but it knows proxies.
    """
    with proxy_to("api.ecr.eu-west-1.amazonaws.com", moto.url, tmp_path) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield


@pytest.mark.usefixtures("docker_config")
def test_the_program_s_credentials_are_those_of_the_registry(moto: Moto) -> None:
    keychain = ConfiguredKeychain.read(os.environ)

    credentials = keychain.credentials_for(HOST, "team/app")

    assert credentials == Credentials("AWS", f"{HOME_ACCOUNT}-auth-token")
    assert moto.operations == {"GetAuthorizationToken": 1}


@pytest.mark.usefixtures("docker_config")
def test_without_credentials_for_amazon_the_program_keeps_none(
    moto: Moto, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    keychain = ConfiguredKeychain.read(os.environ)

    # The program says so in the words of a keychain that has no entry.
    assert keychain.credentials_for(HOST, "team/app") is None
    assert moto.operations == {}
