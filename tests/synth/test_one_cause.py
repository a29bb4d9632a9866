"""Many images, one cause: it is told once, and each image counts all the same."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import App, Stack, Stage
from aws_cdk import aws_ecs as ecs

from pinned_images import (
    AccessDenied,
    ImageNotFound,
    NotLocked,
    PinImages,
    RegistryUnavailable,
    ResolutionError,
)
from pinned_images.report.markdown import render_markdown
from pinned_images.report.synth_report import SynthReport
from pinned_images.resolution import ResolutionRequest
from pinned_images.testing.synthesized import SynthesizedApp
from tests.synth.synthesis import Synthesize, plugin_report
from tests.synth.tasks import acknowledge

PLACE = "the mirror http://mirror.example of docker.io"
DOWN = RegistryUnavailable("no connection", "check the network", place=PLACE)


class Failing:
    """Fails for every image, by the beginning of its name or for one cause."""

    def __init__(self, **errors: ResolutionError) -> None:
        self._errors = errors

    def resolve(
        self, requests: Sequence[ResolutionRequest]
    ) -> Mapping[ResolutionRequest, ResolutionError]:
        return {request: self._error(request) for request in requests}

    def _error(self, request: ResolutionRequest) -> ResolutionError:
        name = str(request.reference)
        found = next((each for key, each in self._errors.items() if name.startswith(key)), DOWN)
        return found.about(name)


def task(scope: Stack, name: str, *images: str) -> ecs.FargateTaskDefinition:
    definition = ecs.FargateTaskDefinition(scope, name)
    for number, image in enumerate(images):
        definition.add_container(f"c{number}", image=ecs.ContainerImage.from_registry(image))
    return definition


def violations(app: SynthesizedApp) -> list[tuple[str, str, list[str]]]:
    """Description, fix and construct paths of each."""
    return [
        (
            each["description"],
            each.get("suggestedFix", ""),
            [construct["constructPath"] for construct in each["violatingConstructs"]],
        )
        for each in plugin_report(app)["violations"]
    ]


def failed(app: SynthesizedApp) -> list[dict[str, Any]]:
    report = json.loads((app.directory / "pinned-images.json").read_text(encoding="utf-8"))
    return [image for image in report["images"] if image["resolvedBy"] == "failed"]


def test_forty_images_at_one_dead_mirror_are_one_error(synthesize: Synthesize) -> None:
    app = App()
    stack = Stack(app, "Web")
    for number in range(4):
        task(stack, f"Task{number}", *(f"app-{number}{each}:1" for each in range(10)))
    PinImages.apply_to(app, resolver=Failing())
    result = synthesize(app, check=False)

    [(description, fix, constructs)] = violations(result)
    assert description == (
        "40 images (app-00:1 at Web/Task0/Resource, app-01:1 at Web/Task0/Resource, app-02:1 "
        "at Web/Task0/Resource and 37 more) could not be resolved at the mirror "
        "http://mirror.example of docker.io: no connection."
    )
    assert (fix, constructs) == ("Check the network.", ["Web/Task0/Resource"])
    assert len(failed(result)) == 40
    for number in range(4):
        mine = [each for each in failed(result) if f"Task{number}" in each["constructPath"]]
        assert len(mine) == 10
    report = SynthReport.read(result.directory)
    assert render_markdown(report).count("could not be resolved") == 0
    assert render_markdown(report).count("Could not be resolved") == 1


def test_each_cause_is_an_error(synthesize: Synthesize) -> None:
    app = App()
    task(Stack(app, "Web"), "Task", "app-1:1", "app-2:1", "gone-1:1", "gone-2:1", "shut:1")
    PinImages.apply_to(
        app,
        resolver=Failing(
            gone=ImageNotFound("it has no such tag", "push it", place=PLACE),
            shut=AccessDenied("it wants credentials", "log in", place=PLACE),
        ),
    )
    found = violations(synthesize(app, check=False))
    assert [description.partition(" could not")[0] for description, _, _ in found] == [
        "2 images (app-1:1 at Web/Task/Resource, app-2:1 at Web/Task/Resource)",
        "The image gone-1:1 at ContainerDefinitions[2].Image",
        "The image gone-2:1 at ContainerDefinitions[3].Image",
        "The image shut:1 at ContainerDefinitions[4].Image",
    ]
    assert [fix for _, fix, _ in found] == ["Check the network.", "Push it.", "Push it.", "Log in."]


def test_one_image_in_several_places_is_one_error(synthesize: Synthesize) -> None:
    app = App()
    stack = Stack(app, "Web")
    for name in ("One", "Two"):
        task(stack, name, "gone:1")
    gone = ImageNotFound("it has no such tag", "push it", place=PLACE)
    PinImages.apply_to(app, resolver=Failing(gone=gone))
    [(description, fix, _)] = violations(synthesize(app, check=False))
    assert description == (
        "1 image in 2 places (gone:1 at Web/One/Resource, gone:1 at Web/Two/Resource) could not "
        "be resolved at the mirror http://mirror.example of docker.io: it has no such tag."
    )
    assert fix == "Push it."


def test_what_several_stacks_share_is_reported_at_the_app(synthesize: Synthesize) -> None:
    app = App()
    for name in ("One", "Two"):
        task(Stack(app, name), "Task", f"{name.lower()}:1")
    PinImages.apply_to(app, resolver=Failing())
    [(description, _, constructs)] = violations(synthesize(app, check=False))
    assert description.startswith(
        "2 images (one:1 at One/Task/Resource, two:1 at Two/Task/Resource) could not be resolved"
    )
    assert constructs == [""]


def test_images_in_stages_are_told_together_too(synthesize: Synthesize) -> None:
    app = App()
    for name in ("Staging", "Production"):
        task(Stack(Stage(app, name), "Web"), "Task", "app:1", f"{name.lower()}:1")
    PinImages.apply_to(app, resolver=Failing())
    [(description, fix, constructs)] = violations(synthesize(app, check=False))
    assert description.startswith("3 images in 4 places (app:1 at Production/Web/Task/Resource, ")
    assert fix.startswith("Check the network. Errors in a Stage stop every command")
    assert constructs == [""]


def test_an_acknowledgement_holds_for_its_image_and_for_no_other(synthesize: Synthesize) -> None:
    app = App()
    stack = Stack(app, "Web")
    tasks = [task(stack, f"Task{number}", f"app-{number}:1") for number in range(4)]
    acknowledge(tasks[0], "Follows its tag.")
    PinImages.apply_to(app, resolver=Failing())
    result = synthesize(app, check=False)
    [(description, _, constructs)] = violations(result)
    assert description.startswith("3 images (app-1:1 at Web/Task1/Resource, ")
    assert constructs == ["Web/Task1/Resource"]
    assert [each["reference"] for each in failed(result)] == ["app-1:1", "app-2:1", "app-3:1"]


def test_with_all_acknowledged_nothing_is_left(synthesize: Synthesize) -> None:
    app = App()
    stack = Stack(app, "Web")
    for number in range(3):
        acknowledge(task(stack, f"Task{number}", f"app-{number}:1"), "Follows its tag.")
    PinImages.apply_to(app, resolver=Failing())
    assert not synthesize(app).errors


def test_what_a_frozen_lock_file_lacks_is_told_once(synthesize: Synthesize) -> None:
    app = App()
    task(Stack(app, "Web"), "Task", "app-1:1", "app-2:1")
    lacking = NotLocked(remedy="run it", place="the lock file", predicate="is not in the lock file")
    PinImages.apply_to(app, resolver=Failing(app=lacking))
    [(description, fix, _)] = violations(synthesize(app, check=False))
    assert description == (
        "2 images (app-1:1 at Web/Task/Resource, app-2:1 at Web/Task/Resource) are not in the "
        "lock file."
    )
    assert fix == "Run it."


def test_a_resolver_of_the_user_s_is_told_once_too(synthesize: Synthesize) -> None:
    class Vault:
        def resolve(
            self, requests: Sequence[ResolutionRequest]
        ) -> Mapping[ResolutionRequest, ResolutionError]:
            return {request: ResolutionError("The vault is sealed.") for request in requests}

    app = App()
    task(Stack(app, "Web"), "Task", "app-1:1", "app-2:1")
    PinImages.apply_to(app, resolver=Vault())
    [(description, _, _)] = violations(synthesize(app, check=False))
    assert description.startswith("2 images (")
    assert description.endswith(") cannot be pinned. The vault is sealed.")
