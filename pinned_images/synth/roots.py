"""Roots: the Apps and Stages that images are pinned in, with their syntheses and gate."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import jsii
from aws_cdk import CfnResource, Stage, Validations
from constructs import IConstruct, IValidation

from pinned_images.cdk.before_prepare import call_before_prepare
from pinned_images.cdk.constructs import ConstructMap, all_stages_below, is_same
from pinned_images.cdk.interruption import interruptible
from pinned_images.cdk.violation_placement import MissedStage
from pinned_images.errors import PinnedImagesError
from pinned_images.examination import Examination, corrected
from pinned_images.gate import PinnedImagesGate
from pinned_images.lockfile import default_lock_file
from pinned_images.options import Options
from pinned_images.report.synth_report import FILE_NAME, SynthReport, remove_report
from pinned_images.rules import FAILURE, MUTABLE_REPOSITORY, REPORT, Coverage, Violation
from pinned_images.sources import Sources
from pinned_images.synth.recording import record_in_stacks
from pinned_images.synth.summary_line import print_summary
from pinned_images.synth.synthesis import Synthesis
from pinned_images.synth.tag_immutability import TagImmutability, repositories_below
from pinned_images.synth.undeployed import problems_of_undeployed


@dataclass(frozen=True)
class SynthAspectState:
    """State of the aspects of an app, for its gate."""

    root: Root

    def coverages(self) -> list[Coverage]:
        """The parts of the tree that are pinned; the first that holds a construct decides."""
        return [_coverage(synthesis) for synthesis in by_precedence(self._syntheses())]

    def problems(self) -> list[Violation]:
        """Violations that concern more than one image."""
        roots = self.root.with_below()
        unrecorded = (violation for root in roots for violation in root.unrecorded)
        kept = (each for root in roots for one in root.immutabilities for each in one.violations)
        failures = map(FAILURE.nothing_pinned, self._failures())
        return [*failures, *unrecorded, *kept, *self._mutable_stages()]

    def _mutable_stages(self) -> Iterator[Violation]:
        """Stages that no `ImmutableTags` was applied to, although one was above them."""
        by_stage: ConstructMap[Stage, Root] = ConstructMap()
        by_stage.update((root.stage, root) for root in self.root.with_below())
        for scope in {each.scope for root in by_stage.values() for each in root.immutabilities}:
            for stage in all_stages_below(scope):
                root = by_stage.get(stage)
                if root is None or not root.immutabilities:
                    inside = sum(
                        is_same(stage, of) for of in map(Stage.of, repositories_below(stage)) if of
                    )
                    if inside:
                        yield MUTABLE_REPOSITORY.not_applied(stage.node.path, inside)

    def missed_stages(self) -> list[MissedStage]:
        """The Stages that were synthesized without being pinned."""
        pinned: ConstructMap[Stage, Root] = ConstructMap()
        pinned.update((root.stage, root) for root in self.root.with_below() if root.syntheses)
        missed: list[MissedStage] = []
        for stage in all_stages_below(self.root.stage):
            root = pinned.get(stage)
            if root is None:
                missed.append(MissedStage(stage.node.path, "not applied"))
            elif not root.is_prepared:
                missed.append(MissedStage(stage.node.path, "applied late"))
        return missed

    def examined(self, examination: Examination) -> list[Violation]:
        """Write the report of the images in the templates, overrides included, and sum it up.

        It has to be a new file: plugins must not change existing ones.
        """
        syntheses = self._syntheses()
        if not syntheses:
            return []
        problems = list(problems_of_undeployed(syntheses, examination))
        records = [record for synthesis in syntheses for record in synthesis.records]
        missed = self.missed_stages() if examination.overridden else []
        records = corrected(records, examination, [each.construct_path for each in missed])
        report = SynthReport.of(records, next(iter(self._failures()), None))
        folder = Path(self.root.stage.outdir)
        print_summary(report, syntheses, folder)
        try:
            report.write(folder / FILE_NAME)
        except (PinnedImagesError, OSError) as error:
            return [*problems, REPORT.not_written(str(error))]
        return problems

    def _failures(self) -> dict[str, None]:
        """The reasons why nothing could be pinned, in the app or in a part of it."""
        roots = self.root.with_below()
        return dict.fromkeys(failure for root in roots for failure in root.all_failures())

    def _syntheses(self) -> list[Synthesis]:
        return [each for root in self.root.with_below() for each in root.syntheses]


def by_precedence(syntheses: Iterable[Synthesis]) -> list[Synthesis]:
    """Syntheses by precedence: the nearest to an image first; at one construct the later first.

    Those of a Stage come before those of the App that holds it, whatever construct the user named:
    they have pinned the images of that Stage.
    """
    latest_first = list(syntheses)[::-1]
    return sorted(latest_first, key=_nearness, reverse=True)


def _nearness(synthesis: Synthesis) -> tuple[int, int]:
    return _depth(synthesis.root.node.path), _depth(synthesis.applied_at)


def _depth(path: str) -> int:
    return len(path.split("/")) if path else 0


def _coverage(synthesis: Synthesis) -> Coverage:
    return Coverage(
        scope_paths=synthesis.scope_paths(),
        policy=synthesis.options.policy(),
        decisions=synthesis.decisions,
        is_pinned=True,
        is_silent=synthesis.failure is not None,
        parameter_values=synthesis.parameter_values,
        use_parameter_defaults=synthesis.options.use_parameter_defaults,
    )


# Kept for as long as the process lives, as jsii keeps the constructs themselves.
_ROOTS: ConstructMap[Stage, Root] = ConstructMap()


@dataclass(eq=False)
class Root:
    """An App or Stage, which is synthesized on its own.

    Attributes:
        stage: The App or Stage.
        above: Those that hold it.
        syntheses: Every pinning below it.
        immutabilities: Every `ImmutableTags` below it.
        failures: The reasons why no image can be pinned at all.
        unrecorded: Why the last synth could not record its images in stacks.
        is_prepared: Whether it has been synthesized since pinning was applied.
        is_read_again: Whether a root that holds it is being prepared and will read this
            one's dependencies once more.
    """

    stage: Stage
    above: Root | None
    syntheses: list[Synthesis] = field(default_factory=list)
    immutabilities: list[TagImmutability] = field(default_factory=list)
    failures: dict[str, None] = field(default_factory=dict)
    unrecorded: list[Violation] = field(default_factory=list)
    is_prepared: bool = False
    is_read_again: bool = False
    _has_gate: bool = False

    @classmethod
    def of(cls, stage: Stage) -> Root:
        """The root of an App or Stage; those that hold it get one too."""
        root = _ROOTS.get(stage)
        if root is None:
            outer = [each for each in stage.node.scopes[:-1] if isinstance(each, Stage)]
            root = cls(stage, cls.of(outer[-1]) if outer else None)
            _ROOTS[stage] = root
            call_before_prepare(stage, root._before_prepare)
            stage.node.add_validation(_AfterPrepare(root))
        return root

    @property
    def outermost(self) -> Root:
        """The root of the App."""
        return self if self.above is None else self.above.outermost

    def with_below(self) -> list[Root]:
        """This root and those of the Stages below it."""
        return [root for root in _ROOTS.values() if self in root.with_above()]

    def with_above(self) -> Iterator[Root]:
        """This root and those of the Stages and the App that hold it."""
        yield self
        if self.above is not None:
            yield from self.above.with_above()

    def pin(
        self, scope: IConstruct, applied_at: str, options: Options, sources: Sources
    ) -> Synthesis:
        """Pin the images below a construct in every synth of this root from now on.

        Args:
            scope: The construct.
            applied_at: The construct path that the user named, that of `scope` or one above.
            options: The user's decisions.
            sources: The resolver and the parameter source.

        Raises:
            ConfigurationError: An option, a context value or a variable cannot be used.
        """
        context = self.stage.node.get_all_context()
        effective = options.with_settings(context, os.environ, default_lock_file())
        synthesis = Synthesis(self.stage, scope, applied_at, effective, sources)
        self.syntheses.append(synthesis)
        self.outermost.ensure_gate()
        return synthesis

    def make_immutable(self, immutability: TagImmutability) -> None:
        """Make tags of repositories immutable in every synth of this root from now on."""
        self.immutabilities.append(immutability)
        self.outermost.ensure_gate()

    def fail(self, message: str) -> None:
        """Make every synth of the app end with an error."""
        self.failures[message] = None
        self.outermost.ensure_gate()

    def ensure_gate(self) -> None:
        """Add one gate at the App: CDK calls no gate of a Stage that is in a stack."""
        if not self._has_gate:
            self._has_gate = True
            Validations.of(self.stage).add_plugins(
                PinnedImagesGate.for_aspect(self.stage, SynthAspectState(self))
            )

    def _before_prepare(self) -> None:
        """Pin; called after all aspects, and after those of Stages below.

        CDK reads the dependencies of the Stages below once more while it prepares this one. They
        are synthesized by then, and their results stay.
        """
        if self.is_read_again:
            self.is_read_again = False
            return
        self.is_prepared = True
        self.unrecorded = []
        if self.above is None:
            remove_report(Path(self.stage.outdir))
        for root in self.with_below():
            root.is_read_again = root is not self
        for immutability in self.immutabilities:
            immutability.before_prepare()
        taken: ConstructMap[CfnResource, None] = ConstructMap()
        for synthesis in by_precedence(self.syntheses):
            synthesis.before_prepare(taken)

    def after_prepare(self) -> None:
        """Record the pinned images in the stacks."""
        for synthesis in self.syntheses:
            synthesis.ensure_planned()
        self.unrecorded = record_in_stacks(self.syntheses)

    def all_failures(self) -> list[str]:
        """The reasons why nothing could be pinned at all."""
        found = [synthesis.failure for synthesis in self.syntheses]
        return [*self.failures, *(failure for failure in found if failure is not None)]


@jsii.implements(IValidation)
class _AfterPrepare:
    """A validation: CDK calls it after it has prepared the app, and before it writes templates."""

    def __init__(self, root: Root) -> None:
        self._root = root

    def validate(self) -> list[str]:
        """No errors for CDK's own list: the gate reports them."""
        with interruptible():
            self._root.after_prepare()
        return []
