"""Nothing secret leaves: all that real runs say and write is searched for the secrets they used."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pinned_images.testing import RegistryServer
from tests.integration.cdk import CDK, PROJECT
from tools.example_network import (
    Amazon,
    amazon,
    mirrors_variable,
    nothing_of_the_user,
    proxy_to,
)

REGION, HOME, OTHER = "eu-west-1", "123456789012", "210987654321"
PRIVATE = "registry.acme.example"

SECRETS = {
    "a password in docker's configuration": "pAssw0rd-of-docker",
    "a password that a credential helper prints": "pAssw0rd-of-a-helper",
    "what a failing credential helper prints": "sEcret-on-stderr",
    "a workload's password": "pAssw0rd-of-a-workload",
    "a secret that is not what it should be": "pAssw0rd-in-a-broken-secret",
    "the proxy's password": "pAssw0rd-of-the-proxy",
    "the key to AWS": "an-example-secret-access-key",
}
USERS = ("", "alice:", "workload:", "user:")
DOCKER, HELPED, PRINTED, WORKLOAD, BROKEN, PROXY, _ = SECRETS.values()

APP = """
import logging
import sys

import aws_cdk as cdk

from pinned_images import PinImages

logging.basicConfig(level=logging.DEBUG, filename="debug.log")
app = cdk.App()
stack = cdk.Stack(app, "Web", env=cdk.Environment(account="123456789012", region="eu-west-1"))
for number, line in enumerate(sys.argv[1:]):
    image, _, secret = line.partition("#")
    container = {"Name": "app", "Image": image}
    if secret:
        arn = f"arn:aws:secretsmanager:{stack.region}:{stack.account}:secret:{secret}"
        container["RepositoryCredentials"] = {"CredentialsParameter": arn}
    properties = {"ContainerDefinitions": [container]}
    cdk.CfnResource(stack, f"Task{number}", type="AWS::ECS::TaskDefinition", properties=properties)
PinImages.apply_to(app, lock_file="pinned-images.lock.json")
app.synth()
"""

PINNED = [
    "nginx:1",
    "quay.io/team/helped:1",
    f"{PRIVATE}/team/private:1#login",
    f"{OTHER}.dkr.ecr.{REGION}.amazonaws.com/team/shared:1",
]
REFUSED = [
    "nginx:nowhere",
    "quay.io/elsewhere/app:1",
    "gcr.io/team/app:1",
    f"{PRIVATE}/team/private:1#broken",
    f"{PRIVATE}/team/private:1#nowhere",
    f"{OTHER}.dkr.ecr.{REGION}.amazonaws.com/team/shared:nowhere",
]


class Run:
    """A folder in which the CDK CLI and our own program run, on a network in this process."""

    def __init__(self, folder: Path, registry: RegistryServer, environment: dict[str, str]) -> None:
        self.folder = folder
        self.registry = registry
        self._environment = environment
        self._said: list[str] = []
        (folder / "app.py").write_text(APP, encoding="utf-8")

    def synth(self, *images: str) -> int:
        """The exit code of ``cdk synth`` for an app with these images."""
        app = f"{sys.executable} app.py {' '.join(images)}"
        return self.run(str(CDK), "synth", "--quiet", "--verbose", "--app", app)

    def app(self, *images: str) -> int:
        """The exit code of the app alone, without the CLI in front of it."""
        return self.run(sys.executable, "app.py", *images)

    def program(self, *arguments: str) -> int:
        """The exit code of ``pinned-images``."""
        return self.run(sys.executable, "-m", "pinned_images.cli", *arguments)

    def run(self, *command: str) -> int:
        finished = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        self._said += [finished.stdout, finished.stderr]
        return finished.returncode

    def everything(self) -> str:
        """All that was printed, and every file that was written."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in files]
        return "\n".join([*self._said, *texts])


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with nothing_of_the_user(), ExitStack() as stack:
        user = tmp_path / "user"
        user.mkdir()
        registry = stack.enter_context(RegistryServer())
        _fill(registry)
        aws = stack.enter_context(amazon())
        _keep(aws, registry)
        _log_in(user, registry.host)
        tunnel = stack.enter_context(proxy_to(PRIVATE, registry.url, user))
        folder = tmp_path / "app"
        folder.mkdir()
        yield Run(
            folder,
            registry,
            {
                **os.environ,
                **aws.environment,
                **tunnel,
                "AWS_MAX_ATTEMPTS": "1",
                "HTTPS_PROXY": tunnel["HTTPS_PROXY"].replace("://", f"://user:{PROXY}@"),
                "PATH": os.pathsep.join([str(user), os.environ["PATH"]]),
                "PYTHONPATH": str(PROJECT),
                "PINNED_IMAGES_MIRRORS": mirrors_variable(registry.mirrors),
                "DOCKER_CONFIG": str(user),
                "CDK_OUTDIR": "cdk.out",
                "CDK_DISABLE_CLI_TELEMETRY": "true",
                "CDK_VALIDATION": "false",  # see tests/conftest.py
            },
        )


