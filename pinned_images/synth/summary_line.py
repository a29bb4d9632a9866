"""The line on the error stream at the end of a synth of an App, for all of its Stages at once."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pinned_images.report.synth_line import is_wanted, synth_line

if TYPE_CHECKING:
    from pinned_images.report import SynthReport
    from pinned_images.synth.synthesis import Synthesis

_MANIFEST = "manifest.json"


def print_summary(report: SynthReport, syntheses: Sequence[Synthesis], folder: Path) -> None:
    """Print what a synth did, if that is wanted.

    Nothing is printed where the app lacks context: the CDK CLI looks it up, and runs the app once
    more.

    Args:
        report: The images of the app.
        syntheses: All pinnings of the app.
        folder: The cloud assembly.
    """
    choices = [each.options.summary for each in syntheses]
    if not is_wanted(choices, os.environ) or _lacks_context(folder):
        return
    line = synth_line(report.records, [each.options.lock_file or None for each in syntheses])
    if line is not None and sys.stderr is not None:
        with suppress(OSError, ValueError):  # it is closed, and no synth fails for that
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()


def _lacks_context(folder: Path) -> bool:
    """Whether the manifest lists missing context; that of a Stage is in the App's manifest, too."""
    try:
        text = (folder / _MANIFEST).read_text(encoding="utf-8")
        return '"missing"' in text and bool(json.loads(text).get("missing"))
    except (OSError, ValueError, AttributeError):
        return False
