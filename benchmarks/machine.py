"""On what the numbers were measured, as far as it matters to them; nothing that names the place."""

from __future__ import annotations

import os
import platform
from datetime import datetime, timezone
from importlib.metadata import version

from benchmarks.peers import CRANE, SKOPEO
from benchmarks.processes import CDK, run


def describe_machine() -> list[tuple[str, str]]:
    """Names and values, for a table."""
    return [
        ("date", f"{datetime.now(timezone.utc):%Y-%m-%d}"),
        ("CPUs", str(os.cpu_count())),
        ("system", f"{platform.system()} {platform.machine()}"),
        ("pinned_images", version("pinned-images")),
        ("Python", platform.python_version()),
        ("Node.js", run(["node", "--version"]).output.strip().removeprefix("v")),
        ("aws-cdk-lib", version("aws-cdk-lib")),
        ("jsii", version("jsii")),
        ("aws-cdk (the CLI)", run([CDK, "--version"]).output.split()[0]),
        ("urllib3", version("urllib3")),
        (SKOPEO.program, SKOPEO.version),
        (CRANE.program, CRANE.version),
    ]
