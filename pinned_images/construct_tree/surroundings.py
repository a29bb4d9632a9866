"""What the gate is told by the aspects of an app."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aws_cdk import Stage

from pinned_images.construct_tree.identity import ConstructMap
from pinned_images.construct_tree.stages import all_stages_below
from pinned_images.construct_tree.synthesis import Synthesis
from pinned_images.errors import PinnedImagesError
from pinned_images.examination import Examination, corrected
from pinned_images.placement import MissedStage
from pinned_images.report.records import FILE_NAME, SynthReport
from pinned_images.rules import FAILURE, REPORT, Coverage, Violation

if TYPE_CHECKING:
    from pinned_images.construct_tree.roots import Root


@dataclass(frozen=True)
class AspectSurroundings:
    """What the gate of an app knows from the aspects in it."""

    root: Root

    def coverages(self) -> list[Coverage]:
        """The parts of the tree that are pinned; the first that holds a construct decides."""
        return [_coverage(synthesis) for synthesis in by_precedence(self._syntheses())]

    def problems(self) -> list[Violation]:
        """What went wrong for more than one image."""
        roots = self.root.with_below()
        failures = dict.fromkeys(failure for root in roots for failure in root.all_failures())
        unrecorded = (violation for root in roots for violation in root.unrecorded)
        return [*map(FAILURE.nothing_pinned, failures), *unrecorded]

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
        """Write the report of what stands in the templates, whatever overrides have set.

        It has to be a new file: plugins must not change those that they find.
        """
        records = [record for synthesis in self._syntheses() for record in synthesis.records]
        report = SynthReport.of(corrected(records, examination))
        try:
            report.write(Path(self.root.stage.outdir) / FILE_NAME)
        except (PinnedImagesError, OSError) as error:
            return [REPORT.not_written(str(error))]
        return []

    def _syntheses(self) -> list[Synthesis]:
        return [each for root in self.root.with_below() for each in root.syntheses]


def by_precedence(syntheses: Iterable[Synthesis]) -> list[Synthesis]:
    """The nearest one decides about an image; of two at the same construct, the later one.

    Those of a Stage come before those of the App that holds it, whatever construct the user named:
    they are what has pinned the images of that Stage.
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
