"""The manifests of a cloud assembly: artifacts, assets and construct metadata."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from pinned_images.cloud_assembly.assembly_json import parse_json
from pinned_images.cloudformation.scope import AssetImage

_ASSETS, _TEMPLATE = ".assets.json", ".template.json"
_TEXTS = (
    *(".asl", ".bash", ".cfg", ".conf", ".env", ".json", ".ps1", ".service", ".sh", ".toml"),
    *(".txt", ".yaml", ".yml"),
)
_SOURCE_HASH = re.compile(r"[0-9a-f]{64}")
_STACK_TRACES = frozenset({"aws:cdk:creationStack"})


def read_metadata(file: Path) -> Mapping[str, list[Mapping[str, Any]]]:
    """The metadata in a file by construct path, without stack traces.

    The traces are most of it, and are skipped without being parsed.
    """
    entries = msgspec.json.decode(file.read_bytes(), type=_entries_by_path())
    return {
        path: [
            {"type": entry.type, "data": msgspec.json.decode(entry.data)}
            for entry in some
            if entry.type not in _STACK_TRACES
        ]
        for path, some in entries.items()
    }


@cache
def _entries_by_path() -> Any:
    """The msgspec type of metadata, which keeps the data of entries unparsed."""
    data = ("data", msgspec.Raw, msgspec.Raw(b"null"))
    entry: Any = msgspec.defstruct("Entry", [("type", str), data], gc=False)
    return dict[str, list[entry]]


class FileAsset(NamedTuple):
    """A file that is uploaded when the app is deployed.

    Attributes:
        content_hash: The hash that names its object in the bucket.
        path: The file, next to the manifest or relative to its folder.
    """

    content_hash: str
    path: str


class ImageAsset(NamedTuple):
    """A Docker image that is built when the app is deployed.

    Attributes:
        content_hash: The hash of its source, which its tag ends with.
        name: The construct's path in its stack, unless the app gives it another name.
        template: The file of the template of the stack that it belongs to.
        directory: The build context: a copy in the assembly, or the user's own folder.
        dockerfile: The Dockerfile, relative to that folder; empty for Docker's own choice.
        target: The stage to build; empty for the last one.
        arguments: Build arguments.
        platform: The platform to build for; empty for that of the machine that builds.
        contexts: Further build contexts by name.
    """

    content_hash: str
    name: str
    template: str
    directory: Path
    dockerfile: str = ""
    target: str = ""
    arguments: Mapping[str, str] = {}
    platform: str = ""
    contexts: Mapping[str, str] = {}


def asset_manifests(folder: Path) -> Iterator[Mapping[str, Any]]:
    """The asset manifests of all stacks in the folder of an assembly."""
    for _, manifest in _asset_manifests(folder):
        yield manifest


def read_json(path: Path) -> Any:
    """The JSON document in a file."""
    return parse_json(path.read_bytes())


def _asset_manifests(
    folder: Path, read: Callable[[Path], Any] = read_json
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The name of each stack's files with its manifest."""
    for path in sorted(folder.glob(f"*{_ASSETS}")):
        manifest: Mapping[str, Any] = read(path)
        yield path.name.removesuffix(_ASSETS), manifest


def file_assets(folder: Path, read: Callable[[Path], Any] = read_json) -> list[FileAsset]:
    """The file assets of all stacks in the folder of an assembly.

    A template that was changed has another key than its identifier, and is named by that.

    Args:
        folder: The folder.
        read: Gives the JSON document in a file.
    """
    found: dict[FileAsset, None] = {}
    for _, manifest in _asset_manifests(folder, read):
        for identifier, asset in _mapping(manifest.get("files")).items():
            path = str(_mapping(_mapping(asset).get("source")).get("path", ""))
            found[FileAsset(identifier.partition("-")[0], path)] = None
            for destination in _mapping(_mapping(asset).get("destinations")).values():
                key = str(_mapping(destination).get("objectKey") or "")
                name = key.rpartition("/")[2].partition(".")[0]
                if name:
                    found[FileAsset(name, path)] = None
    return list(found)


def legacy_file_assets(metadata: Mapping[str, Any]) -> list[FileAsset]:
    """The file assets that construct metadata tell of, as `LegacyStackSynthesizer` has them.

    Parameters of the template are named by their ids, and nothing else leads to them.
    """
    return [
        FileAsset(str(data["id"]), str(data["path"]))
        for entries in metadata.values()
        for entry in entries
        if entry.get("type") == "aws:cdk:asset" and isinstance(data := entry.get("data"), Mapping)
        if data.get("packaging") == "file" and data.get("id") and data.get("path")
    ]


def text_assets(folder: Path) -> Mapping[str, Path]:
    """The files of text that the stacks in the folder of an assembly upload, by their hash.

    They are those of a single file: definitions of state machines, scripts, buildspecs; no
    templates, which are examined on their own.
    """
    found: dict[str, Path] = {}
    for manifest in asset_manifests(folder):
        for identifier, asset in _mapping(manifest.get("files")).items():
            source = _mapping(_mapping(asset).get("source"))
            path = str(source.get("path", ""))
            is_text = path.endswith(_TEXTS) and not path.endswith(_TEMPLATE)
            if source.get("packaging") == "file" and is_text:
                found[str(identifier).partition("-")[0]] = folder / path
    return found


