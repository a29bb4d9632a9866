"""An app of hard cases, as public apps have them: one stack for each.

Run by the CDK CLI. With the context value ``wrong`` the stacks are those whose images cannot be
pinned; each of them is an error that says why.
"""

from __future__ import annotations

import aws_cdk as cdk

from pinned_images import PinImages
from tests.integration.hard_cases.kinds import ENVIRONMENT, KINDS


def main() -> None:
    """Synthesize the app."""
    app = cdk.App()
    is_wrong = app.node.try_get_context("wrong") is not None
    for kind in KINDS:
        if bool(kind.error) is is_wrong:
            kind.add(cdk.Stack(app, kind.name, env=ENVIRONMENT))
    PinImages.apply_to(app)
    app.synth()


if __name__ == "__main__":
    main()
