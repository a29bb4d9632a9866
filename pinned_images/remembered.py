"""A resolver that asks for each image once, in however many Stages it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pinned_images.resolution import Outcome, ResolutionRequest, Resolver


class RememberingResolver:
    """Gives the same answer to the same question for as long as it lives.

    CDK synthesizes each Stage on its own, and so each asks for its images. A tag that moves in the
    meantime must not give two Stages of one synth two digests, and a registry that does not answer
    need not be waited for again.

    Args:
        inner: The resolver that is asked for what has not been asked before.

    Example:
        >>> from pinned_images.testing import FixedResolver
        >>> RememberingResolver(FixedResolver.derived()).resolve([])
        {}
    """

    def __init__(self, inner: Resolver) -> None:
        self._inner = inner
        self._outcomes: dict[ResolutionRequest, Outcome] = {}

    def resolve(self, requests: Sequence[ResolutionRequest]) -> Mapping[ResolutionRequest, Outcome]:
        """See `Resolver.resolve`."""
        new = [request for request in requests if request not in self._outcomes]
        if new:
            self._outcomes.update(self._inner.resolve(new))
        return {request: self._outcomes[request] for request in requests}
