"""Synthesize the example app with the real CDK CLI, on a registry that runs in this process.

The images carry the names of well-known ones and are tiny stand-ins: the registry is a mirror for
Docker Hub, ECR Public and GHCR on loopback, and nothing else is asked.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from pinned_images.report.records import FILE_NAME, SynthReport
from pinned_images.report.terminal import render_terminal
from pinned_images.testing.registry import RegistryServer

PROJECT = Path(__file__).resolve().parent.parent
OUTPUT = PROJECT / "cdk.out"

IMAGES = {
    "docker.io/library/nginx:1.27": ("linux/amd64", "linux/arm64"),
    "docker.io/library/redis:7.4-alpine": ("linux/amd64", "linux/arm64"),
    "public.ecr.aws/xray/aws-xray-daemon:3.x": ("linux/amd64", "linux/arm64"),
    "ghcr.io/open-telemetry/opentelemetry-collector-releases/opentelemetry-collector:0.116.1": (
        "linux/amd64",
        "linux/arm64",
    ),
    "docker.io/acme/shop:2.4.1": ("linux/amd64",),
    "docker.io/acme/reports:5.0": ("linux/arm64",),
}
USER, PASSWORD = "example", "an example password"


def main() -> int:
    """Start the registry, run ``npx cdk synth``, and print what was pinned."""
    with RegistryServer() as registry, tempfile.TemporaryDirectory() as docker_config:
        registry.protect("docker.io/acme/*", "bearer", USER, PASSWORD)
        registry.protect("ghcr.io/*", "bearer")
        for image, platforms in IMAGES.items():
            registry.push(image, platforms=platforms)
        _write_docker_config(Path(docker_config), registry.host)
        arguments = sys.argv[1:] or ["--quiet"]
        finished = subprocess.run(
            ["npx", "cdk", "synth", *arguments],
            cwd=PROJECT,
            env=_environment(registry, docker_config),
            check=False,
        )
        if finished.returncode:
            return finished.returncode
    output = Path(arguments[arguments.index("--output") + 1]) if "--output" in arguments else OUTPUT
    text = (output / FILE_NAME).read_text(encoding="utf-8")
    Console().print(render_terminal(SynthReport.from_json(text)))
    return 0


def _environment(registry: RegistryServer, docker_config: str) -> dict[str, str]:
    mirrors = ",".join(f"{host}={url}" for host, url in registry.mirrors.items())
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "DOCKER_CONFIG": docker_config,
        "PINNED_IMAGES_MIRRORS": mirrors,
    }


def _write_docker_config(folder: Path, host: str) -> None:
    """What ``docker login`` leaves behind."""
    login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    content = json.dumps({"auths": {host: {"auth": login}}})
    (folder / "config.json").write_text(content, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
