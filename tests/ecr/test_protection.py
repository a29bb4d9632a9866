"""Protection tags: what they protect from, and when they may be taken away."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinned_images.ecr.inventory import RepositoryImage
from pinned_images.ecr.lifecycle_policy import LifecyclePolicy
from pinned_images.ecr.protection import (
    Protection,
    parse_prefix,
    plan_protection,
    plan_release,
    protection_tag,
    shielding_rule,
)
from pinned_images.errors import ConfigurationError
from pinned_images.reference import Digest

NOW = datetime(2026, 11, 20, tzinfo=timezone.utc)
USED, OTHER = Digest("sha256:" + "a" * 64), Digest("sha256:" + "b" * 64)
TAG = protection_tag(USED)

EXPIRE: Any = {"type": "expire"}
ARCHIVE: Any = {"type": "transition", "targetStorageClass": "archive"}


def image(digest: str, *tags: str, days: float = 10, **fields: Any) -> RepositoryImage:
    pushed = NOW - timedelta(days=days)
    return RepositoryImage(digest=digest, tags=frozenset(tags), pushed=pushed, **fields)


def aged(tags: str | list[str], days: int, action: Any = EXPIRE, since: str = "Pushed") -> Any:
    chosen = {"tagStatus": tags} if isinstance(tags, str) else _tagged(tags)
    selection = {
        **chosen,
        "countType": f"sinceImage{since}",
        "countUnit": "days",
        "countNumber": days,
    }
    return {"selection": selection, "action": action}


def counted(tags: str | list[str], number: int) -> Any:
    chosen = {"tagStatus": tags} if isinstance(tags, str) else _tagged(tags)
    selection = {**chosen, "countType": "imageCountMoreThan", "countNumber": number}
    return {"selection": selection, "action": EXPIRE}


def _tagged(patterns: list[str]) -> dict[str, Any]:
    return {"tagStatus": "tagged", "tagPatternList": patterns}


def policy(*rules: Any) -> LifecyclePolicy:
    numbered = [{**rule, "rulePriority": number} for number, rule in enumerate(rules, 1)]
    return LifecyclePolicy.of_document({"rules": numbered})


def shielded(*rules: Any) -> LifecyclePolicy:
    return policy(json.loads(shielding_rule()), *rules)


def plan(rules: LifecyclePolicy | None, *images: RepositoryImage) -> Protection:
    (found,) = plan_protection([USED], images, rules, NOW)
    return found


@pytest.mark.parametrize(
    "rules",
    [
        None,
        policy(aged("untagged", 1)),
        policy(counted("untagged", 1)),
        policy(aged(["dev-*"], 1), aged("untagged", 1)),
        policy(aged(["in-use-*", "dev-*"], 1)),
        shielded(aged("any", 1)),
        shielded(counted("any", 1)),
        shielded(aged(["in*"], 1)),
        shielded(aged("any", 1, ARCHIVE, "Pulled")),
        policy(counted(["in-use-*"], 5000), aged("any", 1)),
    ],
)
def test_an_image_is_protected_where_no_rule_can_take_it(rules: LifecyclePolicy | None) -> None:
    found = plan(rules, image(USED), image(OTHER, "v2"))
    assert (found.state, found.needs_tag, found.rule) == ("protected", True, None)


@pytest.mark.parametrize(
    ("rules", "priority", "is_due"),
    [
        (policy(aged("any", 30)), 1, True),
        (policy(counted("any", 1)), 1, True),
        (policy(counted("any", 500)), 1, False),
        (policy(aged("untagged", 1), aged("any", 1, ARCHIVE, "Pulled")), 2, True),
        (policy(counted(["*"], 10)), 1, False),
        # A rule in front decides before the one that shields.
        (policy(aged(["v*"], 30), json.loads(shielding_rule())), 1, True),
    ],
)
def test_a_rule_that_takes_it_all_the_same_is_named(
    rules: LifecyclePolicy,
    priority: int,
    is_due: bool,  # noqa: FBT001 - a table
) -> None:
    found = plan(rules, image(USED, "v1"), image(OTHER, "v2", days=1))
    assert found.state == "taken"
    assert found.rule is not None
    assert found.rule.priority == priority
    assert (found.at is not None) is is_due
    assert found.needs_tag


def test_a_tag_that_moves_on_does_not_protect() -> None:
    """Rule 1 spares the image as long as it is v1; its own tag alone would not."""
    rules = policy(counted(["v*"], 9999), aged("any", 30))
    found = plan(rules, image(USED, "v1"))
    assert (found.state, found.rule and found.rule.priority, found.at) == ("taken", 2, None)


def test_a_rule_on_some_of_the_tags_counts_though_another_shields_them_all() -> None:
    """Once ``a`` is gone, rule 1 shields no longer, and rule 2 is in front of the shield."""
    rules = policy(counted(["a"], 9999), aged(["b"], 30), counted(["in-use-*"], 9999))
    found = plan(rules, image(USED, "a", "b"))
    assert (found.state, found.rule and found.rule.priority) == ("taken", 2)


def test_a_rule_that_needs_a_shielded_tag_takes_nothing() -> None:
    rules = policy(counted(["a"], 9999), aged(["a", "b"], 30), counted(["in-use-*"], 9999))
    assert plan(rules, image(USED, "a", "b")).state == "protected"


def test_a_tag_that_would_bring_the_image_under_a_rule_is_not_given() -> None:
    found = plan(policy(aged(["in-use-*"], 1)), image(USED))
    assert (found.state, found.needs_tag) == ("taken", False)


def test_many_tags_and_patterns_are_decided_in_bounded_work() -> None:
    tags = [f"{'abcdefgh'[number % 8]}{number}" for number in range(800)]
    patterns = [f"{letter}*" for letter in "abcdefgh"]
    rules = policy(counted(["a*"], 9999), aged(patterns, 30), counted(["in-use-*"], 9999))
    assert plan(rules, image(USED, *tags)).state == "taken"


def test_an_image_that_has_its_tag_needs_nothing() -> None:
    assert not plan(policy(aged("untagged", 1)), image(USED, TAG)).needs_tag


def test_images_that_cannot_be_protected() -> None:
    assert plan(None, image(OTHER, "v1")).state == "gone"
    assert plan(None, image(USED, is_archived=True)).state == "archived"
    found = plan(None, image(USED), image(OTHER, TAG))
    assert (found.state, found.holder, found.needs_tag) == ("tag-exists", OTHER, False)


def test_of_two_digests_with_one_tag_the_first_gets_it() -> None:
    twin = Digest("sha256:" + "a" * 12 + "c" * 52)
    found = plan_protection([USED, twin], [image(USED), image(twin)], None, NOW)
    assert [each.state for each in found] == ["protected", "tag-exists"]


@given(
    st.lists(st.sampled_from(["any", "untagged", "v*", "dev-*", "in-*", "*"]), unique=True),
    st.sets(st.sampled_from(["v1", "dev-1", "latest"])),
    st.data(),
)
def test_what_is_called_protected_outlives_pushes_moved_tags_and_time(
    statuses: list[str], tags: set[str], data: st.DataObject
) -> None:
    ordered = sorted(statuses, key=lambda status: status == "any")
    rules = []
    for each in ordered:
        tags_of_rule: Any = each if each in ("any", "untagged") else [each]
        number = data.draw(st.sampled_from([1, 3, 9999]))
        rule = aged if data.draw(st.booleans()) else counted
        rules.append(rule(tags_of_rule, number))
    lifecycle = policy(*rules) if rules else None
    if lifecycle is None or plan(lifecycle, image(USED, *tags)).state != "protected":
        return
    left = data.draw(st.sets(st.sampled_from(sorted(tags)))) if tags else set()
    pushed = [
        image(f"sha256:{number:064x}", "v1" if number else "in-1", "dev-1", days=-1)
        for number in range(5)
    ]
    later = [image(USED, TAG, *left), *pushed]
    removals = lifecycle.removals(later, NOW + timedelta(days=9_000), read_at=NOW)
    assert USED not in {each.image.digest for each in removals}


def test_release_takes_only_tags_that_were_given_for_a_digest_that_is_unused() -> None:
    images = [
        image(USED, TAG, "v1"),
        image(OTHER, protection_tag(OTHER), "v2"),
        image("sha256:" + "c" * 64, "in-use-cccccccccccc"),
        image("sha256:" + "d" * 64, "in-use-by-the-auditors", "in-use-aaaaaaaaaaab"),
    ]
    found = plan_release(images, {USED})
    assert [(each.tag, each.is_last) for each in found] == [
        ("in-use-bbbbbbbbbbbb", False),
        ("in-use-cccccccccccc", True),
    ]


@pytest.mark.parametrize("prefix", ["", "-a", ".a", "a b", "a" * 117, "a/b", "a*", "a\n"])
def test_a_prefix_that_no_tag_has_is_an_error(prefix: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_prefix(prefix)