def image_assets(folder: Path) -> Iterator[ImageAsset]:
    """The Docker images that the stacks in the folder of an assembly build from a Dockerfile.

    The format is `DockerImageSource` of the AWS CDK's cloud assembly schema. An image that
    a program of the user's builds (``executable``) has no known Dockerfile.
    """
    for name, manifest in _asset_manifests(folder):
        for identifier, asset in _mapping(manifest.get("dockerImages")).items():
            source = _mapping(_mapping(asset).get("source"))
            directory = source.get("directory")
            if isinstance(directory, str) and "executable" not in source:
                yield ImageAsset(
                    _source_hash(identifier),
                    str(asset.get("displayName", "")),
                    f"{name}{_TEMPLATE}",
                    folder / _path(directory),
                    _path(source.get("dockerFile") or ""),
                    str(source.get("dockerBuildTarget") or ""),
                    _texts(source.get("dockerBuildArgs")),
                    str(source.get("platform") or ""),
                    _texts(source.get("dockerBuildContexts")),
                )


def _path(value: object) -> str:
    """A path, without what no path can hold."""
    return str(value).replace("\0", "\ufffd")


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: object) -> Mapping[str, str]:
    return {str(name): str(text) for name, text in _mapping(value).items()}


class Artifacts:
    """The manifests, templates and construct metadata of an app, each read once.

    Args:
        documents: Documents that were read before, by file; those that are read are added.
    """

    def __init__(self, documents: MutableMapping[Path, Any] | None = None) -> None:
        self._documents = {} if documents is None else documents
        self._by_template: dict[Path, dict[str, Mapping[str, Any]]] = {}
        self._metadata: dict[Path, Mapping[str, Any]] = {}

    def document(self, path: Path) -> Any:
        """The JSON document in a file."""
        if path not in self._documents:
            self._documents[path] = read_json(path)
        return self._documents[path]

    def of_template(self, template_path: Path) -> Mapping[str, Any]:
        """A stack's entry, with its id; empty without a manifest."""
        path = template_path.parent / "manifest.json"
        if path not in self._by_template:
            manifest = self.document(path) if path.exists() else {}
            self._by_template[path] = _by_template(manifest)
        return self._by_template[path].get(template_path.name, {})

    def metadata_of(self, template_path: Path) -> Mapping[str, Any]:
        """The construct metadata of a stack."""
        artifact = self.of_template(template_path)
        separate = artifact.get("additionalMetadataFile")
        if separate is None:
            return metadata_of(artifact, template_path.parent)
        path = template_path.parent / separate
        if path not in self._metadata:
            self._metadata[path] = metadata_of(artifact, template_path.parent)
        return self._metadata[path]

    def replace(self, contents: Mapping[Path, bytes]) -> None:
        """Take other contents for those of some files, before they are written or after."""
        self._by_template.clear()
        for path, content in contents.items():
            self._documents[path] = parse_json(content)
            self._metadata.pop(path, None)


def _by_template(manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {
        str(_mapping(_mapping(artifact).get("properties")).get("templateFile", "")): {
            **_mapping(artifact),
            "id": identifier,
        }
        for identifier, artifact in _mapping(_mapping(manifest).get("artifacts")).items()
    }


def metadata_of(artifact: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Construct metadata of a stack: newer versions of CDK write it next to the manifest.

    Args:
        artifact: The stack's entry in the manifest.
        folder: The manifest's folder.
    """
    metadata: dict[str, Any] = dict(artifact.get("metadata") or {})
    separate = artifact.get("additionalMetadataFile")
    if separate is not None:
        metadata.update(read_metadata(folder / separate))
    return metadata


def asset_images(manifest: Any) -> frozenset[AssetImage]:
    """The images that the app builds and pushes under the hash of their source.

    Args:
        manifest: The content of the file; malformed entries are skipped.

    Example:
        >>> destination = {"repositoryName": "assets", "imageTag": "v-" + "a" * 64}
        >>> manifest = {"dockerImages": {"a" * 64: {"destinations": {"here": destination}}}}
        >>> {image.repository for image in asset_images(manifest)}
        {'assets'}
    """
    return frozenset(_images(manifest))


def _images(manifest: Any) -> Iterator[AssetImage]:
    images = manifest.get("dockerImages") if isinstance(manifest, Mapping) else None
    for identifier, asset in images.items() if isinstance(images, Mapping) else ():
        destinations = asset.get("destinations") if isinstance(asset, Mapping) else None
        for destination in destinations.values() if isinstance(destinations, Mapping) else ():
            match destination:
                case {"repositoryName": str(repository), "imageTag": str(tag)} if tag.endswith(
                    _source_hash(identifier)
                ):
                    yield AssetImage(repository, tag)


def _source_hash(identifier: object) -> str:
    """The hash in an image asset's identifier; an asset with a name of its own has that before it.

    aws-cdk-lib, `AssetManifestBuilder.addDockerImageAsset`: ``NAME-HASH``.
    """
    found = _SOURCE_HASH.search(str(identifier))
    return found[0] if found is not None else str(identifier)
