"""Pinning and the gate for a finished cloud assembly, of an app in any language.

It does what `PinImages` and its gate do, on plain data: the templates of the assembly are read, all
images are resolved at once, and the templates are replaced together with everything that refers to
them. It needs no aws-cdk-lib.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from pinned_images.acknowledgements import PLUGIN, Acknowledgements, is_below
from pinned_images.cloud_assembly import Artifacts, AssemblyStack
from pinned_images.cloud_assembly.assembly_files import MANIFEST, AssemblyFiles
from pinned_images.cloud_assembly.edits import changed_files
from pinned_images.cloud_assembly.replacement import finish_replacement, replace_files
from pinned_images.cloud_assembly.validation_report import FILE as VALIDATION_REPORT
from pinned_images.cloud_assembly.validation_report import validation_report
from pinned_images.cloudformation.lambda_versions import (
    FUNCTION,
    obstacle_to_renaming,
    renamed_version,
    versions_named_by_hash,
    with_renamed_resources,
)
from pinned_images.cloudformation.outcomes import SsmParameter
from pinned_images.errors import ConfigurationError, PinnedImagesError
from pinned_images.examination import corrected, examine, examine_app
from pinned_images.examination.template_scopes import scopes_of
from pinned_images.options import Options
from pinned_images.pinning import Decision, ImageResource, PinnedResource, pin_images
from pinned_images.printable import printable, quoted
from pinned_images.problem import Problem
from pinned_images.report import SynthReport
from pinned_images.report.stack_record import METADATA_KEY as METADATA_KEY_OF_RECORD
from pinned_images.report.stack_record import OUTPUT_PREFIX, recorded_digests, recorded_outputs
from pinned_images.report.synth_report import FILE_NAME, SiteRecord
from pinned_images.rules import FAILURE, RECORD, REPORT, UNPINNED_IMAGE, Coverage, Violation
from pinned_images.rules.grouped_violations import grouped_violations
from pinned_images.rules.record import MOST_OUTPUTS
from pinned_images.sources import Sources
from pinned_images.version import __version__

#: In the ``Metadata`` of a resource: the rules that are acknowledged for it, each with a reason.
METADATA_KEY = "pinned-images"
_ACKNOWLEDGE = "acknowledge"

_DIGEST = re.compile("@sha256:[0-9a-f]{64}")
_UNKNOWN = ("unknown-account", "unknown-region")


@dataclass(frozen=True, slots=True)
class AssemblyOutcome:
    """The result of pinning or checking an assembly.

    Attributes:
        violations: The violations that are not acknowledged.
        report: The record of each image.
        is_complete: Whether the assembly was examined; not where context is missing.
        failure: Why nothing could be pinned at all; a broken lock file for instance.
    """

    violations: tuple[Violation, ...] = ()
    report: SynthReport = field(default_factory=SynthReport)
    is_complete: bool = True
    failure: PinnedImagesError | None = None

    @property
    def has_errors(self) -> bool:
        """Whether a violation is more than a warning."""
        return any(each.rule.severity != "warning" for each in self.violations)


def pin_assembly(root: Path, options: Options, sources: Sources | None = None) -> AssemblyOutcome:
    """Pin every image in the templates of a cloud assembly.

    The templates are replaced with all that refers to them, ``validation-report.json`` gets the
    violations, and ``pinned-images.json`` is written.

    Args:
        root: The folder of the assembly, such as ``cdk.out``.
        options: The user's options.
        sources: The sources of digests and parameters that the lock file lacks.

    Returns:
        The result; an assembly that lacks context is left as it is, since the CDK CLI looks
        the context up and runs the app once more.

    Raises:
        ConfigurationError: The folder is no cloud assembly, or cannot be written.
    """
    finish_replacement(root)
    files = _files(root)
    if not files.is_complete:
        return AssemblyOutcome(is_complete=False)
    artifacts = Artifacts(files.documents)
    pinning = _Pinning(files, read_stacks(files, artifacts), options)
    failure = pinning.pin(sources or Sources())
    templates = pinning.templates()
    known = pinning.template_files()
    changed = changed_files(files, templates, known, pinning.logical_ids)
    artifacts.replace(changed)
    coverage = pinning.coverage(is_silent=failure is not None)
    outcome = _examined(root, read_stacks(files, artifacts), coverage, pinning, failure)
    told = _told(files, outcome)
    if changed or any(_content(path) != content for path, content in told.items()):
        # All at once: after a crash there is no assembly that looks pinned and lacks its errors.
        replace_files(root, {**changed, **told})
    return outcome


def check_assembly(root: Path, options: Options) -> AssemblyOutcome:
    """The violations in the templates of a cloud assembly; nothing is changed or resolved.

    Args:
        root: The folder of the assembly.
        options: The user's options.

    Raises:
        ConfigurationError: The folder is no cloud assembly.
    """
    finish_replacement(root)
    files = _files(root)
    return _judged(read_stacks(files), Coverage([""], options.policy()))


def check_template(path: Path, options: Options) -> AssemblyOutcome:
    """The violations in a template that is in no cloud assembly; nothing is changed or asked.

    Args:
        path: The template, in JSON or YAML.
        options: What the user decided.

    Raises:
        ConfigurationError: The file is no template of CloudFormation.
    """
    from pinned_images.files.templates import read_template  # noqa: PLC0415 - for a template alone

    content = read_template(path)
    if content is None:
        raise ConfigurationError(
            f"The file {quoted(path)} is no CloudFormation template in JSON or YAML: name a "
            "template, or the folder that a synth wrote."
        )
    stacks = [AssemblyStack(path.name, path, content=content)]
    return _judged(stacks, Coverage([""], options.policy()))


def _files(root: Path) -> AssemblyFiles:
    if not (root / "manifest.json").is_file():
        raise ConfigurationError(
            f"There is no cloud assembly in {str(root)!r}: name the folder that a synth wrote."
        )
    files = AssemblyFiles(root)
    for template in files.templates:
        files.document(template)
    return files


def read_stacks(files: AssemblyFiles, artifacts: Artifacts | None = None) -> list[AssemblyStack]:
    """The top-level stacks of an assembly and of those nested in it.

    Args:
        files: The files of the assembly.
        artifacts: The files that were read for an earlier look at the same assembly.
    """
    try:
        return list(_stacks(files, artifacts or Artifacts(files.documents)))
    except (msgspec.MsgspecError, OSError, ValueError) as error:
        raise ConfigurationError(
            f"The construct metadata of the cloud assembly in {quoted(files.root)} cannot be read: "
            "synthesize the app again."
        ) from error


def _stacks(files: AssemblyFiles, artifacts: Artifacts) -> Iterator[AssemblyStack]:
    for folder in files.folders:
        for name, artifact in files.artifacts(folder, "aws:cloudformation:stack").items():
            yield AssemblyStack.read(
                str(artifact.get("displayName", name)).partition(" (")[0],
                files.named_file(folder, artifact, "templateFile"),
                *_environment(str(artifact.get("environment", ""))),
                artifacts=artifacts,
            )


def _environment(text: str) -> tuple[str | None, str | None]:
    """Account and region of ``aws://123456789012/eu-west-1``; those of the CDK CLI by default."""
    account, _, region = text.removeprefix("aws://").partition("/")
    return (
        os.environ.get("CDK_DEFAULT_ACCOUNT") if account in ("", _UNKNOWN[0]) else account,
        os.environ.get("CDK_DEFAULT_REGION") if region in ("", _UNKNOWN[1]) else region,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """The place of an `ImageResource` in the assembly."""

    stack: AssemblyStack
    logical_id: str
    top: AssemblyStack


class _Pinning:
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
                problem = RECORD.too_many_outputs(top.construct_path, total, len(wanted))
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
                            _acknowledged_containers(path, acknowledged),
                        )
                        self._places[resource] = _Place(stack, logical_id, top)
        return list(self._places)


