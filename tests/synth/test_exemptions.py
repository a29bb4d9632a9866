"""Images that stay as they are: for whom, why, until when, and what the report says of it."""

from __future__ import annotations

import json
from datetime import date

import pytest
from aws_cdk import App, Stack, Stage
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_servicecatalog as servicecatalog

from pinned_images import Exemption, PinImages
from pinned_images.testing import FixedResolver
from pinned_images.testing.synthesized import SynthesizedApp
from tests.synth.synthesis import Synthesize, plugin_report
from tests.synth.tasks import acknowledge, high_level_task, images, is_pinned, scopes_of_a_task

RESOLVER = FixedResolver.derived()
PATTERN = "docker.io/library/nginx:*"
REASON = "The vendor moves in spring."


def reported(app: SynthesizedApp) -> list[tuple[str, str, str | None]]:
    """Construct, who resolved it, and why it is exempt, of each image in the report."""
    report = json.loads((app.directory / "pinned-images.json").read_text(encoding="utf-8"))
    return [
        (image["constructPath"], image["resolvedBy"], image.get("reason"))
        for image in report["images"]
    ]


@pytest.mark.parametrize("at", ["container", "task", "stack", "stage", "app"])
def test_an_acknowledged_image_stays_as_it_is_and_stands_in_the_report(
    synthesize: Synthesize, at: str
) -> None:
    app = App()
    acknowledge(scopes_of_a_task(app)[at], REASON)
    PinImages.apply_to(app, resolver=FixedResolver({}))
    result = synthesize(app)
    assert images(result)["Production/Web"] == ["nginx:1.27"]
    assert reported(result) == [("Production/Web/Task/Resource", "exempt", REASON)]


def test_an_acknowledged_container_may_have_another_name_than_its_construct(
    synthesize: Synthesize,
) -> None:
    app = App()
    task = high_level_task(Stack(app, "Web"))
    proxy = task.add_container(
        "sidecar", container_name="proxy", image=ecs.ContainerImage.from_registry("envoy:1")
    )
    acknowledge(proxy)
    PinImages.apply_to(app, resolver=RESOLVER)
    pinned, left = images(synthesize(app))["Web"]
    assert is_pinned(pinned)
    assert left == "envoy:1"


def test_the_nearest_acknowledgement_gives_the_reason(synthesize: Synthesize) -> None:
    app = App()
    stack = Stack(app, "Web")
    task = high_level_task(stack)
    acknowledge(stack, "All of it is a demo.")
    acknowledge(task, "Follows its tag.")
    PinImages.apply_to(app, resolver=RESOLVER)
    assert reported(synthesize(app)) == [("Web/Task/Resource", "exempt", "Follows its tag.")]


def test_an_image_that_is_exempt_by_pattern_stays_and_others_are_pinned(
    synthesize: Synthesize,
) -> None:
    app = App()
    task = high_level_task(Stack(app, "Web"))
    task.add_container("other", image=ecs.ContainerImage.from_registry("redis:7"))
    PinImages.apply_to(app, resolver=RESOLVER, exempt={PATTERN: REASON})
    result = synthesize(app)
    left, pinned = images(result)["Web"]
    assert left == "nginx:1.27"
    assert is_pinned(pinned)
    assert ("Web/Task/Resource", "exempt", REASON) in reported(result)


def test_a_pattern_holds_where_the_template_alone_does_not_tell_the_account(
    synthesize: Synthesize, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A product is launched in an account that nobody knows when its template is read."""
    monkeypatch.setenv("CDK_DEFAULT_ACCOUNT", "123456789012")
    monkeypatch.setenv("CDK_DEFAULT_REGION", "eu-west-1")
    app = App()
    product = servicecatalog.ProductStack(Stack(app, "Catalog"), "Product")
    repository = ecr.Repository.from_repository_name(product, "Repository", "web")
    task = ecs.FargateTaskDefinition(product, "Task")
    task.add_container("app", image=ecs.ContainerImage.from_ecr_repository(repository, "v1"))
    PinImages.apply_to(app, resolver=FixedResolver({}), exempt={"123456789012.*": REASON})
    result = synthesize(app)
    assert [resolved_by for _, resolved_by, _ in reported(result)] == ["exempt"]


def app_with_expiry(expires: date) -> App:
    app = App()
    high_level_task(Stack(app, "Web"))
    exempt = {PATTERN: Exemption(REASON, expires=expires)}
    PinImages.apply_to(app, resolver=RESOLVER, exempt=exempt)
    return app


def test_an_exemption_holds_until_its_day(synthesize: Synthesize) -> None:
    result = synthesize(app_with_expiry(date(2999, 12, 31)))
    assert images(result)["Web"] == ["nginx:1.27"]


def test_an_exemption_that_is_over_is_an_error_that_names_all_of_it(
    synthesize: Synthesize,
) -> None:
    result = synthesize(app_with_expiry(date(2020, 1, 31)), check=False)
    [error] = result.errors
    for part in ("nginx:1.27", PATTERN, REASON.rstrip("."), "2020-01-31"):
        assert part in error
    [(_, resolved_by, reason)] = reported(result)
    assert resolved_by == "failed"
    assert reason is not None
    assert "2020-01-31" in reason


def test_a_pattern_that_matches_nothing_any_more_is_a_warning_for_the_whole_app(
    synthesize: Synthesize,
) -> None:
    app = App()
    high_level_task(Stack(app, "Web"))
    high_level_task(Stack(Stage(app, "Production"), "Web"), image="redis:7")
    exempt = {PATTERN: "A demo.", "docker.io/library/httpd:*": "It was here."}
    PinImages.apply_to(app, resolver=RESOLVER, exempt=exempt)
    result = synthesize(app)
    [violation] = plugin_report(result)["violations"]
    assert (violation["ruleName"], violation["severity"]) == ("unused-exemption", "warning")
    assert "'docker.io/library/httpd:*' (It was here)" in violation["description"]


def following_its_tag(app: App) -> None:
    task = ecs.FargateTaskDefinition(Stack(app, "Web"), "Task")
    task.add_container(
        "app",
        image=ecs.ContainerImage.from_registry("nginx:1.27"),
        version_consistency=ecs.VersionConsistency.DISABLED,
    )


def test_a_container_that_follows_its_tag_is_pinned(synthesize: Synthesize) -> None:
    app = App()
    following_its_tag(app)
    PinImages.apply_to(app, resolver=RESOLVER)
    assert list(map(is_pinned, images(synthesize(app))["Web"])) == [True]


def test_a_container_that_follows_its_tag_may_be_left_and_stands_in_the_report(
    synthesize: Synthesize,
) -> None:
    app = App()
    following_its_tag(app)
    PinImages.apply_to(app, resolver=FixedResolver({}), version_consistency="respect")
    result = synthesize(app)
    assert images(result)["Web"] == ["nginx:1.27"]
    [(_, resolved_by, reason)] = reported(result)
    assert resolved_by == "exempt"
    assert reason is not None
    assert "versionConsistency" in reason
