"""`AssemblyPinning`: the pinning of the images in a finished assembly, and its new templates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pinned_images.acknowledgements import is_below
from pinned_images.assembly.assembly_acknowledgements import (
    acknowledged_containers,
    acknowledgements_at,
)
from pinned_images.cloud_assembly import AssemblyStack
from pinned_images.cloud_assembly.assembly_files import AssemblyFiles
from pinned_images.cloudformation.lambda_versions import (
    FUNCTION,
    obstacle_to_renaming,
    renamed_version,
    versions_named_by_hash,
    with_renamed_resources,
)
from pinned_images.cloudformation.outcomes import SsmParameter
from pinned_images.errors import PinnedImagesError
from pinned_images.examination.template_scopes import scopes_of
from pinned_images.options import Options
from pinned_images.pinning import Decision, ImageResource, PinnedResource, pin_images
from pinned_images.problem import Problem
from pinned_images.report.stack_record import METADATA_KEY as METADATA_KEY_OF_RECORD
from pinned_images.report.stack_record import OUTPUT_PREFIX, recorded_digests, recorded_outputs
from pinned_images.report.synth_report import SiteRecord
from pinned_images.rules import RECORD, UNPINNED_IMAGE, Coverage, Violation
from pinned_images.rules.record import MOST_OUTPUTS
from pinned_images.sources import Sources

_DIGEST = re.compile("@sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """The place of an `ImageResource` in the assembly."""

    stack: AssemblyStack
    logical_id: str
    top: AssemblyStack


class AssemblyPinning:
    """The pinning of one assembly."""

    def __init__(
        self, files: AssemblyFiles, stacks: Sequence[AssemblyStack], options: Options
    ) -> None:
        self._files = files
        self._stacks = stacks
        self._options = options
        self._parameter_values: dict[SsmParameter, str | Problem] = {}
        self._places: dict[ImageResource, _Place] = {}
        self._results: list[PinnedResource] = []
        self.unrecorded: list[Violation] = []
        #: The new logical ids of resources, by construct path.
        self.logical_ids: dict[str, str] = {}

    def pin(self, sources: Sources) -> PinnedImagesError | None:
        """Pin all images; return the reason if nothing could be pinned at all."""
        try:
            self._results = pin_images(
                self._resources(),
                self._options.policy(),
                sources.resolver(self._options),
                sources.parameters(self._options),
                self._parameter_values,
            )
        except PinnedImagesError as error:
            return error
        return None

    def coverage(self, *, is_silent: bool) -> Coverage:
        """The decisions and options that the gate reads."""
        return Coverage(
            [""],
            self._options.policy(),
            self._decisions,
            is_pinned=True,
            is_silent=is_silent,
            parameter_values=self._parameter_values,
            use_parameter_defaults=self._options.use_parameter_defaults,
        )

    @property
    def records(self) -> list[SiteRecord]:
        """The record of each image."""
        return [record for result in self._results for record in result.records]

    @property
    def _decisions(self) -> Mapping[tuple[str, str], Decision]:
        return {
            (result.resource.construct_path, decision.location): decision
            for result in self._results
            for decision in result.decisions
        }

    def templates(self) -> dict[Path, Any]:
        """The templates with pinned images."""
        changed: dict[Path, Any] = {}
        names: dict[Path, dict[str, str]] = {}
        for result in self._results:
            if result.properties is not result.resource.properties:
                place = self._places[result.resource]
                if self.unpublished_version(result) is not None:
                    continue
                path = place.stack.template_path
                template = changed.setdefault(path, dict(self._files.document(path)))
                resources = template["Resources"] = dict(template["Resources"])
                resource = dict(resources[place.logical_id])
                resources[place.logical_id] = {**resource, "Properties": dict(result.properties)}
                for version in self._versions(result):
                    new = renamed_version(version, result.properties.get("Code"))
                    names.setdefault(path, {})[version] = new
                    self.logical_ids[place.stack.construct_path_of(version)] = new
        for path, new_names in names.items():
            changed[path] = with_renamed_resources(changed[path], new_names)
        for top, records in self._records_by_stack().items():
            self._record(top, records, changed)
        return changed

    def template_files(self) -> list[Path]:
        """The files of all templates, changed or not."""
        return [
            stack.template_path
            for top in self._stacks
            for stack in top.with_nested()
            if stack.content is None
        ]

    def _records_by_stack(self) -> dict[AssemblyStack, list[SiteRecord]]:
        """The records to write into each top-level stack; none where no option says so."""
        found: dict[AssemblyStack, list[SiteRecord]] = {}
        for result in self._results if self._options.record_in is not None else ():
            if self.unpublished_version(result) is None:
                records = [each for each in result.records if each.digest is not None]
                if records:
                    found.setdefault(self._places[result.resource].top, []).extend(records)
        return found

    def _record(
        self, top: AssemblyStack, records: Sequence[SiteRecord], changed: dict[Path, Any]
    ) -> None:
        """Write the pinned images into a stack's template; those of an earlier run stay."""
        path = top.template_path
        template = dict(changed.get(path, self._files.document(path)))
        section = "Metadata" if self._options.record_in == "metadata" else "Outputs"
        if not isinstance(template.get(section) or {}, Mapping):
            return  # no template that CloudFormation would take
        if self._options.record_in == "metadata":
            metadata = dict(template.get("Metadata") or {})
            earlier = metadata.get(METADATA_KEY_OF_RECORD)
            known = earlier if isinstance(earlier, Mapping) else {}
            new = {
                key: digest
                for key, digest in recorded_digests(records).items()
                if known.get(_DIGEST.sub("", key)) != digest  # pinned by an earlier run
            }
            merged = {**known, **new}
            metadata[METADATA_KEY_OF_RECORD] = {key: merged[key] for key in sorted(merged)}
            template["Metadata"] = metadata
        else:
            outputs = dict(template.get("Outputs") or {})
            earlier_values = [
                each.get("Value")
                for name, each in outputs.items()
                if name.startswith(OUTPUT_PREFIX) and isinstance(each, Mapping)
            ]
            wanted = {
                name: value
                for name, value in recorded_outputs(records).items()
                if value not in earlier_values
            }
            total = len(outputs.keys() | wanted.keys())
            if total > MOST_OUTPUTS:
                problem = RECORD.too_many_outputs(
                    top.construct_path, total, len(wanted), self._options.syntax
                )
                self.unrecorded.append(problem)
                return
            template["Outputs"] = {
                **outputs,
                **{name: {"Value": value} for name, value in wanted.items()},
            }
        changed[path] = template

    def unpublished(self) -> Iterator[Violation]:
        """The violations of functions that were left unpinned."""
        for result in self._results:
            version = self.unpublished_version(result)
            if version is not None:
                stack = self._places[result.resource].stack
                yield Violation(
                    UNPINNED_IMAGE,
                    Problem(
                        f"The function's image was not pinned: its version {version} would get "
                        f"another name, which {obstacle_to_renaming(stack.template, version)} "
                        "refers to, whose own name CDK made of the old one.",
                        "Write the digest in the app, refer to an alias of the function there, or "
                        "pin a Python app with PinImages, which does it before all is named.",
                    ),
                    result.resource.construct_path,
                    str(stack.template_path),
                    self._places[result.resource].logical_id,
                    "Properties/Code/ImageUri",
                    result.resource.stack,
                )

    def unpublished_version(self, result: PinnedResource) -> str | None:
        """The version of a changed function that cannot get another name."""
        template = self._places[result.resource].stack.template
        return next(
            (
                version
                for version in self._versions(result)
                if obstacle_to_renaming(template, version) is not None
            ),
            None,
        )

    def _versions(self, result: PinnedResource) -> list[str]:
        """The versions of a changed function whose names have to change with it."""
        if (
            result.resource.resource_type != FUNCTION
            or result.properties is result.resource.properties
        ):
            return []
        place = self._places[result.resource]
        return list(versions_named_by_hash(place.stack.template, place.logical_id))

    def _resources(self) -> list[ImageResource]:
        scopes = scopes_of(self._stacks, self.coverage(is_silent=False), to_pin=True)
        wanted = self._options.catalog().resource_types
        for top in self._stacks:
            for stack in top.with_nested():
                if stack.content is not None:
                    continue  # it is in a property of another template, and is found there
                for logical_id, resource_type, properties in stack.resources():
                    if resource_type in wanted:
                        path = stack.construct_path_of(logical_id)
                        acknowledged = acknowledgements_at(stack, logical_id)
                        at, reason = acknowledged.nearest(UNPINNED_IMAGE.id, path) or (None, None)
                        resource = ImageResource(
                            resource_type,
                            properties,
                            scopes[stack],
                            top.construct_path,
                            path,
                            reason,
                            at is not None and not is_below(top.construct_path, at),
                            acknowledged_containers(path, acknowledged),
                        )
                        self._places[resource] = _Place(stack, logical_id, top)
        return list(self._places)
