"""The gate through the real CDK CLI, as `docs/gate.md` shows it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack

from pinned_images import PinImages
from pinned_images.testing import FixedResolver
from pinned_images.testing.synthesized import synthesize
from tests.documentation import example
from tests.integration.cdk import cdk_synth
from tests.synth.tasks import high_level_task

PAGE = "gate.md"

IN_STAGE = """
import sys
import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from pinned_images import PinnedImagesGate

app = cdk.App()
for name, image in (("Staging", "nginx@sha256:" + "a" * 64), ("Production", "nginx:1.27")):
    stack = cdk.Stack(cdk.Stage(app, name), "Web")
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container("app", image=ecs.ContainerImage.from_registry(image))
cdk.Validations.of(app).add_plugins(PinnedImagesGate())
app.synth(validate_on_synthesis="validated" in sys.argv)
"""


def cdk(folder: Path, app: str, *arguments: str, selection: Sequence[str] = ()) -> tuple[int, str]:
    """Exit code and output of ``cdk synth``."""
    (folder / "app.py").write_text(app, encoding="utf-8")
    command = " ".join([sys.executable, "app.py", *arguments])
    finished = cdk_synth(folder, "--app", command, *selection, NO_COLOR="1")
    return finished.returncode, finished.stdout + finished.stderr


def test_the_gate_on_its_own_prints_what_the_page_shows(tmp_path: Path) -> None:
    code, output = cdk(tmp_path, example(PAGE, "app.py"))
    assert code == 1
    assert example(PAGE, "output") in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("argument", "code"), [("", 1), ("validated", 0)], ids=["by default", "validated"]
)
def test_an_error_in_a_stage_stops_what_the_page_says(
    tmp_path: Path, argument: str, code: int
) -> None:
    """`--no-validation` looks at the selected stacks alone, as `cdk deploy` does."""
    found, output = cdk(tmp_path, IN_STAGE, argument, selection=["--no-validation", "Staging/*"])
    assert found == code
    assert ("Production/Web/Task/Resource" in output) is bool(code)


def test_an_exemption_that_is_over_says_what_the_page_shows() -> None:
    names: dict[str, Any] = {}
    exec(example(PAGE, "exempt"), names)  # noqa: S102 - the page's own example
    app = App()
    high_level_task(Stack(app, "Web"), image="docker.io/acme/web:1")
    PinImages.apply_to(app, resolver=FixedResolver.derived(), exempt=names["exempt"])
    [error] = synthesize(app, check=False).errors
    assert example(PAGE, "expired").strip() in error
