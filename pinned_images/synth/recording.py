"""Records of pinned images in the templates, to be read from the deployed stack.

It is added when the app is prepared and nothing is written yet. A nested stack's template has been
hashed by then, so its images are recorded in the stack that it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from pinned_images.cdk.constructs import ConstructMap
from pinned_images.cdk.rendering import render_template
from pinned_images.option_syntax import ARGUMENTS
from pinned_images.report.stack_record import (
    METADATA_KEY,
    recorded_digests,
    recorded_outputs,
)
from pinned_images.report.synth_report import SiteRecord
from pinned_images.rules import RECORD, Violation
from pinned_images.rules.record import MOST_OUTPUTS
from pinned_images.synth.synthesis import Synthesis

_CONSTRUCT_ID = "pinned-images-outputs"


def record_in_stacks(syntheses: Iterable[Synthesis]) -> list[Violation]:
    """Write the pinned images into each top-level stack, where an option says so.

    Args:
        syntheses: The pinnings of one App or Stage, all of them done.

    Returns:
        The violations of stacks that could not be recorded.
    """
    metadata: ConstructMap[Stack, list[SiteRecord]] = ConstructMap()
    outputs: ConstructMap[Stack, list[SiteRecord]] = ConstructMap()
    places = {"metadata": metadata, "outputs": outputs}
    for synthesis in syntheses:
        if synthesis.options.record_in is not None:
            for stack, record in synthesis.pinned():
                places[synthesis.options.record_in].setdefault(stack, []).append(record)
    for stack, records in metadata.items():
        stack.add_metadata(METADATA_KEY, recorded_digests(records))
    problems = [_add_outputs(stack, records) for stack, records in outputs.items()]
    return [problem for problem in problems if problem is not None]


def _add_outputs(stack: Stack, records: Sequence[SiteRecord]) -> Violation | None:
    wanted = recorded_outputs(records)
    stack.node.try_remove_child(_CONSTRUCT_ID)  # those of an earlier synth
    others = render_template(stack).get("Outputs", {}).keys() - wanted.keys()
    total = len(others) + len(wanted)
    if total > MOST_OUTPUTS:
        return RECORD.too_many_outputs(stack.node.path, total, len(wanted), ARGUMENTS)
    scope = Construct(stack, _CONSTRUCT_ID)
    for name, value in wanted.items():
        CfnOutput(scope, name, value=value).override_logical_id(name)
    return None
