"""`AssemblyFiles`: the files of a cloud assembly and of those nested in it.

They are checked as they are read; their schemas are those of cloud-assembly-schema.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from pinned_images.cloud_assembly.assembly_json import LONGEST_BEGIN, like, parse_json, unreadable
from pinned_images.errors import ConfigurationError
from pinned_images.printable import printable, quoted

MANIFEST = "manifest.json"

#: Names the format of a file, and is next to the manifest of every cloud assembly.
MARKER = "cdk.out"

_METADATA_FILE = "additionalMetadataFile"
_ASSET = b'"aws:cdk:asset"'
#: Files of builds that CDK Pipelines writes with ``publishAssetsInParallel: false``.
_BUILDS = "buildspec-*.yaml"

_Schema = TypeVar("_Schema")
#: Entries of construct metadata by construct path.
Metadata = dict[str, list[dict[str, Any]]]


class _Artifact(msgspec.Struct):
    """An artifact's fields that are read (`ArtifactManifest` of cloud-assembly-schema)."""

    type: str
    properties: dict[str, Any] | None = None
    metadata: dict[str, list[dict[str, Any]]] | None = None
    additionalMetadataFile: str | None = None  # noqa: N815 - the name in the file
    displayName: str | None = None  # noqa: N815
    environment: str | None = None


class _Manifest(msgspec.Struct):
    """A manifest. CDK always writes both fields; a `manifest.json` of something else lacks one."""

    version: str
    artifacts: dict[str, _Artifact]
    missing: list[dict[str, Any]] | None = None


class _Destination(msgspec.Struct):
    bucketName: str = ""  # noqa: N815
    objectKey: str = ""  # noqa: N815


class _File(msgspec.Struct):
    source: dict[str, Any] | None = None
    destinations: dict[str, _Destination] | None = None


class _AssetManifest(msgspec.Struct):
    files: dict[str, _File] | None = None
    dockerImages: dict[str, dict[str, Any]] | None = None  # noqa: N815


class Destination(NamedTuple):
    """A place that a file asset is uploaded to."""

    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class AssetOfFile:
    """A file asset of an asset manifest.

    Attributes:
        manifest: The asset manifest's file.
        identifier: The asset's identifier in it.
        destinations: By their names.
    """

    manifest: Path
    identifier: str
    destinations: Mapping[str, Destination]