def acknowledgements_at(stack: AssemblyStack, logical_id: str) -> Acknowledgements:
    """The acknowledgements of a resource, from CDK's metadata and the resource's own."""
    own = stack.metadata_of(logical_id).get(METADATA_KEY)
    reasons = own.get(_ACKNOWLEDGE) if isinstance(own, Mapping) else None
    if not isinstance(reasons, Mapping):
        return stack.acknowledgements
    path = stack.construct_path_of(logical_id)
    given = {
        f"{METADATA_KEY}::{str(rule).removeprefix(f'{METADATA_KEY}::')}": str(reason)
        for rule, reason in reasons.items()
        if isinstance(reason, str) and reason.strip()
    }
    known = stack.acknowledgements.by_path.get(path, {})
    return stack.acknowledgements.merged(Acknowledgements({path: {**known, **given}}))


def _acknowledged_containers(path: str, acknowledgements: Acknowledgements) -> dict[str, str]:
    """Reasons by container name, of containers that are constructs in the resource's construct."""
    parent = path.rpartition("/")[0]
    found = {}
    for below in acknowledgements.below(parent) if parent else ():
        name = below[len(parent) + 1 :]
        reason = acknowledgements.reason(UNPINNED_IMAGE.id, below)
        if "/" not in name and below != path and reason is not None:
            found[name] = reason
    return found


