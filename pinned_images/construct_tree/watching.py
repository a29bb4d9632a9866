"""How it is noticed that CDK begins to write a stack's template.

Values are final when CDK has made its cross-stack references, and soon after that it hashes the
templates of nested stacks. It calls nobody in between. What can be seen is that a resource is
rendered without being searched for references: that happens to all resources of a template, one
after another, when the template is written, so the first one of them tells. Lambda functions and
layers tell nothing: CDK also renders them whenever it names a version of a function, since the
name holds a hash of their properties (aws-cdk-lib, aws-lambda/lib/function-hash.ts).
"""

from __future__ import annotations

from aws_cdk import CfnResource, ConstructSelector, IResolveContext, Stack

from pinned_images.construct_tree.attachment import Attachment, PhaseOfSynth
from pinned_images.construct_tree.identity import is_same
from pinned_images.construct_tree.replacement import add_silent_metadata

#: CDK names a version of a function by a hash of these.
HASHED_TYPES = frozenset({"AWS::Lambda::Function", "AWS::Lambda::LayerVersion"})
_VERSION_TYPE = "AWS::Lambda::Version"


def watch_template(first: Attachment, phase: PhaseOfSynth) -> None:
    """Have the plan made as soon as the template of a stack is rendered to be written.

    Args:
        first: The resource with images that comes first in the template.
        phase: Told that the time has come. Where that cannot be told for certain, it is told
            each time that it may have come.
    """
    if first.resource_type not in HASHED_TYPES or not has_versions(first.stack):
        first.when_written = phase.ensure_planned
        return
    earlier = _telling_resource_before(first)
    if earlier is None:
        first.when_written = phase.plan_tentatively
        return

    def produce(context: IResolveContext) -> None:
        if phase.may_plan and not context.preparing:
            phase.ensure_planned()

    add_silent_metadata(earlier, produce)


def has_versions(stack: Stack) -> bool:
    """Whether CDK renders functions of a stack to name versions of them."""
    return bool(ConstructSelector.resources_of_type(_VERSION_TYPE).select(stack))


def _telling_resource_before(first: Attachment) -> CfnResource | None:
    for construct in first.stack.node.find_all():
        if is_same(construct, first.resource):
            return None
        if (
            isinstance(construct, CfnResource)
            and construct.cfn_resource_type not in HASHED_TYPES
            and is_same(construct.stack, first.stack)
        ):
            return construct
    return None
