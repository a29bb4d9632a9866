"""The templates of a cloud assembly on disk, nested stacks included, and whose they are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pinned_images.acknowledgements import Acknowledgements

_LOGICAL_ID = "aws:cdk:logicalId"
_STACK_TYPE = "AWS::CloudFormation::Stack"


@dataclass(frozen=True, eq=False)
class AssemblyStack:
    """A stack or nested stack in a cloud assembly.

    Attributes:
        construct_path: Its path in the construct tree.
        template_path: Its template's file.
        metadata: Construct metadata by construct path, of the top-level stack that it belongs to.
        account: The account that it is deployed to, where it is known.
        region: The region that it is deployed to, where it is known.
        logical_id_in_parent: Of a nested stack: the resource in its parent's template.
        name: The name that a top-level stack is deployed under.
        validate_on_synth: Whether `cdk synth` shows what is wrong in it, in whatever Stage it is.
    """

    construct_path: str
    template_path: Path
    metadata: Mapping[str, Any] = field(default_factory=dict, repr=False)
    account: str | None = None
    region: str | None = None
    logical_id_in_parent: str = ""
    name: str = ""
    validate_on_synth: bool = False

    @classmethod
    def read(
        cls,
        construct_path: str,
        template_path: Path,
        account: str | None = None,
        region: str | None = None,
    ) -> AssemblyStack:
        """A top-level stack, with the metadata that stands beside its template."""
        artifact = _artifact(template_path)
        properties = artifact.get("properties", {})
        return cls(
            construct_path,
            template_path,
            metadata_of(artifact, template_path.parent),
            account,
            region,
            name=properties.get("stackName", artifact.get("id", "")),
            validate_on_synth=properties.get("validateOnSynth", False),
        )

    @cached_property
    def template(self) -> Mapping[str, Any]:
        """The template."""
        content: Mapping[str, Any] = json.loads(self.template_path.read_text(encoding="utf-8"))
        return content

    @cached_property
    def acknowledgements(self) -> Acknowledgements:
        """What is acknowledged in it."""
        return Acknowledgements.of_metadata(self.metadata)

    @cached_property
    def nested(self) -> tuple[AssemblyStack, ...]:
        """The stacks that are nested in it."""
        return tuple(self._nested())

    def with_nested(self) -> Iterator[AssemblyStack]:
        """This stack and all that are nested in it, at any depth."""
        yield self
        for nested in self.nested:
            yield from nested.with_nested()

    def resources(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        """Logical id, type and properties of each resource."""
        for logical_id, resource in self.template.get("Resources", {}).items():
            properties = resource.get("Properties")
            if isinstance(properties, Mapping):
                yield logical_id, str(resource.get("Type")), properties

    def construct_path_of(self, logical_id: str) -> str:
        """The construct path of a resource; the stack's own with the logical id where unknown."""
        return self._construct_paths.get(logical_id, f"{self.construct_path}/{logical_id}")

    @cached_property
    def _construct_paths(self) -> Mapping[str, str]:
        """Construct paths by logical id, of this stack's own constructs only."""
        paths: dict[str, str] = {}
        others = {
            path.rpartition("/")[0].removesuffix(".NestedStack")
            for path in self._paths_below()
            if path.endswith(".NestedStackResource")
        }
        for path in self._paths_below():
            if any(path.startswith(f"{other}/") for other in others):
                continue
            for entry in self.metadata[f"/{path}"]:
                if entry.get("type") == _LOGICAL_ID:
                    paths[str(entry["data"])] = path
        return paths

    def _paths_below(self) -> list[str]:
        prefix = f"/{self.construct_path}/"
        return [path[1:] for path in self.metadata if path.startswith(prefix)]

    def _nested(self) -> Iterator[AssemblyStack]:
        for logical_id, resource_type, properties in self.resources():
            if resource_type != _STACK_TYPE:
                continue
            name = self._nested_template(logical_id, properties)
            if name is not None:
                yield AssemblyStack(
                    self._nested_construct_path(logical_id),
                    self.template_path.parent / name,
                    self.metadata,
                    self.account,
                    self.region,
                    logical_id,
                )

    def _nested_construct_path(self, logical_id: str) -> str:
        """CDK puts the resource of ``X`` at ``X.NestedStack/X.NestedStackResource``."""
        path = self.construct_path_of(logical_id)
        if logical_id not in self._construct_paths:
            return path
        return path.rpartition("/")[0].removesuffix(".NestedStack")

    def _nested_template(self, logical_id: str, properties: Mapping[str, Any]) -> str | None:
        """The file of a nested stack's template: named by the resource, or found by its hash."""
        resource = self.template["Resources"][logical_id]
        named = resource.get("Metadata", {}).get("aws:asset:path")
        if isinstance(named, str):
            return named
        url = json.dumps(properties.get("TemplateURL"))
        for content_hash, source in self._template_assets:
            if content_hash in url:
                return source
        return None

    @cached_property
    def _template_assets(self) -> list[tuple[str, str]]:
        """Hash and file of each template among the assembly's file assets."""
        assets = [
            (identifier.partition("-")[0], str(asset.get("source", {}).get("path", "")))
            for manifest in asset_manifests(self.template_path.parent)
            for identifier, asset in manifest.get("files", {}).items()
        ]
        return [each for each in assets if each[1].endswith(".template.json")]


def asset_manifests(folder: Path) -> Iterator[Mapping[str, Any]]:
    """The asset manifests of all stacks in the folder of an assembly."""
    for path in sorted(folder.glob("*.assets.json")):
        manifest: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        yield manifest


def _artifact(template_path: Path) -> Mapping[str, Any]:
    """The stack's entry in the manifest of its assembly, with its id; empty without a manifest."""
    manifest_path = template_path.parent / "manifest.json"
    if not manifest_path.exists():
        return {}
    manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    for identifier, artifact in manifest.get("artifacts", {}).items():
        if artifact.get("properties", {}).get("templateFile") == template_path.name:
            return {**artifact, "id": identifier}
    return {}


def metadata_of(artifact: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Construct metadata of a stack: newer versions of CDK write it beside the manifest.

    Args:
        artifact: The stack's entry in the manifest.
        folder: The manifest's folder.
    """
    metadata: dict[str, Any] = dict(artifact.get("metadata", {}))
    separate = artifact.get("additionalMetadataFile")
    if separate is not None:
        metadata.update(json.loads((folder / separate).read_text(encoding="utf-8")))
    return metadata
