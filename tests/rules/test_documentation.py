"""The table of rules in `docs/gate.md`."""

from __future__ import annotations

import re
from pathlib import Path

from pinned_images.rules import RULES

ROW = re.compile(r"^\| `([a-z-]+)` \| (fatal|error|warning) \| \S", re.MULTILINE)


def test_every_rule_is_documented_with_its_severity() -> None:
    page = Path(__file__).parents[2] / "docs" / "gate.md"
    rows = ROW.findall(page.read_text(encoding="utf-8"))
    assert sorted(rows) == sorted((rule.id, rule.severity) for rule in RULES)


def test_ids_are_of_the_form_that_cdk_joins_to_the_plugins_name() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(re.fullmatch(r"[a-z]+(?:-[a-z]+)*", rule.id) for rule in RULES)
