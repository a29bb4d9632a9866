"""Debian's `docker-registry`, asked over HTTP: anonymously, with a login, by a helper program."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import urllib3

from pinned_images import Digest, ImageReference, Platform, Resolution, ResolutionRequest
from pinned_images.errors import AccessDenied, ImageNotFound
from pinned_images.registry.resolver import RegistryResolver

PROGRAM = shutil.which("docker-registry")
USER, PASSWORD = "reader", "a password of this test"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture(autouse=True)
def docker_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "docker"
    folder.mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    return folder


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Start a registry of its own; gives its host."""
    if PROGRAM is None:
        assert not os.environ.get("CI"), "docker-registry is not installed"
        pytest.skip("docker-registry is not installed: these tests are left out")
    running: list[subprocess.Popen[bytes]] = []

    def run(**environment: str) -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            host = f"127.0.0.1:{free.getsockname()[1]}"
        configuration = tmp_path / "config.yml"
        configuration.write_text(
            "version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: "
            f"{tmp_path / 'storage'}}}}}\nhttp: {{addr: {host}}}\n",
            encoding="utf-8",
        )
        running.append(
            subprocess.Popen(
                [str(PROGRAM), "serve", str(configuration)],
                env={**os.environ, **environment},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                urllib3.request("GET", f"http://{host}/v2/", retries=False)
            except urllib3.exceptions.HTTPError:  # noqa: PERF203  it is waited for
                time.sleep(0.05)
            else:
                return host
        raise AssertionError("docker-registry did not start")

    yield run
    for process in running:
        process.terminate()
        process.wait(timeout=10)


def push(host: str, authorization: dict[str, str] | None = None) -> Digest:
    """Push ``team/app:1`` for two platforms; gives the digest of its index."""
    headers = authorization or {}
    entries = []
    for architecture in ("amd64", "arm64"):
        config = json.dumps({"os": "linux", "architecture": architecture}).encode()
        started = urllib3.request(
            "POST", f"http://{host}/v2/team/app/blobs/uploads/", headers=headers
        )
        place = started.headers["Location"]
        urllib3.request("PUT", f"{place}&digest={Digest.of(config)}", body=config, headers=headers)
        descriptor = {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": Digest.of(config),
            "size": len(config),
        }
        digest, size = put(host, {"config": descriptor, "layers": []}, MANIFEST, None, headers)
        platform = {"os": "linux", "architecture": architecture}
        entries.append(
            {"mediaType": MANIFEST, "digest": digest, "size": size, "platform": platform}
        )
    return put(host, {"manifests": entries}, INDEX, "1", headers)[0]


def put(
    host: str, content: dict[str, object], kind: str, tag: str | None, headers: dict[str, str]
) -> tuple[Digest, int]:
    body = json.dumps({"schemaVersion": 2, "mediaType": kind, **content}).encode()
    answer = urllib3.request(
        "PUT",
        f"http://{host}/v2/team/app/manifests/{tag or Digest.of(body)}",
        body=body,
        headers={**headers, "Content-Type": kind},
    )
    assert answer.status == 201, answer.data
    return Digest.of(body), len(body)


def ask(host: str, tag: str = "1", platform: Platform | None = None) -> object:
    request = ResolutionRequest(ImageReference.parse(f"{host}/team/app:{tag}"), platform)
    return RegistryResolver().resolve([request])[request]


def test_a_tag_resolves_to_the_digest_of_its_index(start: Callable[..., str]) -> None:
    host = start()
    digest = push(host)
    resolution = ask(host, platform=Platform("linux", "arm64"))
    assert isinstance(resolution, Resolution)
    assert resolution.digest == digest
    assert resolution.media_type == INDEX
    assert set(map(str, resolution.platforms)) == {"linux/amd64", "linux/arm64"}


def test_a_tag_that_is_not_there_is_not_found(start: Callable[..., str]) -> None:
    host = start()
    push(host)
    outcome = ask(host, tag="2")
    assert isinstance(outcome, ImageNotFound)
    assert "team/app" in str(outcome)


@pytest.fixture
def protected(tmp_path: Path, start: Callable[..., str]) -> tuple[str, Digest]:
    """A registry behind htpasswd, with an image in it."""
    if shutil.which("htpasswd") is None:
        assert not os.environ.get("CI"), "htpasswd is not installed"
        pytest.skip("htpasswd is not installed: these tests are left out")
    file = tmp_path / "htpasswd"
    line = subprocess.run(
        ["htpasswd", "-Bbn", USER, PASSWORD], capture_output=True, text=True, check=True
    ).stdout
    file.write_text(line, encoding="utf-8")
    host = start(
        REGISTRY_AUTH="htpasswd",
        REGISTRY_AUTH_HTPASSWD_REALM="tests",
        REGISTRY_AUTH_HTPASSWD_PATH=str(file),
    )
    return host, push(host, {"Authorization": f"Basic {encoded_login()}"})


def encoded_login() -> str:
    return base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def write_config(folder: Path, content: dict[str, object]) -> None:
    (folder / "config.json").write_text(json.dumps(content), encoding="utf-8")


def test_a_login_in_dockers_configuration_opens_a_registry_behind_htpasswd(
    protected: tuple[str, Digest], docker_config: Path
) -> None:
    host, digest = protected
    write_config(docker_config, {"auths": {host: {"auth": encoded_login()}}})
    resolution = ask(host)
    assert isinstance(resolution, Resolution)
    assert resolution.digest == digest


def test_without_a_login_access_is_denied(protected: tuple[str, Digest]) -> None:
    assert isinstance(ask(protected[0]), AccessDenied)


def test_a_credential_helper_program_on_the_path_is_executed(
    protected: tuple[str, Digest],
    docker_config: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    host, digest = protected
    program = tmp_path / "bin" / "docker-credential-of-this-test"
    program.parent.mkdir()
    answer = json.dumps({"ServerURL": host, "Username": USER, "Secret": PASSWORD})
    program.write_text(f"#!/bin/sh\ncat > '{tmp_path}/asked'\necho '{answer}'\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    write_config(docker_config, {"credHelpers": {host: "of-this-test"}})
    resolution = ask(host)
    assert isinstance(resolution, Resolution)
    assert resolution.digest == digest
    assert (tmp_path / "asked").read_text(encoding="utf-8").strip() == host
