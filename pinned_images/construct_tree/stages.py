"""The Stages of an app, which are synthesized on their own."""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import CfnElement, Stage
from constructs import Construct, IConstruct

from pinned_images.construct_tree.identity import is_same

#: What CDK has for the services of AWS; its Stages, stacks and Apps stand in `aws_cdk` itself.
_SERVICES = "aws_cdk."


def stages_below(scope: IConstruct) -> Iterator[Stage]:
    """The Stages strictly below a construct, where apps put them.

    It is not looked for them inside the constructs that CDK has for services. These hold most of
    an app, and to be shown a construct that was made in JavaScript makes Python import the module
    of its service.
    """
    for child in scope.node.children:
        if isinstance(child, Stage):
            yield child
        if not isinstance(child, CfnElement) and not type(child).__module__.startswith(_SERVICES):
            yield from stages_below(child)


def all_stages_below(scope: IConstruct) -> list[Stage]:
    """The Stages strictly below a construct, wherever they are."""
    return [
        child
        for child in scope.node.find_all()
        if isinstance(child, Stage) and not is_same(child, scope)
    ]


def is_synthesized(construct: IConstruct) -> bool:
    """Whether the App of a construct has been synthesized: CDK adds its tree metadata first."""
    tree = construct.node.root.node.try_find_child("Tree")
    return type(tree) is Construct and not tree.node.children
