"""Every way that leads an image into a template: it is pinned, or the synth fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsii
import pytest
from aws_cdk import (
    App,
    Aspects,
    Aws,
    BootstraplessSynthesizer,
    CfnCondition,
    CfnResource,
    CliCredentialsStackSynthesizer,
    ConstructSelector,
    DefaultStackSynthesizer,
    Fn,
    IAspect,
    LegacyStackSynthesizer,
    NestedStack,
    Stack,
    Stage,
)
from aws_cdk import aws_servicecatalog as servicecatalog
from aws_cdk import cloudformation_include as include
from aws_cdk.assertions import Template
from constructs import IConstruct

from pinned_images import ImageReference, PinImages, Resolution, ResolutionRequest
from pinned_images.testing import FixedResolver
from pinned_images.testing.synthesized import SynthesizedApp
from tests.synth.synthesis import Synthesize
from tests.synth.tasks import (
    IMAGE,
    TYPE,
    high_level_task,
    images,
    images_in,
    is_pinned,
    override,
    raw_task,
    task_properties,
    typed_task,
)

#: Puts an image into an app; is given a folder for files.
Way = Callable[[App, Path], object]

RESOLVER = FixedResolver.derived()


def template_file(folder: Path, name: str, resources: dict[str, Any]) -> str:
    file = folder / name
    file.write_text(json.dumps({"Resources": resources}), encoding="utf-8")
    return str(file)


TASK_RESOURCE = {"Type": TYPE, "Properties": task_properties()}


def included(app: App, folder: Path) -> None:
    file = template_file(folder, "web.json", {"Task": TASK_RESOURCE})
    include.CfnInclude(Stack(app, "Web"), "Template", template_file=file)


def included_in_yaml(app: App, folder: Path) -> None:
    file = folder / "web.yaml"
    file.write_text(
        f"""
Conditions:
  Large: !Equals [!Ref "AWS::Region", eu-west-1]
Resources:
  Task:
    Type: {TYPE}
    Properties:
      ContainerDefinitions:
        - Name: app
          Image: nginx:1.27
