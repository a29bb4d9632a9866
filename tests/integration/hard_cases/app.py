"""An app of hard cases, as public apps have them: one stack for each.

Run by the CDK CLI, the app has the cases whose images can be pinned.
"""

from __future__ import annotations

from collections.abc import Iterable

import aws_cdk as cdk

from pinned_images import PinImages
from tests.integration.hard_cases.kinds import ENVIRONMENT, KINDS, Kind


def build(kinds: Iterable[Kind], app: cdk.App) -> cdk.App:
    """Fill an app: a stack for each case."""
    for kind in kinds:
        kind.add(cdk.Stack(app, kind.name, env=ENVIRONMENT))
    PinImages.apply_to(app)
    return app


if __name__ == "__main__":
    build([kind for kind in KINDS if not kind.error], cdk.App()).synth()
