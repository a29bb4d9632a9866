"""The output of an app's synth: every template, by the path of its stack."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from pinned_images.acknowledgements import is_below
from pinned_images.cloud_assembly import AssemblyStack, metadata_of
from pinned_images.errors import ConfigurationError

if TYPE_CHECKING:
    from aws_cdk import Stage
    from typing_extensions import Self

# The errors of constructs are in their metadata too, with all feature flags.
_ANNOTATIONS = "Construct Annotations"
_HARMLESS = ("warning", "info")


@dataclass(frozen=True, slots=True)
class SynthesizedApp:
    """The templates of an app, those of nested stages and nested stacks too.

    Attributes:
        directory: The cloud assembly.
        templates: Templates by construct path of their stack, in order of the paths:
            ``Web``, ``Production/Web``, ``Web/Workers`` for a nested stack.
        errors: The errors of the synth: ``Web/Task/Resource: nginx:1.25 is not pinned``.
    """

    directory: Path
    templates: Mapping[str, dict[str, Any]]
    errors: tuple[str, ...] = ()

    @classmethod
    def read(cls, directory: str | Path, below: str = "") -> Self:
        """Read a cloud assembly, such as ``cdk.out``.

        Args:
            directory: The folder that a synth wrote.
            below: A Stage's construct path, to read that Stage alone.

        Raises:
            ConfigurationError: The folder holds no cloud assembly.
        """
        root = Path(directory)
        if not (root / "manifest.json").is_file():
            raise ConfigurationError(
                f"There is no cloud assembly in {root}: give the folder that a synth wrote."
            )
        templates: dict[str, dict[str, Any]] = {}
        errors: list[_Error] = []
        for assembly in _assemblies(root):
            templates |= _templates(assembly)
            errors += _errors(assembly)
        return cls(
            root,
            {path: templates[path] for path in sorted(templates) if is_below(path, below)},
            tuple(dict.fromkeys(error.text for error in errors if error.concerns(below))),
        )

    def template(self, stack: str) -> dict[str, Any]:
        """The template of one stack.

        Args:
            stack: The stack's construct path.

        Raises:
            ConfigurationError: The app has no such stack; the message names those that it has.
        """
        if stack not in self.templates:
            raise ConfigurationError(
                f"The app has no stack {stack!r}: its stacks are {', '.join(self.templates)}."
            )
        return self.templates[stack]


def synthesize(app: Stage, *, check: bool = True) -> SynthesizedApp:
    """Synthesize an app in this process, and read its output.

    Args:
        app: The app, complete; or a Stage in it, to read that Stage alone. CDK validates
            whole apps only, so it is the app that is synthesized.
        check: Raise if synth finds errors; with False they are in the result's `errors`.

    Raises:
        AssertionError: Synth found errors, and `check` was not False.
    """
    __tracebackhide__ = True  # pytest then shows the line of the test
    root = app.node.root
    whole = cast("Stage", root) if hasattr(root, "synth") else app
    failure: RuntimeError | None = None
    try:
        whole.synth()
    except RuntimeError as error:  # what jsii makes of every JavaScript error
        failure = error
    if failure and not (Path(whole.outdir) / "validation-report.json").is_file():
        raise failure
    synthesized = SynthesizedApp.read(whole.outdir, below=app.node.path)
    if failure and not synthesized.errors:
        raise failure
    if check and synthesized.errors:
        listed = "".join(f"\n  {error}" for error in synthesized.errors)
        raise AssertionError(f"The app does not synthesize:{listed}")
    return synthesized


def _assemblies(root: Path) -> Iterator[Path]:
    yield root
    for artifact in _artifacts(root, "cdk:cloud-assembly").values():
        yield from _assemblies(root / artifact["properties"]["directoryName"])


def _artifacts(assembly: Path, kind: str) -> dict[str, Any]:
    artifacts = _json(assembly / "manifest.json").get("artifacts", {})
    return {name: artifact for name, artifact in artifacts.items() if artifact["type"] == kind}


def _templates(assembly: Path) -> dict[str, dict[str, Any]]:
    templates: dict[str, dict[str, Any]] = {}
    for name, artifact in _artifacts(assembly, "aws:cloudformation:stack").items():
        path = artifact.get("displayName", name).partition(" (")[0]
        stack = AssemblyStack.read(path, assembly / artifact["properties"]["templateFile"])
        for each in stack.with_nested():
            templates[each.construct_path] = dict(each.template)
    return templates


class _Error(NamedTuple):
    paths: tuple[str, ...]
    text: str

    def concerns(self, stage: str) -> bool:
        """Whether an error is about a Stage; one without a construct is about the whole app."""
        return not self.paths or any(is_below(path, stage) for path in self.paths)


def _errors(assembly: Path) -> Iterator[_Error]:
    """The errors of constructs, then those of validation plugins."""
    for artifact in _json(assembly / "manifest.json").get("artifacts", {}).values():
        for path, entries in metadata_of(artifact, assembly).items():
            for entry in entries:
                if entry["type"] == "aws:cdk:error":
                    at = path.strip("/")
                    yield _Error((at,), f"{at}: {entry['data']}")
    report = assembly / "validation-report.json"
    for plugin in _json(report).get("pluginReports", []) if report.is_file() else []:
        if plugin["pluginName"] != _ANNOTATIONS and plugin["conclusion"] == "failure":
            for violation in plugin["violations"]:
                if violation.get("severity") not in _HARMLESS:
                    yield _violation(plugin["pluginName"], violation)


def _violation(plugin: str, violation: dict[str, Any]) -> _Error:
    """An error on one line, as the CDK CLI prints it; one of the whole app has no construct."""
    constructs = violation.get("violatingConstructs", [])
    paths = tuple(filter(None, (each.get("constructPath") for each in constructs)))
    rule = str(violation.get("ruleName", ""))
    parts = [
        f"{', '.join(paths)}:" if paths else "",
        violation.get("description", ""),
        violation.get("suggestedFix") or "",
        f"({rule if '::' in rule else f'{plugin}::{rule}'})",
    ]
    return _Error(paths, " ".join(filter(None, parts)))


def _json(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content
