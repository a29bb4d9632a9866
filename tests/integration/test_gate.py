"""The gate through the real CDK CLI, as `docs/gate.md` shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack, Stage, Validations

from pinned_images import PinImages, PinnedImagesGate
from pinned_images.testing import FixedResolver
from pinned_images.testing.synthesized import synthesize
from tests.documentation import example
from tests.integration.cdk import cdk_reads
from tests.synth.tasks import high_level_task

PAGE = "gate.md"


def printed(assembly: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output of ``cdk synth``."""
    finished = cdk_reads(assembly, *arguments, NO_COLOR="1")
    return finished.returncode, finished.stdout + finished.stderr


def test_the_gate_on_its_own_prints_what_the_page_shows() -> None:
    names: dict[str, Any] = {}
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        exec(example(PAGE, "app.py"), names)  # noqa: S102 - the page's own example
    code, output = printed(Path(names["app"].outdir))
    assert code == 1
    assert example(PAGE, "output") in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("options", "code"),
    [({}, 1), ({"validate_on_synthesis": True}, 0)],
    ids=["by default", "validated"],
)
def test_an_error_in_a_stage_stops_what_the_page_says(options: dict[str, bool], code: int) -> None:
    """`--no-validation` looks at the selected stacks alone, as `cdk deploy` does."""
    app = App()
    for name, image in (("Staging", f"nginx@sha256:{'a' * 64}"), ("Production", "nginx:1.27")):
        high_level_task(Stack(Stage(app, name), "Web"), image=image)
    Validations.of(app).add_plugins(PinnedImagesGate())
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth(**options)
    found, output = printed(Path(app.outdir), "--no-validation", "Staging/*")
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
