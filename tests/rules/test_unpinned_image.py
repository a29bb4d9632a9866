"""Images without a digest in finished templates."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pinned_images.cloudformation.outcomes import Known
from pinned_images.examination import examine
from pinned_images.exemptions import Exemption
from pinned_images.option_syntax import OptionSyntax
from pinned_images.pinning import DecidedOutcome, Decision, Exempt, ImageOutcome, NotPinned
from pinned_images.problem import Problem
from pinned_images.rules import Coverage
from tests.rules.assemblies import DIGEST, coverage, examined, said, task, write_stack

AT = "ContainerDefinitions[0].Image"


def test_a_digest_is_all_that_is_asked_for(tmp_path: Path) -> None:
    stack = write_stack(tmp_path, {"Task": task(f"nginx:1.27@{DIGEST}", f"nginx@{DIGEST}")})
    assert said(examined(stack)) == []


def test_an_image_without_digest_is_an_error_that_says_where_it_stands(tmp_path: Path) -> None:
    stack = write_stack(tmp_path, {"Task": task("nginx:1.27")})
    [violation] = examined(stack).violations
    assert violation.rule.id == "unpinned-image"
    assert violation.rule.severity == "error"
    assert violation.problem.what == f"The image nginx:1.27 at {AT} carries no digest."
    assert violation.location == "Properties/ContainerDefinitions/0/Image"
    assert (violation.construct_path, violation.logical_id) == ("Web/Task", "Task")


@pytest.mark.parametrize(
    ("is_pinned", "fix"),
    [(False, "or have PinImages do it"), (True, "PinImages leaves alone what an override")],
    ids=["gate alone", "beside PinImages"],
)
def test_the_fix_is_one_for_those_who_see_it(tmp_path: Path, fix: str, *, is_pinned: bool) -> None:
    stack = write_stack(tmp_path, {"Task": task("nginx:1.27")})
    [violation] = examined(stack, coverage(is_pinned=is_pinned)).violations
    assert violation.problem.fix is not None
    assert fix in violation.problem.fix


def test_a_command_names_a_way_to_pin_for_every_language(tmp_path: Path) -> None:
    other = {"Type": "Custom::Thing", "Properties": {"Image": "nginx:1.27"}}
    stack = write_stack(tmp_path, {"Task": task("nginx:1.27"), "Other": other})
    found = examined(stack, coverage(option_syntax=OptionSyntax({}))).violations
    fixes = {violation.rule.id: violation.problem.fix or "" for violation in found}
    assert "`pinned-images run` (in any other app)" in fixes["unpinned-image"]
    _, _, written = fixes["unlisted-image"].partition(" as in ")
    context, _, rest = written.partition(" in cdk.json; ")
    assert json.loads(f"{{{context}}}") == {
        "pinned-images:properties": {"Custom::Thing": ["Image"]}
    }
    assert rest == "or acknowledge it with a reason."


def test_an_image_that_nobody_can_know_is_an_error_with_its_own_fix(tmp_path: Path) -> None:
    stack = write_stack(tmp_path, {"Task": task({"Ref": "Image"})})
    [violation] = examined(stack).violations
    assert "'Image' is neither a parameter nor a resource" in violation.problem.what
    assert violation.problem.fix == "Correct the name, or add what it names."


@pytest.mark.parametrize("others", [{}, {"Family": "web"}], ids=["alone", "among others"])
def test_a_function_in_the_place_of_all_properties_is_an_error(
    tmp_path: Path, others: dict[str, Any]
) -> None:
    include = {"Name": "AWS::Include", "Parameters": {"Location": "s3://templates/task.yaml"}}
    properties = {"Fn::Transform": include, **others}
    resource = {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}
    [violation] = examined(write_stack(tmp_path, {"Task": resource})).violations
    assert violation.rule.id == "unpinned-image"
    assert violation.construct_path == "Web/Task"
    assert "The value of Fn::Transform is known at deployment only" in violation.problem.what


def test_each_side_of_a_condition_is_looked_at(tmp_path: Path) -> None:
    image = {"Fn::If": ["Large", f"nginx:1@{DIGEST}", "nginx:2"]}
    conditions = {"Large": {"Fn::Equals": [{"Ref": "AWS::StackName"}, "x"]}}
    stack = write_stack(tmp_path, {"Task": task(image)}, Conditions=conditions)
    [(_, _, description)] = said(examined(stack))
    assert description.startswith("The image nginx:2 at ")


def test_an_exemption_that_is_over_is_named_with_its_reason_and_its_day(tmp_path: Path) -> None:
    pattern = "docker.io/library/nginx:*"
    exempt = {pattern: Exemption("The vendor moves in spring.", date(2026, 5, 31))}
    stack = write_stack(tmp_path, {"Task": task("nginx:1.27")})
    [(rule, _, description)] = said(examined(stack, coverage(exempt)))
    assert rule == "unpinned-image"
    for part in (pattern, "The vendor moves in spring", "2026-05-31"):
        assert part in description


@pytest.mark.parametrize("expires", [None, date(2026, 6, 1)], ids=["no end", "its last day"])
def test_an_exemption_that_holds_lets_an_image_through(
    tmp_path: Path, expires: date | None
) -> None:
    exempt = {"docker.io/library/nginx:*": Exemption("A demo.", expires)}
    stack = write_stack(tmp_path, {"Task": task("nginx:1.27")})
    assert said(examined(stack, coverage(exempt))) == []


def decision(value: Any, problem: Problem | None = None) -> Any:
    outcome = ImageOutcome(AT, str(value), Known("nginx:1.27"))
    decided = Exempt("A demo.") if problem is None else NotPinned(problem)
    return {("Web/Task", AT): Decision(AT, value, (DecidedOutcome(outcome, decided),))}


def test_what_was_found_while_pinning_is_said_once(tmp_path: Path) -> None:
    stack = write_stack(tmp_path, {"Task": task("nginx:1.27")})
    decisions = decision("nginx:1.27", Problem("No such tag.", "Check it."))
    [violation] = examined(stack, coverage(decisions=decisions)).violations
    assert violation.problem == Problem(
        f"The image nginx:1.27 at {AT} cannot be pinned. No such tag.", "Check it."
    )


def test_an_image_that_was_exempt_is_not_looked_at_again(tmp_path: Path) -> None:
    stack = write_stack(tmp_path, {"Task": task({"Ref": "Image"})})
    assert said(examined(stack, coverage(decisions=decision({"Ref": "Image"})))) == []


@pytest.mark.parametrize("problem", [None, Problem("No such tag.")], ids=["exempt", "not pinned"])
def test_what_was_decided_does_not_hold_for_another_image(tmp_path: Path, problem: Any) -> None:
    """An override has put it there since."""
    stack = write_stack(tmp_path, {"Task": task("redis:7")})
    [(_, _, description)] = said(
        examined(stack, coverage(decisions=decision("nginx:1.27", problem)))
    )
    assert description == f"The image redis:7 at {AT} carries no digest."


def test_an_error_is_gone_where_an_override_has_mended_it(tmp_path: Path) -> None:
    stack = write_stack(tmp_path, {"Task": task(f"redis:7@{DIGEST}")})
    decisions = decision("nginx:1.27", Problem("No such tag."))
    assert said(examined(stack, coverage(decisions=decisions))) == []


def test_the_first_part_that_holds_a_construct_decides(tmp_path: Path) -> None:
    stack = write_stack(tmp_path, {"Task": task("nginx:1.27")})
    whole = coverage()
    exempt = coverage({"*": "A demo."})
    nearer = Coverage(["Web"], exempt.policy)
    elsewhere = Coverage(["Other"], exempt.policy)
    assert said(examine([stack], [nearer, whole])) == []
    assert len(said(examine([stack], [elsewhere, whole]))) == 1
    assert said(examine([stack], [elsewhere])) == []
