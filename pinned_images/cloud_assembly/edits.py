"""Changes of templates in a cloud assembly that keep keys, manifests and parents consistent.

A stack's template is a file asset: ``X.assets.json`` names the object in the bucket of each
destination, ``manifest.json`` names it in ``stackTemplateAssetObjectUrl``, and the parent of a
nested stack holds it in ``TemplateURL``. The CDK CLI uploads a file only where the bucket has no
object of that key, so a changed template needs a new key wherever the old one is written.
Identifiers of assets stay: CDK Pipelines writes them into the commands of its builds.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pinned_images.cloud_assembly.assembly_files import (
    MANIFEST,
    AssemblyFiles,
    Metadata,
    is_legacy_asset,
    path_in,
)
from pinned_images.cloud_assembly.assembly_json import compact_json, parse_json
from pinned_images.errors import ConfigurationError
from pinned_images.printable import quoted

_HASH = re.compile(r"[0-9a-f]{64}")
_LOGICAL_ID = "aws:cdk:logicalId"


def changed_files(
    files: AssemblyFiles,
    templates: Mapping[Path, Any],
    known: Collection[Path] = (),
    logical_ids: Mapping[str, str] = MappingProxyType({}),
) -> dict[Path, bytes]:
    """The content of every file that differs after a change of some templates.

    Args:
        files: The files of the assembly.
        templates: The new templates by file.
        known: The files of all templates of the app, those that are in no manifest too.
        logical_ids: New logical ids in the templates, by construct path.

    Raises:
        ConfigurationError: Two nested stacks share one key, or one step of a pipeline, and would
            become different.
    """
    given = {path: new for path, new in templates.items() if files.document(path) != new}
    return _Edit(files, given, known, logical_ids).files()


class _Edit:
    """One change of an assembly, computed from the innermost templates outwards."""

    def __init__(
        self,
        files: AssemblyFiles,
        given: Mapping[Path, Any],
        known: Collection[Path],
        logical_ids: Mapping[str, str],
    ) -> None:
        self._files = files
        self._given = given
        self._logical_ids = logical_ids
        # A nested stack may be of a template that the app has as an asset under any name.
        of_app = (path for path in given if path in files.assets and files.has(path))
        listed = dict.fromkeys([*files.templates, *of_app])
        self._twins = _twins(listed, [path for path in known if files.has(path)])
        self._templates = (*listed, *self._twins)
        self._contents: dict[Path, bytes | None] = {}
        self._owners = self._owners_of_keys()

    def files(self) -> dict[Path, bytes]:
        """The content of every file that changes; manifests last, the outermost at the end."""
        if not self._given:
            return {}
        contents = {
            path: content
            for path in self._templates
            if (content := self._content(path, ())) is not None
        }
        for path, listed in self._twins.items():
            if contents.get(path) != contents.get(listed):
                raise _different([listed, path])
        manifests = self._asset_manifests(contents)
        self._check_publishing(contents)
        assemblies = self._assembly_manifests(contents)
        return {**contents, **manifests, **assemblies}

    def _owners_of_keys(self) -> dict[str, list[Path]]:
        """Templates by the keys under which they are uploaded."""
        owners: dict[str, list[Path]] = {}
        for path in self._templates:
            for asset in self._files.assets.get(path, ()):
                for destination in asset.destinations.values():
                    some = owners.setdefault(destination.key, [])
                    if path not in some:
                        some.append(path)
        return owners

    def _content(self, path: Path, above: tuple[Path, ...]) -> bytes | None:
        """The new content of a template; None where it is unchanged."""
        if path in self._contents or path in above:
            return self._contents.get(path)
        document = self._given.get(path, self._files.document(path))
        replaced = self._with_new_keys(document, path, (*above, path))
        is_same = path not in self._given and replaced == document
        self._contents[path] = None if is_same else self._files.written(replaced, path)
        return self._contents[path]

    def _with_new_keys(self, document: Any, path: Path, above: tuple[Path, ...]) -> Any:
        """A template with the new keys of the templates that it names."""
        keys = [key for key in self._owners if path not in self._owners[key]]
        if not keys or not isinstance(document, dict):
            return document
        text = compact_json(document).decode()
        new_keys = {}
        for key in keys:
            if key in text:
                new = self._new_key(key, path, above)
                if new is not None:
                    new_keys[key] = new
        return _replaced(document, new_keys) if new_keys else document

    def _new_key(self, key: str, parent: Path, above: tuple[Path, ...]) -> str | None:
        """The new key of a file that a template names by its old one; None where it is unchanged.

        Other stacks may have a nested stack with the same template, and so with the same key.
        """
        own = self._manifests_of(parent)
        owners = [each for each in self._owners[key] if self._manifests_of(each) & own]
        owners = owners or self._owners[key]
        contents = {self._content(owner, above) for owner in owners}
        if len(contents) > 1:
            # Templates with one content have one key; which of them a parent means, is in the
            # metadata of its resource at best.
            raise _different(owners)
        [content] = contents
        return None if content is None else new_key(key, content)

    def _manifests_of(self, path: Path) -> frozenset[Path]:
        """The asset manifests that list a template: those of the stack that it belongs to."""
        listed = self._twins.get(path, path)
        return frozenset(asset.manifest for asset in self._files.assets.get(listed, ()))

    def _asset_manifests(self, contents: Mapping[Path, bytes]) -> dict[Path, bytes]:
        changed: dict[Path, Any] = {}
        for path, content in contents.items():
            for asset in self._files.assets.get(path, ()):
                document = changed.setdefault(
                    asset.manifest, _copied(self._files.document(asset.manifest))
                )
                destinations = document["files"][asset.identifier]["destinations"]
                for name, destination in asset.destinations.items():
                    destinations[name]["objectKey"] = new_key(destination.key, content)
        return {path: self._files.written(document, path) for path, document in changed.items()}

    def _check_publishing(self, contents: Mapping[Path, bytes]) -> None:
        """Refuse templates that become different, and that a pipeline publishes as one.

        CDK Pipelines publishes an asset of several stages once, from the manifest of one of them
        (aws-cdk-lib, pipelines/lib/helpers-internal/pipeline-graph.ts: by its identifier).
        """
        shared: dict[tuple[str, str], dict[bytes | None, Path]] = {}
        for path in self._templates:
            for asset in self._files.assets.get(path, ()):
                for name in asset.destinations:
                    by_content = shared.setdefault((asset.identifier, name), {})
                    by_content.setdefault(contents.get(path), path)
        for (identifier, name), by_content in shared.items():
            if len(by_content) > 1 and self._files.is_published(f"{identifier}:{name}"):
                raise _different(
                    list(by_content.values()), "the pipeline publishes that of one of them alone; "
                )

    def _assembly_manifests(self, contents: Mapping[Path, bytes]) -> dict[Path, bytes]:
        changed: dict[Path, Any] = {}
        for folder in reversed(self._files.folders):
            path = folder / MANIFEST
            manifest = _copied(self._files.document(path))
            for artifact in (manifest.get("artifacts") or {}).values():
                if artifact.get("type") == "aws:cloudformation:stack":
                    self._rename(artifact["properties"], folder, contents)
                    self._change_metadata(artifact.get("metadata") or {}, folder, contents)
                    file = self._files.metadata_file(folder, artifact)
                    if file is not None and (self._files.legacy_assets or self._logical_ids):
                        metadata = changed.setdefault(file, _copied(self._files.metadata(file)))
                        self._change_metadata(metadata, folder, contents)
            changed[path] = manifest
        return {
            path: self._files.written(document, path)
            for path, document in changed.items()
            if document != self._files.document(path)
        }

    def _change_metadata(
        self, metadata: Metadata, folder: Path, contents: Mapping[Path, bytes]
    ) -> None:
        """Write the new hashes of assets, and the new logical ids of resources."""
        for construct, entries in metadata.items():
            for entry in entries:
                if entry.get("type") == _LOGICAL_ID and construct[1:] in self._logical_ids:
                    entry["data"] = self._logical_ids[construct[1:]]
                elif is_legacy_asset(entry):
                    path = path_in(folder, entry["data"]["path"])
                    if path in contents:
                        content_hash = hashlib.sha256(contents[path]).hexdigest()
                        entry["data"]["sourceHash"] = content_hash

    def _rename(
        self, properties: dict[str, Any], folder: Path, contents: Mapping[Path, bytes]
    ) -> None:
        """Write the new object key of a stack's template."""
        path = path_in(folder, properties["templateFile"])
        url = properties.get("stackTemplateAssetObjectUrl")
        if not isinstance(url, str) or path not in contents:
            return
        for asset in self._files.assets.get(path, ()):
            for destination in asset.destinations.values():
                if destination.key and url.endswith(f"/{destination.key}"):
                    key = new_key(destination.key, contents[path])
                    properties["stackTemplateAssetObjectUrl"] = (
                        url.removesuffix(destination.key) + key
                    )
                    return