def _fill(registry: RegistryServer) -> None:
    registry.protect("docker.io/*", "bearer", "alice", DOCKER)
    registry.protect("quay.io/team/*", "bearer", "alice", HELPED)
    registry.protect("quay.io/*", "bearer", "alice", "another password")
    registry.protect("team/private", "basic", "workload", WORKLOAD)
    for image in (
        "docker.io/library/nginx:1",
        "quay.io/team/helped:1",
        "quay.io/elsewhere/app:1",
        "gcr.io/team/app:1",
        "team/private:1",
        "team/shared:1",
    ):
        registry.push(image, platforms=("linux/amd64", "linux/arm64"))


def _keep(aws: Amazon, registry: RegistryServer) -> None:
    aws.copy(registry, "team/shared:1", OTHER, REGION)
    aws.keep("login", {"username": "workload", "password": WORKLOAD}, HOME, REGION)
    aws.keep("broken", {"user": "workload", "secret": BROKEN}, HOME, REGION)


def _log_in(user: Path, host: str) -> None:
    """Docker's configuration: a password, and a program for another repository of the mirror."""
    helper = user / "docker-credential-vault"
    helper.write_text(
        "#!/bin/sh\n"
        "read -r server\n"
        f'case "$server" in */gcr.io*) echo {PRINTED}; echo {PRINTED} >&2; exit 1;; esac\n'
        f'echo \'{{"Username": "alice", "Secret": "{HELPED}"}}\'\n',
        encoding="utf-8",
    )
    helper.chmod(0o755)
    pair = base64.b64encode(f"alice:{DOCKER}".encode()).decode()
    config = {
        "auths": {f"{host}/docker.io": {"auth": pair}},
        "credHelpers": {f"{host}/quay.io": "vault", f"{host}/gcr.io": "vault"},
    }
    (user / "config.json").write_text(json.dumps(config), encoding="utf-8")


def found(text: str, registry: RegistryServer) -> list[str]:
    """What of the secrets stands in a text, in any of the forms in which they are sent."""
    given = registry._registry.tokens._issued
    tokens = {f"token {number}": token for number, token in enumerate(given)}
    forms = {
        what: [secret, *(base64.b64encode(f"{user}{secret}".encode()).decode() for user in USERS)]
        for what, secret in (SECRETS | tokens).items()
    }
    return [what for what, spellings in forms.items() if any(each in text for each in spellings)]


def test_a_run_that_pins_everything_tells_no_secret(run: Run) -> None:
    assert run.app(*PINNED) == 0
    for arguments in ([], ["--output", "report.md"], ["--output", "report.html"]):
        assert run.program("report", *arguments) == 0
    # The secret of a workload is named in the app, and in no lock file.
    assert run.program("lock", "update") == 3
    text = run.everything()
    for words in ("DEBUG:pinned_images.", "DEBUG:botocore.", f"{PRIVATE}/team/private:1@sha256:"):
        assert words in text
    assert found(text, run.registry) == []


def test_a_run_that_fails_everywhere_tells_no_secret(run: Run) -> None:
    assert run.synth(*PINNED, *REFUSED) == 1
    run.program("report")
    text = run.everything()
    for words in ("(404)", "refused the credentials", "docker-credential-vault", "does not hold"):
        assert words in text
    assert found(text, run.registry) == []
