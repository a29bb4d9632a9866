"""What the CDK prints of this library's violations: one line each, in which all characters show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from aws_cdk import App, CfnResource, Stack

from pinned_images import PinImages, RegistryUnavailable, ResolutionError
from pinned_images.resolution import ResolutionRequest
from tests.hostile import CONTROLS
from tests.synth.synthesis import Synthesize, plugin_report

HOSTILE = "".join(f"{control}x" for control in CONTROLS)


class Hostile:
    """A registry that says what steers a terminal."""

    def __init__(self, error: ResolutionError) -> None:
        self._error = error

    def resolve(
        self, requests: Sequence[ResolutionRequest]
    ) -> Mapping[ResolutionRequest, ResolutionError]:
        return {request: self._error.about(str(request.reference)) for request in requests}


@pytest.mark.parametrize(
    "error",
    [
        ResolutionError(HOSTILE),
        RegistryUnavailable(HOSTILE, HOSTILE, place=HOSTILE).noted(HOSTILE),
        RegistryUnavailable(subject=HOSTILE, predicate=HOSTILE),
    ],
    ids=["sentence", "parts", "subject"],
)
def test_no_character_that_steers_a_terminal_comes_out_of_a_violation(
    synthesize: Synthesize, error: ResolutionError
) -> None:
    app = App()
    stack = Stack(app, "Web")
    for number, image in enumerate(["app:1", "app:2", f"app:{HOSTILE}", f"{{{HOSTILE}}}"]):
        CfnResource(
            stack,
            f"Task{number}",
            type="AWS::ECS::TaskDefinition",
            properties={
                "ContainerDefinitions": [{"Name": HOSTILE, "Image": image}],
                HOSTILE: f"ghcr.io/org/app:{HOSTILE}",
            },
        )
    PinImages.apply_to(
        app, resolver=Hostile(error), exempt={f"*/x{HOSTILE}": f"Because. {HOSTILE}"}
    )
    violations = plugin_report(synthesize(app, check=False))["violations"]
    texts = [
        text
        for violation in violations
        for text in (
            violation["description"],
            violation.get("suggestedFix", ""),
            *(
                path
                for construct in violation["violatingConstructs"]
                for path in construct.get("cloudFormationResource", {}).get("propertyPaths", [])
            ),
        )
    ]
    assert len(violations) >= 3
    assert [text for text in texts if not text.isprintable()] == []
