"""The images of CI services and development environments, by the names of their files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import PurePath

from pinned_images.files.documents import Finder, image
from pinned_images.files.nodes import Mapping, Node, Scalar, child, elements_of, text_of, walk
from pinned_images.files.places import Format, Found

_AZURE = re.compile(r"(?:.*[._-])?azure-pipelines?(?:[._-].*)?\.ya?ml", re.IGNORECASE)
_BITBUCKET = re.compile(r"bitbucket-pipelines?(?:[._-].*)?\.ya?ml", re.IGNORECASE)
_CLOUD_BUILD = re.compile(r"(?:.*[._-])?cloudbuild(?:[._-].*)?\.(?:ya?ml|json)", re.IGNORECASE)
_DRONE = re.compile(r"\.(?:drone|woodpecker)(?:[._-].*)?\.ya?ml", re.IGNORECASE)
_DEVELOPMENT = ("devcontainer.json", ".devcontainer.json")


def finder_of(path: PurePath) -> Finder | None:
    """The finder for a file with a name that one of the services gives it."""
    name, folders = path.name.lower(), path.parent.parts
    kinds: tuple[tuple[object, Finder], ...] = (
        (".circleci" in folders, _circleci),
        (_AZURE.fullmatch(name) or ".azure-pipelines" in folders, _azure),
        (_BITBUCKET.fullmatch(name), partial(_keyed, format="bitbucket-pipelines")),
        (".buildkite" in folders, partial(_keyed, format="buildkite")),
        (_CLOUD_BUILD.fullmatch(name), _cloud_build),
        (_DRONE.fullmatch(name) or ".woodpecker" in folders, partial(_keyed, format="drone")),
        (name in _DEVELOPMENT or ".devcontainer" in folders, _development_container),
    )
    return next((find for is_kind, find in kinds if is_kind), None)


def _circleci(masked: str, root: Node) -> Iterator[Found]:
    """CircleCI's configuration reference, "docker"; what ``machine`` names is no container."""
    for _, node in walk(root):
        for container in elements_of(child(node, "docker")):
            yield from image(masked, child(container, "image"), "circleci")


def _azure(masked: str, root: Node) -> Iterator[Found]:
    """Azure Pipelines' YAML schema, "resources.containers" and "jobs.job.container"."""
    aliases = set()
    for _, node in walk(root):
        for container in elements_of(child(node, "containers")):
            alias = text_of(child(container, "container"))
            if alias is not None:
                aliases.add(alias)
                yield from image(masked, child(container, "image"), "azure-pipelines")
    for _, node in walk(root):
        named = child(node, "container")
        if isinstance(named, Mapping):
            yield from image(masked, child(named, "image"), "azure-pipelines")
        elif isinstance(named, Scalar) and named.value.strip() not in aliases:
            yield from image(masked, named, "azure-pipelines")


def _cloud_build(masked: str, root: Node) -> Iterator[Found]:
    """Google's "Build configuration file schema": the builders; ``images`` are what is pushed."""
    for step in elements_of(child(root, "steps")):
        yield from image(masked, child(step, "name"), "cloud-build")


def _development_container(masked: str, root: Node) -> Iterator[Found]:
    """The Dev Container metadata reference; ``features`` take a tag or a digest and not both."""
    yield from image(masked, child(root, "image"), "devcontainer")


def _keyed(masked: str, root: Node, format: Format) -> Iterator[Found]:  # noqa: A002 - its word
    """Each ``image``, or the name in one."""
    for path, node in walk(root):
        if path[-1:] == ("image",):
            named = child(node, "name") if isinstance(node, Mapping) else node
            yield from image(masked, named, format)