""",
        encoding="utf-8",
    )
    include.CfnInclude(Stack(app, "Web"), "Template", template_file=str(file))


def included_as_it_is(app: App, folder: Path) -> None:
    """CDK calls it dehydrated: what it has no class for, it takes over unread."""
    file = template_file(folder, "web.json", {"Task": TASK_RESOURCE})
    include.CfnInclude(
        Stack(app, "Web"), "Template", template_file=file, dehydrated_resources=["Task"]
    )


def included_with_its_nested_stack(app: App, folder: Path) -> None:
    inner = template_file(folder, "inner.json", {"Task": TASK_RESOURCE})
    stack = {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": "https://example.com/inner.json"},
    }
    include.CfnInclude(
        Stack(app, "Web"),
        "Template",
        template_file=template_file(folder, "web.json", {"Inner": stack}),
        load_nested_stacks={"Inner": include.CfnIncludeProps(template_file=inner)},
    )


def in_a_nested_stack_of_a_nested_stack(app: App, folder: Path) -> None:
    outer = NestedStack(Stack(app, "Web"), "Outer")
    inner = NestedStack(outer, "Inner")
    high_level_task(outer)
    high_level_task(inner)
    raw_task(inner)


def in_a_stage_of_a_stage(app: App, folder: Path) -> None:
    outer = Stage(app, "Europe")
    high_level_task(Stack(outer, "Web"))
    high_level_task(Stack(Stage(outer, "Production"), "Web"))


def in_a_stage_in_a_stack(app: App, folder: Path) -> None:
    pipeline = Stack(app, "Pipeline")
    typed_task(pipeline)
    high_level_task(Stack(Stage(pipeline, "Production"), "Web"))


class Product(servicecatalog.ProductStack):
    def __init__(self, scope: Stack) -> None:
        super().__init__(scope, "Product")
        high_level_task(self)
        raw_task(self)


def in_a_product(app: App, folder: Path) -> None:
    stack = Stack(app, "Catalog")
    template = servicecatalog.CloudFormationTemplate.from_product_stack(Product(stack))
    servicecatalog.CloudFormationProduct(
        stack,
        "Web",
        product_name="web",
        owner="platform",
        product_versions=[
            servicecatalog.CloudFormationProductVersion(cloud_formation_template=template)
        ],
    )


def with_synthesizer(make: Callable[[], Any]) -> Way:
    def way(app: App, folder: Path) -> None:
        stack = Stack(app, "Web", synthesizer=make())
        high_level_task(stack)
        raw_task(stack)

    return way


WAYS: dict[str, Way] = {
    "L2": lambda app, _: high_level_task(Stack(app, "Web")),
    "L1": lambda app, _: typed_task(Stack(app, "Web")),
    "CfnResource": lambda app, _: raw_task(Stack(app, "Web")),
    "CfnInclude": included,
    "CfnInclude, YAML": included_in_yaml,
    "CfnInclude, dehydrated": included_as_it_is,
    "CfnInclude, nested": included_with_its_nested_stack,
    "nested in nested stack": in_a_nested_stack_of_a_nested_stack,
    "stage in stage": in_a_stage_of_a_stage,
    "stage in stack": in_a_stage_in_a_stack,
    "product": in_a_product,
    "bare stack": lambda app, _: high_level_task(
        Stack(app, "Web", suppress_template_indentation=True, analytics_reporting=False)
    ),
    "default synthesizer": with_synthesizer(lambda: DefaultStackSynthesizer(qualifier="other")),
    "legacy synthesizer": with_synthesizer(LegacyStackSynthesizer),
    "bootstrapless synthesizer": with_synthesizer(BootstraplessSynthesizer),
    "CLI credentials synthesizer": with_synthesizer(CliCredentialsStackSynthesizer),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("templates")


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_an_image_is_pinned_on_every_way(synthesize: Synthesize, folder: Path, way: Way) -> None:
    app = App()
    way(app, folder)
    PinImages.apply_to(app, resolver=RESOLVER)
    found = images(synthesize(app))
    assert found
    assert all(is_pinned(image) for some in found.values() for image in some)


def test_functions_in_a_resource_that_cdk_has_no_class_for_stay_whole(
    synthesize: Synthesize,
) -> None:
    """An override inside a function would take the rest of it away."""
    app = App()
    container = {"Name": "app", "Image": IMAGE}
    optional = {"Fn::If": ["Large", container, {"Ref": "AWS::NoValue"}]}
    stack = Stack(app, "Web")
    CfnCondition(stack, "Large", expression=Fn.condition_equals(Aws.REGION, "eu-west-1"))
    CfnResource(stack, "Raw", type=TYPE, properties={"ContainerDefinitions": [container, optional]})
    PinImages.apply_to(app, resolver=RESOLVER)
    resource = synthesize(app).template("Web")["Resources"]["Raw"]
    pinned = RESOLVER.resolve([request := ResolutionRequest(ImageReference.parse(IMAGE))])[request]
    assert isinstance(pinned, Resolution)
    expected = container | {"Image": f"{IMAGE}@{pinned.digest}"}
    assert resource["Properties"]["ContainerDefinitions"] == [
        expected,
        {"Fn::If": ["Large", expected, {"Ref": "AWS::NoValue"}]},
    ]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_an_override_on_every_way_is_an_error_and_deploys_what_it_says(
    synthesize: Synthesize, folder: Path, way: Way
) -> None:
    app = App()
    way(app, folder)
    paths = override_all_images(app, "redis:7")
    PinImages.apply_to(app, resolver=RESOLVER)
    result = synthesize(app, check=False)
    assert {image for some in images(result).values() for image in some} == {"redis:7"}
    assert len(result.errors) == len(paths)
    for path in paths:
        assert any(path in error and "redis:7" in error for error in result.errors)


def override_all_images(app: App, image: str) -> list[str]:
    paths = []
    for resource in ConstructSelector.resources_of_type(TYPE).select(app):
        assert isinstance(resource, CfnResource)
        override(resource, image)
        paths.append(resource.node.path)
    return paths


@jsii.implements(IAspect)
class AddsTasks:
    """An Aspect of somebody else's that adds images, in the stack and in a nested one."""

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, Stack) and not node.nested and not node.node.try_find_child("Late"):
            high_level_task(node, "Late")
            raw_task(node, "LateRaw")
            typed_task(NestedStack(node, "LateNested"))


@pytest.mark.parametrize("stabilization", [True, False], ids=["stabilized", "one pass"])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(10, 900), (900, 10), (500, 500), (0, 1000)],
    ids=["before", "after", "alike", "first and last"],
)
def test_images_that_another_aspect_adds_are_pinned(
    synthesize: Synthesize, ours: int, theirs: int, *, stabilization: bool
) -> None:
    app = App(context={"@aws-cdk/core:aspectStabilization": stabilization})
    high_level_task(Stack(app, "Web"))
    Aspects.of(app).add(AddsTasks(), priority=theirs)
    Aspects.of(app).add(PinImages(resolver=RESOLVER), priority=ours)
    found = images(synthesize(app))
    assert {stack: list(map(is_pinned, some)) for stack, some in found.items()} == {
        "Web": [True, True, True],
        "Web/LateNested": [True],
    }


