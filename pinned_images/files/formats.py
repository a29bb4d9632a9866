"""The formats of files, and the image references in a file."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import NamedTuple

from pinned_images.files import (
    deployment_tools,
    documents,
    image_fields,
    json_nodes,
    pipelines,
    plain_text,
)
from pinned_images.files.content import Content
from pinned_images.files.nodes import Node, Unparsable, child, items_of
from pinned_images.files.places import Found, Skipped
from pinned_images.files.plain_text import Names

_DOCKERFILE = re.compile(r"(?:.*[._-])?(?:Dockerfile|Containerfile)(?:[._-].*)?", re.IGNORECASE)
_HELM_VALUES = re.compile(r"(?:.*[._-])?values(?:[._-].*)?\.ya?ml", re.IGNORECASE)
_GITLAB = re.compile(r"(?:.*\.)?gitlab-ci\.ya?ml", re.IGNORECASE)
_COMPOSE = re.compile(r"(?:docker-)?compose(?:[._-].*)?\.ya?ml", re.IGNORECASE)
_KUSTOMIZATION = ("kustomization.yaml", "kustomization.yml", "kustomization")
_TEMPLATE_SIGNS = ("{{", "{%", "<%", "${")
_ACTIONS = ("action.yml", "action.yaml")
_TERRAFORM_JSON = (".tf.json", ".tofu.json")
_TEXT_ENDINGS = (".md", ".txt", ".rst", ".adoc")
_SOURCES = {
    ".py": "python",
    ".pyi": "python",
    ".ts": "typescript",
    ".mts": "typescript",
    ".cts": "typescript",
    ".tsx": "tsx",
    ".js": "tsx",
    ".jsx": "tsx",
    ".mjs": "tsx",
    ".cjs": "tsx",
}
_HCL = (".tf", ".tofu", ".hcl", ".nomad")
# Templates of a text in any language: of Helm, Terraform, Ansible, Consul, ERB and Go.
_TEMPLATES = (".tpl", ".tftpl", ".j2", ".ctmpl", ".erb", ".tmpl", ".gotmpl")

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

# The least content of a file of a known format that holds an image.
_KEYS = re.compile(r"mage|Uri|docker://|ontainer|services|newTag|repository")

Finder = Callable[[str, Node], Iterator[Found]]


# The same for the first look at a file's bytes, which most files do not get beyond.
_SIGNS_OF_DOCUMENTS = (
    b"mage",
    b"Uri",
    b"docker://",
    b"ontainer",
    b"services",
    b"newTag",
    b"repository",
)
_SIGNS_OF_SOURCES = (b"mage", b"IMAGE", b"_img", b"egistry", b"Container(")
_LIKELY = re.compile(rb"/[a-z0-9][a-z0-9._/-]{0,255}(?::[A-Za-z0-9_]|@sha)")
_DOCUMENTS = frozenset((".json", ".jsonc", ".yaml", ".yml", ".template", *_HCL, *_TEMPLATES))


def may_hold_images(name: str, raw: bytes, wanted: Names = frozenset()) -> bool:
    """Whether a file may hold images, so that it is worth parsing.

    Args:
        name: The file's name.
        raw: Its bytes.
        wanted: As for `find_images`.
    """
    if raw[:2] in _UTF16_MARKS:
        return True
    lowered = name.lower()
    ending = lowered[lowered.rfind(".") :] if "." in lowered else ""
    signs: tuple[bytes, ...] = ()
    if ending in _DOCUMENTS or lowered in _KUSTOMIZATION:
        signs = _SIGNS_OF_DOCUMENTS
    elif ending in _SOURCES:
        signs = _SIGNS_OF_SOURCES
    elif "ockerfile" in lowered or "ontainerfile" in lowered:
        return True
    for sign in signs:
        if sign in raw:
            return True
    if b"@sha" in raw or (b":" in raw and _LIKELY.search(raw) is not None):
        return True
    return any(name.rpartition("/")[2].encode() in raw for name in wanted)


def has_structure(name: str) -> bool:
    """Whether a file with a name is of a kind that mostly is there for its images."""
    ending = PurePath(name).suffix.lower()
    return ending in (".yaml", ".yml", *_HCL) or _DOCKERFILE.fullmatch(name) is not None


class _Kind(NamedTuple):
    matches: Callable[[Node], bool]
    find: Finder


def find_images(path: PurePath, content: Content, wanted: Names = frozenset()) -> list[Found]:
    """The image references in a file, in the order of their bytes, each once.

    Args:
        path: The file's path, of which the names of files and folders count.
        content: The file.
        wanted: Repositories (`ImageReference.name`) of which, in text that is of no known format,
            any spelling counts.
    """
    found: dict[tuple[int, bool], Found] = {}
    for each in _found(_File(path, content, wanted)):
        found.setdefault((each.offset, isinstance(each, Skipped)), each)
    return [found[key] for key in sorted(found)]


class _File(NamedTuple):
    """A file, and what counts in it where it is of no known format.

    Attributes:
        path: Its path.
        content: Its content.
        wanted: Repositories of which any spelling counts.
    """

    path: PurePath
    content: Content
    wanted: Names

    def text(self, start: int = 0, end: int | None = None) -> Iterator[Found]:
        """The references in a part of it, read as text of no known format."""
        return plain_text.find(self.content.masked, start, end, wanted=self.wanted)


def _found(file: _File) -> Iterator[Found]:
    path, content, wanted = file
    ending = path.suffix.lower()
    if _DOCKERFILE.fullmatch(path.name) and ending not in (".py", ".ts", ".js", *_TEXT_ENDINGS):
        from pinned_images.files import dockerfile_images  # noqa: PLC0415 - for such files alone

        yield from dockerfile_images.find(content)
    elif ending in (".json", ".jsonc") or (ending == ".template" and _is_json(content)):
        yield from _json(file)
    elif ending in (".yaml", ".yml", ".template") or path.name.lower() in _KUSTOMIZATION:
        yield from _yaml(file)
    elif ending in _HCL:
        from pinned_images.files import terraform  # noqa: PLC0415 - loads tree-sitter

        yield from terraform.find(content, wanted)
    elif ending in _SOURCES and _may_hold_literals(content, wanted):
        from pinned_images.files import source_code  # noqa: PLC0415 - loads tree-sitter

        yield from source_code.find(content, _SOURCES[ending], wanted)  # type: ignore[arg-type]
    elif ending not in _SOURCES:
        yield from file.text()
        if ending in _TEMPLATES:
            yield from plain_text.find_keyed(content.masked)


def _is_json(content: Content) -> bool:
    return content.data.lstrip()[:1] in (b"{", b"[")


def _may_hold_literals(content: Content, wanted: Names) -> bool:
    text = content.masked
    return (
        bool(wanted) or _SOURCE_WORDS.search(text) is not None or plain_text.may_hold_images(text)
    )


_SOURCE_WORDS = re.compile(r"[iI]mage|IMAGE|_img|[rR]egistry|Container\(")


def _json(file: _File) -> Iterator[Found]:
    if not _KEYS.search(file.content.masked):
        yield from file.text()
        return
    try:
        root = json_nodes.parse(file.content.masked)
    except Unparsable as error:
        yield from _unparsable("JSON", error, file)
        return
    if _is_lock_file(root):
        return
    kind = _kind(file.path, root)
    if kind is None:
        yield from file.text()
    else:
        yield from kind(file.content.masked, root)


def _unparsable(language: str, error: Unparsable, file: _File) -> Iterator[Found]:
    """The images and the problem of a broken file; a template of such a file has none."""
    yield from file.text()
    if any(sign in file.content.masked for sign in _TEMPLATE_SIGNS):
        yield from plain_text.find_keyed(file.content.masked)
    else:
        reason = f"it cannot be read ({error}), so only a host or a digest tells images in it"
        yield Skipped("text", 0, f"the {language}", reason)


def _is_lock_file(root: Node) -> bool:
    """Whether a document is a lock file of this project, whose digests are not edited here."""
    images = list(items_of(child(root, "images")))
    return (
        child(root, "version") is not None
        and bool(images)
        and all(child(entry, "digest") is not None for _, entry in images)
    )


def _yaml(file: _File) -> Iterator[Found]:
    from pinned_images.files import yaml_nodes  # noqa: PLC0415 - for such files alone

    if not _KEYS.search(file.content.masked):
        yield from file.text()
        return
    try:
        found = yaml_nodes.documents(file.content.masked)
    except Unparsable as error:
        yield from _unparsable("YAML", error, file)
        return
    position = 0
    for document in found:
        kind = _kind(file.path, document.root)
        if kind is None:
            yield from file.text(position, document.end)
            if file.content.masked.find("{{", position, document.end) >= 0:
                # A template can be valid YAML: `kind: {{ .Kind }}` is an object.
                yield from plain_text.find_keyed(file.content.masked, position, document.end)
        else:
            yield from kind(file.content.masked, document.root)
        position = document.end
    if not found:
        yield from file.text()


def _kind(path: PurePath, root: Node) -> Finder | None:
    """The finder for a document: by the file's name where it is fixed, else by its keys."""
    by_name = _kind_by_name(path)
    if by_name is not None:
        return by_name
    kinds = (
        _Kind(image_fields.is_kustomization, image_fields.kustomize),
        _Kind(_is_template, _template),
        _Kind(documents.is_kubernetes, _kubernetes),
        _Kind(documents.is_task_definition, documents.task_definition),
        _Kind(documents.is_compose, documents.compose),
        _Kind(documents.is_github_actions, documents.github_actions),
        _Kind(documents.is_gitlab_ci, documents.gitlab_ci),
        _Kind(deployment_tools.is_copilot, deployment_tools.copilot),
        _Kind(deployment_tools.is_serverless, deployment_tools.serverless),
        _Kind(deployment_tools.is_playbook, deployment_tools.playbook),
    )
    return next((kind.find for kind in kinds if kind.matches(root)), None)


