"""Records of pinned images in the templates, to be read from the deployed stack.

It is added when the app is prepared and nothing is written yet. A nested stack's template has been
hashed by then, so its images are recorded in the stack that it belongs to.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from pinned_images.cdk.constructs import ConstructMap
from pinned_images.cdk.rendering import render_template
from pinned_images.report.synth_report import SiteRecord
from pinned_images.rules import RECORD, Violation
from pinned_images.rules.record import MOST_OUTPUTS
from pinned_images.synth.synthesis import Synthesis

#: The key in a template's ``Metadata``, and how the names of outputs begin.
METADATA_KEY = "PinnedImages"
OUTPUT_PREFIX = "PinnedImage"

_LONGEST_READABLE_PART = 200

_CONSTRUCT_ID = "pinned-images-outputs"


def record_in_stacks(syntheses: Iterable[Synthesis]) -> list[Violation]:
    """Write the pinned images into each top-level stack, where an option says so.

    Args:
        syntheses: The pinnings of one App or Stage, all of them done.

    Returns:
        The violations of stacks that could not be recorded.
    """
    metadata: ConstructMap[Stack, dict[str, SiteRecord]] = ConstructMap()
    outputs: ConstructMap[Stack, dict[str, SiteRecord]] = ConstructMap()
    places = {"metadata": metadata, "outputs": outputs}
    for synthesis in syntheses:
        if synthesis.options.record_in is not None:
            for stack, record in synthesis.pinned():
                images = places[synthesis.options.record_in].setdefault(stack, {})
                images[str(record.lock_key)] = record
    for stack, images in metadata.items():
        stack.add_metadata(METADATA_KEY, {key: images[key].digest for key in sorted(images)})
    problems = [_add_outputs(stack, images) for stack, images in outputs.items()]
    return [problem for problem in problems if problem is not None]


def _add_outputs(stack: Stack, images: Mapping[str, SiteRecord]) -> Violation | None:
    wanted = {_output_name(key): str(images[key].pinned) for key in sorted(images)}
    stack.node.try_remove_child(_CONSTRUCT_ID)  # those of an earlier synth
    others = render_template(stack).get("Outputs", {}).keys() - wanted.keys()
    total = len(others) + len(wanted)
    if total > MOST_OUTPUTS:
        return RECORD.too_many_outputs(stack.node.path, total, len(wanted))
    scope = Construct(stack, _CONSTRUCT_ID)
    for name, value in wanted.items():
        CfnOutput(scope, name, value=value).override_logical_id(name)
    return None


def _output_name(key: str) -> str:
    """The name of an output: letters and digits, the same for an image in every synth.

    Example:
        >>> _output_name("docker.io/library/nginx:1.27")
        'PinnedImageDockerIoLibraryNginx1276965a10c'
    """
    words = re.findall(r"[A-Za-z0-9]+", key)
    readable = "".join(word[0].upper() + word[1:] for word in words)[:_LONGEST_READABLE_PART]
    return f"{OUTPUT_PREFIX}{readable}{hashlib.sha256(key.encode()).hexdigest()[:8]}"
