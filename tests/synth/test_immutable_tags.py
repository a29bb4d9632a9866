"""`ImmutableTags`: repositories of every form keep their tags, and what stays mutable is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aws_cdk import (
    Acknowledgment,
    App,
    Aspects,
    CfnResource,
    NestedStack,
    Stack,
    Stage,
    Validations,
    cloudformation_include,
)
from aws_cdk import aws_ecr as ecr
from syrupy.assertion import SnapshotAssertion

from pinned_images import ImmutableTags, PinnedImagesGate
from pinned_images.errors import ConfigurationError
from pinned_images.testing.synthesized import SynthesizedApp
from pinned_images.testing.synthesized import synthesize as synthesized
from tests.documentation import example
from tests.synth.synthesis import Synthesize, cfn_lint, plugin_report

INCLUDED = """
Resources:
  IncludedRepository: {Type: 'AWS::ECR::Repository', Properties: {RepositoryName: included}}
  IncludedAndSet:
    Type: AWS::ECR::Repository
    Properties: {ImageTagMutability: MUTABLE}
"""


def every_form(app: App, folder: Path) -> Stack:
    """A stack with repositories in every form in which an app can have them."""
    stack = Stack(app, "Forms")
    ecr.Repository(stack, "HighLevel", repository_name="high-level")
    ecr.Repository(stack, "Immutable", image_tag_mutability=ecr.TagMutability.IMMUTABLE)
    ecr.Repository(stack, "Mutable", image_tag_mutability=ecr.TagMutability.MUTABLE)
    ecr.CfnRepository(stack, "LowLevel")
    CfnResource(stack, "Raw", type="AWS::ECR::Repository")
    overridden = ecr.CfnRepository(stack, "Overridden")
    overridden.add_property_override("ImageTagMutability", "MUTABLE")
    raw = CfnResource(stack, "RawAndOverridden", type="AWS::ECR::Repository")
    raw.add_property_override("ImageTagMutability", {"Ref": "AWS::NoValue"})
    ecr.CfnRepositoryCreationTemplate(
        stack, "Template", prefix="team", applied_for=["CREATE_ON_PUSH"]
    )
    ecr.CfnRepositoryCreationTemplate(
        stack, "Caches", prefix="hub", applied_for=["PULL_THROUGH_CACHE"]
    )
    acknowledged = ecr.Repository(stack, "Acknowledged")
    Validations.of(acknowledged).acknowledge(
        Acknowledgment(id="pinned-images::mutable-repository", reason="Holds build caches.")
    )
    file = folder / "included.yaml"
    file.write_text(INCLUDED)
    cloudformation_include.CfnInclude(stack, "Included", template_file=str(file))
    ecr.Repository(NestedStack(stack, "Nested"), "InNestedStack")
    return stack


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("included")


@pytest.fixture(scope="module", params=["apply_to", "aspect"])
def result(request: pytest.FixtureRequest, folder: Path) -> SynthesizedApp:
    app = App()
    every_form(app, folder)
    if request.param == "aspect":
        Aspects.of(app).add(ImmutableTags(mutable_tags=["latest", "3", "3.*"]))
    else:
        ImmutableTags.apply_to(app, mutable_tags=["latest", "3", "3.*"])
    return synthesized(app)


def settings(app: SynthesizedApp) -> dict[str, Any]:
    return {
        logical_id: resource.get("Properties", {}).get("ImageTagMutability")
        for template in app.templates.values()
        for logical_id, resource in template["Resources"].items()
        if resource["Type"].startswith("AWS::ECR::")
    }


def test_repositories_of_every_form_keep_their_tags(
    result: SynthesizedApp, snapshot: SnapshotAssertion
) -> None:
    assert result.templates["Forms"] == snapshot(name="template of repositories")


def test_what_the_app_sets_itself_is_kept_and_told(result: SynthesizedApp) -> None:
    told = {
        each["violatingConstructs"][0]["constructPath"]: (
            each["ruleName"],
            each["severity"],
            each["description"],
        )
        for each in plugin_report(result)["violations"]
    }
    assert {path.split("/")[1] for path in told} == {
        "Mutable",
        "Overridden",
        "RawAndOverridden",
        "Caches",
        "Included",
    }
    assert {(rule, severity) for rule, severity, _ in told.values()} == {
        ("mutable-repository", "warning")
    }
    assert "ImageTagMutability is MUTABLE" in told["Forms/Mutable/Resource"][2]


def test_a_nested_stack_is_reached(result: SynthesizedApp) -> None:
    assert {
        value for key, value in settings(result).items() if key.startswith("InNestedStack")
    } == {"IMMUTABLE_WITH_EXCLUSION"}


def test_cfn_lint_has_nothing_to_say(result: SynthesizedApp) -> None:
    assert cfn_lint(result, "eu-west-1") == []


def repositories_in_stages(app: App) -> None:
    ecr.Repository(Stack(app, "Top"), "Repository")
    outer = Stage(app, "Outer")
    ecr.Repository(Stack(outer, "Web"), "Repository")
    ecr.Repository(Stack(Stage(outer, "Inner"), "Web"), "Repository")


def test_apply_to_reaches_nested_stages(synthesize: Synthesize) -> None:
    app = App()
    repositories_in_stages(app)
    ImmutableTags.apply_to(app)
    result = synthesize(app)
    found = [
        resource["Properties"]
        for template in result.templates.values()
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::ECR::Repository"
    ]
    assert found == [{"ImageTagMutability": "IMMUTABLE"}] * 3


def test_an_aspect_names_the_stages_that_it_does_not_reach(synthesize: Synthesize) -> None:
    app = App()
    repositories_in_stages(app)
    Aspects.of(app).add(ImmutableTags())
    result = synthesize(app, check=False)
    assert len(result.errors) == 2
    for stage, error in zip(("Outer", "Outer/Inner"), sorted(result.errors), strict=True):
        assert f"The Stage {stage} has 1 repository" in error
        assert "ImmutableTags.apply_to(app)" in error


def told_in(app: SynthesizedApp) -> list[str]:
    return sorted(each["description"] for each in plugin_report(app)["violations"])


def test_a_second_synth_says_and_writes_the_same(synthesize: Synthesize, folder: Path) -> None:
    app = App()
    every_form(app, folder)
    ImmutableTags.apply_to(app)
    first = synthesize(app)
    before, told = settings(first), told_in(first)
    app.synth(force=True)
    second = SynthesizedApp.read(app.outdir)
    assert settings(second) == before
    assert told_in(second) == told


def test_a_part_of_an_app_can_be_named(synthesize: Synthesize) -> None:
    app = App()
    one, other = Stack(app, "One"), Stack(app, "Other")
    ecr.Repository(one, "Repository")
    ecr.Repository(other, "Repository")
    Aspects.of(one).add(ImmutableTags())
    result = synthesize(app)
    assert [
        resource.get("Properties", {}).get("ImageTagMutability")
        for name in ("One", "Other")
        for resource in result.templates[name]["Resources"].values()
    ] == ["IMMUTABLE", None]


@pytest.mark.parametrize(
    "mutable_tags",
    [
        ["a", "b", "c", "d", "e", "f"],
        ["*a*b*"],
        [""],
        ["x" * 129],
        ["v1/2"],
        ["latest\n"],
        [3],
        "latest",
        3,
    ],
)
def test_filters_that_ecr_refuses_are_refused_when_the_aspect_is_made(mutable_tags: Any) -> None:
    with pytest.raises(ConfigurationError, match="mutable_tags"):
        ImmutableTags(mutable_tags=mutable_tags)


class TestTheGateRule:
    def gated(self, folder: Path, **options: Any) -> App:
        app = App()
        every_form(app, folder)
        Validations.of(app).add_plugins(PinnedImagesGate(**options))
        return app

    def test_is_off_unless_asked_for(self, synthesize: Synthesize, folder: Path) -> None:
        result = synthesize(self.gated(folder))
        reports = (result.directory / "validation-report.json").read_text(encoding="utf-8")
        assert "mutable-repository" not in reports

    def test_forbids_mutable_repositories_of_every_form(
        self, synthesize: Synthesize, folder: Path
    ) -> None:
        result = synthesize(self.gated(folder, require_immutable_tags=True), check=False)
        found = {
            each["violatingConstructs"][0]["constructPath"].split("/")[1]
            for each in plugin_report(result)["violations"]
            if each["severity"] == "error"
        }
        assert found == {
            "HighLevel",
            "Mutable",
            "LowLevel",
            "Raw",
            "Overridden",
            "RawAndOverridden",
            "Template",
            "Caches",
            "Included",
            "Nested",
        }


def test_the_example_of_the_page(synthesize: Synthesize) -> None:
    names: dict[str, Any] = {}
    exec(example("ecs-version-consistency.md", "immutable tags"), names)  # noqa: S102
    app = App()
    names["shop"](app)
    [repository] = synthesize(app).template("Registry")["Resources"].values()
    assert repository["Properties"]["ImageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
