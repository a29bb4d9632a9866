"""The stacks of a cloud assembly with their nested stacks, and the construct of each resource."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from pinned_images.acknowledgements import Acknowledgements
from pinned_images.cloud_assembly.assembly_json import unreadable
from pinned_images.cloud_assembly.manifests import (
    Artifacts,
    file_assets,
    legacy_file_assets,
)
from pinned_images.cloud_assembly.named_templates import (
    NESTED_STACKS,
    NamedTemplate,
    templates_named_by,
)
from pinned_images.cloudformation.deployers import DEPLOYERS, NOT_THE_APP, Deployer

_LOGICAL_ID = "aws:cdk:logicalId"
_TEMPLATE_FILE = "aws:cdk:templateFile"
_NESTED_RESOURCE = ".NestedStackResource"


class StackConstructs:
    """The constructs of one stack, without those of the stacks in it.

    Args:
        stack: The stack's construct path.
        metadata: Construct metadata by construct path, which begins with a slash.
    """

    def __init__(self, stack: str, metadata: Mapping[str, Any]) -> None:
        begin = f"/{stack}/"
        files: list[tuple[str, str]] = []
        resources: list[tuple[str, str]] = []
        inner: set[str] = set()
        for path, entries in metadata.items():
            if path.startswith(begin):
                for entry in entries:
                    kind, data = entry.get("type"), entry.get("data")
                    if kind == _LOGICAL_ID and isinstance(data, str):
                        resources.append((data, path[1:]))
                    elif kind == _TEMPLATE_FILE and isinstance(data, str):
                        files.append((data, path[1:]))
                if path.endswith(_NESTED_RESOURCE):
                    inner.add(_nested_stack_of(path[1:]))
        inner.update(path for _, path in files)
        self._resources = _outside(inner, resources)
        self._files = _outside(inner, files)

    def paths_by_logical_id(self) -> Mapping[str, str]:
        """The construct path of each resource; none where CDK is configured to omit them."""
        return self._resources

    def inner_stacks_by_file(self) -> Mapping[str, str]:
        """The construct path of each stack that is in this one, by its template's file."""
        return self._files


def _nested_stack_of(resource_path: str) -> str:
    """The construct path of a nested stack by its resource.

    CDK puts the resource of ``X`` at ``X.NestedStack/X.NestedStackResource``.
    """
    return resource_path.rpartition("/")[0].removesuffix(".NestedStack")


def nested_stack_at(resource_path: str) -> str:
    """The construct path of a nested stack whose resource in its parent is at a path."""
    if resource_path.endswith(_NESTED_RESOURCE):
        return _nested_stack_of(resource_path)
    return resource_path


