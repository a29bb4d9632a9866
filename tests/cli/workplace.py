"""A folder with something for every command, fine, wrong and unknown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pinned_images.lockfile import LockFile, LockKey
from pinned_images.lockfile.entries import LockEntry
from pinned_images.reference import Digest
from pinned_images.report import SiteRecord, SynthReport
from pinned_images.testing.registry_server import RegistryServer
from tests.cloud_assembly.assemblies import Assembly, Stack, Template
from tests.registry_aws.amazon import HOME_ACCOUNT, host_of

REGION = "eu-west-1"
ECR = host_of(HOME_ACCOUNT, REGION)
POLICY = """{"rules": [{"rulePriority": 1, "action": {"type": "expire"}, "selection":
    {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1}}]}"""
EMPTY_LOCK = '{"version": 1, "images": {}}'
GONE = "0" * 64


@pytest.fixture
def workplace(folder: Path, registry: RegistryServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files, lock files and assemblies; docker.io is on loopback, quay.io is down."""
    there = registry.push("docker.io/library/nginx:1")
    mirrors = [f"{host}={url}" for host, url in registry.mirrors.items()]
    monkeypatch.setenv("PINNED_IMAGES_MIRRORS", ",".join([*mirrors, "quay.io=http://127.0.0.1:1"]))
    monkeypatch.setenv("CDK_CLI_VERSION", "2.1000.0")
    for name, image in {
        "good": "nginx:1",
        "gone": "nginx:2",
        "down": "quay.io/a/b:1",
    }.items():
        (folder / f"{name}.Dockerfile").write_text(f"FROM {image}\n")
        assembly = Assembly((Stack(Template((image,)), "default"),))
        assembly.write(folder / name)
        key = LockKey.parse(image if "/" in image else f"docker.io/library/{image}")
        digest = Digest(f"sha256:{GONE}") if name == "gone" else there
        lock = LockFile({key: LockEntry(digest)})
        (folder / f"{name}.lock.json").write_text(lock.render())
    (folder / "both.Dockerfile").write_text("FROM nginx:2\nFROM quay.io/a/b:1\n")
    Assembly((Stack(Template(("nginx:2", "quay.io/a/b:1")), "default"),)).write(folder / "both")
    both = [LockFile.read(f"{name}.lock.json").entries for name in ("gone", "down")]
    Path("both.lock.json").write_text(LockFile({**both[0], **both[1]}).render())
    Path("empty.lock.json").write_text(EMPTY_LOCK)
    Path("broken.lock.json").write_text("{")
    Path("read-only").mkdir()
    record = SiteRecord("S", "S/T", "AWS::ECS::TaskDefinition", "Image", "nginx:1", "registry")
    Path("synth").mkdir()
    SynthReport.of([record]).write("synth")
    Path("base").mkdir()
    SynthReport.of([replace(record, reference="nginx:0")]).write("base")
    Path("policy.json").write_text(POLICY)
    Path("images.json").write_text('{"imageDetails": []}')
    return folder


def images_in_ecr(*digests: str) -> str:
    """A lock file of images in ECR."""
    entries = {LockKey(f"{ECR}/shop/web:{each[0]}"): Digest(f"sha256:{each}") for each in digests}
    lock = LockFile({key: LockEntry(digest) for key, digest in entries.items()})
    Path("ecr.lock.json").write_text(lock.render())
    return "ecr.lock.json"
