"""The rule `automatic-deployments`: an App Runner service that follows a tag, and is pinned."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pinned_images.cloudformation.intrinsics import NO_VALUE
from pinned_images.cloudformation.outcomes import Known
from pinned_images.cloudformation.property_paths import value_of
from pinned_images.problem import Problem
from pinned_images.rules.rule import ExaminedImage, Rule

_ECR_ACCOUNT = re.compile(r"([0-9]{12})\.dkr[.-]ecr[.-]")


class _AutomaticDeployments(Rule):
    id = "automatic-deployments"
    severity = "warning"

    def check_image(self, image: ExaminedImage) -> Iterator[Problem]:
        """Images of App Runner, which deploys what is pushed to a tag; a digest has none."""
        if image.resource.resource_type != "AWS::AppRunner::Service":
            return
        source = value_of(image.resource.properties, "SourceConfiguration")
        enabled = value_of(source, "AutoDeploymentsEnabled")
        for outcome in image.outcomes:
            leaf = outcome.leaf
            if (
                isinstance(leaf, Known)
                and leaf.reference.digest is not None
                and _is_enabled(enabled, leaf.text, image.scope.account)
            ):
                yield Problem(
                    f"The service deploys by itself what is pushed to a tag, and its image at "
                    f"{outcome.location} is pinned, so it would follow nothing.",
                    "Set AutoDeploymentsEnabled to false (auto_deployments_enabled=False): a new "
                    "image is deployed with the app.",
                )


def _is_enabled(enabled: Any, image: str, account: str | None) -> bool:
    """Whether automatic deployments are on.

    App Runner API reference, SourceConfiguration: true for ECR in the service's own account.
    """
    if enabled is None or enabled == NO_VALUE:
        match = _ECR_ACCOUNT.match(image)
        return match is not None and account in (None, match[1])
    return enabled is True or enabled == "true"


AUTOMATIC_DEPLOYMENTS = _AutomaticDeployments()
