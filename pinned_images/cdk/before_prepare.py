"""A call back after all aspects of a synth and before anything is rendered.

A nested stack's template is hashed (the hash becomes its file name in S3) while CDK prepares the
app, so a change that is made later deploys nothing. Aspects run before that, but not all of them
have run when one is visited. CDK begins its preparation by asking every construct for its
dependencies, root first; a dependency whose list of constructs is worked out on demand is
therefore asked at the one right moment, for constructs that any aspect added too.
"""

from __future__ import annotations

from collections.abc import Callable

import jsii
from constructs import Dependable, DependencyGroup, IConstruct

from pinned_images.cdk.interruption import interruptible


class _OnDemandDependency(Dependable):
    def __init__(self, callback: Callable[[], None]) -> None:
        super().__init__()
        self._callback = callback

    @property
    @jsii.member(jsii_name="dependencyRoots")
    def dependency_roots(self) -> list[IConstruct]:
        """Nothing to depend on; being asked is the point."""
        with interruptible():
            self._callback()
        return []


def call_before_prepare(root: IConstruct, callback: Callable[[], None]) -> None:
    """Have `callback` called in every synth of `root`, after its aspects, before it is prepared.

    Args:
        root: The App or Stage that is synthesized.
        callback: Called without arguments; must not raise what a user can mend, since an
            exception on its way through Node.js prints a long traceback.
    """
    dependency = DependencyGroup()
    Dependable.implement(dependency, _OnDemandDependency(callback))
    root.node.add_dependency(dependency)
