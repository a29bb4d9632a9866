"""The manifests of a cloud assembly: artifacts, assets and construct metadata."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from pinned_images.cloudformation.scope import AssetImage

_STACK_TRACES = frozenset({"aws:cdk:creationStack"})


class _Entry(msgspec.Struct, gc=False):
    type: str
    data: msgspec.Raw = msgspec.Raw(b"null")


def read_metadata(file: Path) -> Mapping[str, list[Mapping[str, Any]]]:
    """The metadata in a file by construct path, without stack traces.

    These are most of it, and are passed over without being taken apart.
    """
    entries = msgspec.json.decode(file.read_bytes(), type=dict[str, list[_Entry]])
    return {
        path: [
            {"type": entry.type, "data": msgspec.json.decode(entry.data)}
            for entry in some
            if entry.type not in _STACK_TRACES
        ]
        for path, some in entries.items()
    }


class FileAsset(NamedTuple):
    """A file that is uploaded when the app is deployed.

    Attributes:
        content_hash: What its place in the bucket is named by.
        path: The file, beside the manifest or relative to its folder.
    """

    content_hash: str
    path: str


def asset_manifests(folder: Path) -> Iterator[Mapping[str, Any]]:
    """The asset manifests of all stacks in the folder of an assembly."""
    for path in sorted(folder.glob("*.assets.json")):
        manifest: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        yield manifest


def file_assets(folder: Path) -> list[FileAsset]:
    """The file assets of all stacks in the folder of an assembly."""
    return [
        FileAsset(identifier.partition("-")[0], str(asset.get("source", {}).get("path", "")))
        for manifest in asset_manifests(folder)
        for identifier, asset in manifest.get("files", {}).items()
    ]


class Artifacts:
    """The entries of stacks in the manifests of an app, each of which is read once."""

    def __init__(self) -> None:
        self._by_template: dict[Path, dict[str, Mapping[str, Any]]] = {}

    def of_template(self, template_path: Path) -> Mapping[str, Any]:
        """A stack's entry, with its id; empty without a manifest."""
        path = template_path.parent / "manifest.json"
        if path not in self._by_template:
            self._by_template[path] = _by_template(path) if path.exists() else {}
        return self._by_template[path].get(template_path.name, {})


def _by_template(path: Path) -> dict[str, Mapping[str, Any]]:
    manifest = json.loads(path.read_text(encoding="utf-8"))
    return {
        artifact.get("properties", {}).get("templateFile", ""): {**artifact, "id": identifier}
        for identifier, artifact in manifest.get("artifacts", {}).items()
    }


def metadata_of(artifact: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Construct metadata of a stack: newer versions of CDK write it beside the manifest.

    Args:
        artifact: The stack's entry in the manifest.
        folder: The manifest's folder.
    """
    metadata: dict[str, Any] = dict(artifact.get("metadata", {}))
    separate = artifact.get("additionalMetadataFile")
    if separate is not None:
        metadata.update(read_metadata(folder / separate))
    return metadata


def asset_images(manifest: Any) -> frozenset[AssetImage]:
    """The images that the app builds and pushes under the hash of their source.

    Args:
        manifest: The content of the file; whatever is not as it should be is passed over.

    Example:
        >>> destination = {"repositoryName": "assets", "imageTag": "v-" + "a" * 64}
        >>> manifest = {"dockerImages": {"a" * 64: {"destinations": {"here": destination}}}}
        >>> {image.repository for image in asset_images(manifest)}
        {'assets'}
    """
    return frozenset(_images(manifest))


def _images(manifest: Any) -> Iterator[AssetImage]:
    images = manifest.get("dockerImages") if isinstance(manifest, Mapping) else None
    for source_hash, asset in images.items() if isinstance(images, Mapping) else ():
        destinations = asset.get("destinations") if isinstance(asset, Mapping) else None
        for destination in destinations.values() if isinstance(destinations, Mapping) else ():
            match destination:
                case {"repositoryName": str(repository), "imageTag": str(tag)} if tag.endswith(
                    str(source_hash)
                ):
                    yield AssetImage(repository, tag)
