"""What was pinned, read from the templates that are deployed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import App, CfnOutput, NestedStack, Stack, Stage
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from pinned_images import PinImages
from pinned_images.errors import ConfigurationError
from pinned_images.reference import Digest, ImageReference
from pinned_images.testing import FixedResolver
from pinned_images.testing.synthesized import SynthesizedApp
from tests.documentation import example
from tests.synth.synthesis import Synthesize
from tests.synth.tasks import images_in, typed_task

RESOLVER = FixedResolver.derived()
NGINX, REDIS = "docker.io/library/nginx:1.27", "docker.io/library/redis:7"


def task(scope: Any, *images: str) -> None:
    typed_task(scope, "Task", *images)


def pins(template: dict[str, Any]) -> dict[str, str]:
    """The digests that really stand in a template, by image."""
    found = map(ImageReference.parse, images_in(template))
    return {f"{image.name}:{image.tag}": str(image.digest) for image in found}


def test_nothing_is_recorded_unless_it_is_asked_for(synthesize: Synthesize) -> None:
    app = App()
    task(Stack(app, "Web"), "nginx:1.27")
    PinImages.apply_to(app, resolver=RESOLVER)
    assert not {"Metadata", "Outputs"} & synthesize(app).template("Web").keys()


def test_metadata_has_the_digest_of_each_image(synthesize: Synthesize) -> None:
    app = App()
    task(Stack(app, "Web"), "redis:7", "nginx:1.27", "nginx:1.27")
    PinImages.apply_to(app, resolver=RESOLVER, record_in="metadata")
    template = synthesize(app).template("Web")
    assert template["Metadata"] == {"PinnedImages": pins(template)}
    assert list(template["Metadata"]["PinnedImages"]) == [NGINX, REDIS]


def test_metadata_of_the_user_s_own_stays(synthesize: Synthesize) -> None:
    app = App()
    stack = Stack(app, "Web")
    stack.add_metadata("Owner", "team-shop")
    task(stack, "nginx:1.27")
    PinImages.apply_to(app, resolver=RESOLVER, record_in="metadata")
    assert list(synthesize(app).template("Web")["Metadata"]) == ["Owner", "PinnedImages"]


def test_an_output_for_each_image_has_the_pinned_reference(synthesize: Synthesize) -> None:
    app = App()
    task(Stack(app, "Web"), "nginx:1.27", "nginx:1.27", "redis:7")
    PinImages.apply_to(app, resolver=RESOLVER, record_in="outputs")
    template = synthesize(app).template("Web")
    digests = pins(template)
    names = ["PinnedImageDockerIoLibraryNginx127", "PinnedImageDockerIoLibraryRedis7"]
    assert [name[:-8] for name in template["Outputs"]] == names
    assert [output["Value"] for output in template["Outputs"].values()] == [
        f"nginx:1.27@{digests[NGINX]}",
        f"redis:7@{digests[REDIS]}",
    ]


@pytest.mark.parametrize("where", ["metadata", "outputs"])
def test_the_record_is_the_only_difference(synthesize: Synthesize, where: Any) -> None:
    def make(record_in: Any) -> dict[str, Any]:
        app = App()
        task(Stack(app, "Web"), "nginx:1.27")
        PinImages.apply_to(app, resolver=RESOLVER, record_in=record_in)
        return synthesize(app).template("Web")

    recorded = make(where)
    del recorded[where.capitalize()]
    assert recorded == make(None)


@pytest.mark.parametrize("where", ["metadata", "outputs"])
def test_images_of_nested_stacks_are_recorded_in_the_stack_above(
    synthesize: Synthesize, where: Any
) -> None:
    app = App()
    stack = Stack(app, "Web")
    task(stack, "nginx:1.27")
    task(NestedStack(NestedStack(stack, "Middle"), "Inner"), "redis:7")
    PinImages.apply_to(app, resolver=RESOLVER, record_in=where)
    templates = synthesize(app).templates
    assert where.capitalize() not in templates["Web/Middle"]
    assert where.capitalize() not in templates["Web/Middle/Inner"]
    digests = {**pins(templates["Web"]), **pins(templates["Web/Middle/Inner"])}
    shown = json.dumps(templates["Web"][where.capitalize()])
    assert len(digests) == 2
    assert all(digest in shown for digest in digests.values())


def test_each_stack_of_each_stage_has_its_own(synthesize: Synthesize) -> None:
    app = App()
    task(Stack(app, "Web"), "nginx:1.27")
    task(Stack(Stage(app, "Production"), "Web"), "redis:7")
    PinImages.apply_to(app, resolver=RESOLVER, record_in="metadata")
    templates = synthesize(app).templates
    assert [list(each["Metadata"]["PinnedImages"]) for each in templates.values()] == [
        [REDIS],
        [NGINX],
    ]


def test_a_stack_without_pinned_images_gets_no_record(synthesize: Synthesize) -> None:
    app = App()
    stack = Stack(app, "Web")
    task(stack, "nginx:1.27")
    lambda_.CfnFunction(stack, "Zip", code={"zipFile": "x"}, role="arn:aws:iam::1:role/x")
    PinImages.apply_to(
        app, resolver=RESOLVER, record_in="outputs", exempt={"*nginx*": "Follows its tag."}
    )
    assert "Outputs" not in synthesize(app).template("Web")


def test_two_pinnings_of_one_stack_are_recorded_together(synthesize: Synthesize) -> None:
    app = App()
    stack = Stack(app, "Web")
    for name, image in {"A": "nginx:1.27", "B": "redis:7"}.items():
        part = Construct(stack, name)
        task(part, image)
        PinImages.apply_to(part, resolver=RESOLVER, record_in="metadata")
    assert list(synthesize(app).template("Web")["Metadata"]["PinnedImages"]) == [NGINX, REDIS]


@pytest.mark.parametrize("place", ["app", "stage"])
def test_more_outputs_than_cloudformation_takes_are_an_error_that_names_the_other_way(
    synthesize: Synthesize, place: str
) -> None:
    app = App()
    stack = Stack(app if place == "app" else Stage(app, "Production"), "Web")
    CfnOutput(stack, "Own", value="x")
    task(stack, *(f"nginx:{number}" for number in range(200)))
    PinImages.apply_to(app, resolver=RESOLVER, record_in="outputs")
    result = synthesize(app, check=False)
    path = stack.node.path
    [error] = result.errors
    assert error.startswith(f"The images of {path} cannot be recorded in its outputs: ")
    assert "201, 200 of them for images" in error
    assert 'record_in="metadata"' in error
    assert error.endswith("(pinned-images::record)")
    assert list(result.template(path)["Outputs"]) == ["Own"]
    assert len(pins(result.template(path))) == 200


def test_as_many_outputs_as_cloudformation_takes_are_written(synthesize: Synthesize) -> None:
    app = App()
    stack = Stack(app, "Web")
    CfnOutput(stack, "Own", value="x")
    task(stack, *(f"nginx:{number}" for number in range(199)))
    PinImages.apply_to(app, resolver=RESOLVER, record_in="outputs")
    assert len(synthesize(app).template("Web")["Outputs"]) == 200


@pytest.mark.parametrize("place", ["app", "stage"])
def test_a_second_synth_does_not_fail_for_the_outputs_of_the_first(
    synthesize: Synthesize, place: str
) -> None:
    app = App()
    stack = Stack(app if place == "app" else Stage(app, "Production"), "Web")
    task(stack, *(f"nginx:{number}" for number in range(201)))
    PinImages.apply_to(app, resolver=RESOLVER, record_in="outputs")
    assert synthesize(app, check=False).errors
    for tag in ("old", "new"):
        stack.node.try_remove_child("Task")
        task(stack, *(f"nginx:{tag}{number}" for number in range(150)))
        for each in reversed([each for each in stack.node.scopes if isinstance(each, Stage)]):
            each.synth(force=True)
    outputs = SynthesizedApp.read(app.outdir).template(stack.node.path)["Outputs"]
    assert len(outputs) == 150
    assert all(":new" in output["Value"] for output in outputs.values())


class Moving:
    """Registries whose tags name another image each time one looks."""

    def __init__(self) -> None:
        self.looks = 0

    def resolve(self, requests: Any) -> Any:
        self.looks += 1
        return FixedResolver(
            {str(each.reference): Digest.of(bytes([self.looks])) for each in requests}
        ).resolve(requests)


@pytest.mark.parametrize("where", ["metadata", "outputs"])
def test_a_second_synth_records_what_it_pins_itself(where: Any) -> None:
    app = App()
    task(Stack(app, "Web"), "nginx:1.27")
    PinImages.apply_to(app, resolver=Moving(), record_in=where)
    templates = [app.synth(force=True).get_stack_by_name("Web").template for _ in range(2)]
    digests = [digest for template in templates for digest in pins(template).values()]
    assert len(set(digests)) == 2
    for template, digest in zip(templates, digests, strict=True):
        assert digest in json.dumps(template[where.capitalize()])


@pytest.mark.parametrize("where", ["metadata", "outputs"])
def test_the_documentation_shows_what_is_written(synthesize: Synthesize, where: Any) -> None:
    app = App()
    task(Stack(app, "Web"), "nginx:1.27", "redis:7")
    PinImages.apply_to(app, resolver=RESOLVER, record_in=where)
    section = where.capitalize()
    shown = json.loads(example("report.md", where))
    assert shown == {section: synthesize(app).template("Web")[section]}


def test_another_place_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="record_in is 'tags'"):
        PinImages(record_in="tags")  # type: ignore[arg-type]
