"""A callback after all aspects of a synth and before anything is rendered.

A nested stack's template is hashed (the hash becomes its file name in S3) while CDK prepares the
app, so a change that is made later deploys nothing. Aspects run before that, but not all of them
have run when one is visited. CDK begins its preparation by asking every construct for its
dependencies, root first; a dependency whose list of constructs is computed on demand is
therefore read at the one right moment, for constructs that any aspect added too.
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
        """No dependencies; CDK's reading of this list is the callback."""
        with interruptible():
            self._callback()
        return []


def call_before_prepare(root: IConstruct, callback: Callable[[], None]) -> None:
    """Call `callback` in every synth of `root`, after its aspects and before it is prepared.

    Args:
        root: The App or Stage that is synthesized.
        callback: Called without arguments; must not raise errors that a user can fix, since an
            exception on its way through Node.js prints a long traceback.
    """
    dependency = DependencyGroup()
    Dependable.implement(dependency, _OnDemandDependency(callback))
    root.node.add_dependency(dependency)