def _twins(listed: Collection[Path], known: Iterable[Path]) -> dict[Path, Path]:
    """Templates that are in no manifest, each with the same one in the same folder that is.

    CDK lists one file for all nested stacks of a stack that have the same template.
    """
    found = {}
    for path in known:
        if path not in listed:
            content = path.read_bytes()
            for other in listed:
                if other.parent == path.parent and other.read_bytes() == content:
                    found[path] = other
                    break
    return found


def _different(paths: Sequence[Path], why: str = "") -> ConfigurationError:
    names = ", ".join(quoted(path.name) for path in paths)
    return ConfigurationError(
        f"The nested stacks {names} had one template, and their images are different ones now: "
        f"{why}give one of them a description of its own, so that CDK tells them apart."
    )


def new_key(key: str, content: bytes) -> str:
    """The key of a changed template: the old one with the hash of its content.

    Example:
        >>> old = f"templates/{'0' * 64}.json"
        >>> new_key(old, b"{}")[:30]
        'templates/44136fa355b3678a1146'
    """
    digest = hashlib.sha256(content).hexdigest()
    folder, slash, name = key.rpartition("/")
    if _HASH.search(name):
        return folder + slash + _HASH.sub(digest, name)
    stem, dot, extension = name.partition(".")
    return f"{folder}{slash}{stem}-{digest}{dot}{extension}"


def _replaced(value: Any, keys: Mapping[str, str]) -> Any:
    """A value with other keys in its strings; the end of a longer name is none."""
    names = "|".join(map(re.escape, sorted(keys, key=len, reverse=True)))
    pattern = re.compile(f"(?<![A-Za-z0-9_.-])(?:{names})(?![A-Za-z0-9_-])")

    def replace(match: re.Match[str]) -> str:
        return keys[match[0]]

    return _mapped(value, lambda text: pattern.sub(replace, text))


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_mapped(each, change) for each in value]
    if isinstance(value, dict):
        return {key: _mapped(each, change) for key, each in value.items()}
    return value


def _copied(document: Any) -> Any:
    return parse_json(compact_json(document))
