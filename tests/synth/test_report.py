"""The report of a synth says what stands in the templates, whatever overrides have set."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from aws_cdk import App, AppProps, Stack, Stage
from aws_cdk import aws_ecs as ecs

from pinned_images import PinImages
from pinned_images.report import SynthReport
from pinned_images.testing import FixedResolver
from pinned_images.testing.synthesized import SynthesizedApp
from tests.synth.synthesis import Synthesize, plugin_report
from tests.synth.tasks import acknowledge, high_level_task, override, raw_task, typed_task

RESOLVER = FixedResolver.derived()
_CAN_BE_STRICT = hasattr(AppProps, "confirm_validation_plugins_do_not_mutate")
DIGEST = "sha256:" + "a" * 64
PINNED = f"redis:7@{DIGEST}"


def reported(app: SynthesizedApp) -> list[tuple[str, str, str]]:
    """Construct, image and who resolved it, of each image in the report."""
    report = json.loads((app.directory / "pinned-images.json").read_text(encoding="utf-8"))
    return [
        (image["constructPath"], image["reference"], image["resolvedBy"])
        for image in report["images"]
    ]


@pytest.mark.parametrize("task", [high_level_task, typed_task, raw_task])
@pytest.mark.parametrize("stage", [False, True], ids=["app", "stage"])
def test_an_image_that_an_override_pins_stands_in_the_place_of_the_first(
    synthesize: Synthesize, task: Callable[[Stack], Any], *, stage: bool
) -> None:
    app = App()
    construct = task(Stack(Stage(app, "Production") if stage else app, "Web"))
    override(construct, PINNED)
    PinImages.apply_to(app, resolver=RESOLVER)
    [(_, image, resolved_by)] = reported(synthesize(app))
    assert (image, resolved_by) == (PINNED, "already-pinned")


def test_an_image_that_an_override_leaves_unpinned_failed(synthesize: Synthesize) -> None:
    app = App()
    override(typed_task(Stack(app, "Web")), "redis:7")
    PinImages.apply_to(app, resolver=RESOLVER)
    assert reported(synthesize(app, check=False)) == [("Web/Typed", "redis:7", "failed")]


def test_an_override_that_is_acknowledged_or_exempt_stands_with_its_reason(
    synthesize: Synthesize,
) -> None:
    app = App()
    stack = Stack(app, "Web")
    acknowledged, by_pattern = typed_task(stack, "One"), typed_task(stack, "Two")
    override(acknowledged, "redis:7")
    override(by_pattern, "envoy:1")
    acknowledge(acknowledged)
    exempt = {"docker.io/library/envoy:*": "A demo."}
    PinImages.apply_to(app, resolver=RESOLVER, exempt=exempt)
    assert reported(synthesize(app)) == [
        ("Web/One", "redis:7", "exempt"),
        ("Web/Two", "envoy:1", "exempt"),
    ]


def test_what_an_override_adds_or_takes_away_is_added_or_taken_away(
    synthesize: Synthesize,
) -> None:
    app = App()
    stack = Stack(app, "Web")
    override(typed_task(stack, "More"), PINNED, index=1)
    typed_task(stack, "Less").add_property_override("ContainerDefinitions", [{"Name": "empty"}])
    PinImages.apply_to(app, resolver=RESOLVER)
    found = reported(synthesize(app))
    assert found == [
        ("Web/More", "nginx:1.27", "fixed"),
        ("Web/More", PINNED, "already-pinned"),
    ]


@pytest.mark.parametrize("kind", ["high level", "typed"])
def test_images_behind_one_that_an_override_takes_away_are_those_that_were_pinned(
    synthesize: Synthesize, tmp_path: Path, kind: str
) -> None:
    """What is deployed comes from their entries of the lock file, which stay in use."""
    app = App()
    stack = Stack(app, "Web")
    images = ("nginx:1.27", "redis:7", "no/such:1", "memcached:1.6")
    if kind == "typed":
        resource = typed_task(stack, "Task", *images)
    else:
        task = high_level_task(stack, image=images[0])
        for image in images[1:]:
            task.add_container(image[:2], image=ecs.ContainerImage.from_registry(image))
        resource = cast("ecs.CfnTaskDefinition", task.node.default_child)
    resource.add_deletion_override("Properties.ContainerDefinitions.1")
    lock_file = tmp_path / "images.lock.json"
    known = FixedResolver(dict.fromkeys(("nginx:1.27", "redis:7", "memcached:1.6"), DIGEST))
    PinImages.apply_to(app, resolver=known, lock_file=lock_file)
    result = synthesize(app, check=False)
    path = resource.node.path
    assert reported(result) == [
        (path, "nginx:1.27", "fixed"),
        (path, "no/such:1", "failed"),
        (path, "memcached:1.6", "fixed"),
    ]
    [error] = result.errors
    assert "no/such:1 at ContainerDefinitions[1].Image" in error
    assert "FixedResolver does not know no/such:1" in error
    used = {str(record.lock_key) for record in SynthReport.read(result.directory).records}
    assert used >= {"docker.io/library/nginx:1.27", "docker.io/library/memcached:1.6"}


def test_a_container_that_an_override_renames_has_its_new_name(synthesize: Synthesize) -> None:
    app = App()
    stack = Stack(app, "Web")
    typed_task(stack, "Task").add_property_override("ContainerDefinitions.0.Name", "renamed")
    raw_task(stack)
    PinImages.apply_to(app, resolver=RESOLVER)
    records = SynthReport.read(synthesize(app).directory).records
    assert [record.container for record in records] == ["app", "renamed"]


def test_a_synth_without_cdks_validations_of_constructs_has_a_report(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    typed_task(Stack(app, "Web"))
    PinImages.apply_to(app, resolver=RESOLVER)
    app.synth(skip_validation=True)
    assert reported(SynthesizedApp.read(tmp_path)) == [("Web/Typed", "nginx:1.27", "fixed")]


def test_an_older_report_is_replaced_although_plugins_must_change_no_file(tmp_path: Path) -> None:
    """CDK fails where a plugin has changed a file; newer versions do so on demand."""
    strict: dict[str, Any] = (
        {"confirm_validation_plugins_do_not_mutate": True} if _CAN_BE_STRICT else {}
    )
    for image in ("nginx:1.27", "redis:7"):
        app = App(outdir=str(tmp_path), **strict)
        typed_task(Stack(app, "Web"), image=image)
        typed_task(Stack(Stage(app, "Production"), "Web"), image=image)
        PinImages.apply_to(app, resolver=RESOLVER)
        app.synth()
        images = {image for _, image, _ in reported(SynthesizedApp.read(tmp_path))}
        assert images == {image}


def test_a_report_that_cannot_be_written_is_a_warning(
    synthesize: Synthesize, tmp_path: Path
) -> None:
    (tmp_path / "pinned-images.json" / "pinned-images.json").mkdir(parents=True)
    app = App(outdir=str(tmp_path))
    typed_task(Stack(app, "Web"))
    PinImages.apply_to(app, resolver=RESOLVER)
    result = synthesize(app)
    assert not result.errors
    [violation] = plugin_report(result)["violations"]
    assert (violation["ruleName"], violation["severity"]) == ("report", "warning")
