"""The examples of `docs/report.md` work as shown."""

from __future__ import annotations

import json
import re
from typing import get_args

from pinned_images.report import ResolvedBy, SynthReport
from tests.documentation import example, page

PAGE = "report.md"


def first_column(heading: str) -> list[str]:
    """The words in the first column of the table that has this heading."""
    table = page(PAGE).partition(f"| {heading} |")[2].partition("\n\n")[0]
    return [word for row in table.splitlines() for word in re.findall(r"`(\w[\w-]*)`", row[:80])]


def test_the_report_that_is_shown_is_one() -> None:
    text = example(PAGE, "a report")
    assert SynthReport.from_json(text).to_json() == text


def test_every_field_is_explained() -> None:
    [image] = json.loads(example(PAGE, "a report"))["images"]
    assert image.keys() <= {*first_column("field"), "resolvedBy"}


def test_every_way_in_which_a_digest_becomes_known_is_explained() -> None:
    assert set(get_args(ResolvedBy)) <= set(first_column("`resolvedBy`"))
