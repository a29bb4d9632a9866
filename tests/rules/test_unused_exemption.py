"""Exemptions that exempt nothing any more."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pinned_images.examination import examine_app
from pinned_images.exemptions import Exemption
from pinned_images.pinning import Decision
from pinned_images.rules import Coverage, Violation
from tests.rules.assemblies import DIGEST, coverage, examined, task, write_stack

PATTERN = "docker.io/library/nginx:*"
AT = "ContainerDefinitions[0].Image"


def unused(folder: Path, image: Any, part: Coverage) -> list[Violation]:
    stack = write_stack(folder, {"Task": task(image)})
    return examine_app([stack], [part], examined(stack, part))


def test_a_pattern_that_matches_nothing_is_a_warning_with_its_reason(tmp_path: Path) -> None:
    part = coverage({PATTERN: "The vendor moves in spring."})
    [violation] = unused(tmp_path, "redis:7", part)
    assert (violation.rule.id, violation.rule.severity) == ("unused-exemption", "warning")
    assert repr(PATTERN) in violation.problem.what
    assert "The vendor moves in spring" in violation.problem.what


@pytest.mark.parametrize(
    ("image", "count"),
    [("nginx:1.27", 0), ("redis:7", 1), (f"nginx:1.27@{DIGEST}", 1)],
    ids=["matches", "another image", "pinned by now"],
)
def test_a_pattern_is_used_by_an_unpinned_image_that_it_matches(
    tmp_path: Path, image: str, count: int
) -> None:
    assert len(unused(tmp_path, image, coverage({PATTERN: "A demo."}))) == count


def test_a_pattern_that_is_over_and_still_matches_is_an_error_and_no_warning(
    tmp_path: Path,
) -> None:
    over = {PATTERN: Exemption("A demo.", date(2026, 1, 1))}
    assert unused(tmp_path, "nginx:1.27", coverage(over)) == []


def test_a_pattern_that_mattered_while_pinning_is_used(tmp_path: Path) -> None:
    """There, more may be known of an image than its template tells."""
    image = {"Ref": "Image"}
    decision = Decision(AT, image, patterns=frozenset({PATTERN}))
    part = coverage({PATTERN: "A demo."}, decisions={("Web/Task", AT): decision})
    assert unused(tmp_path, image, part) == []


def test_nothing_is_said_where_nothing_could_be_pinned(tmp_path: Path) -> None:
    part = coverage({PATTERN: "A demo."}, is_silent=True)
    assert unused(tmp_path, "redis:7", part) == []
