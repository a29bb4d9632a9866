"""Digests that nobody knows yet: this package, two other tools, and what no client could beat."""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.loopback import Registries, registries
from benchmarks.peers import CRANE, SKOPEO, Peer
from benchmarks.processes import run_module
from benchmarks.results import Mark, Measurement, Table, at_least, at_most
from benchmarks.samples import Samples, in_turns
from pinned_images.registry.settings import RegistrySettings

HOSTS = 5
REFERENCES = 500
LATENCY = 0.05
REPETITIONS = 3
#: One at a time takes long; each costs the same, so some stand for all.
SKOPEO_SAMPLE = 50

_OURS = "pinned_images"


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of one tool over all references.

    Attributes:
        seconds: For all references, the process and all.
        resolving: The part of it that is the resolver's.
        requests: What the registries were asked.
    """

    seconds: float
    resolving: float
    requests: Counter[str]


@dataclass(frozen=True, slots=True)
class _Runs:
    """All runs with one way of authentication."""

    of_tool: dict[str, list[_Run]]

    def seconds(self, tool: str) -> Samples:
        return Samples(tuple(each.seconds for each in self.of_tool[tool]))

    @property
    def resolving(self) -> Samples:
        return Samples(tuple(each.resolving for each in self.of_tool[_OURS]))

    @property
    def requests(self) -> Counter[str]:
        return self.of_tool[_OURS][0].requests

    @property
    def limit(self) -> float:
        """So many requests to a host, so many at a time, and a round trip for each turn."""
        at_a_time = RegistrySettings().concurrency
        return math.ceil(self.requests.total() / HOSTS / at_a_time) * LATENCY


def measure() -> Measurement:
    """Measure, without tokens and with them."""
    plain, with_tokens = _runs(tokens=False), _runs(tokens=True)
    return Measurement(
        "Cold resolve",
        f"{REFERENCES} images in as many repositories on {HOSTS} registries on loopback, each "
        f"answer delayed by {LATENCY * 1000:.0f} ms; {REPETITIONS} runs of each tool in turns, "
        "each with new connections. The seconds are those of the whole process, the start of "
        "Python included; the limit is ceil(requests for each registry / "
        f"{RegistrySettings().concurrency} at a time) times {LATENCY * 1000:.0f} ms.",
        [*_marks(plain, "anonymous"), *_marks(with_tokens, "a token for each repository")],
        [_table(plain, "anonymous"), _table(with_tokens, "a token for each repository")],
        [
            (
                f"skopeo was timed on {SKOPEO_SAMPLE} of the images, and its seconds multiplied, "
                "since one at a time each takes the same. All tools gave the same digests."
            ),
            *(
                f"{peer.program} could not be had on this machine."
                for peer in (SKOPEO, CRANE)
                if peer.path is None
            ),
        ],
    )


def _runs(*, tokens: bool) -> _Runs:
    with (
        registries(hosts=HOSTS, references=REFERENCES, latency=LATENCY, tokens=tokens) as servers,
        tempfile.TemporaryDirectory() as nobody,
    ):
        # Whoever runs this may be logged in somewhere, with helper programs that take time.
        environment = dict.fromkeys(("DOCKER_CONFIG", "HOME", "XDG_RUNTIME_DIR"), nobody)
        variants: dict[str, Callable[[], _Run]] = {_OURS: lambda: _run_ours(servers, environment)}
        digests = run_module(
            "benchmarks.resolve_once", {}, environment, "\n".join(servers.references)
        )["digests"]
        servers.requests()
        for peer, images in ((CRANE, REFERENCES), (SKOPEO, SKOPEO_SAMPLE)):
            if peer.path is not None:
                variants[peer.name] = _runner(peer, images, servers, environment, digests)
        return _Runs(in_turns(variants, REPETITIONS))


def _run_ours(servers: Registries, environment: dict[str, str]) -> _Run:
    given = "\n".join(servers.references)
    measured = run_module("benchmarks.resolve_once", {}, environment, given)
    return _Run(measured["process"], measured["seconds"], servers.requests())


def _runner(
    peer: Peer,
    images: int,
    servers: Registries,
    environment: dict[str, str],
    digests: list[str],
) -> Callable[[], _Run]:
    def run() -> _Run:
        seconds, found = peer.seconds_for(servers.references[:images], environment)
        if not set(found) <= set(digests):
            raise AssertionError(f"{peer.name} gave other digests than pinned_images.")
        return _Run(seconds * REFERENCES / images, 0, servers.requests())

    return run


def _marks(runs: _Runs, how: str) -> list[Mark]:
    ours = runs.seconds(_OURS).median
    to_the_limit = runs.resolving.median / runs.limit
    marks = [at_most(f"{how}: the resolver, at most 1.3 times the limit", to_the_limit, 1.3)]
    for peer, factor in ((CRANE, 1.0), (SKOPEO, 20.0)):
        if peer.name in runs.of_tool:
            times = runs.seconds(peer.name).median / ours
            aim = f"{how}: at least {factor:g} times as fast as {peer.name}"
            marks.append(at_least(aim, times, factor))
    asked = runs.requests
    for_each = (asked.total() - asked["GET token"]) / REFERENCES
    aim = f"{how}: requests for each reference beside tokens, at most 1.1"
    return [*marks, at_most(aim, for_each, 1.1)]


def _table(runs: _Runs, how: str) -> Table:
    rows = [
        (name, str(runs.seconds(name)), f"{runs.seconds(name).median / runs.limit:.2f}")
        for name in runs.of_tool
    ]
    rows.insert(1, ("its resolver alone", str(runs.resolving), _ratio(runs)))
    rows.append(("the limit", f"{runs.limit:.3g} s", "1.00"))
    return Table((how, "seconds", "times the limit"), rows)


def _ratio(runs: _Runs) -> str:
    return f"{runs.resolving.median / runs.limit:.2f}"