def _judged(stacks: Sequence[AssemblyStack], coverage: Coverage) -> AssemblyOutcome:
    """The violations in stacks of which nothing else is known."""
    found = examine(stacks, [coverage])
    violations = [*examine_app(stacks, [coverage], found), *found.violations]
    return AssemblyOutcome(_left(violations, stacks), SynthReport.of(found.overridden))


def _examined(
    root: Path,
    stacks: Sequence[AssemblyStack],
    coverage: Coverage,
    pinning: _Pinning,
    failure: PinnedImagesError | None,
) -> AssemblyOutcome:
    """The violations in the templates as they are after a pinning, and the report."""
    found = examine(stacks, [coverage])
    whole = examine_app(stacks, [coverage], found)
    left_out = tuple(pinning.unpublished())
    at = {each.construct_path for each in left_out}
    violations = [
        *whole,
        *pinning.unrecorded,
        *left_out,
        *(
            each
            for each in found.violations
            if each.rule is not UNPINNED_IMAGE or each.construct_path not in at
        ),
    ]
    if failure is not None:
        violations.insert(0, FAILURE.nothing_pinned(str(failure)))
    report = SynthReport.of(corrected(pinning.records, found)).keeping(_earlier_report(root))
    if (root / FILE_NAME).is_dir():
        violations.append(REPORT.not_written(f"There is a folder at {str(root / FILE_NAME)!r}."))
    return AssemblyOutcome(_left(violations, stacks), report, failure=failure)


def _earlier_report(root: Path) -> SynthReport:
    """The report of an assembly; empty where there is none, or the one of an earlier synth."""
    try:
        if (root / FILE_NAME).stat().st_mtime_ns < (root / MANIFEST).stat().st_mtime_ns:
            return SynthReport()
        return SynthReport.read(root / FILE_NAME)
    except (PinnedImagesError, OSError):
        return SynthReport()


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _told(files: AssemblyFiles, outcome: AssemblyOutcome) -> dict[Path, bytes]:
    """The files that tell of a pinning: the report, and what the CDK CLI prints."""
    root = files.root
    told = {
        FILE_NAME: outcome.report.to_json().encode(),
        VALIDATION_REPORT: validation_report(
            root,
            files.schema,
            PLUGIN,
            __version__,
            [_plain(each, root) for each in outcome.violations],
            success=not outcome.has_errors,
        ),
    }
    return {
        root / name: content
        for name, content in told.items()
        if content is not None and not (root / name).is_dir()
    }


def _left(
    violations: Iterable[Violation], stacks: Sequence[AssemblyStack]
) -> tuple[Violation, ...]:
    """The violations that are not acknowledged."""
    acknowledged = _acknowledgements(stacks)
    left = [
        each
        for each in violations
        if each.rule.severity == "fatal"
        or acknowledged.reason(each.rule.id, each.construct_path) is None
    ]
    return tuple(grouped_violations(left, lambda _: False))


def _acknowledgements(stacks: Iterable[AssemblyStack]) -> Acknowledgements:
    """The acknowledgements of an app, by construct and by resource."""
    by_path: dict[str, dict[str, str]] = {}
    for top in stacks:
        for stack in top.with_nested():
            for logical_id, _, _ in stack.resources():
                if METADATA_KEY in stack.metadata_of(logical_id):
                    path = stack.construct_path_of(logical_id)
                    reasons = acknowledgements_at(stack, logical_id).by_path.get(path, {})
                    by_path.setdefault(path, {}).update(reasons)
        for path, reasons in top.acknowledgements.by_path.items():
            by_path.setdefault(path, {}).update(reasons)
    return Acknowledgements(by_path)


def _plain(violation: Violation, root: Path) -> dict[str, Any]:
    """A violation in the format of `validation-report.json`."""
    construct: dict[str, Any] = {"constructPath": violation.construct_path}
    if violation.logical_id:
        template = Path(violation.template_path)
        inside = template.is_relative_to(root)
        construct["cloudFormationResource"] = {
            "templatePath": str(template.relative_to(root) if inside else template),
            "logicalId": violation.logical_id,
            "propertyPaths": [printable(violation.location)] if violation.location else [],
        }
    found = {
        "ruleName": violation.rule.id,
        "description": printable(violation.problem.what),
        "severity": violation.rule.severity,
        "violatingConstructs": [construct],
    }
    if violation.problem.fix is not None:
        found["suggestedFix"] = printable(violation.problem.fix)
    return found