def _outside(stacks: Collection[str], paths: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The entries whose paths are not in one of some stacks."""
    begins = tuple(f"{stack}/" for stack in stacks)
    return {key: path for key, path in paths if not path.startswith(begins)}


#: Construct paths by logical id, for the file of a template.
PathsOfTemplate = Callable[[str], Mapping[str, str]]


class AssemblyStack(Struct, frozen=True, eq=False, dict=True):
    """A stack in a cloud assembly, nested or not, or another template that one of them names.

    Attributes:
        construct_path: Its path in the construct tree.
        template_path: Its template's file; for a template that is in another one, that one's.
        metadata: Construct metadata by construct path, of the top-level stack that it belongs to.
        account: The account that it is deployed to, where it is known.
        region: The region that it is deployed to, where it is known.
        logical_id_in_parent: Of a nested stack: the resource in its parent's template.
        name: The name that a top-level stack is deployed under.
        validate_on_synth: Whether `cdk synth` shows its violations, whatever its Stage.
        deployer: The service that deploys it, if not the app.
        content: The template where it is not in a file of its own.
        is_construct: Whether it is a stack of the app, and not a template that a resource names.
        artifacts: The files that were read so far, shared by the stacks of an app.
        paths_of_template: The source of construct paths that are not in the metadata.
    """

    construct_path: str
    template_path: Path
    metadata: Mapping[str, Any] = {}
    account: str | None = None
    region: str | None = None
    logical_id_in_parent: str = ""
    name: str = ""
    validate_on_synth: bool = False
    deployer: Deployer | None = None
    content: Mapping[str, Any] | None = None
    is_construct: bool = True
    artifacts: Artifacts = field(default_factory=Artifacts)
    paths_of_template: PathsOfTemplate = lambda _: {}

    @classmethod
    def read(
        cls,
        construct_path: str,
        template_path: Path,
        account: str | None = None,
        region: str | None = None,
        paths_of_template: PathsOfTemplate = lambda _: {},
        *,
        artifacts: Artifacts | None = None,
    ) -> AssemblyStack:
        """A top-level stack, with the metadata that is next to its template.

        Args:
            construct_path: Its path in the construct tree.
            template_path: Its template's file.
            account: The account that it is deployed to, where it is known.
            region: The region that it is deployed to, where it is known.
            paths_of_template: The source of construct paths that are not in the metadata.
            artifacts: The files read so far, shared by the stacks of an app.
        """
        artifacts = artifacts or Artifacts()
        artifact = artifacts.of_template(template_path)
        properties = artifact.get("properties", {})
        return cls(
            construct_path,
            template_path,
            artifacts.metadata_of(template_path),
            account,
            region,
            name=properties.get("stackName", artifact.get("id", "")),
            validate_on_synth=properties.get("validateOnSynth", False),
            artifacts=artifacts,
            paths_of_template=paths_of_template,
        )

    @cached_property
    def template(self) -> Mapping[str, Any]:
        """The template.

        Raises:
            ConfigurationError: It cannot be read.
        """
        if self.content is not None:
            return self.content
        try:
            content = self.artifacts.document(self.template_path)
        except (OSError, ValueError, RecursionError):
            content = None
        if not isinstance(content, Mapping):
            raise unreadable(self.template_path)
        return content

    @cached_property
    def acknowledgements(self) -> Acknowledgements:
        """The acknowledgements in it."""
        return Acknowledgements.of_metadata(self.metadata)

    @cached_property
    def nested(self) -> tuple[AssemblyStack, ...]:
        """The stacks that are nested in it, which get their parameters from it."""
        return tuple(stack for stack in self._inner if stack.logical_id_in_parent)

    @cached_property
    def detached(self) -> tuple[AssemblyStack, ...]:
        """The templates in it that other services deploy: of stack sets, and of products."""
        return tuple(stack for stack in self._inner if not stack.logical_id_in_parent)

    def with_nested(self) -> Iterator[AssemblyStack]:
        """This stack and all that are in it, at any depth."""
        yield self
        for inner in self._inner:
            yield from inner.with_nested()

    def resources(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        """Logical id, type and properties of each resource."""
        yield from self._with_properties

    def metadata_of(self, logical_id: str) -> Mapping[str, Any]:
        """The metadata of a resource in the template; empty without any."""
        metadata = self._by_logical_id[logical_id].get("Metadata")
        return metadata if isinstance(metadata, Mapping) else {}

    def construct_path_of(self, logical_id: str) -> str:
        """The construct path of a resource; the stack's own with the logical id where unknown."""
        return self._construct_paths.get(logical_id, f"{self.construct_path}/{logical_id}")

    def templates_read_in(self, logical_id: str) -> frozenset[str]:
        """The properties of a resource whose templates are read on their own."""
        return frozenset(
            named.location
            for holder, _, named in self._named
            if holder == logical_id and named.content is not None
        )

    def unreadable_templates(self) -> Iterator[tuple[str, NamedTemplate]]:
        """The templates that resources name and that cannot be read, by logical id."""
        known = {stack.logical_id_in_parent for stack in self.nested}
        for logical_id, _, named in self._named:
            if named.content is None and logical_id not in known:
                yield logical_id, named

    @cached_property
    def _resources(self) -> list[tuple[str, Mapping[str, Any]]]:
        return list(_resources(self.template.get("Resources")))

    @cached_property
    def _with_properties(self) -> list[tuple[str, str, Mapping[str, Any]]]:
        found = []
        for logical_id, resource in self._resources:
            properties = resource.get("Properties", {})
            if isinstance(properties, Mapping):
                found.append((logical_id, str(resource.get("Type")), properties))
        return found

    @cached_property
    def _by_logical_id(self) -> Mapping[str, Mapping[str, Any]]:
        return dict(self._resources)

    @cached_property
    def _constructs(self) -> StackConstructs:
        return StackConstructs(self.construct_path, {} if self.content else self.metadata)

    @cached_property
    def _construct_paths(self) -> Mapping[str, str]:
        paths = self._constructs.paths_by_logical_id()
        return paths or self.paths_of_template(self.template_path.name)

    @cached_property
    def _named(self) -> list[tuple[str, str, NamedTemplate]]:
        """Logical id and type of each resource that names a template, and the template."""
        folder = self.template_path.parent
        read = self.artifacts.document
        assets = cache(lambda: [*file_assets(folder, read), *legacy_file_assets(self.metadata)])
        return [
            (logical_id, str(resource.get("Type")), named)
            for logical_id, resource in self._resources
            for named in templates_named_by(resource, assets, folder, read)
        ]

    @cached_property
    def _inner(self) -> list[AssemblyStack]:
        stacks = list(self._inner_constructs())
        files = {stack.template_path for stack in stacks}
        return [*stacks, *(each for each in self._inner_resources() if each.is_new_beside(files))]

    def _inner_constructs(self) -> Iterator[AssemblyStack]:
        """The stacks in this one that are constructs of the app."""
        logical_ids = {nested_stack_at(path): key for key, path in self._construct_paths.items()}
        namers = {named.file: resource_type for _, resource_type, named in self._named}
        for name, path in self._constructs.inner_stacks_by_file().items():
            file = self.template_path.parent / name
            if file.is_file():
                yield self._inner_stack(path, file, logical_ids.get(path, ""), namers.get(file))

    def _inner_resources(self) -> Iterator[AssemblyStack]:
        """Templates that resources name; in older CDK the only sign of nested stacks."""
        for logical_id, resource_type, named in self._named:
            if named.content is not None:
                path = nested_stack_at(self.construct_path_of(logical_id))
                in_parent = logical_id if resource_type in NESTED_STACKS else ""
                content = None if named.file else named.content
                file = named.file or self.template_path
                stack = self._inner_stack(path, file, in_parent, resource_type)
                yield replace(stack, content=content, is_construct=False)

    def is_new_beside(self, files: Collection[Path]) -> bool:
        """Whether its template is in none of some files, or in no file of its own."""
        return self.content is not None or self.template_path not in files

    def _inner_stack(
        self, path: str, file: Path, logical_id: str, named_by: str | None
    ) -> AssemblyStack:
        is_nested = bool(logical_id)
        deployer = DEPLOYERS.get(named_by or "", NOT_THE_APP)
        return AssemblyStack(
            path,
            file,
            self.metadata,
            self.account if is_nested else None,
            self.region if is_nested else None,
            logical_id,
            deployer=self.deployer if is_nested else deployer,
            artifacts=self.artifacts,
            paths_of_template=self.paths_of_template,
        )


def _resources(section: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Logical id and definition of each resource; of a loop (``Fn::ForEach``), the one in it."""
    for logical_id, resource in section.items() if isinstance(section, Mapping) else ():
        match resource:
            case Mapping():
                yield logical_id, resource
            case [_, _, Mapping() as body] if logical_id.startswith("Fn::ForEach::"):
                yield from _resources(body)
