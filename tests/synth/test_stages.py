"""Stages are synthesized on their own: none is missed in silence, and errors in them are shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Aspects, Environment, Stack, Stage, Validations, pipelines
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_s3 as s3
from constructs import Construct, IConstruct

from pinned_images import PinImages, PinnedImagesGate
from pinned_images.errors import ConfigurationError
from pinned_images.report.synth_report import SynthReport
from pinned_images.testing import FixedResolver
from pinned_images.testing.synthesized import SynthesizedApp
from tests.synth.synthesis import Synthesize, plugin_report
from tests.synth.tasks import (
    acknowledge,
    high_level_task,
    images,
    is_pinned,
    override,
    scopes_of_a_task,
)

RESOLVER = FixedResolver.derived()
ENVIRONMENT = Environment(account="123456789012", region="eu-west-1")


def stage_with_task(scope: Any, name: str = "Production") -> Stage:
    stage = Stage(scope, name, env=ENVIRONMENT)
    high_level_task(Stack(stage, "Web"))
    return stage


def task_of(stage: Stage) -> IConstruct:
    return stage.node.find_child("Web").node.find_child("Task")


def shown_by_the_cli(app: SynthesizedApp) -> list[str]:
    """The construct paths of violations; `cdk synth` shows what has none, whatever is selected."""
    return [
        construct["constructPath"]
        for violation in plugin_report(app)["violations"]
        for construct in violation["violatingConstructs"]
    ]


def test_an_aspect_of_the_app_names_the_stage_that_it_misses(synthesize: Synthesize) -> None:
    app = App()
    high_level_task(Stack(app, "Web"))
    stage_with_task(app)
    Aspects.of(app).add(PinImages(resolver=RESOLVER))
    result = synthesize(app, check=False)
    assert list(map(is_pinned, images(result)["Web"])) == [True]
    [error] = result.errors
    assert error.startswith("The image at Production/Web/Task/Resource is not pinned in the Stage")
    assert "PinImages.apply_to(app)" in error


@pytest.mark.parametrize("place", ["app", "stage"])
def test_a_stage_that_is_made_after_apply_to_is_named(synthesize: Synthesize, place: str) -> None:
    app = App()
    outer = stage_with_task(app, "Europe")
    PinImages.apply_to(app if place == "app" else outer, resolver=RESOLVER)
    stage_with_task(app if place == "app" else outer, "Late")
    [error] = synthesize(app, check=False).errors
    assert "in the Stage Late" in error if place == "app" else "in the Stage Europe/Late" in error


def test_a_stage_is_pinned_in_a_construct_of_the_users_own(synthesize: Synthesize) -> None:
    app = App()
    stack = Stack(app, "Pipeline")
    high_level_task(stack)
    stage_with_task(Construct(Construct(stack, "Waves"), "First"))
    PinImages.apply_to(app, resolver=RESOLVER)
    found = images(synthesize(app))
    assert list(map(is_pinned, found["Pipeline/Waves/First/Production/Web"])) == [True]


def test_a_stage_in_a_construct_of_a_service_is_named(synthesize: Synthesize) -> None:
    app = App()
    stage_with_task(ecs.Cluster(Stack(app, "Web"), "Cluster"))
    PinImages.apply_to(app, resolver=RESOLVER)
    [error] = synthesize(app, check=False).errors
    assert "in the Stage Web/Cluster/Production" in error
    assert "PinImages.apply_to(stage)" in error


def test_all_errors_of_a_missed_stage_are_one(synthesize: Synthesize) -> None:
    app = App()
    stage = stage_with_task(app)
    high_level_task(Stack(stage, "Reports"))
    Aspects.of(app).add(PinImages(resolver=RESOLVER))
    [error] = synthesize(app, check=False).errors
    assert error.startswith("2 images (Production/")


def test_each_missed_stage_is_named_for_its_own_images(synthesize: Synthesize) -> None:
    app = App()
    stage_with_task(stage_with_task(app, "Europe"))
    Aspects.of(app).add(PinImages(resolver=RESOLVER))
    inner, outer = sorted(synthesize(app, check=False).errors)
    assert inner.startswith("The image at Europe/Production/Web/Task/Resource is not pinned")
    assert " in the Stage Europe/Production:" in inner
    assert outer.startswith("The image at Europe/Web/Task/Resource is not pinned")
    assert " in the Stage Europe:" in outer


def test_a_missed_stage_whose_images_carry_digests_is_no_error(synthesize: Synthesize) -> None:
    app = App()
    high_level_task(Stack(Stage(app, "Production"), "Web"), image="nginx@sha256:" + "a" * 64)
    Aspects.of(app).add(PinImages(resolver=RESOLVER))
    assert not synthesize(app).errors


def test_a_missed_stage_whose_images_are_acknowledged_is_no_error(synthesize: Synthesize) -> None:
    app = App()
    stage = stage_with_task(app)
    acknowledge(stage)
    Aspects.of(app).add(PinImages(resolver=RESOLVER))
    assert not synthesize(app).errors


def test_a_pinning_that_is_asked_for_after_the_synth_is_refused() -> None:
    app = App()
    high_level_task(Stack(app, "Web"))
    app.synth()
    with pytest.raises(ConfigurationError, match=r"after app\.synth\(\)"):
        PinImages.apply_to(app, resolver=RESOLVER)


@pytest.mark.parametrize("cause", ["registry", "override", "gate alone"])
def test_an_error_in_a_stage_is_shown_whatever_is_selected(
    synthesize: Synthesize, cause: str
) -> None:
    app = App()
    stage = stage_with_task(app)
    if cause == "override":
        override(task_of(stage))
    if cause == "gate alone":
        Validations.of(app).add_plugins(PinnedImagesGate())
    else:
        PinImages.apply_to(app, resolver=FixedResolver({}))
    result = synthesize(app, check=False)
    assert shown_by_the_cli(result) == [""]
    [error] = result.errors
    assert error.startswith("Production/Web/Task/Resource: The image ")
    assert "app.synth(validate_on_synthesis=True)" in error


def test_an_error_in_a_stage_that_is_validated_is_shown_at_its_construct(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    stage_with_task(app)
    PinImages.apply_to(app, resolver=FixedResolver({}))
    with pytest.raises(RuntimeError, match="Validation"):
        app.synth(validate_on_synthesis=True)
    assert shown_by_the_cli(SynthesizedApp.read(tmp_path)) == ["Production/Web/Task/Resource"]


@pytest.mark.parametrize("at", ["container", "task", "stack", "stage", "app"])
def test_what_is_acknowledged_in_a_stage_is_not_shown_at_the_app(
    synthesize: Synthesize, at: str
) -> None:
    app = App()
    acknowledge(scopes_of_a_task(app)[at])
    Validations.of(app).add_plugins(PinnedImagesGate())
    assert not synthesize(app).errors


def test_what_concerns_one_stage_can_be_read_alone(synthesize: Synthesize) -> None:
    app = App()
    good, bad = stage_with_task(app, "Good"), stage_with_task(app, "Bad")
    override(task_of(bad))
    PinImages.apply_to(app, resolver=RESOLVER)
    [error] = synthesize(bad, check=False).errors
    assert "Bad/Web/Task/Resource" in error
    assert list(synthesize(good, check=False).templates) == ["Good/Web"]


def pipeline(stack: Stack, **options: Any) -> pipelines.CodePipeline:
    source = pipelines.CodePipelineSource.s3(
        s3.Bucket.from_bucket_name(stack, "Source", "source"), "app.zip"
    )
    return pipelines.CodePipeline(
        stack,
        "Pipeline",
        synth=pipelines.ShellStep("Synth", input=source, commands=["npx cdk synth"]),
        pipeline_type=codepipeline.PipelineType.V2,
        **options,
    )


def test_a_stage_of_a_pipeline_and_the_pipelines_own_stack_are_pinned(
    synthesize: Synthesize,
) -> None:
    app = App()
    stack = Stack(app, "Delivery", env=ENVIRONMENT)
    own = ecr.Repository.from_repository_name(stack, "Builders", "builders")
    image = codebuild.LinuxBuildImage.from_ecr_repository(own, "7")
    delivery = pipeline(
        stack,
        self_mutation=False,
        synth_code_build_defaults=pipelines.CodeBuildOptions(
            build_environment=codebuild.BuildEnvironment(build_image=image)
        ),
    )
    production = stage_with_task(stack)
    PinImages.apply_to(production, resolver=RESOLVER)
    stage = delivery.add_stage(production)
    stage.add_post(pipelines.ShellStep("Check", commands=["true"]))
    PinImages.apply_to(app, resolver=RESOLVER)
    result = synthesize(app)
    assert list(map(is_pinned, images(result)["Delivery/Production/Web"])) == [True]
    projects = [
        resource["Properties"]["Environment"]["Image"]
        for resource in result.template("Delivery")["Resources"].values()
        if resource["Type"] == "AWS::CodeBuild::Project"
    ]
    curated = [image for image in projects if isinstance(image, str)]
    [built] = [image for image in projects if image not in curated]
    assert all(image.startswith("aws/codebuild/") for image in curated)
    assert built["Fn::Join"][1][-1].startswith("/builders@sha256:")


def test_a_stage_that_was_added_to_a_pipeline_too_early_is_named(synthesize: Synthesize) -> None:
    app = App()
    stack = Stack(app, "Delivery", env=ENVIRONMENT)
    pipeline(stack).add_stage(stage_with_task(stack))
    PinImages.apply_to(app, resolver=RESOLVER)
    result = synthesize(app, check=False)
    [error] = result.errors
    assert "in the Stage Delivery/Production: it was synthesized before" in error
    assert "PinImages.apply_to(stage) before pipeline.add_stage(stage)" in error
    records = SynthReport.read(result.directory).records
    failed = [each for each in records if each.resolved_by == "failed"]
    assert [each.reason for each in failed] == ["Its Stage was synthesized without PinImages."]


def test_an_override_in_a_stage_of_a_pipeline_is_an_error_at_its_construct(
    synthesize: Synthesize,
) -> None:
    app = App()
    stack = Stack(app, "Delivery", env=ENVIRONMENT)
    production = stage_with_task(stack)
    override(task_of(production))
    PinImages.apply_to(production, resolver=RESOLVER)
    pipeline(stack).add_stage(production)
    result = synthesize(app, check=False)
    assert shown_by_the_cli(result) == ["Delivery/Production/Web/Task/Resource"]
