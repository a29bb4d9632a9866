"""The gate as a platform team uses it: nobody pins, and unpinned images are forbidden."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from aws_cdk import App, Aspects, NestedStack, Stack, Stage, Validations
from aws_cdk import aws_ecs as ecs

from pinned_images import PinImages, PinnedImagesGate
from pinned_images.errors import ConfigurationError
from pinned_images.report import SynthReport
from pinned_images.testing import FixedResolver
from tests.synth.synthesis import Synthesize, plugin_report
from tests.synth.tasks import acknowledge, high_level_task, override, raw_task, typed_task

DIGEST = "sha256:" + "a" * 64


def gated(app: App, **options: Any) -> None:
    Validations.of(app).add_plugins(PinnedImagesGate(**options))


def test_a_violation_carries_all_that_is_needed_to_find_and_mend_it(
    synthesize: Synthesize,
) -> None:
    app = App()
    high_level_task(NestedStack(Stack(app, "Web"), "Inner"))
    gated(app)
    [violation] = plugin_report(synthesize(app, check=False))["violations"]
    assert violation["ruleName"] == "unpinned-image"
    assert "nginx:1.27 at ContainerDefinitions[0].Image" in violation["description"]
    assert "name:tag@sha256:..." in violation["suggestedFix"]
    [construct] = violation["violatingConstructs"]
    assert construct["constructPath"] == "Web/Inner/Task/Resource"
    resource = construct["cloudFormationResource"]
    assert resource["logicalId"] == "Task79114B6B"
    assert resource["templatePath"].endswith(".nested.template.json")
    assert resource["propertyPaths"] == ["Properties/ContainerDefinitions/0/Image"]


def test_images_with_digests_pass(synthesize: Synthesize) -> None:
    app = App()
    stack = Stack(app, "Web")
    for task in (high_level_task, typed_task, raw_task):
        task(stack, image=f"nginx:1.27@{DIGEST}")
    gated(app)
    assert not synthesize(app).errors


def test_rules_have_ids_that_can_be_acknowledged() -> None:
    rules = PinnedImagesGate().rule_ids
    assert "unpinned-image" in rules
    assert not [rule for rule in rules if "::" in rule]


@pytest.mark.parametrize("at", ["container", "renamed container", "task", "stack", "app"])
def test_an_acknowledgement_holds_for_a_construct_and_below_it(
    synthesize: Synthesize, at: str
) -> None:
    app = App()
    stack = Stack(app, "Web")
    task = high_level_task(stack)
    renamed = task.add_container(
        "sidecar", container_name="proxy", image=ecs.ContainerImage.from_registry("envoy:1")
    )
    high_level_task(Stack(app, "Other"))
    scope = {
        "container": task.node.find_child("app"),
        "renamed container": renamed,
        "task": task,
        "stack": stack,
        "app": app,
    }[at]
    acknowledge(scope, "Follows its tag.")
    gated(app)
    result = synthesize(app, check=False)
    left = {
        "container": ["envoy:1", "Other/Task"],
        "renamed container": ["nginx:1.27", "Other/Task"],
        "task": ["Other/Task"],
        "stack": ["Other/Task"],
        "app": [],
    }[at]
    assert len(result.errors) == len(left)
    for part in left:
        assert any(part in error for error in result.errors)
    suppressed = plugin_report(result)["suppressedViolations"]
    assert {each["reason"] for each in suppressed} == {"Follows its tag."}


def test_constructs_are_known_where_the_app_keeps_logical_ids_to_itself(
    synthesize: Synthesize,
) -> None:
    app = App(context={"aws:cdk:disable-logicalId-metadata": True})
    stack = Stack(app, "Web")
    task = high_level_task(stack)
    high_level_task(NestedStack(stack, "Inner"))
    acknowledge(task)
    gated(app)
    [error] = synthesize(app, check=False).errors
    assert error.startswith("Web/Inner/Task/Resource:")


def test_an_override_below_one_construct_is_seen_where_logical_ids_are_kept_back(
    synthesize: Synthesize,
) -> None:
    app = App(context={"aws:cdk:disable-logicalId-metadata": True})
    task = high_level_task(Stack(app, "Web"))
    override(task)
    Aspects.of(task).add(PinImages(resolver=FixedResolver.derived()))
    [error] = synthesize(app, check=False).errors
    assert error.startswith("Web/Task/Resource:")


def test_beside_pinimages_nothing_is_said_twice(synthesize: Synthesize) -> None:
    app = App()
    stack = Stack(app, "Web")
    high_level_task(stack, image="no/such:1")
    override(typed_task(stack))
    PinImages.apply_to(stack, resolver=FixedResolver({}))
    PinImages.apply_to(app, resolver=FixedResolver({}))
    errors = synthesize(app, check=False).errors
    assert sorted(error.partition(":")[0] for error in errors) == ["Web/Task/Resource", "Web/Typed"]


@pytest.mark.parametrize("first", ["gate", "PinImages"])
def test_a_platform_teams_gate_says_what_pinimages_lets_through_and_nothing_twice(
    synthesize: Synthesize, first: str
) -> None:
    app = App()
    stack = Stack(app, "Web")
    high_level_task(stack, image="no/such:1")
    typed_task(stack, image="envoy:1")
    high_level_task(Stack(Stage(app, "Production"), "Web"), image="no/such:1")
    override(raw_task(stack))
    exempt = {"docker.io/library/envoy:*": "The team's own exemption."}
    if first == "gate":
        gated(app)
    PinImages.apply_to(app, resolver=FixedResolver({}), exempt=exempt)
    if first != "gate":
        gated(app)
    errors = sorted(synthesize(app, check=False).errors)
    assert [error.partition(":")[0] for error in errors] == [
        "Production/Web/Task/Resource",
        "Web/Raw",
        "Web/Task/Resource",
        "Web/Typed",
    ]
    assert "FixedResolver does not know no/such:1" in errors[0]
    assert "FixedResolver does not know no/such:1" in errors[2]
    assert "envoy:1" in errors[3]


@pytest.fixture
def broken_lock_file(tmp_path: Path) -> Path:
    file = tmp_path / "pinned-images.lock.json"
    file.write_text("{", encoding="utf-8")
    return file


def test_a_platform_teams_gate_does_not_list_what_could_not_be_pinned_at_all(
    synthesize: Synthesize, broken_lock_file: Path
) -> None:
    app = App()
    high_level_task(Stack(app, "Web"))
    gated(app)
    PinImages.apply_to(app, resolver=FixedResolver.derived(), lock_file=broken_lock_file)
    assert len(synthesize(app, check=False).errors) == 1


def test_where_nothing_could_be_pinned_one_error_says_why(
    synthesize: Synthesize, broken_lock_file: Path
) -> None:
    app = App()
    high_level_task(Stack(app, "Web"))
    PinImages.apply_to(app, resolver=FixedResolver.derived(), lock_file=broken_lock_file)
    [error] = synthesize(app, check=False).errors
    assert error.startswith("No image was pinned. Lock file ")
    assert error.endswith("(pinned-images::failure)")
    failure = SynthReport.read(app.outdir).failure
    assert failure is not None
    assert failure.startswith(f"Lock file {str(broken_lock_file)!r}, line 1: ")


@pytest.mark.parametrize("at", ["app", "stage"])
@pytest.mark.parametrize("rule", ["unpinned-image", "failure"])
def test_where_nothing_could_be_pinned_no_acknowledgement_lets_the_app_through(
    synthesize: Synthesize, broken_lock_file: Path, at: str, rule: str
) -> None:
    app = App()
    stage = Stage(app, "Production")
    high_level_task(Stack(stage, "Web"))
    acknowledge(app, rule=rule)
    PinImages.apply_to(
        {"app": app, "stage": stage}[at],
        resolver=FixedResolver.derived(),
        lock_file=broken_lock_file,
    )
    result = synthesize(app, check=False)
    [error] = result.errors
    assert error.startswith("No image was pinned. Lock file ")
    assert plugin_report(result)["conclusion"] == "failure"


def test_what_an_override_has_mended_is_no_error(synthesize: Synthesize) -> None:
    app = App()
    override(typed_task(Stack(app, "Web"), image="no/such:1"), f"redis:7@{DIGEST}")
    PinImages.apply_to(app, resolver=FixedResolver({}))
    assert not synthesize(app).errors


@pytest.mark.parametrize("exemption", ["pattern", "asset"])
def test_an_exemption_does_not_cover_what_an_override_puts_in_its_place(
    synthesize: Synthesize, tmp_path: Path, exemption: str
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    app = App()
    task = ecs.FargateTaskDefinition(Stack(app, "Web"), "Task")
    image = (
        ecs.ContainerImage.from_asset(str(tmp_path))
        if exemption == "asset"
        else ecs.ContainerImage.from_registry("nginx:1.27")
    )
    task.add_container("app", image=image)
    override(task)
    PinImages.apply_to(
        app, resolver=FixedResolver.derived(), exempt={"docker.io/library/nginx:*": "A demo."}
    )
    [error] = synthesize(app, check=False).errors
    assert "redis:7" in error


def test_a_synth_without_cdks_validations_of_constructs_fails_too(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    high_level_task(Stack(app, "Web"))
    PinImages.apply_to(app, resolver=FixedResolver({}))
    with pytest.raises(RuntimeError, match=r"nginx:1\.27"):
        app.synth(skip_validation=True)


@pytest.mark.parametrize(
    ("at", "shown"), [("container", False), ("stack", False), (None, True)], ids=str
)
def test_a_warning_can_be_acknowledged_by_its_id(
    synthesize: Synthesize, at: str | None, *, shown: bool
) -> None:
    app = App()
    stack = Stack(app, "Web")
    task = ecs.FargateTaskDefinition(stack, "Task")
    container = task.add_container(
        "app",
        image=ecs.ContainerImage.from_registry("nginx:1.27"),
        version_consistency=ecs.VersionConsistency.DISABLED,
    )
    if at is not None:
        acknowledge({"container": container, "stack": stack}[at], rule="version-consistency")
    PinImages.apply_to(app, resolver=FixedResolver.derived())
    result = synthesize(app)
    rules = [each["ruleName"] for each in plugin_report(result)["violations"]]
    assert rules == (["version-consistency"] if shown else [])


@pytest.mark.parametrize(
    "options",
    [
        {"exempt": {"docker.io/*": ""}},
        {"exempt": {"": "No pattern."}},
        {"resource_types": ["AWS::No::Such"]},
        {"properties": {"Custom::Thing": "Image"}},
        {"version_consistency": "sometimes"},
    ],
    ids=["no reason", "no pattern", "resource type", "properties", "version consistency"],
)
def test_an_argument_that_cannot_be_used_is_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        PinnedImagesGate(**options)


class Broken:
    """Surroundings that a mistake in this library, or a file that cannot be read, makes raise."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def coverages(self) -> Any:
        raise self.error

    problems = missed_stages = coverages
    examined = coverages


@pytest.mark.parametrize(
    ("error", "words"),
    [
        pytest.param(ConfigurationError("No file x."), "No file x.", id="own"),
        pytest.param(KeyError("Image"), "KeyError: 'Image'", id="mistake"),
    ],
)
def test_a_gate_that_cannot_look_lets_nothing_through(
    synthesize: Synthesize, error: Exception, words: str
) -> None:
    app = App()
    high_level_task(Stack(app, "Web"))
    for rule in PinnedImagesGate().rule_ids:
        acknowledge(app, rule=rule)
    gate = PinnedImagesGate.for_aspect(app, cast("Any", Broken(error)))
    Validations.of(app).add_plugins(gate)
    [violation] = plugin_report(synthesize(app, check=False))["violations"]
    assert (violation["ruleName"], violation["severity"]) == ("failure", "fatal")
    assert words in violation["description"]
