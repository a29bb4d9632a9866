"""Synthesize the example app with the real CDK CLI, on a network that runs in this process.

All images are asked for anew, and what is learned is written into the example's lock file, so that
a plain ``npx cdk synth`` needs no network.

The images carry the names of well-known ones and are tiny stand-ins: an embedded registry is a
mirror for Docker Hub, ECR Public and GHCR, and stands for the company's own registry; moto stands
for AWS. Nothing but loopback is asked.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from rich.console import Console

from pinned_images.report.synth_report import FILE_NAME, SynthReport
from pinned_images.report.terminal import render_terminal
from pinned_images.testing.registry_server import RegistryServer
from tools.example_network import amazon, mirrors_variable, nothing_of_the_user, proxy_to

PROJECT = Path(__file__).resolve().parent.parent
OUTPUT = PROJECT / "cdk.out"
#: What ``npx cdk`` runs, after a look around that takes half a second.
CDK = PROJECT / "node_modules" / ".bin" / "cdk"

BOTH = ("linux/amd64", "linux/arm64")
IMAGES = {
    "docker.io/library/nginx:1.27": BOTH,
    "docker.io/library/redis:7.4-alpine": BOTH,
    "public.ecr.aws/xray/aws-xray-daemon:3.x": BOTH,
    "ghcr.io/open-telemetry/opentelemetry-collector-releases/opentelemetry-collector:0.116.1": BOTH,
    "ghcr.io/acme/agent:1.8": BOTH,
    "docker.io/acme/shop:2.4.1": ("linux/amd64",),
    "docker.io/acme/reports:5.0": ("linux/arm64",),
}
LOGIN = {"username": "example", "password": "an example password"}

#: In the ECR registry of an account of its own.
SHARED_IMAGE, SHARED_ACCOUNT = "platform/router:3.2", "444444444444"
#: In the company's registry, which lets in whoever knows the secret.
COMPANY, COMPANY_IMAGE = "registry.acme.example", "finance/ledger:7.1"
WORKLOAD_LOGIN = {"username": "workload", "password": "an example workload's password"}
WORKLOAD_ACCOUNTS, REGION = ("222222222222", "333333333333"), "eu-west-1"


def synth(arguments: Sequence[str], printed: IO[str] | None = None) -> int:
    """Start the network, run ``cdk synth``, and print what was pinned.

    Args:
        arguments: Further arguments of the CDK CLI.
        printed: A file for everything that is printed, by the CLI too; by default the terminal.

    Returns:
        The exit code of the CLI.
    """
    # All stacks are in Stages: without a pattern the CDK CLI selects none and names none.
    with nothing_of_the_user(), ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        finished = subprocess.run(
            [str(CDK), "synth", "--context", "pinned-images:update=always", "**", *arguments],
            cwd=PROJECT,
            env=_network(stack, folder),
            stdout=printed,
            stderr=printed,
            check=False,
        )
    if finished.returncode:
        return finished.returncode
    output = Path(arguments[arguments.index("--output") + 1]) if "--output" in arguments else OUTPUT
    text = (output / FILE_NAME).read_text(encoding="utf-8")
    Console(file=printed).print(render_terminal(SynthReport.from_json(text)))
    return 0


def _network(stack: ExitStack, folder: Path) -> dict[str, str]:
    """Start all that the app's images are in; the environment that leads there."""
    registry = stack.enter_context(RegistryServer())
    registry.protect("docker.io/acme/*", "bearer", **LOGIN)
    registry.protect("ghcr.io/*", "bearer")
    registry.protect("finance/*", "basic", **WORKLOAD_LOGIN)
    for image, platforms in {**IMAGES, SHARED_IMAGE: BOTH, COMPANY_IMAGE: BOTH}.items():
        registry.push(image, platforms=platforms)
    _log_in(folder, registry.host)
    aws = stack.enter_context(amazon())
    aws.copy(registry, SHARED_IMAGE, SHARED_ACCOUNT, REGION)
    for account in WORKLOAD_ACCOUNTS:
        aws.keep("registry-login", WORKLOAD_LOGIN, account, REGION)
        aws.publish("/platform/agent-image", "ghcr.io/acme/agent:1.8", account, REGION)
    return {
        **os.environ,
        **aws.environment,
        **stack.enter_context(proxy_to(COMPANY, registry.url, folder)),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "DOCKER_CONFIG": str(folder),
        "PINNED_IMAGES_MIRRORS": mirrors_variable(registry.mirrors),
    }


def _log_in(folder: Path, host: str) -> None:
    """What ``docker login`` leaves behind."""
    pair = base64.b64encode(":".join(LOGIN.values()).encode()).decode()
    content = json.dumps({"auths": {host: {"auth": pair}}})
    (folder / "config.json").write_text(content, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(synth(sys.argv[1:] or ["--quiet"]))
