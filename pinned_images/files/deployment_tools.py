"""The images in the files of tools that deploy to AWS or to machines, by their keys."""

from __future__ import annotations

from collections.abc import Iterator

from pinned_images.files.documents import image
from pinned_images.files.nodes import (
    Mapping,
    Node,
    Scalar,
    Sequence,
    child,
    items_of,
    text_of,
    walk,
)
from pinned_images.files.places import Found
from pinned_images.reference import Platform

# AWS Copilot documentation, "Manifest".
_COPILOT_TYPES = frozenset(
    {
        "Backend Service",
        "Load Balanced Web Service",
        "Request-Driven Web Service",
        "Scheduled Job",
        "Worker Service",
    }
)
_CONTAINER_MODULES = ("docker_container", "podman_container")


def is_copilot(root: Node) -> bool:
    """Whether a document is the manifest of a service or a job of AWS Copilot."""
    return text_of(child(root, "type")) in _COPILOT_TYPES


def copilot(masked: str, root: Node) -> Iterator[Found]:
    """AWS Copilot's ``image.location`` and the images of sidecars, for each environment too."""
    for _, node in walk(root):
        yield from image(masked, child(child(node, "image"), "location"), "copilot")
        for _, sidecar in items_of(child(node, "sidecars")):
            written = child(sidecar, "image")
            if isinstance(written, Scalar):
                yield from image(masked, written, "copilot")
            else:
                yield from image(masked, child(written, "location"), "copilot")


def is_serverless(root: Node) -> bool:
    """Whether a document is a service of the Serverless Framework on AWS."""
    return (
        child(root, "service") is not None
        and text_of(child(child(root, "provider"), "name")) == "aws"
    )


def serverless(masked: str, root: Node) -> Iterator[Found]:
    """The Serverless Framework's images of functions, and those that functions name by a word.

    Serverless Framework documentation, "Functions", "Referencing container image as a target". AWS
    Lambda takes the digest of one image in the place of the tag.
    """
    provider = child(root, "provider")
    usual = text_of(child(provider, "architecture"))
    shared = child(child(provider, "ecr"), "images")
    for _, named in items_of(shared):
        yield from _of_lambda(masked, named, usual)
    words = {name for name, _ in items_of(shared)}
    for _, function in items_of(child(root, "functions")):
        written = child(function, "image")
        if text_of(written) not in words:
            yield from _of_lambda(
                masked, written, text_of(child(function, "architecture")) or usual
            )


def _of_lambda(masked: str, node: Node | None, architecture: str | None) -> Iterator[Found]:
    scalar = child(node, "uri") if isinstance(node, Mapping) else node
    platform = Platform("linux", "arm64" if architecture == "arm64" else "amd64")
    yield from image(masked, scalar, "serverless", style="digest", platform=platform)


def is_playbook(root: Node) -> bool:
    """Whether a document is a list of plays or tasks of Ansible that run containers."""
    return isinstance(root, Sequence) and any(True for _ in _containers(root))


def playbook(masked: str, root: Node) -> Iterator[Found]:
    """The images of Ansible's modules for containers."""
    for container in _containers(root):
        yield from image(masked, child(container, "image"), "ansible")


def _containers(root: Node) -> Iterator[Node]:
    for path, node in walk(root):
        if path and str(path[-1]).endswith(_CONTAINER_MODULES) and child(node, "image") is not None:
            yield node
