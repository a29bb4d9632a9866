"""The output of a synth: every template by the path of its stack, and every error."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsii
import pytest
from aws_cdk import (
    Annotations,
    App,
    IPolicyValidationContext,
    IPolicyValidationPlugin,
    NestedStack,
    PolicyValidationPluginReport,
    PolicyViolatingResource,
    PolicyViolation,
    Stack,
    Stage,
    Validations,
    aws_sqs,
)
from constructs import IValidation

from pinned_images import ConfigurationError
from pinned_images.testing import SynthesizedApp

Synthesize = Callable[..., SynthesizedApp]


@jsii.implements(IPolicyValidationPlugin)
class NoQueues:
    """A validation plugin that finds fault with every template."""

    @property
    def name(self) -> str:
        return "no-queues"

    @property
    def version(self) -> str | None:
        return None

    @property
    def rule_ids(self) -> list[str] | None:
        return None

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        resources = [
            PolicyViolatingResource(
                locations=["Resources"], resource_logical_id="Queue", template_path=path
            )
            for path in context.template_paths
        ]
        violation = PolicyViolation(
            rule_name="queue", description="There is a queue.", violating_resources=resources
        )
        return PolicyValidationPluginReport(success=False, violations=[violation])


@jsii.implements(IValidation)
class Broken:
    def validate(self) -> list[str]:
        return ["it is broken"]


@pytest.fixture
def app() -> App:
    return App(analytics_reporting=False)


def stack_with_queue(scope: App | Stage, name: str, queue: str) -> Stack:
    stack = Stack(scope, name)
    aws_sqs.CfnQueue(stack, "Queue", queue_name=queue)
    return stack


def test_templates_stand_under_the_paths_of_their_stacks(app: App, synthesize: Synthesize) -> None:
    web = stack_with_queue(app, "Web", "web")
    nested = NestedStack(web, "Nested")
    aws_sqs.CfnQueue(NestedStack(nested, "Deep"), "Queue", queue_name="deep")
    production = Stage(app, "Production")
    stack_with_queue(production, "Web", "production-web")
    stack_with_queue(Stage(production, "Europe"), "Web", "production-europe-web")
    Stack(app, "Named", stack_name="another-name")

    synthesized = synthesize(app)

    assert list(synthesized.templates) == [
        "Named",
        "Production/Europe/Web",
        "Production/Web",
        "Web",
        "Web/Nested",
        "Web/Nested/Deep",
    ]
    for stack, queue in [
        ("Web", "web"),
        ("Web/Nested/Deep", "deep"),
        ("Production/Web", "production-web"),
        ("Production/Europe/Web", "production-europe-web"),
    ]:
        properties = synthesized.template(stack)["Resources"]["Queue"]["Properties"]
        assert properties == {"QueueName": queue}
    assert synthesized.errors == ()


def test_a_stack_that_is_not_there_is_answered_with_those_that_are(
    app: App, synthesize: Synthesize
) -> None:
    stack_with_queue(app, "Web", "web")
    with pytest.raises(ConfigurationError, match="'Wbe': its stacks are Web"):
        synthesize(app).template("Wbe")


def test_a_synth_with_errors_fails_the_test_that_does_not_expect_them(
    app: App, synthesize: Synthesize
) -> None:
    Validations.of(stack_with_queue(app, "Web", "web")).add_error("rule", "Something is wrong.")
    with pytest.raises(AssertionError, match=r"does not synthesize:\n  Web: Something is wrong\."):
        synthesize(app)


def test_errors_of_constructs_and_of_plugins_are_all_read(app: App, synthesize: Synthesize) -> None:
    Validations.of(app).add_plugins(NoQueues())
    Validations.of(stack_with_queue(app, "Web", "web")).add_error("rule", "Something is wrong.")
    production = stack_with_queue(Stage(app, "Production"), "Web", "production-web")
    Annotations.of(production).add_error("Something else is wrong.")

    errors = synthesize(app, check=False).errors

    assert errors == (
        "Web: Something is wrong. (Annotation::rule)",
        "Web/Queue, Production/Web/Queue: There is a queue. (no-queues::queue)",
        "Production/Web: Something else is wrong.",
    )


def test_warnings_are_no_errors(app: App, synthesize: Synthesize) -> None:
    Validations.of(stack_with_queue(app, "Web", "web")).add_warning("rule", "Mind the gap.")
    Stack(app, "WithoutResources")  # CDK's own validation warns of it
    assert synthesize(app).errors == ()


def test_a_failure_that_is_no_finding_is_raised_as_it_is(app: App, synthesize: Synthesize) -> None:
    stack_with_queue(app, "Web", "web").node.add_validation(Broken())
    with pytest.raises(RuntimeError, match="it is broken"):
        synthesize(app, check=False)


def test_a_stage_can_be_synthesized_alone(app: App, synthesize: Synthesize) -> None:
    stage = Stage(app, "Production")
    stack_with_queue(stage, "Web", "web")
    assert list(synthesize(stage).templates) == ["Production/Web"]


def test_a_folder_without_an_assembly_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no cloud assembly"):
        SynthesizedApp.read(tmp_path)


def test_an_assembly_on_disk_is_read(app: App, synthesize: Synthesize) -> None:
    stack_with_queue(app, "Web", "web")
    synthesized = synthesize(app)
    again = SynthesizedApp.read(str(synthesized.directory))
    assert again == synthesized
    written = (synthesized.directory / "Web.template.json").read_text(encoding="utf-8")
    assert json.loads(written) == again.template("Web")
