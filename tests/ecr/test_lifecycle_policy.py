"""The evaluator of lifecycle policies, against the user guide and against a model of it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinned_images.ecr.inventory import RepositoryImage
from pinned_images.ecr.lifecycle_policy import LifecyclePolicy, LifecycleRule, TagPattern
from pinned_images.errors import ConfigurationError

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def image(name: str, *tags: str, pushed: float, **fields: Any) -> RepositoryImage:
    return RepositoryImage(digest=name, tags=frozenset(tags), pushed=ago(pushed), **fields)


def rule(priority: int, tags: str | list[str], count: str, number: int, **more: Any) -> Any:
    """A rule as JSON: ``any``, ``untagged`` or a list of patterns; of prefixes with `prefixes`."""
    selection: dict[str, Any] = {"countType": count, "countNumber": number}
    if isinstance(tags, str):
        selection["tagStatus"] = tags
    else:
        selection["tagStatus"] = "tagged"
        selection["tagPrefixList" if more.pop("prefixes", False) else "tagPatternList"] = tags
    if count != "imageCountMoreThan":
        selection["countUnit"] = "days"
    if count == "sinceImageTransitioned":
        selection["storageClass"] = "archive"
    action = more.pop("action", "transition" if count == "sinceImagePulled" else "expire")
    return {
        "rulePriority": priority,
        "selection": selection,
        "action": {"type": action}
        if action == "expire"
        else {"type": action, "targetStorageClass": "archive"},
        **more,
    }


def policy(*rules: Any) -> LifecyclePolicy:
    return LifecyclePolicy.parse(json.dumps({"rules": list(rules)}))


def taken(
    lifecycle: LifecyclePolicy, images: list[RepositoryImage], at: datetime = NOW
) -> dict[str, tuple[str, int]]:
    return {
        each.image.digest: (each.rule.action, each.rule.priority)
        for each in lifecycle.removals(images, at, read_at=NOW)
    }


COUNT = "imageCountMoreThan"
PUSHED = "sinceImagePushed"
PULLED = "sinceImagePulled"
TRANSITIONED = "sinceImageTransitioned"


class TestExamplesOfTheUserGuide:
    """Amazon ECR user guide, "Examples of lifecycle policies": what each example says of itself."""

    def test_filtering_on_image_age(self) -> None:
        images = [
            image("old", "prod-1", pushed=15),
            image("young", "prod-2", pushed=13),
            image("other", "preprod-1", pushed=99),
        ]
        assert taken(policy(rule(1, ["prod*"], PUSHED, 14)), images) == {"old": ("expire", 1)}

    def test_filtering_on_image_count(self) -> None:
        images = [
            image("a", pushed=3),
            image("b", pushed=2),
            image("c", pushed=1),
            image("tagged", "x", pushed=9),
        ]
        assert taken(policy(rule(1, "untagged", COUNT, 1)), images) == {
            "a": ("expire", 1),
            "b": ("expire", 1),
        }

    IN_THREE = (
        image("A", "beta-1", "prod-1", pushed=10),
        image("B", "beta-2", "prod-2", pushed=9),
        image("C", "beta-3", pushed=8),
    )

    def test_multiple_rules_a(self) -> None:
        """Rule 2 sees A and B, but A has gone by rule 1, and rule 1 keeps B."""
        lifecycle = policy(
            rule(1, ["prod"], COUNT, 1, prefixes=True), rule(2, ["beta"], COUNT, 1, prefixes=True)
        )
        assert taken(lifecycle, list(self.IN_THREE)) == {"A": ("expire", 1)}

    def test_multiple_rules_b(self) -> None:
        """The same with the priorities changed about."""
        lifecycle = policy(
            rule(1, ["beta"], COUNT, 1, prefixes=True), rule(2, ["prod"], COUNT, 1, prefixes=True)
        )
        assert taken(lifecycle, list(self.IN_THREE)) == {"A": ("expire", 1), "B": ("expire", 1)}

    ALPHA_AND_BETA = (
        image("A", "alpha-1", pushed=12),
        image("B", "beta-1", pushed=11),
        image("C", "alpha-2", "beta-2", pushed=10),
        image("D", "alpha-3", pushed=4),
        image("E", "beta-3", pushed=3),
        image("F", "alpha-4", "beta-4", pushed=2),
    )

    def test_multiple_tags_in_a_single_rule(self) -> None:
        """An image needs a tag for each of the patterns."""
        lifecycle = policy(rule(1, ["alpha*", "beta*"], PUSHED, 5))
        assert taken(lifecycle, list(self.ALPHA_AND_BETA)) == {"C": ("expire", 1)}

    def test_filtering_on_all_images(self) -> None:
        """A rule on any image comes last, and counts what others have taken, too."""
        lifecycle = policy(rule(1, ["alpha*"], COUNT, 1), rule(2, "any", PUSHED, 10))
        assert taken(lifecycle, list(self.ALPHA_AND_BETA)) == {
            "A": ("expire", 1),
            "C": ("expire", 1),
            "D": ("expire", 1),
            "B": ("expire", 2),
        }

    def test_archive_what_is_not_pulled_then_expire_it(self) -> None:
        images = [
            image("idle", "v1", pushed=400, pulled=ago(90)),
            image("in use", "v2", pushed=400, pulled=ago(1)),
            image("never pulled", "v3", pushed=200),
            image("restored", "v4", pushed=400, pulled=ago(300), activated=ago(10)),
            image("archived", "v5", pushed=900, is_archived=True, archived=ago(370)),
            image("archived lately", "v6", pushed=900, is_archived=True, archived=ago(100)),
        ]
        lifecycle = policy(rule(1, "any", PULLED, 90), rule(2, "any", TRANSITIONED, 365))
        assert taken(lifecycle, images) == {
            "idle": ("archive", 1),
            "never pulled": ("archive", 1),
            "archived": ("expire", 2),
        }
        later = taken(lifecycle, images, NOW + timedelta(days=365))
        assert later["idle"] == ("expire", 2)
        assert later["in use"] == ("archive", 1)


def test_the_moment_is_that_at_which_the_image_is_due() -> None:
    images = [
        image("first", "v1", pushed=30),
        image("second", "v2", pushed=20),
        image("third", "v3", pushed=10),
        image("untagged", pushed=9),
    ]
    lifecycle = policy(rule(1, "untagged", PUSHED, 7), rule(2, "any", COUNT, 2))
    assert [(each.image.digest, each.at) for each in lifecycle.removals(images, NOW)] == [
        ("first", ago(10)),
        ("second", ago(9)),
        ("untagged", ago(2)),
    ]


@pytest.mark.parametrize(("hours", "expected"), [(-1, []), (0, ["a"]), (1, ["a"])])
def test_an_image_is_due_from_the_first_moment_on(hours: int, expected: list[str]) -> None:
    lifecycle = policy(rule(1, "untagged", PUSHED, 14))
    at = NOW + timedelta(days=14, hours=hours)
    assert list(taken(lifecycle, [image("a", pushed=0)], at)) == expected


def test_a_shielded_image_stays_whatever_later_rules_say() -> None:
    lifecycle = policy(rule(1, ["release-*"], COUNT, 9_999), rule(2, "any", PUSHED, 1))
    images = [image("kept", "release-1", "main", pushed=500), image("gone", "main-2", pushed=2)]
    assert taken(lifecycle, images) == {"gone": ("expire", 2)}


def test_an_index_protects_its_children_as_long_as_it_stays() -> None:
    index = image("index", "v1", pushed=50, children=frozenset({"amd64", "arm64"}))
    children = [image("amd64", pushed=50), image("arm64", pushed=50)]
    lifecycle = policy(rule(1, "untagged", PUSHED, 1))
    assert taken(lifecycle, [index, *children]) == {}
    untagged = replace(index, tags=frozenset())
    assert taken(lifecycle, [untagged, *children]).keys() == {"index", "amd64", "arm64"}


def test_a_child_of_two_indexes_and_an_index_in_an_index_wait_for_all_above() -> None:
    images = [
        image("top", "v2", pushed=9, children=frozenset({"inner"})),
        image("inner", pushed=50, children=frozenset({"child"})),
        image("other", pushed=50, children=frozenset({"child"})),
        image("child", pushed=50),
    ]
    lifecycle = policy(rule(1, "untagged", PUSHED, 1))
    assert taken(lifecycle, images).keys() == {"other"}
    images[0] = replace(images[0], tags=frozenset())
    removals = {each.image.digest: each.at for each in lifecycle.removals(images, NOW)}
    assert removals == {"other": ago(49), "top": ago(8), "inner": ago(8), "child": ago(8)}


def test_indexes_that_list_each_other_end() -> None:
    images = [
        image("a", pushed=9, children=frozenset({"b"})),
        image("b", pushed=9, children=frozenset({"a", "b"})),
    ]
    assert taken(policy(rule(1, "untagged", PUSHED, 1)), images) == {}


def test_a_signature_follows_its_image() -> None:
    images = [
        image("image", "v1", pushed=50),
        image("signature", "sha256-abc.sig", pushed=2, subject="image"),
    ]
    assert taken(policy(rule(1, ["v*"], PUSHED, 7)), images) == {
        "image": ("expire", 1),
        "signature": ("expire", 1),
    }


@pytest.mark.parametrize(
    ("pattern", "tag"),
    [
        ("prod", "prod"),
        ("prod*", "prod"),
        ("*", ""),
        ("a*b*c", "abc"),
        ("a*b*c", "a-b-b-c"),
        ("*test*1*2*3", "my-test-1-2-3"),
    ],
)
def test_a_star_is_any_text(pattern: str, tag: str) -> None:
    assert TagPattern(pattern).matches(tag)


@pytest.mark.parametrize(
    ("pattern", "tag"),
    [
        ("prod", "prod1"),
        ("a*a", "a"),
        ("*test*1*2*3", "my-test-1-3-2"),
        ("v1.2", "v1x2"),
        ("V*", "v1"),
    ],
)
def test_all_but_a_star_is_itself(pattern: str, tag: str) -> None:
    assert not TagPattern(pattern).matches(tag)


AGE = rule(1, "untagged", PUSHED, 14)


def changed(**selection: Any) -> Any:
    return {**AGE, "selection": {**AGE["selection"], **selection}}


REFUSED = {
    "no rules": {"rules": []},
    "no object": [],
    "a rule without a priority": {"rules": [{**AGE, "rulePriority": None}]},
    "a priority of zero": {"rules": [{**AGE, "rulePriority": 0}]},
    "a truth value for a number": {"rules": [changed(countNumber=True)]},
    "a number as text": {"rules": [changed(countNumber="14")]},
    "no days": {"rules": [changed(countNumber=0)]},
    "another unit": {"rules": [changed(countUnit="hours")]},
    "no unit": {"rules": [changed(countUnit=None)]},
    "a unit for a count": {"rules": [changed(countType=COUNT)]},
    "an unknown count": {"rules": [changed(countType="sinceImageSeen")]},
    "an unknown tag status": {"rules": [changed(tagStatus="none")]},
    "tags of untagged images": {"rules": [changed(tagPrefixList=["a"])]},
    "tagged without tags": {"rules": [changed(tagStatus="tagged")]},
    "patterns and prefixes": {
        "rules": [changed(tagStatus="tagged", tagPrefixList=["a"], tagPatternList=["a*"])]
    },
    "five wildcards": {"rules": [rule(1, ["*a*b*c*d*"], COUNT, 1)]},
    "a wildcard in a prefix": {"rules": [rule(1, ["a*"], COUNT, 1, prefixes=True)]},
    "expiry by pulls": {"rules": [rule(1, "any", PULLED, 30, action="expire")]},
    "the archive by pushes": {"rules": [changed(storageClass="archive")]},
    "the archive for 30 days": {"rules": [rule(1, "any", TRANSITIONED, 30)]},
    "archiving the archive": {"rules": [rule(1, "any", TRANSITIONED, 90, action="transition")]},
    "a transition to nowhere": {"rules": [{**AGE, "action": {"type": "transition"}}]},
    "an unknown action": {"rules": [{**AGE, "action": {"type": "delete"}}]},
    "one priority twice": {"rules": [AGE, rule(1, "any", PUSHED, 3)]},
    "untagged images twice": {"rules": [AGE, rule(2, "untagged", COUNT, 3)]},
    "the same tags twice": {
        "rules": [rule(1, ["a*", "b*"], COUNT, 1), rule(2, ["b", "a"], COUNT, 2, prefixes=True)]
    },
    "any image before others": {"rules": [rule(1, "any", COUNT, 1), rule(2, ["a*"], COUNT, 1)]},
}


@pytest.mark.parametrize("document", REFUSED.values(), ids=REFUSED.keys())
def test_what_ecr_refuses_is_an_error_of_one_line(document: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        LifecyclePolicy.parse(json.dumps(document))
    assert "ifecycle policy" in str(caught.value)
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[" * 20_000, '{"rules": ' + "9" * 5_000 + "}"])
def test_a_text_that_is_no_policy_is_an_error(text: str) -> None:
    with pytest.raises(ConfigurationError):
        LifecyclePolicy.parse(text)


def test_what_the_command_line_of_aws_prints_is_read() -> None:
    printed = {
        "registryId": "123456789012",
        "repositoryName": "web",
        "lifecyclePolicyText": json.dumps({"rules": [AGE]}),
    }
    assert LifecyclePolicy.parse(json.dumps(printed)) == policy(AGE)


# A model of the user guide's sentences, which knows nothing but the state at one moment: days pass
# one by one, each rule marks what it may, and marked images go at the end of the day.


def model(rules: list[LifecycleRule], images: list[RepositoryImage], days: int) -> dict[str, str]:
    state = {each.digest: each for each in images}
    fate: dict[str, str] = {}
    for day in range(days + 1):
        now = NOW + timedelta(days=day)
        marked: dict[str, str] = {}
        shielded: set[str] = set()
        for each in sorted(rules, key=lambda one: one.priority):
            matching = [one for one in state.values() if fits(each, one)]
            for one in overdue(each, matching, now):
                if one.digest not in shielded:
                    marked.setdefault(one.digest, each.action)
            shielded |= {one.digest for one in matching}
        for digest, action in marked.items():
            fate[digest] = action
            if action == "expire":
                del state[digest]
            else:
                state[digest] = replace(state[digest], is_archived=True, archived=now)
    return fate


def fits(rule: LifecycleRule, one: RepositoryImage) -> bool:
    if rule.is_for_archive != one.is_archived:
        return False
    match rule.tag_status:
        case "any":
            return True
        case "untagged":
            return len(one.tags) == 0
        case _:
            wanted = [each.pattern.removesuffix("*") for each in rule.patterns]
            return all(any(tag.startswith(begin) for tag in one.tags) for begin in wanted)


def overdue(
    rule: LifecycleRule, matching: list[RepositoryImage], now: datetime
) -> list[RepositoryImage]:
    if rule.count_type == COUNT:
        youngest_first = sorted(matching, key=lambda one: (one.pushed, one.digest))[::-1]
        return youngest_first[rule.count_number :]
    times = {
        PUSHED: lambda one: one.pushed,
        PULLED: lambda one: one.pulled or one.pushed,
        TRANSITIONED: lambda one: one.archived,
    }
    return [
        one
        for one in matching
        if now - times[rule.count_type](one) >= timedelta(days=rule.count_number)
    ]


TAGS = st.frozensets(st.sampled_from(["a1", "a2", "b1", "ab", "c"]), max_size=3)
AGES = st.integers(0, 30)


@st.composite
def inventories(draw: st.DrawFn) -> list[RepositoryImage]:
    count = draw(st.integers(0, 7))
    return [
        RepositoryImage(
            digest=f"sha256:{number}",
            tags=draw(TAGS),
            pushed=ago(age := draw(AGES)),
            pulled=draw(st.none() | st.integers(0, age).map(ago)),
        )
        for number in range(count)
    ]


@st.composite
def rules_of_a_policy(draw: st.DrawFn) -> list[Any]:
    wanted = draw(
        st.lists(
            st.sampled_from([("a*",), ("b*",), ("a*", "b*"), ("ab*",), "untagged", "any"]),
            unique=True,
            min_size=1,
            max_size=5,
        )
    )
    wanted.sort(key=lambda each: each == "any")
    rules = []
    for priority, tags in enumerate(wanted, 1):
        count = draw(st.sampled_from([COUNT, PUSHED, PULLED]))
        number = draw(st.integers(1, 4) if count == COUNT else st.integers(1, 40))
        more = (
            {} if count == PULLED else {"action": draw(st.sampled_from(["expire", "transition"]))}
        )
        selection = tags if isinstance(tags, str) else list(tags)
        rules.append(rule(priority, selection, count, number, **more))
    if draw(st.booleans()):
        rules.append(rule(99, "any", TRANSITIONED, draw(st.integers(90, 95))))
    return rules


@given(rules=rules_of_a_policy(), images=inventories(), days=st.integers(0, 140))
def test_the_evaluator_says_what_the_model_does(
    rules: list[Any], images: list[RepositoryImage], days: int
) -> None:
    lifecycle = policy(*rules)
    found = lifecycle.removals(images, NOW + timedelta(days=days), read_at=NOW)
    assert {each.image.digest: each.rule.action for each in found} == model(
        list(lifecycle.rules), images, days
    )
    assert len({each.image.digest for each in found}) == len(found)


@given(
    text=st.text(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["rules", "selection", "action", "rulePriority"]), inner
            )
        ),
    ).map(json.dumps)
)
def test_any_text_is_a_policy_or_an_error_of_the_library(text: str) -> None:
    with suppress(ConfigurationError):
        assert LifecyclePolicy.parse(text).rules
