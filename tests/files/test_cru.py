"""The examples of the README of cru (github.com/binxio/cru), which this command succeeds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pinned_images.testing.registry_server import RegistryServer
from tests.files.conftest import Program, mirrors_of

SOURCE = """\
package ref

var examples = []string{
	"gcr.io/binx-io-public/paas-monitor:v0.3.1",
	"mvanholsteijn/paas-monitor:3.1.0",
	"eu.gcr.io/binxio/paas-monitor:v0.3.2",
}
"""
VERSION = "v3.2.4-5-g49d6871"


@pytest.fixture
def registry(own_registry: RegistryServer) -> RegistryServer:
    """The images of the examples; `latest` is the version, and `v3` too."""
    for image in (
        f"gcr.io/binx-io-public/paas-monitor:{VERSION}",
        "gcr.io/binx-io-public/paas-monitor:v0.3.1",
        "docker.io/mvanholsteijn/paas-monitor:3.1.0",
        "docker.io/mvanholsteijn/paas-monitor:latest",
        "eu.gcr.io/binxio/paas-monitor:latest",
    ):
        own_registry.push(image)
    digest = own_registry.digest(f"gcr.io/binx-io-public/paas-monitor:{VERSION}")
    for tag in ("latest", "v3"):
        own_registry.move_tag(f"gcr.io/binx-io-public/paas-monitor:{tag}", digest)
    return own_registry


@pytest.fixture
def run(program: Program, registry: RegistryServer, monkeypatch: pytest.MonkeyPatch) -> Program:
    """The command with the mirrors of this registry, in place of those that it is made with."""
    monkeypatch.setenv("PINNED_IMAGES_MIRRORS", mirrors_of(registry))
    return program


@pytest.fixture
def source(folder: Path) -> Path:
    path = folder / "ref" / "update_test.go"
    path.parent.mkdir()
    path.write_text(SOURCE, encoding="utf-8")
    return path


def test_listing_container_image_references(folder: Path, source: Path, run: Program) -> None:
    digest = "sha256:70d23423bdb3e4e63255cf62747b5cbfce53210778ca2fc3a2544595a0fce3c6"
    (folder / "README.md").write_text(
        f"gcr.io/my-project/my-app:v1.2 `gcr.io/my-project/my-app@{digest}`\n", encoding="utf-8"
    )
    assert run("list", ".").stdout.splitlines() == [
        "README.md: gcr.io/my-project/my-app:v1.2",
        f"README.md: gcr.io/my-project/my-app@{digest}",
        "ref/update_test.go: eu.gcr.io/binxio/paas-monitor:v0.3.2",
        "ref/update_test.go: gcr.io/binx-io-public/paas-monitor:v0.3.1",
    ]


def test_updating_specific_references(source: Path, run: Program) -> None:
    image = f"eu.gcr.io/binxio/paas-monitor:{VERSION}"
    result = run("update", "--image-reference", image, "ref/update_test.go")
    assert result.returncode == 0
    expected = SOURCE.replace("eu.gcr.io/binxio/paas-monitor:v0.3.2", image)
    assert source.read_text(encoding="utf-8") == expected


def test_updating_with_the_digest_and_getting_the_tag_back(
    source: Path, run: Program, registry: RegistryServer
) -> None:
    image = f"gcr.io/binx-io-public/paas-monitor:{VERSION}"
    arguments = ("update", "--image-reference", image, "ref/update_test.go")
    assert run(*arguments, "--resolve-digest").returncode == 0
    assert f'"{image}@{registry.digest(image)}"' in source.read_text(encoding="utf-8")
    assert run(*arguments).returncode == 0
    assert f'"{image}"' in source.read_text(encoding="utf-8")


def test_all_to_latest_with_the_digest(
    source: Path, run: Program, registry: RegistryServer
) -> None:
    assert run("update", "--all", "--resolve-digest", "ref").returncode == 0
    text = source.read_text(encoding="utf-8")
    for name in ("gcr.io/binx-io-public/paas-monitor", "eu.gcr.io/binxio/paas-monitor"):
        assert f'"{name}:latest@{registry.digest(f"{name}:latest")}"' in text
    # Without a registry host or a digest, text of no known format holds no image unasked.
    assert '"mvanholsteijn/paas-monitor:3.1.0"' in text


def test_latest_by_the_tag_that_is_the_same_image(
    source: Path, run: Program, registry: RegistryServer
) -> None:
    image = "gcr.io/binx-io-public/paas-monitor:latest"
    result = run("update", "--image-reference", image, "--resolve-tag", "ref/update_test.go")
    assert result.returncode == 0, result.stderr
    expected = f'"gcr.io/binx-io-public/paas-monitor:{VERSION}"'
    assert expected in source.read_text(encoding="utf-8")
    asked = registry.requests
    assert asked["HEAD manifest"] == 4
    assert asked["GET manifest"] == 0


def test_the_digests_of_all_references(
    folder: Path, run: Program, registry: RegistryServer
) -> None:
    old = "sha256:" + "0" * 64
    names = ("mvanholsteijn/paas-monitor:3.1.0", "gcr.io/binx-io-public/paas-monitor:latest")
    path = folder / "task.json"
    images = [names[0], f"{names[0]}@{old}", names[1]]
    containers = [{"name": str(number), "image": each} for number, each in enumerate(images)]
    text = json.dumps({"containerDefinitions": containers})
    path.write_text(text, encoding="utf-8")
    arguments = ("update", "--all", "--matching-tag", "--resolve-digest", "--verbose")
    result = run(*arguments, "task.json")
    assert result.returncode == 0
    found = json.loads(path.read_text(encoding="utf-8"))["containerDefinitions"]
    first, second = (f"{name}@{registry.digest(_whole(name))}" for name in names)
    assert [each["image"] for each in found] == [first, first, second]
    columns = [text.index(f'"{image}"') + 2 for image in images]
    assert result.stderr.splitlines() == [
        f"task.json:1:{columns[0]}: {images[0]} -> {first}",
        f"task.json:1:{columns[1]}: {images[1]} -> {first}",
        f"task.json:1:{columns[2]}: {images[2]} -> {second}",
        "Updated task.json.",
        "1 file updated.",
    ]


def _whole(name: str) -> str:
    return name if name.startswith("gcr.io/") else f"docker.io/{name}"
