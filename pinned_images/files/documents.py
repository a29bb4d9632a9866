"""JSON and YAML formats with known keys of images."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pinned_images.files.nodes import (
    JSON_WORD,
    Mapping,
    Node,
    Scalar,
    Sequence,
    child,
    elements_of,
    items_of,
    span_of,
    text_of,
)
from pinned_images.files.places import Format, Found, Skipped, found_in
from pinned_images.reference import Platform, Style

_DOCKER_SCHEME = "docker://"
# Compose specification, "Merge": ``!reset`` takes a value away. The others are no strings.
_OTHER_TYPES = ("null", "int", "float", "bool")
_NO_STRINGS = ("!reset", *(f"tag:yaml.org,2002:{name}" for name in _OTHER_TYPES))

# YAML 1.2, "Core schema"; JSON, where nothing but strings has quotation marks.
_WORDS = frozenset({"", "~", "null", "true", "false"})
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?")

Finder = Callable[[str, Node], Iterator[Found]]


def image(
    masked: str,
    node: Node | None,
    format: Format,  # noqa: A002 - the word of the field
    prefix: str = "",
    *,
    style: Style = "tag-and-digest",
    platform: Platform | None = None,
) -> Iterator[Found]:
    """The reference or skipped value of a scalar, in a place where a format has an image.

    Args:
        masked: The text of the file, one character for each byte.
        node: The scalar; anything else holds no image.
        format: What the file is.
        prefix: What is written before the image; without it the value is no image.
        style: How the digest is written there.
        platform: The platform whose own manifest is wanted.
    """
    if not isinstance(node, Scalar) or node.tag in _NO_STRINGS:
        return
    span = span_of(masked, node)
    text = node.value.strip()
    if not text.startswith(prefix) or (not node.quote and text in _WORDS):
        return
    reason = _reason_to_leave(node, text)
    if reason is None and span is None:
        reason = "it is written over several lines"
    if reason is not None or span is None:
        yield Skipped(format, node.start, text, reason or "")
        return
    if masked[span[0] : span[1]] != text and prefix:
        yield Skipped(format, node.start, text, "it is written with escapes")
        return
    written = (span[0] + len(prefix), span[1])
    found = found_in(format, text[len(prefix) :], written, style, platform)
    if found is not None:
        yield found


def _reason_to_leave(node: Scalar, text: str) -> str | None:
    """The reason why a scalar is no string that can be read here, as a clause."""
    is_number = not node.quote and node.tag is None and _NUMBER.fullmatch(text) is not None
    if is_number or node.tag == JSON_WORD:
        return "it is no string: write it in quotation marks"
    if node.tag not in (None, "!", "tag:yaml.org,2002:str"):
        return f"it has the tag {node.tag}, which only its reader knows"
    return None


def task_definition(masked: str, root: Node) -> Iterator[Found]:
    """An ECS task definition, as the API takes and describes it; or its container definitions.

    Amazon ECS API reference, "RegisterTaskDefinition"; `imagedefinitions.json` is that of the
    CodePipeline user guide, "Image definitions file reference".
    """
    body = child(root, "taskDefinition", "TaskDefinition")
    body = body if isinstance(body, Mapping) else root
    containers = child(body, "containerDefinitions", "ContainerDefinitions")
    for container in elements_of(containers) or elements_of(root):
        for key, value in items_of(container):
            if key in ("image", "Image", "imageUri"):
                yield from image(masked, value, "ecs-task-definition")


def is_task_definition(root: Node) -> bool:
    """Whether a document has container definitions, or is a list of them."""
    if isinstance(root, Sequence):
        return bool(root.items) and all(map(_is_container_definition, root.items))
    for body in (root, child(root, "taskDefinition", "TaskDefinition")):
        if isinstance(child(body, "containerDefinitions", "ContainerDefinitions"), Sequence):
            return True
    return False


def _is_container_definition(node: Node) -> bool:
    """Whether an element of a list is a container definition: other things have an image too."""
    keys = {key[:1].lower() + key[1:] for key, _ in items_of(node)}
    if "name" not in keys:
        return False
    if "imageUri" in keys:
        return True
    text = text_of(child(node, "image", "Image")) or ""
    has_tag = ":" in text.rpartition("/")[2] and "://" not in text
    return bool(text) and (has_tag or not keys.isdisjoint(_OF_CONTAINERS))


# Amazon ECS API reference, "ContainerDefinition": keys that lists of other things do not have.
_OF_CONTAINERS = frozenset(
    {
        "cpu",
        "entryPoint",
        "environment",
        "essential",
        "logConfiguration",
        "memory",
        "memoryReservation",
        "mountPoints",
        "portMappings",
        "secrets",
    }
)


def compose(masked: str, root: Node) -> Iterator[Found]:
    """A Compose file; the image of a service with a build is the name of the build's result.

    Compose specification, "services": ``image``, ``build``, and volumes of the type ``image``.
    """
    for _, service in items_of(child(root, "services")):
        if child(service, "build") is None:
            yield from image(masked, child(service, "image"), "compose")
        for volume in elements_of(child(service, "volumes")):
            if text_of(child(volume, "type")) == "image":
                yield from image(masked, child(volume, "source"), "compose")


def is_compose(root: Node) -> bool:
    """Whether a document has services with an image or a build."""
    services = child(root, "services")
    return isinstance(services, Mapping) and any(
        child(service, "image", "build") is not None for _, service in items_of(services)
    )


def is_kubernetes(root: Node) -> bool:
    """Whether a document is a Kubernetes object, or a JSON patch (RFC 6902) of one."""
    if isinstance(root, Sequence):
        paths = [text_of(child(each, "path")) or "" for each in root.items]
        is_patch = all(child(each, "op") is not None for each in root.items)
        return is_patch and any(path.endswith(("/image", "/containers/-")) for path in paths)
    return all(isinstance(child(root, name), Scalar) for name in ("apiVersion", "kind"))


def github_actions(masked: str, root: Node) -> Iterator[Found]:
    """A workflow or an action of GitHub Actions.

    GitHub documentation, "Workflow syntax": ``container``, ``services`` and ``uses: docker://``;
    "Metadata syntax": ``runs.image``.
    """
    for _, job in items_of(child(root, "jobs")):
        container = child(job, "container")
        yield from _image_or_its(masked, container, "image", "github-actions")
        for _, service in items_of(child(job, "services")):
            yield from _image_or_its(masked, service, "image", "github-actions")
        yield from _docker_steps(masked, job)
    runs = child(root, "runs")
    yield from image(masked, child(runs, "image"), "github-actions", _DOCKER_SCHEME)
    yield from _docker_steps(masked, runs)


def _docker_steps(masked: str, parent: Node | None) -> Iterator[Found]:
    for step in elements_of(child(parent, "steps")):
        yield from image(masked, child(step, "uses"), "github-actions", _DOCKER_SCHEME)


def is_github_actions(root: Node) -> bool:
    """Whether a document is a workflow or an action."""
    jobs, runs = child(root, "jobs"), child(root, "runs")
    if isinstance(runs, Mapping) and child(runs, "using") is not None:
        return True
    return isinstance(jobs, Mapping) and any(
        child(job, "runs-on", "uses") is not None for _, job in items_of(jobs)
    )


def gitlab_ci(masked: str, root: Node) -> Iterator[Found]:
    """A GitLab CI configuration: ``image`` and ``services``, for all jobs and for each.

    GitLab documentation, "CI/CD YAML syntax reference".
    """
    for job in (root, *(value for _, value in items_of(root))):
        yield from _image_or_its(masked, child(job, "image"), "name", "gitlab-ci")
        for service in elements_of(child(job, "services")):
            yield from _image_or_its(masked, service, "name", "gitlab-ci")


def is_gitlab_ci(root: Node) -> bool:
    """Whether a document has jobs of GitLab CI, as a file has that another one includes."""
    return any(
        child(job, "script") is not None
        and (child(job, "image") is not None or child(job, "services") is not None)
        for _, job in items_of(root)
    )


def _image_or_its(
    masked: str,
    node: Node | None,
    key: str,
    format: Format,  # noqa: A002 - the word of the field
) -> Iterator[Found]:
    """An image that is the value itself, or that an object in its place holds under a key."""
    scalar = child(node, key) if isinstance(node, Mapping) else node
    for found in image(masked, scalar, format):
        if isinstance(scalar, Scalar) and scalar.value.strip().startswith(_DOCKER_SCHEME):
            yield from image(masked, scalar, format, _DOCKER_SCHEME)
        else:
            yield found
