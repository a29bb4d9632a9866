"""The fixture that synthesizes an app, and what CDK and cfn-lint say of the synth."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pinned_images.testing.synthesized import SynthesizedApp

#: The fixture `synthesize`.
Synthesize = Callable[..., SynthesizedApp]


def plugin_report(app: SynthesizedApp) -> dict[str, Any]:
    """What CDK reports of the one validation plugin of this library."""
    report = json.loads((app.directory / "validation-report.json").read_text(encoding="utf-8"))
    [found] = [each for each in report["pluginReports"] if each["pluginName"] == "pinned-images"]
    return dict(found)


def cfn_lint(app: SynthesizedApp, region: str) -> list[str]:
    """What cfn-lint finds in the templates of an app's own stacks."""
    return cfn_lint_of(sorted(app.directory.glob("*.template.json")), region)


def cfn_lint_of(templates: Sequence[Path], region: str) -> list[str]:
    """What cfn-lint finds in templates, as its command line does."""
    # Loaded late: it takes half a second.
    from cfnlint.config import ConfigMixIn  # type: ignore[import-untyped]  # noqa: PLC0415
    from cfnlint.runner import Runner  # type: ignore[import-untyped]  # noqa: PLC0415

    assert templates
    found = Runner(ConfigMixIn(["--regions", region, "--", *map(str, templates)])).run()
    return [f"{each.filename}: {each.rule.id} {each.message}" for each in found]
