"""The fixture that synthesizes an app, and what CDK says of the synth."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pinned_images.testing.synthesized import SynthesizedApp

#: The fixture `synthesize`.
Synthesize = Callable[..., SynthesizedApp]


def plugin_report(app: SynthesizedApp) -> dict[str, Any]:
    """What CDK reports of the one validation plugin of this library."""
    report = json.loads((app.directory / "validation-report.json").read_text(encoding="utf-8"))
    [found] = [each for each in report["pluginReports"] if each["pluginName"] == "pinned-images"]
    return dict(found)
