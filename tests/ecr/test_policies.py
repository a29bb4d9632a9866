"""Realistic lifecycle policies in ``policies/``, and the images that each takes of an inventory.

The verdicts are those of the ECR user guide, "Lifecycle policy evaluation rules", written by hand.
Ages, and days since a pull, an archiving or a restoration, are counted back from one moment.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from pinned_images.ecr.inventory import RepositoryImage
from pinned_images.ecr.lifecycle_policy import LifecyclePolicy
from pinned_images.errors import ConfigurationError

NOW = datetime(2026, 11, 20, tzinfo=timezone.utc)

POLICIES: dict[str, Any] = {
    f"{file.stem}: {name}": case
    for file in sorted((Path(__file__).parent / "policies").glob("*.json"))
    for name, case in json.loads(file.read_text(encoding="utf-8")).items()
}
TAKING = {name: case for name, case in POLICIES.items() if "taken" in case}
REFUSED = {name: case for name, case in POLICIES.items() if "error" in case}


def image(name: str, fields: dict[str, Any]) -> RepositoryImage:
    def ago(field: str) -> datetime | None:
        return NOW - timedelta(days=fields[field]) if field in fields else None

    return RepositoryImage(
        digest=name,
        pushed=NOW - timedelta(days=fields["age"]),
        tags=frozenset(fields["tags"]),
        pulled=ago("pulled"),
        archived=ago("archived"),
        activated=ago("activated"),
        is_archived="archived" in fields,
        subject=fields.get("subject"),
        children=frozenset(fields.get("children", ())),
    )


def test_the_corpus_is_whole() -> None:
    assert len(TAKING) >= 40
    assert len(TAKING) + len(REFUSED) == len(POLICIES)


@pytest.mark.parametrize("case", TAKING.values(), ids=TAKING.keys())
def test_a_policy_takes_what_it_is_expected_to_take(case: Any) -> None:
    policy = LifecyclePolicy.parse(json.dumps(case["policy"]))
    images = [image(name, fields) for name, fields in case["images"].items()]
    found = policy.removals(images, NOW, read_at=NOW)
    assert {
        each.image.digest: f"{each.rule.action} {each.rule.priority}" for each in found
    } == case["taken"]


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_a_policy_that_ecr_refuses_is_an_error(case: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        LifecyclePolicy.parse(json.dumps(case["policy"]))
    assert case["error"] in str(caught.value)