@dataclass(frozen=True, eq=False)
class AssemblyFiles:
    """The files of a cloud assembly and of those nested in it.

    Attributes:
        root: The folder of the assembly.
        documents: The JSON documents that were read, by file.

    Raises:
        ConfigurationError: The folder is no cloud assembly, or a file of it cannot be read.
    """

    root: Path
    documents: dict[Path, Any] = field(default_factory=dict)
    _begins: dict[Path, bytes] = field(default_factory=dict)
    _schemas: dict[tuple[Path, type], Any] = field(default_factory=dict)
    _found: dict[Path, bool] = field(default_factory=dict)

    @cached_property
    def folders(self) -> tuple[Path, ...]:
        """The folder of the assembly, and those of nested ones."""
        return tuple(self._folders(self.root))

    @cached_property
    def templates(self) -> tuple[Path, ...]:
        """The template of each stack, and of each nested one."""
        found = dict.fromkeys(
            self.named_file(folder, artifact, "templateFile")
            for folder in self.folders
            for artifact in self.artifacts(folder, "aws:cloudformation:stack").values()
        )
        assets = (*self.assets, *sorted(self.legacy_assets))
        nested = (
            path for path in assets if path.name.endswith(".template.json") and self.has(path)
        )
        return tuple(dict.fromkeys([*found, *nested]))

    @property
    def is_complete(self) -> bool:
        """Whether no context is missing; where some is, the CDK CLI runs the app once more."""
        return not any(
            self._checked(folder / MANIFEST, _Manifest).missing for folder in self.folders
        )

    @property
    def schema(self) -> str:
        """The version of the schema that the assembly is written in."""
        return self._checked(self.root / MANIFEST, _Manifest).version

    def artifacts(self, folder: Path, kind: str) -> dict[str, Any]:
        """The artifacts of a kind in one of the folders, by id."""
        path = folder / MANIFEST
        checked = self._checked(path, _Manifest).artifacts
        found = {name: each for name, each in checked.items() if each.type == kind}
        artifacts = self.document(path).get("artifacts") or {}
        return {name: artifacts[name] for name in found}

    def named_file(self, folder: Path, artifact: Mapping[str, Any], name: str) -> Path:
        """The file that a property of an artifact names; it is in the assembly, and no link.

        Raises:
            ConfigurationError: It is elsewhere, or there is no such property.
        """
        given = (artifact.get("properties") or {}).get(name)
        path = path_in(folder, given) if isinstance(given, str) and given else None
        if path is None or not self.has(path):
            raise ConfigurationError(
                f"The file {quoted(folder / MANIFEST)} names {quoted(given)} as {name}, which is "
                "no file of this cloud assembly: synthesize the app again."
            )
        return path

    def has(self, path: Path) -> bool:
        """Whether a file is below the folder of the assembly with no symbolic link on its way."""
        if path not in self._found:
            self._found[path] = self._has(path)
        return self._found[path]

    def _has(self, path: Path) -> bool:
        root = self._resolved_root
        wanted = os.path.normpath(root / os.path.relpath(path, self.root))
        try:
            return str(path.resolve()) == wanted and Path(wanted).is_relative_to(root)
        except (OSError, RuntimeError, ValueError):  # a loop of links; a name that none can be
            return False

    @cached_property
    def _resolved_root(self) -> Path:
        return self.root.resolve()

    def _checked(self, path: Path, schema: type[_Schema]) -> _Schema:
        key = (path, schema)
        if key not in self._schemas:
            try:
                self._schemas[key] = msgspec.convert(self.document(path), schema)
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                raise ConfigurationError(
                    f"The file {quoted(path)} is not as the CDK writes it ({printable(str(error))})"
                    ": synthesize the app again."
                ) from error
        found: _Schema = self._schemas[key]
        return found

    def document(self, path: Path) -> Any:
        """A JSON object in a file, parsed.

        Raises:
            ConfigurationError: It cannot be read.
        """
        if path not in self.documents or path not in self._begins:
            try:
                content = path.read_bytes()
                self.documents[path] = msgspec.convert(parse_json(content), dict[str, Any])
                self._begins[path] = content[:LONGEST_BEGIN]
            except (OSError, ValueError, RecursionError, msgspec.MsgspecError) as error:
                raise unreadable(path) from error
        return self.documents[path]

    def written(self, document: Any, path: Path) -> bytes:
        """A document in the form of the file that it is read from."""
        return like(document, self._begins[path])

    def is_published(self, selector: str) -> bool:
        """Whether a build of a pipeline publishes an asset, named by ``id:destination``."""
        builds = (path for folder in self.folders for path in folder.glob(_BUILDS))
        wanted = selector.encode()
        return any(
            wanted in path.read_bytes() for path in (*self.templates, *builds) if self.has(path)
        )

    def _folders(self, folder: Path) -> Iterator[Path]:
        yield folder
        for artifact in self.artifacts(folder, "cdk:cloud-assembly").values():
            inner = self.named_file(folder, artifact, "directoryName")
            if folder not in inner.parents:
                raise ConfigurationError(
                    f"The folder {quoted(inner)} is not in that of the stage {quoted(folder)}: "
                    "synthesize the app again."
                )
            yield from self._folders(inner)

    @cached_property
    def assets(self) -> dict[Path, list[AssetOfFile]]:
        """The file assets of all asset manifests, by their files."""
        found: dict[Path, list[AssetOfFile]] = {}
        for folder in self.folders:
            for artifact in self.artifacts(folder, "cdk:asset-manifest").values():
                manifest = self.named_file(folder, artifact, "file")
                for identifier, asset in (
                    self._checked(manifest, _AssetManifest).files or {}
                ).items():
                    path = (asset.source or {}).get("path")
                    if isinstance(path, str) and path:
                        found.setdefault(path_in(folder, path), []).append(
                            AssetOfFile(manifest, identifier, _destinations(asset))
                        )
        return found

    @cached_property
    def legacy_assets(self) -> frozenset[Path]:
        """The file assets in construct metadata, as `LegacyStackSynthesizer` writes them.

        The CDK CLI derives their keys from ``sourceHash``.
        """
        return frozenset(
            path_in(folder, entry["data"]["path"])
            for folder in self.folders
            for artifact in self.artifacts(folder, "aws:cloudformation:stack").values()
            for metadata in self._metadata(folder, artifact)
            for entries in metadata.values()
            for entry in entries
            if is_legacy_asset(entry)
        )

    def metadata_file(self, folder: Path, artifact: Mapping[str, Any]) -> Path | None:
        """The file next to the manifest that newer versions of CDK write metadata into."""
        if artifact.get(_METADATA_FILE) is None:
            return None
        return self.named_file(folder, {"properties": artifact}, _METADATA_FILE)

    def metadata(self, path: Path) -> Metadata:
        """The construct metadata in a file of their own."""
        self._checked(path, Metadata)
        found: Metadata = self.document(path)
        return found

    def _metadata(self, folder: Path, artifact: Mapping[str, Any]) -> Iterator[Metadata]:
        """The construct metadata of a stack in which there may be assets."""
        yield artifact.get("metadata") or {}
        file = self.metadata_file(folder, artifact)
        if file is not None and _ASSET in self._content(file):
            yield self.metadata(file)

    def _content(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise unreadable(path) from error


def is_legacy_asset(entry: Mapping[str, Any]) -> bool:
    """Whether an entry of construct metadata is a file asset of `LegacyStackSynthesizer`."""
    match entry:
        case {"type": "aws:cdk:asset", "data": {"packaging": "file", "path": str()}}:
            return True
    return False


def path_in(folder: Path, name: str) -> Path:
    """A path in a folder, or elsewhere, written in one way only: without ``..``."""
    return Path(os.path.normpath(folder / name))


def _destinations(asset: _File) -> dict[str, Destination]:
    return {
        name: Destination(each.bucketName, each.objectKey)
        for name, each in (asset.destinations or {}).items()
    }