def _kind_by_name(path: PurePath) -> Finder | None:
    name, folders = path.name.lower(), tuple(path.parent.parts)
    is_action = folders[-2:] == (".github", "workflows") or name in _ACTIONS
    kinds = (
        (name in _KUSTOMIZATION, image_fields.kustomize),
        (name.endswith(_TERRAFORM_JSON), _terraform_json),
        (_GITLAB.fullmatch(name) or ".gitlab" in folders, documents.gitlab_ci),
        (is_action, documents.github_actions),
        (_HELM_VALUES.fullmatch(name), image_fields.helm_values),
        (_COMPOSE.fullmatch(name), documents.compose),
    )
    return next((find for is_kind, find in kinds if is_kind), None) or pipelines.finder_of(path)


def _is_template(root: Node) -> bool:
    """Whether a document is a CloudFormation template; the evaluator is loaded for one alone."""
    if child(root, "Resources", "AWSTemplateFormatVersion") is None:
        return False
    from pinned_images.files import templates  # noqa: PLC0415 - loads the evaluator

    return templates.is_template(root)


def _template(masked: str, root: Node) -> Iterator[Found]:
    from pinned_images.files import templates  # noqa: PLC0415 - loads the evaluator

    return templates.template(masked, root)


def _terraform_json(masked: str, root: Node) -> Iterator[Found]:
    from pinned_images.files import terraform  # noqa: PLC0415 - for such files alone

    return terraform.find_in_json(masked, root)


def _kubernetes(masked: str, root: Node) -> Iterator[Found]:
    from pinned_images.files import kubernetes_objects  # noqa: PLC0415 - loads the known kinds

    return kubernetes_objects.kubernetes(masked, root)
