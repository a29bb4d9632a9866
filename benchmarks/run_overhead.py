"""What ``pinned-images run`` adds to the synth of a large app in JavaScript, with a lock file."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.processes import PROJECT, Finished, run
from benchmarks.results import Measurement, Table, at_most
from benchmarks.samples import Samples, in_turns
from pinned_images.assembly import pin_assembly
from pinned_images.options import Options
from pinned_images.testing import FixedResolver
from tools.assemblies_of_versions import install_version

CONTAINERS, STACKS = 400, 20
REPETITIONS = 5
VERSION = "2.275.0"

_APP = ["node", str(PROJECT / "benchmarks" / "ecs_app.js"), str(CONTAINERS), str(STACKS)]
_LOCK_FILE = "pinned-images.lock.json"
_WITHOUT, _WITH = "the app alone", "by pinned-images run"
#: Newer versions of aws-cdk-lib check finished templates against CloudFormation's schemas, which
#: takes most of a synth; older ones do not.
_CHECKED, _UNCHECKED = "as the CDK synthesizes it", "without CDK's own check (CDK_VALIDATION=false)"
_WHY_NOT = (
    "Half of it is the start of Python with the modules that are needed, as it is for an app "
    "without images. An app in TypeScript is compiled first, which takes as long as this synth, "
    "and the CDK CLI takes time of its own."
)


def measure() -> Measurement:
    """Measure the app by itself, and by ``run`` with every digest in the lock file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _lock(folder)
        seconds, processor = {}, {}
        for check, variable in ((_CHECKED, "true"), (_UNCHECKED, "false")):
            command = [sys.executable, "-m", "pinned_images", "run"]
            command += ["--lock-file", str(folder / _LOCK_FILE), "--", *_APP]
            runs = in_turns(
                {
                    each: partial(_synth, folder, given, CDK_VALIDATION=variable)
                    for each, given in ((_WITHOUT, _APP), (_WITH, command))
                },
                REPETITIONS,
            )
            for each, finished in runs.items():
                seconds[each, check] = Samples(tuple(one.seconds for one in finished))
                processor[each, check] = Samples(tuple(one.processor for one in finished))
    return Measurement(
        "pinned-images run",
        f"An app in JavaScript with {CONTAINERS} containers, each two in a Fargate service, in "
        f"{STACKS} stacks, by aws-cdk-lib {VERSION}. Its command is run by itself and by "
        f"`pinned-images run` with a lock file that holds every digest, {REPETITIONS} times in "
        "turns, from the start of the process to its end. The ratio is the median of those of each "
        "two runs that follow each other; seconds of the processor are those of all processes.",
        [
            at_most(
                f"{check}, {kind}: by run against the app alone, at most 1.10",
                _ratio(samples[_WITHOUT, check], samples[_WITH, check]),
                1.10,
                _WHY_NOT if check is _UNCHECKED else "",
            )
            for check in (_CHECKED, _UNCHECKED)
            for kind, samples in (("seconds", seconds), ("processor", processor))
        ],
        [
            Table(
                ("", "seconds", "of the processor"),
                [
                    (f"{each}, {check}", str(seconds[each, check]), str(processor[each, check]))
                    for each, check in seconds
                ],
            )
        ],
    )


def _lock(folder: Path) -> None:
    """Write a lock file with the images of the app."""
    _synth(folder, _APP, CDK_VALIDATION="false")
    resolver = FixedResolver.derived()
    options = Options.of({"resolver": resolver, "lock_file": folder / _LOCK_FILE})
    outcome = pin_assembly(folder / "cdk.out", options)
    assert len(outcome.report.records) == CONTAINERS
    assert not outcome.has_errors


def _synth(folder: Path, command: Sequence[str], **variables: str) -> Finished:
    output = folder / "cdk.out"
    shutil.rmtree(output, ignore_errors=True)
    environment = {
        "CDK_OUTDIR": str(output),
        "NODE_PATH": str(install_version(VERSION)),
        "PINNED_IMAGES_UPDATE": "never",
        **variables,
    }
    finished = run(command, environment)
    pinned = "@sha256:" in (output / "Stack0.template.json").read_text(encoding="utf-8")
    assert pinned is (command is not _APP), os.fspath(output)
    return finished


def _ratio(without: Samples, with_it: Samples) -> float:
    ratios = (after / before for before, after in zip(without.values, with_it.values, strict=True))
    return Samples(tuple(ratios)).median
