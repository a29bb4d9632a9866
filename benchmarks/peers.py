"""The other tools that learn digests, as somebody would use them in a script."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.processes import PROJECT, run

#: Where `make bench` puts the tools that it can build.
_BUILT = PROJECT / ".make" / "bin"


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool, and the command that asks for one digest.

    Attributes:
        name: How people call it.
        program: What is looked for.
        version_command: Prints its version.
        command: Asks for the digest of ``{}``.
        side_by_side: How many of its processes run at a time.
    """

    name: str
    program: str
    version_command: Sequence[str]
    command: Sequence[str]
    side_by_side: int

    @property
    def path(self) -> str | None:
        """Where it is; None if it is not here."""
        return shutil.which(self.program) or shutil.which(self.program, path=str(_BUILT))

    @property
    def version(self) -> str:
        """Its version, or that it is not here."""
        if self.path is None:
            return "absent"
        return run([self.path, *self.version_command]).output.strip().rpartition(" ")[2]

    def seconds_for(
        self, references: Sequence[str], environment: dict[str, str]
    ) -> tuple[float, list[str]]:
        """What it takes to learn some digests, and the digests.

        Raises:
            ProcessFailed: One of them was not learned.
        """
        command = ["xargs", "-P", str(self.side_by_side), "-I", "{}", self.path or self.program]
        finished = run([*command, *self.command], environment, "\n".join(references))
        return finished.seconds, sorted(set(finished.output.split()))


SKOPEO = Peer(
    "skopeo inspect, one at a time",
    "skopeo",
    ["--version"],
    ["inspect", "--no-tags", "--tls-verify=false", "--format", "{{.Digest}}", "docker://{}"],
    1,
)
CRANE = Peer("crane digest, 16 processes", "crane", ["version"], ["digest", "{}"], 16)
