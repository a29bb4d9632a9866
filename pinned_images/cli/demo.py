"""``pinned-images demo``: a Compose file and a CDK app are pinned, on a registry of the demo."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from click.exceptions import Exit

from pinned_images.cli.output import write
from pinned_images.errors import ConfigurationError
from pinned_images.lockfile import DEFAULT_NAME

_BOTH = ("linux/amd64", "linux/arm64")
_IMAGES = {
    "docker.io/library/nginx:1.27": _BOTH,
    "docker.io/library/redis:7.4": _BOTH,
    "ghcr.io/acme/shop:2.4": ("linux/arm64",),
}
_MOVED = "docker.io/library/nginx:1.27"

_COMPOSE = "compose.yaml"
_COMPOSE_FILE = """\
services:
  web:
    image: nginx:1.27  # what people read
  cache:
    image: redis:7.4
"""

_APP = "cdk.out"
_TEMPLATE = "Shop.template.json"
_MANIFEST = {
    "version": "36.0.0",
    "artifacts": {
        "Shop": {
            "type": "aws:cloudformation:stack",
            "environment": "aws://123456789012/eu-west-1",
            "properties": {"templateFile": _TEMPLATE},
            "metadata": {"/Shop/Web/Task": [{"type": "aws:cdk:logicalId", "data": "WebTask"}]},
        }
    },
}
_TASK = {
    "Type": "AWS::ECS::TaskDefinition",
    "Properties": {
        "RuntimePlatform": {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"},
        "ContainerDefinitions": [
            {"Name": "proxy", "Image": "nginx:1.27"},
            {"Name": "shop", "Image": "ghcr.io/acme/shop:2.4"},
        ],
    },
}

#: How the names of variables begin or end by which a setting of the user would count in the demo.
_PREFIXES = ("AWS_", "CDK_", "CONTEXT_", "DOCKER_", "PINNED_IMAGES_", "REGISTRY_", "XDG_")
_SUFFIX = "_PROXY"


@click.command()
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
def demo(folder: Path | None) -> None:
    """Show how images are pinned, on a registry of its own.

    A registry runs on this machine while the demo does, with images that are named as those of
    Docker Hub and GHCR; nothing else is asked. The demo writes a Compose file and the output of a
    CDK app, and pins them. With FOLDER, which has to be new or empty, the files are kept there.
    """
    if folder is not None and folder.exists() and any(folder.iterdir()):
        raise click.UsageError(f"The folder {str(folder)!r} is not empty: name a new one.")
    # Slow to import, for --help.
    from pinned_images.testing.registry_server import RegistryServer  # noqa: PLC0415

    with ExitStack() as stack:
        temporary = Path(stack.enter_context(TemporaryDirectory(prefix="pinned-images-demo-")))
        place = temporary / "files" if folder is None else folder
        _make(place)
        registry = stack.enter_context(RegistryServer())
        for image, platforms in _IMAGES.items():
            registry.push(image, platforms=platforms)
        mirrors = ",".join(f"{host}={url}" for host, url in registry.mirrors.items())
        stack.enter_context(_nothing_of_the_user(place, home=temporary, mirrors=mirrors))
        _show_files()
        _show_app()
        registry.move_tag(_MOVED)
        _show_what_moved()
    kept = "" if folder is None else f" The files are in {folder}."
    write(f"\nThat was all: the registry is stopped.{kept}\n")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        raise ConfigurationError(
            f"The folder {str(folder)!r} cannot be written ({error.strerror}): name another one."
        ) from error


def _show_files() -> None:
    """Pin the Compose file."""
    write("A Compose file names images by their tags:\n\n")
    Path(_COMPOSE).write_text(_COMPOSE_FILE, encoding="utf-8")
    _show_file(_COMPOSE)
    _run("pin", _COMPOSE)
    _show_file(_COMPOSE)
    write("The digest is what runs, and the tag is what people read. Nothing else was changed.\n\n")


def _show_app() -> None:
    """Pin the output of a CDK app."""
    folder = Path(_APP)
    folder.mkdir(exist_ok=True)
    template = {"Resources": {"WebTask": _TASK}}
    (folder / "manifest.json").write_text(json.dumps(_MANIFEST, indent=2), encoding="utf-8")
    (folder / _TEMPLATE).write_text(json.dumps(template, indent=2), encoding="utf-8")
    write(
        f"{_APP} is what `cdk synth` wrote. In an app, PinImages or `pinned-images run` does this "
        "during\nthe synth; --lock-file keeps the digests for the next one:\n\n"
    )
    _show_images(folder / _TEMPLATE)
    _run("pin", _APP, "--lock-file", DEFAULT_NAME)
    _show_images(folder / _TEMPLATE)
    write("The report of a synth has every image:\n\n")
    _run("report", _APP)


def _show_what_moved() -> None:
    """Show that the tag of an image that was pinned names another one."""
    write(
        "Now another image is pushed to nginx:1.27. What was pinned stays as it is, until you "
        "update it:\n\n"
    )
    _run("outdated")
    _run("lock", "update", "nginx")


def _run(*words: str) -> None:
    """Show a command, and run it."""
    write(f"$ pinned-images {shlex.join(words)}\n")
    program = click.get_current_context().find_root().command
    code = program.main(list(words), prog_name="pinned-images", standalone_mode=False)
    if code:
        raise Exit(code)
    write("\n")


def _show_file(name: str) -> None:
    write(f"{name}:\n\n")
    for line in Path(name).read_text(encoding="utf-8").splitlines():
        write(f"    {line}\n")
    write("\n")


def _show_images(template: Path) -> None:
    """Show the images of a template."""
    write(f"{template.as_posix()}:\n\n")
    resources = json.loads(template.read_text(encoding="utf-8"))["Resources"]
    for container in resources["WebTask"]["Properties"]["ContainerDefinitions"]:
        write(f'    "Image": "{container["Image"]}"\n')
    write("\n")


@contextmanager
def _nothing_of_the_user(folder: Path, *, home: Path, mirrors: str) -> Iterator[None]:
    """Work in a folder, without settings and credentials of the user.

    Args:
        folder: The working folder.
        home: The home folder, which is empty.
        mirrors: The mirrors, as in the environment variable.
    """
    before, kept = Path.cwd(), dict(os.environ)
    for name in kept:
        if name.upper().startswith(_PREFIXES) or name.upper().endswith(_SUFFIX):
            del os.environ[name]
    os.environ.update(HOME=str(home), USERPROFILE=str(home), PINNED_IMAGES_MIRRORS=mirrors)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(kept)
