"""Real registry servers in processes of their own: Debian's, and distribution's."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import pytest
import urllib3

from pinned_images.reference import ImageReference
from tests.registry.images import Image

DOCKER_REGISTRY = shutil.which("docker-registry")
HTPASSWD = shutil.which("htpasswd")

USER, PASSWORD = "alice", "wonder:land"


class Refused(Exception):
    """What a server does not store; the text is its answer."""


@dataclass(frozen=True)
class DockerRegistry:
    """A running registry, and how to fill it."""

    netloc: str
    password: str | None

    def reference(self, repository: str, tag: str) -> ImageReference:
        return ImageReference.parse(f"{self.netloc}/{repository}:{tag}")

    def push(self, repository: str, tag: str, image: Image) -> Image:
        """Upload an image as any client does (OCI Distribution 1.1, "Push")."""
        for digest, content in image.blobs.items():
            begun = self._send("POST", f"/v2/{repository}/blobs/uploads/")
            location = urljoin(f"http://{self.netloc}", begun.headers["Location"])
            self._send("PUT", f"{location}&digest={digest}", content)
        for digest, (media_type, content) in sorted(
            image.manifests.items(), key=lambda each: each[0] == image.top
        ):
            name = tag if digest == image.top else digest
            self._send("PUT", f"/v2/{repository}/manifests/{name}", content, media_type)
        return image

    def _send(
        self, method: str, url: str, body: bytes = b"", media_type: str | None = None
    ) -> urllib3.BaseHTTPResponse:
        headers = {"Content-Type": media_type or "application/octet-stream"}
        if self.password is not None:
            headers |= urllib3.make_headers(basic_auth=f"{USER}:{self.password}")
        url = urljoin(f"http://{self.netloc}", url)
        answer = urllib3.request(method, url, body=body, headers=headers)
        if answer.status not in (201, 202):
            raise Refused(answer.data.decode())
        return answer


@contextlib.contextmanager
def running_registry(
    program: str, folder: Path, password: str | None = None
) -> Iterator[DockerRegistry]:
    """A registry with its own storage, on a port of its own choice."""
    configuration = folder / "config.yml"
    configuration.write_text(_configuration(folder, password))
    with subprocess.Popen(
        [program, "serve", configuration],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"OTEL_TRACES_EXPORTER": "none"},
    ) as process:
        assert process.stdout is not None
        said = iter(process.stdout)
        netloc = _address(said)
        # What it says later must not fill the pipe.
        reader = threading.Thread(target=lambda: deque(said, maxlen=0), daemon=True)
        reader.start()
        yield DockerRegistry(netloc, password)
        process.kill()
        reader.join()


def _address(said: Iterator[str]) -> str:
    """Where a registry listens, as it says once it does."""
    lines = []
    for line in said:
        lines.append(line)
        if found := re.search(r'msg="listening on ([\d.:]+)"', line):
            return found[1]
    return pytest.fail(f"docker-registry has ended: {''.join(lines)}")


def _configuration(folder: Path, password: str | None) -> str:
    lines = [
        "version: 0.1",
        "log: {level: info, accesslog: {disabled: true}}",
        "storage: {inmemory: {}}",
        'http: {addr: "127.0.0.1:0"}',
    ]
    if password is not None:
        made = subprocess.run(
            [HTPASSWD or "htpasswd", "-Bbn", "-C", "4", USER, password],
            capture_output=True,
            check=True,
        )
        (folder / "htpasswd").write_bytes(made.stdout)
        lines.append(f"auth: {{htpasswd: {{realm: test, path: {folder}/htpasswd}}}}")
    return "\n".join(lines) + "\n"
