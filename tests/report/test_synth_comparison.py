"""What changed between two synths, as plain data."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinned_images.reference import Digest
from pinned_images.report import SiteRecord, SynthReport
from pinned_images.report.comparison.synth_comparison import ImageChange, Kind, SynthComparison
from tests.hostile import ANY_TEXT, assert_work_is_linear
from tests.report.conftest import NGINX, a_record, unpinned

OTHER = Digest.of(b"another")
ASSETS = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/assets"
ANYWHERE = json.dumps({"Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/a:%s"})


def container(number: int, **changes: Any) -> SiteRecord:
    return a_record(property_path=f"ContainerDefinitions[{number}].Image", **changes)


def compared(before: list[SiteRecord], after: list[SiteRecord]) -> SynthComparison:
    return SynthComparison.of(SynthReport.of(before), SynthReport.of(after))


def change_of(before: list[SiteRecord], after: list[SiteRecord]) -> ImageChange:
    [change] = compared(before, after).changes
    return change


EXEMPT = unpinned(resolved_by="exempt", reason="Built each night.")
FAILED = unpinned(resolved_by="failed", reason="There is no tag '1.25'.")


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        pytest.param([], [a_record()], ("added",), id="added"),
        pytest.param([a_record()], [], ("removed",), id="removed"),
        pytest.param([a_record()], [a_record(digest=OTHER)], ("digest",), id="digest"),
        pytest.param(
            [a_record()],
            [a_record(reference="nginx:1.26", digest=OTHER)],
            ("tag", "digest"),
            id="tag",
        ),
        pytest.param(
            [a_record()], [a_record(reference="nginx:1.25.3")], ("tag",), id="same-digest-other-tag"
        ),
        pytest.param([a_record()], [EXEMPT], ("exempt",), id="exempt"),
        pytest.param([EXEMPT], [a_record()], ("no-longer-exempt",), id="no-longer-exempt"),
        pytest.param(
            [EXEMPT],
            [unpinned(resolved_by="exempt", reason="By hand.")],
            ("exemption-reason",),
            id="exemption-reason",
        ),
        pytest.param([], [EXEMPT], ("exempt", "added"), id="added-exempt"),
        pytest.param([a_record()], [FAILED], ("failed",), id="failed"),
        pytest.param([FAILED], [a_record()], ("no-longer-failed",), id="no-longer-failed"),
        pytest.param([], [FAILED], ("failed", "added"), id="added-failed"),
        pytest.param([a_record()], [a_record(stack="Shop-Jobs")], ("moved",), id="moved"),
        pytest.param(
            [a_record()],
            [a_record(reference="httpd:2", digest=OTHER)],
            ("replaced", "digest"),
            id="replaced",
        ),
        pytest.param(
            [a_record()],
            [a_record(reference="public.ecr.aws/docker/library/nginx:1.25")],
            ("replaced",),
            id="from-another-registry",
        ),
        pytest.param(
            [a_record()], [a_record(platform="linux/amd64")], ("platform",), id="platform"
        ),
        pytest.param(
            [unpinned(reference=f"{ASSETS}:{'5' * 64}", resolved_by="asset")],
            [unpinned(reference=f"{ASSETS}:{'6' * 64}", resolved_by="asset")],
            ("rebuilt",),
            id="asset",
        ),
        pytest.param(
            [unpinned(reference=ANYWHERE % ("5" * 64), resolved_by="asset")],
            [unpinned(reference=ANYWHERE % ("6" * 64), resolved_by="asset")],
            ("rebuilt",),
            id="asset-of-any-account",
        ),
        pytest.param(
            [a_record()],
            [a_record(), a_record(stack="Shop-Jobs")],
            ("more-places",),
            id="more-places",
        ),
        pytest.param(
            [a_record(), a_record(stack="Shop-Jobs")],
            [a_record()],
            ("fewer-places",),
            id="fewer-places",
        ),
    ],
)
def test_the_kind_of_a_change(
    before: list[SiteRecord], after: list[SiteRecord], kinds: tuple[Kind, ...]
) -> None:
    change = change_of(before, after)
    assert change.kinds == kinds
    assert (change.before is None) == ("added" in kinds)
    assert (change.after is None) == ("removed" in kinds)


@pytest.mark.parametrize(
    "after",
    [
        pytest.param([a_record(resolved_by="lock-file", origin="a.lock")], id="other-source"),
        pytest.param([a_record(platforms=())], id="platforms-not-learned"),
        pytest.param([a_record(platform=None)], id="platform-not-known"),
        pytest.param([a_record(reference="docker.io/library/nginx:1.25")], id="other-spelling"),
        pytest.param([a_record(construct_path="Shop/Web/Renamed")], id="other-construct"),
        pytest.param([container(3)], id="other-index"),
        pytest.param([a_record(resolved_by="already-pinned")], id="written-in-the-app"),
    ],
)
def test_what_is_deployed_is_compared_and_not_how_it_was_learned(after: list[SiteRecord]) -> None:
    comparison = compared([a_record()], after)
    assert (comparison.changes, comparison.unchanged) == ((), 1)


def test_another_error_of_an_image_that_failed_is_no_change() -> None:
    assert not compared([FAILED], [unpinned(resolved_by="failed", reason="Timed out.")]).changes


def test_a_container_in_front_of_others_moves_none_of_them() -> None:
    names = ["nginx:1.25", "nginx:1.26", "redis:7"]
    digests = [Digest.of(name.encode()) for name in names]
    before = [
        container(number, reference=name, digest=digest)
        for number, (name, digest) in enumerate(zip(names, digests, strict=True))
    ]
    after = [
        container(0, reference="envoy:1", digest=OTHER),
        *(
            container(number + 1, reference=name, digest=digest)
            for number, (name, digest) in enumerate(zip(names, digests, strict=True))
        ),
    ]
    change = change_of(before, after)
    assert (change.kinds, change.current.reference) == (("added",), "envoy:1")


def test_another_image_replaces_one_in_its_container_and_not_at_its_index() -> None:
    before = container(0, container="web")
    same = container(2, container="web", reference="httpd:2", digest=OTHER)
    other = container(0, container="proxy", reference="envoy:1", digest=OTHER)
    assert change_of([before], [same]).kinds == ("replaced", "digest")
    kinds = [each.kinds for each in compared([before], [other]).changes]
    assert kinds == [("added",), ("removed",)]


def test_a_container_is_known_by_its_name_whatever_its_index() -> None:
    before = [
        container(0, container="web", reference="nginx:1.25", digest=NGINX),
        container(1, container="proxy", reference="nginx:1.26", digest=OTHER),
    ]
    after = [
        container(0, container="proxy", reference="nginx:1.27", digest=NGINX),
        container(1, container="web", reference="nginx:1.26", digest=OTHER),
    ]
    found = {
        change.places[0].container: (change.before and change.before.tag, change.current.tag)
        for change in compared(before, after).changes
    }
    assert found == {"web": ("1.25", "1.26"), "proxy": ("1.26", "1.27")}


def test_the_stacks_of_one_change_are_one_row_with_each_platform() -> None:
    def everywhere(**changes: Any) -> list[SiteRecord]:
        return [
            a_record(stack="B", platform="linux/amd64", **changes),
            a_record(stack="A", platform="linux/arm64", **changes),
        ]

    change = change_of(everywhere(), everywhere(digest=OTHER))
    assert change.stacks == ("A", "B")
    assert change.platforms == ("linux/amd64", "linux/arm64")


def test_platforms_that_a_new_digest_lacks_and_those_it_has_got_are_told() -> None:
    change = change_of([a_record()], [a_record(digest=OTHER, platforms=("linux/amd64", "linux/s"))])
    assert change.lost_platforms == ("linux/arm64",)
    assert change.new_platforms == ("linux/s",)


def test_platforms_that_are_not_known_are_not_lost() -> None:
    change = change_of([a_record()], [a_record(digest=OTHER, platforms=())])
    assert change.lost_platforms == ()


def test_an_image_that_moved_names_both_stacks() -> None:
    change = change_of([a_record(stack="Old")], [a_record(stack="New")])
    assert (change.moved_from, change.stacks) == (("Old",), ("New",))


def test_a_stack_with_another_name_whose_images_have_changed_too_is_recognized() -> None:
    before = a_record(stack="Staging/Web", construct_path="Staging/Web/Task")
    after = a_record(
        stack="Production/Web", construct_path="Production/Web/Task", reference="nginx:1.26"
    )
    change = change_of([before], [after])
    assert change.kinds == ("tag", "moved")
    assert (change.moved_from, change.stacks) == (("Staging/Web",), ("Production/Web",))
    elsewhere = a_record(stack="B", construct_path="B/Other", reference="nginx:1.26")
    assert len(compared([before], [elsewhere]).changes) == 2


def test_assets_of_other_constructs_are_not_taken_for_one_another() -> None:
    before = unpinned(
        construct_path="Shop/A", reference=f"{ASSETS}:{'5' * 64}", resolved_by="asset"
    )
    after = unpinned(construct_path="Shop/B", reference=f"{ASSETS}:{'6' * 64}", resolved_by="asset")
    assert [each.kinds for each in compared([before], [after]).changes] == [
        ("added",),
        ("removed",),
    ]


def test_the_json_has_whole_digests_places_and_a_version() -> None:
    document = json.loads(compared([a_record()], [a_record(digest=OTHER)]).to_json())
    [change] = document.pop("changes")
    assert document == {"version": 1, "changed": True, "unchangedPlaces": 0}
    assert (change["before"]["digest"], change["after"]["digest"]) == (NGINX, OTHER)
    assert change["stacks"] == ["Shop-Web"]
    [place] = change["places"]
    assert place == {
        "stack": "Shop-Web",
        "constructPath": "Shop/Web/Task",
        "propertyPath": "ContainerDefinitions[0].Image",
    }


REFERENCES = st.sampled_from(["nginx:1.25", "nginx:1.26", "redis:7", f"{ASSETS}:{'5' * 64}"])
RECORDS = st.lists(
    st.builds(
        a_record,
        stack=st.sampled_from(["A", "B"]),
        construct_path=st.sampled_from(["X", "Y"]),
        property_path=st.sampled_from(["[0]", "[1]"]),
        container=st.sampled_from(["web", "proxy", None]),
        reference=REFERENCES | ANY_TEXT,
        resolved_by=st.sampled_from(["registry", "asset", "exempt", "failed"]),
        digest=st.sampled_from([NGINX, OTHER, None]),
        platform=st.sampled_from(["linux/amd64", "linux/arm64", None]),
    ),
    max_size=8,
)


@settings(max_examples=50)
@given(RECORDS)
def test_an_app_has_no_changes_against_itself(records: list[SiteRecord]) -> None:
    comparison = compared(records, records)
    assert comparison.changes == ()
    assert comparison.unchanged == len(set(records))


@settings(max_examples=50)
@given(RECORDS, RECORDS)
def test_every_change_is_of_a_kind_and_the_other_way_round_there_are_as_many(
    before: list[SiteRecord], after: list[SiteRecord]
) -> None:
    there, back = compared(before, after), compared(after, before)
    assert all(change.kinds for change in there.changes)
    assert there.unchanged == back.unchanged
    for kind, opposite in (("added", "removed"), ("more-places", "fewer-places")):
        counts = [
            sum(len(each.places) for each in one.changes if name in each.kinds)
            for one, name in ((there, kind), (back, opposite))
        ]
        assert counts[0] == counts[1]


@settings(max_examples=50)
@given(RECORDS, RECORDS)
def test_the_order_of_the_records_does_not_count(
    before: list[SiteRecord], after: list[SiteRecord]
) -> None:
    assert compared(before, after).to_json() == compared(before[::-1], after[::-1]).to_json()


def test_twice_as_many_images_are_twice_the_work() -> None:
    def compare(size: int) -> Callable[[], object]:
        before, after = (
            SynthReport.of(
                a_record(
                    stack=f"{stack}{number % 7}",
                    reference=f"app{size}:{number}",
                    digest=Digest.of(f"{number * factor}".encode()),
                )
                for number in range(size)
            )
            for stack, factor in (("A", 1), ("B", 2))
        )
        return lambda: SynthComparison.of(before, after)

    assert_work_is_linear(compare)
