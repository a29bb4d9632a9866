"""Each App or Stage that images are pinned in: its syntheses, its gate and its report."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import jsii
from aws_cdk import Stage, Validations
from constructs import IConstruct, IValidation

from pinned_images.acknowledgements import rule_id
from pinned_images.construct_tree.before_prepare import call_before_prepare
from pinned_images.construct_tree.identity import ConstructMap, is_same
from pinned_images.construct_tree.recording import record_in_stacks
from pinned_images.construct_tree.synthesis import Synthesis, path_and_type
from pinned_images.errors import PinnedImagesError
from pinned_images.examination import AppProblem, Coverage
from pinned_images.gate import PinnedImagesGate
from pinned_images.options import Options
from pinned_images.report.records import FILE_NAME, SynthReport
from pinned_images.sources import Sources

_AFTER_FAILURE = "Mend that first; no image of the app was pinned."

# Kept for as long as the process lives, as jsii keeps the constructs themselves.
_ROOTS: ConstructMap[Stage, Root] = ConstructMap()


@dataclass(eq=False)
class Root:
    """One App or Stage, which is synthesized on its own.

    Attributes:
        stage: The App or Stage.
        syntheses: Every pinning below it.
        failures: What keeps images from being pinned at all.
        has_gate: Whether a gate of ours looks at its templates.
    """

    stage: Stage
    syntheses: list[Synthesis] = field(default_factory=list)
    failures: dict[str, None] = field(default_factory=dict)
    has_gate: bool = False

    @classmethod
    def of(cls, stage: Stage) -> Root:
        """The one root for an App or Stage."""
        root = _ROOTS.get(stage)
        if root is None:
            root = _ROOTS[stage] = cls(stage)
            call_before_prepare(stage, root._before_prepare)
            stage.node.add_validation(_AfterPrepare(root))
        return root

    def pin(self, scope: IConstruct, options: Options, sources: Sources) -> Synthesis:
        """Pin the images below a construct in every synth of this root from now on.

        Raises:
            ConfigurationError: An option, a context value or a variable cannot be used.
        """
        surrounded = options.with_surroundings(self.stage.node.try_get_context, os.environ)
        synthesis = Synthesis(self.stage, scope, surrounded, sources)
        self.syntheses.append(synthesis)
        self._ensure_gate()
        return synthesis

    def _ensure_gate(self) -> None:
        """One gate, as far up as images are pinned; it is shown the templates below."""
        if any(root.has_gate for root in self.with_above()):
            return
        self.has_gate = True
        Validations.of(self.stage).add_plugins(
            PinnedImagesGate.beside_aspect(self._coverages, self._problems)
        )

    def with_above(self) -> list[Root]:
        """This root and those of the Stages and the App that hold it."""
        stages = [scope for scope in self.stage.node.scopes if isinstance(scope, Stage)]
        return [_ROOTS[stage] for stage in stages if stage in _ROOTS]

    def with_below(self) -> list[Root]:
        """This root and those of the Stages below it."""
        return [root for root in _ROOTS.values() if self in root.with_above()]

    def _coverages(self) -> list[Coverage]:
        """The parts of the tree that are pinned below this root, innermost first."""
        syntheses = [synthesis for root in self.with_below() for synthesis in root.syntheses]
        coverages = [_coverage(synthesis) for synthesis in syntheses]
        return sorted(coverages, key=lambda coverage: len(coverage.scope_path), reverse=True)

    def _before_prepare(self) -> None:
        for synthesis in self.syntheses:
            synthesis.before_prepare()

    def after_prepare(self) -> None:
        """Report what was found, record it in the stacks, and write the report."""
        for synthesis in self.syntheses:
            synthesis.finish()
        record_in_stacks(self.syntheses)
        self._write_report()

    def fail(self, message: str) -> None:
        """Make every synth of this root end with an error.

        CDK shows errors at stacks and below; those at an App or a Stage it passes over. The gate's
        are shown wherever they stand.
        """
        self.failures[message] = None
        self._ensure_gate()

    def _problems(self) -> list[AppProblem]:
        """What went wrong for more than one image, here and in the Stages below."""
        inside = self.with_below()
        failures = dict.fromkeys(failure for root in inside for failure in root.all_failures())
        unreached = [problem for root in inside for problem in root.unreached_stages()]
        return [AppProblem(failure, _AFTER_FAILURE) for failure in failures] + unreached

    def all_failures(self) -> list[str]:
        """Why nothing below could be pinned at all."""
        found = [synthesis.failure for synthesis in self.syntheses]
        return [*self.failures, *(failure for failure in found if failure is not None)]

    def unreached_stages(self) -> list[AppProblem]:
        """The Stages that hold images and are synthesized without being pinned."""
        return [
            AppProblem(
                f"The images in the Stage {stage.node.path} ({path_and_type(resource)[0]} for "
                "one) are not pinned: an Aspect does not reach into Stages, which are synthesized "
                "before it runs.",
                "Write PinImages.apply_to(app) when all Stages are made, in place of "
                "Aspects.of(app).add(PinImages()). For a Stage in a pipeline, write "
                "PinImages.apply_to(stage) before pipeline.add_stage(stage).",
            )
            for synthesis in self.syntheses
            for stage, resource in synthesis.uncovered.items()
            if stage not in _ROOTS
        ]

    def _write_report(self) -> None:
        """Into the folder of the outermost assembly: nested Stages are synthesized before it."""
        app = self.stage.node.root
        if not isinstance(app, Stage):
            return
        records = [
            record
            for root in _ROOTS.values()
            if is_same(root.stage.node.root, app)
            for synthesis in root.syntheses
            for record in synthesis.records
        ]
        try:
            SynthReport.of(records).write(Path(app.outdir) / FILE_NAME)
        except (PinnedImagesError, OSError) as error:
            Validations.of(self.stage).add_warning(
                rule_id("report"), f"The report of pinned images could not be written: {error}"
            )


@jsii.implements(IValidation)
class _AfterPrepare:
    """CDK validates constructs after it has prepared the app, and before it writes templates."""

    def __init__(self, root: Root) -> None:
        self._root = root

    def validate(self) -> list[str]:
        """Nothing for CDK's own list: what is found is reported at its construct."""
        self._root.after_prepare()
        return []


def _coverage(synthesis: Synthesis) -> Coverage:
    path = synthesis.scope.node.path
    silent = (
        [path]
        if synthesis.failure is not None
        else [stage.node.path for stage in synthesis.uncovered if stage not in _ROOTS]
    )
    return Coverage(
        scope_path=path,
        policy=synthesis.options.policy(),
        settled=synthesis.settled,
        silent_paths=silent,
        parameter_values=synthesis.parameter_values,
        use_parameter_defaults=synthesis.options.use_parameter_defaults,
    )


def stages_below(scope: IConstruct) -> list[Stage]:
    """The Stages strictly below a construct, at any depth."""
    return [
        child
        for child in scope.node.find_all()
        if isinstance(child, Stage) and not is_same(child, scope)
    ]
