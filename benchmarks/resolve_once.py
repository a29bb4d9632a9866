"""One call of the resolver, in a process of its own; references come on standard input.

python -m benchmarks.resolve_once '{}' < references.txt
"""

from __future__ import annotations

import json
import sys
import time

from benchmarks.processes import peak_memory, print_measured
from pinned_images import ImageReference, PinnedImagesError, ResolutionRequest


def _measure(*, deadline: float = 120.0) -> None:
    requests = [ResolutionRequest(ImageReference.parse(line)) for line in sys.stdin.read().split()]
    started = time.perf_counter()
    # What a synth loads when it has a question, and no sooner.
    from pinned_images.registry.resolver import RegistryResolver  # noqa: PLC0415
    from pinned_images.registry.settings import RegistrySettings  # noqa: PLC0415

    outcomes = RegistryResolver(RegistrySettings(deadline=deadline)).resolve(requests)
    seconds = time.perf_counter() - started
    digests = []
    for outcome in outcomes.values():
        if isinstance(outcome, PinnedImagesError):
            raise outcome
        digests.append(outcome.digest)
    print_measured(seconds=seconds, memory=peak_memory(), digests=sorted(set(digests)))


if __name__ == "__main__":
    _measure(**json.loads(sys.argv[1]))
