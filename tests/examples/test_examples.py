"""The apps in `examples` synthesize, with every image pinned."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pinned_images.testing import RegistryServer, SynthesizedApp, assert_pinned
from tests.integration.cdk import OF_TYPESCRIPT, PROJECT, environment_of_a_synth
from tools.example_network import mirrors_variable
from tools.npm_packages import install

EXAMPLES = PROJECT / "examples"
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
IMAGES = (
    "docker.io/library/nginx:1.27",
    "docker.io/library/redis:7.4-alpine",
    "ghcr.io/acme/migrate:7",
    "ghcr.io/acme/shop:2.4.1",
    "public.ecr.aws/xray/aws-xray-daemon:3.x",
    f"{ECR}/shop/thumbnails:1.4",
)
NGINX, XRAY = "nginx:1.27", "public.ecr.aws/xray/aws-xray-daemon:3.x"

PINNED = {
    "fargate": [NGINX, XRAY, "redis:7.4-alpine"],
    "pipeline": ["ghcr.io/acme/shop:2.4.1"],
    "lambda_image": [f"{ECR}/shop/thumbnails"],
    "eks_manifest": ["ghcr.io/acme/migrate:7", NGINX],
}


@pytest.fixture(scope="module")
def mirrors() -> Iterator[str]:
    """A registry that has the images of all examples, in the place of their own."""
    with RegistryServer() as registry:
        for image in IMAGES:
            registry.push(image, platforms=("linux/amd64", "linux/arm64"))
        yield mirrors_variable(registry.mirrors)


def pinned(app: SynthesizedApp) -> list[str]:
    """The images of an app, without the digest that each has."""
    return [str(image).partition("@")[0] for image in assert_pinned(app)]


@pytest.mark.parametrize("name", PINNED)
def test_an_example_is_pinned(
    name: str, mirrors: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PINNED_IMAGES_MIRRORS", mirrors)
    monkeypatch.chdir(tmp_path)
    app = runpy.run_path(str(EXAMPLES / name / "app.py"))["app"]
    synthesized = SynthesizedApp.read(app.outdir)
    assert pinned(synthesized) == PINNED[name]
    if name == "pipeline":
        texts = {path: json.dumps(text) for path, text in synthesized.templates.items()}
        stages = [path for path, text in texts.items() if "@sha256:" in text]
        assert stages == ["Production/Web", "Staging/Web"]


def test_every_example_is_tested_and_explained() -> None:
    folders = {path.name: path for path in EXAMPLES.iterdir() if path.is_dir()}
    assert folders.keys() == {*PINNED, "typescript"}
    for name, folder in folders.items():
        assert (folder / "README.md").is_file()
        app = json.loads((folder / "cdk.json").read_text(encoding="utf-8"))["app"]
        assert (app == "python3 app.py") is (name in PINNED)


@pytest.mark.skipif(
    not os.environ.get("CI"), reason="set CI=true: aws-cdk-lib is fetched from npm, 100 MB"
)
def test_the_example_in_typescript_is_pinned(mirrors: str, tmp_path: Path) -> None:
    """By the command in its ``cdk.json``; one with npx and the CLI is in tests/any_language."""
    tested = PROJECT / "tests" / "any_language" / "typescript"
    files = ("package.json", "package-lock.json")
    contents = {name: (tested / name).read_text(encoding="utf-8") for name in files}
    folder = tmp_path / "typescript"
    shutil.copytree(EXAMPLES / "typescript", folder)
    (folder / "node_modules").symlink_to(install("typescript", contents))
    command = json.loads((folder / "cdk.json").read_text(encoding="utf-8"))["app"]
    options = {"PINNED_IMAGES_MIRRORS": mirrors, "CDK_OUTDIR": "cdk.out"}
    finished = subprocess.run(
        ["sh", "-c", command.replace("npx ", "node_modules/.bin/")],
        cwd=folder,
        env=environment_of_a_synth(**options, **OF_TYPESCRIPT),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert pinned(SynthesizedApp.read(folder / "cdk.out")) == [NGINX, XRAY]


def test_the_example_in_typescript_has_packages_of_the_tested_versions() -> None:
    """Its packages are not installed for the test: those of another app serve, and are as new."""

    def packages(folder: Path) -> dict[str, str]:
        package = json.loads((folder / "package.json").read_text(encoding="utf-8"))
        return {**package["dependencies"], **package["devDependencies"]}

    example = packages(EXAMPLES / "typescript")
    cli = json.loads((PROJECT / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    assert example.pop("aws-cdk").lstrip("^") == cli["aws-cdk"]
    tested = packages(PROJECT / "tests" / "any_language" / "typescript")
    assert {name: text.lstrip("^~") for name, text in example.items()} == {
        name: text.lstrip("^~") for name, text in tested.items()
    }