def test_images_that_another_aspect_adds_are_pinned_where_no_aspect_of_ours_is(
    synthesize: Synthesize,
) -> None:
    app = App()
    high_level_task(Stack(app, "Web"))
    Aspects.of(app).add(AddsTasks())
    PinImages.apply_to(app, resolver=RESOLVER)
    found = images(synthesize(app))
    assert [is_pinned(image) for some in found.values() for image in some] == [True] * 4


@jsii.implements(IAspect)
class Overrides:
    """An Aspect of somebody else's that sets images."""

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, CfnResource) and node.cfn_resource_type == TYPE:
            override(node)


@pytest.mark.parametrize("priority", [10, 900], ids=["before", "after"])
def test_an_image_that_another_aspect_sets_is_an_error(
    synthesize: Synthesize, priority: int
) -> None:
    app = App()
    high_level_task(Stack(app, "Web"))
    Aspects.of(app).add(Overrides(), priority=priority)
    Aspects.of(app).add(PinImages(resolver=RESOLVER))
    [error] = synthesize(app, check=False).errors
    assert error.startswith("Web/Task/Resource: The image redis:7 at ContainerDefinitions[0].Image")


@pytest.mark.parametrize("scope", ["stack", "construct"])
def test_an_aspect_pins_below_the_construct_that_it_is_added_to_and_nothing_else(
    synthesize: Synthesize, scope: str
) -> None:
    app = App()
    stack = Stack(app, "Web")
    task = high_level_task(stack)
    high_level_task(Stack(app, "Other"))
    Aspects.of(stack if scope == "stack" else task).add(PinImages(resolver=RESOLVER))
    found = images(synthesize(app))
    assert list(map(is_pinned, found["Web"])) == [True]
    assert list(map(is_pinned, found["Other"])) == [False]


def test_one_aspect_may_be_added_to_several_constructs(synthesize: Synthesize) -> None:
    app = App()
    first, second, third = (Stack(app, name) for name in ("First", "Second", "Third"))
    high_level_task(first)
    override(typed_task(second))
    typed_task(second, "Other")
    typed_task(third)
    pinning = PinImages(resolver=RESOLVER)
    Aspects.of(first).add(pinning)
    Aspects.of(second).add(pinning)
    result = synthesize(app, check=False)
    assert {stack: list(map(is_pinned, some)) for stack, some in images(result).items()} == {
        "First": [True],
        "Second": [False, True],
        "Third": [False],
    }
    [error] = result.errors
    assert error.startswith("Second/Typed: The image redis:7")


def test_an_aspect_that_is_added_twice_pins_once(synthesize: Synthesize) -> None:
    app = App()
    stack = Stack(app, "Web")
    high_level_task(stack)
    raw_task(stack)
    pinning = PinImages(resolver=RESOLVER)
    Aspects.of(app).add(pinning)
    Aspects.of(stack).add(pinning, priority=900)
    found = images(synthesize(app))["Web"]
    assert [image.count("@sha256:") for image in found] == [1, 1]


def test_an_aspect_of_a_stage_pins_that_stage(synthesize: Synthesize) -> None:
    app = App()
    stage = Stage(app, "Production")
    high_level_task(Stack(stage, "Web"))
    Aspects.of(stage).add(PinImages(resolver=RESOLVER))
    assert list(map(is_pinned, images(synthesize(app))["Production/Web"])) == [True]


def test_one_aspect_serves_two_apps(synthesize: Synthesize) -> None:
    pinning = PinImages(resolver=RESOLVER)
    for _ in range(2):
        app = App()
        high_level_task(Stack(app, "Web"))
        Aspects.of(app).add(pinning)
        assert list(map(is_pinned, images(synthesize(app))["Web"])) == [True]


def test_a_second_synth_is_pinned_too(synthesize: Synthesize) -> None:
    app = App()
    web = Stack(app, "Web")
    high_level_task(web)
    high_level_task(Stack(Stage(app, "Production"), "Web"))
    PinImages.apply_to(app, resolver=RESOLVER)
    first = synthesize(app)
    typed_task(web, "New")
    app.synth(force=True)
    second = SynthesizedApp.read(app.outdir)
    assert images(second)["Production/Web"] == images(first)["Production/Web"]
    assert list(map(is_pinned, images(second)["Web"])) == [True, True]


def test_templates_in_unit_tests_are_pinned_or_refused() -> None:
    pinned, refused = (Stack(App(), "Web") for _ in range(2))
    for stack in (pinned, refused):
        high_level_task(stack)
    PinImages.apply_to(pinned, resolver=RESOLVER)
    assert list(map(is_pinned, images_in(dict(Template.from_stack(pinned).to_json())))) == [True]
    PinImages.apply_to(refused, resolver=FixedResolver({}))
    with pytest.raises(RuntimeError, match=r"nginx:1\.27 at ContainerDefinitions\[0\]\.Image"):
        Template.from_stack(refused)
