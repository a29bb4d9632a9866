"""`AssemblyOutcome`: the result of pinning or checking a finished assembly, or one template."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pinned_images.acknowledgements import PLUGIN
from pinned_images.assembly.assembly_acknowledgements import acknowledgements_of
from pinned_images.assembly.assembly_pinning import AssemblyPinning
from pinned_images.assembly.assembly_stacks import read_files, read_stacks
from pinned_images.cloud_assembly import Artifacts, AssemblyStack
from pinned_images.cloud_assembly.assembly_files import MANIFEST, AssemblyFiles
from pinned_images.cloud_assembly.edits import changed_files
from pinned_images.cloud_assembly.replacement import finish_replacement, replace_files
from pinned_images.cloud_assembly.validation_report import FILE as VALIDATION_REPORT
from pinned_images.cloud_assembly.validation_report import validation_report
from pinned_images.errors import ConfigurationError, PinnedImagesError
from pinned_images.examination import corrected, examine, examine_app
from pinned_images.options import Options
from pinned_images.printable import printable, quoted
from pinned_images.report import SynthReport
from pinned_images.report.synth_report import FILE_NAME
from pinned_images.rules import FAILURE, REPORT, UNPINNED_IMAGE, Coverage, Violation
from pinned_images.rules.grouped_violations import grouped_violations
from pinned_images.sources import Sources
from pinned_images.version import __version__

_EXEMPT_IN_THE_SYNTH = (
    "The synth left it exempt, by something that is not seen here: the argument `exempt` of "
    "PinImages, or another configuration. Name the pattern in cdk.json (pinned-images:exempt) or "
    "with --exempt, or acknowledge the rule at the construct."
)


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
    files = read_files(root)
    if not files.is_complete:
        return AssemblyOutcome(is_complete=False)
    artifacts = Artifacts(files.documents)
    pinning = AssemblyPinning(files, read_stacks(files, artifacts), options)
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
    files = read_files(root)
    outcome = _judged(read_stacks(files), Coverage([""], options.policy()))
    if not outcome.violations:
        return outcome
    exempt = _exempt_places(root)
    return replace(outcome, violations=tuple(_advised(each, exempt) for each in outcome.violations))


def _exempt_places(root: Path) -> set[tuple[str, str]]:
    """The construct and the property of each image that was exempt in the synth."""
    try:
        records = SynthReport.read(root).records
    except PinnedImagesError:  # nothing, or something else, wrote the assembly
        return set()
    exempt = (each for each in records if each.resolved_by == "exempt")
    return {(each.construct_path, each.property_path) for each in exempt}


def _advised(violation: Violation, exempt: Container[tuple[str, str]]) -> Violation:
    """A violation; with other advice where the image was exempt in the synth."""
    steps = violation.location.removeprefix("Properties/").split("/")
    path = "".join(f"[{each}]" if each.isdecimal() else f".{each}" for each in steps)
    is_exempt = (violation.construct_path, path.removeprefix(".")) in exempt
    if violation.rule is not UNPINNED_IMAGE or not is_exempt:
        return violation
    return replace(violation, problem=replace(violation.problem, fix=_EXEMPT_IN_THE_SYNTH))


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


def _judged(stacks: Sequence[AssemblyStack], coverage: Coverage) -> AssemblyOutcome:
    """The violations in stacks of which nothing else is known."""
    found = examine(stacks, [coverage])
    violations = [*examine_app(stacks, [coverage], found), *found.violations]
    return AssemblyOutcome(_left(violations, stacks), SynthReport.of(found.overridden))


def _examined(
    root: Path,
    stacks: Sequence[AssemblyStack],
    coverage: Coverage,
    pinning: AssemblyPinning,
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
    why = None if failure is None else str(failure)
    report = SynthReport.of(corrected(pinning.records, found), why).keeping(_earlier_report(root))
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
    acknowledged = acknowledgements_of(stacks)
    left = [
        each
        for each in violations
        if each.rule.severity == "fatal"
        or acknowledged.reason(each.rule.id, each.construct_path) is None
    ]
    return tuple(grouped_violations(left, lambda _: False))


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
