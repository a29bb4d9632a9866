"""`ImmutableTags`, the Aspect that makes the tags of ECR repositories immutable."""

from __future__ import annotations

from collections.abc import Iterable

import jsii
from aws_cdk import IAspect, Stage
from constructs import IConstruct

from pinned_images.acknowledgements import is_below
from pinned_images.cdk.constructs import is_same, is_synthesized, stages_below
from pinned_images.ecr.tag_mutability import parse_filters
from pinned_images.errors import ConfigurationError
from pinned_images.synth.roots import Root
from pinned_images.synth.tag_immutability import TagImmutability


@jsii.implements(IAspect)
class ImmutableTags:
    """Makes the tags of the app's ECR repositories immutable: a tag that was pushed stays.

    It sets ``ImageTagMutability`` of `AWS::ECR::Repository` and of
    `AWS::ECR::RepositoryCreationTemplate`, where the app does not set it. What the app sets itself
    is kept, and reported where it leaves tags mutable; a repository for which the rule
    ``pinned-images::mutable-repository`` is acknowledged is not changed.

    Args:
        mutable_tags: Tags that may move, or patterns of them with ``*``, such as
            ``["latest", "3.*"]``: five of a repository at most. None if left out.

    Raises:
        ConfigurationError: ECR takes no such filters.

    Example:
        >>> from aws_cdk import App
        >>> app = App()
        >>> ImmutableTags.apply_to(app, mutable_tags=["latest"])
    """

    def __init__(self, *, mutable_tags: Iterable[str] | None = None) -> None:
        """Create the Aspect; the arguments are those of the class."""
        self._filters = parse_filters(mutable_tags)
        self._paths: list[str] = []

    @classmethod
    def apply_to(cls, scope: IConstruct, *, mutable_tags: Iterable[str] | None = None) -> None:
        """Make the tags of every repository below a construct immutable, in Stages too.

        Call it when all Stages are made, and before one is added to a pipeline.

        Args:
            scope: An App, a Stage, a stack or any construct in one.
            mutable_tags: See the class.

        Raises:
            ConfigurationError: ECR takes no such filters, the construct is in no App or Stage, or
                the App has been synthesized already.
        """
        aspect = cls(mutable_tags=mutable_tags)
        if is_synthesized(scope):
            raise ConfigurationError(
                "ImmutableTags.apply_to was called after app.synth(), so nothing would be changed: "
                "call it before."
            )
        for each in (scope, *stages_below(scope)):
            aspect._apply(each)

    def visit(self, node: IConstruct) -> None:
        """Called by CDK for every construct below those that the Aspect was added to."""
        # The first construct of a scope is the scope; an App's path is empty, and all is below it.
        if "" in self._paths:
            return
        path = node.node.path
        if not any(is_below(path, scope) for scope in self._paths):
            self._paths.append(path)
            self._apply(node)

    def _apply(self, scope: IConstruct) -> None:
        stage = scope if isinstance(scope, Stage) else Stage.of(scope)
        if stage is None:
            raise ConfigurationError(
                f"ImmutableTags cannot be applied to {scope.node.path or 'a construct'}: it is in "
                "no App or Stage."
            )
        root = Root.of(stage)
        known = any(
            each.filters == self._filters and is_same(each.scope, scope)
            for each in root.immutabilities
        )
        if not known:
            root.make_immutable(TagImmutability(stage, scope, self._filters))
