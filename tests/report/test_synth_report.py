"""The record of a synth as a file: stable bytes, read back, refused where it is something else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinned_images.errors import ConfigurationError
from pinned_images.lockfile import LockKey
from pinned_images.reference import Platform
from pinned_images.report import FILE_NAME, SiteRecord, SynthReport

words = st.text(max_size=8)
records = st.builds(
    SiteRecord,
    stack=words,
    construct_path=words,
    resource_type=words,
    property_path=words,
    reference=words,
    resolved_by=st.sampled_from(["registry", "exempt", "failed", "lock-file"]),
    platforms=st.lists(words, max_size=2).map(tuple),
    selected=st.booleans(),
    reason=st.none() | words,
)


def test_the_file_says_what_is_known_in_the_words_of_cdk(record: SiteRecord) -> None:
    assert json.loads(SynthReport.of([record]).to_json()) == {
        "version": 1,
        "images": [
            {
                "stack": "Shop-Web",
                "constructPath": "Shop/Web/Task",
                "resourceType": "AWS::ECS::TaskDefinition",
                "propertyPath": "ContainerDefinitions[0].Image",
                "reference": "nginx:1.25",
                "resolvedBy": "registry",
                "pinned": record.pinned,
                "digest": record.digest,
                "mediaType": "application/vnd.oci.image.index.v1+json",
                "platforms": ["linux/amd64", "linux/arm64"],
                "platform": "linux/arm64",
                "origin": "registry-1.docker.io",
            }
        ],
    }


@given(st.lists(records, max_size=4))
def test_what_is_written_is_read_back_and_written_to_the_same_bytes(
    some: list[SiteRecord],
) -> None:
    report = SynthReport.of(some)
    assert SynthReport.from_json(report.to_json()) == report
    assert SynthReport.of(reversed(some)).to_json() == report.to_json()


def test_a_synth_that_failed_as_a_whole_is_told_from_one_without_images(
    record: SiteRecord,
) -> None:
    report = SynthReport.of([record], failure="The lock file \ud800 is broken.")
    assert '"failure": "The lock file \\\\ud800 is broken."' in report.to_json()
    read = SynthReport.from_json(report.to_json()).keeping(report)
    assert (read.records, read.failure) == ((record,), "The lock file \\ud800 is broken.")
    assert "failure" not in SynthReport().to_json()


def test_records_are_in_the_order_of_their_places(record: SiteRecord) -> None:
    paths = [f"ContainerDefinitions[{number}].Image" for number in (10, 9, 1)]
    report = SynthReport.of(replace(record, property_path=path) for path in paths)
    assert [one.property_path for one in report.records] == paths[::-1]


def test_stacks_are_in_the_order_of_their_numbers(record: SiteRecord) -> None:
    report = SynthReport.of(replace(record, stack=f"Web{number}") for number in (10, 9, 1))
    assert list(report.by_stack()) == ["Web1", "Web9", "Web10"]


@pytest.mark.parametrize("place", ["folder", "file"])
def test_a_report_is_written_to_a_cloud_assembly_and_read_from_it(
    tmp_path: Path, report: SynthReport, place: str
) -> None:
    path = tmp_path if place == "folder" else tmp_path / FILE_NAME
    assert report.write(path) == tmp_path / FILE_NAME
    assert SynthReport.read(path) == report
    assert [file.name for file in tmp_path.iterdir()] == [FILE_NAME]


def test_a_report_that_is_not_there_is_an_error_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no report at .*synthesize the app"):
        SynthReport.read(tmp_path)


def test_a_report_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written"):
        SynthReport().write(tmp_path / "absent" / "report.json")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(b"", "no report", id="empty"),
        pytest.param(b"\xff", "no report", id="not-utf-8"),
        pytest.param(b"[]", "no report", id="a-list"),
        pytest.param(b'{"version": 1}', "no report", id="no-images"),
        pytest.param(b'{"version": 1, "images": [{"stack": "x"}]}', "construct_path", id="half"),
        pytest.param(b'{"version": 2, "images": 5}', "schema 2, newer", id="newer"),
        pytest.param(b'{"images": []}', "its version is none", id="without-a-version"),
        pytest.param(b'{"version": 0, "images": []}', "its version is none", id="older"),
        pytest.param(b'{"version": true, "images": []}', "its version is none", id="no-number"),
    ],
)
def test_a_text_that_is_no_report_is_refused_by_name(text: bytes, words: str) -> None:
    with pytest.raises(ConfigurationError, match=r"cdk\.out/pinned-images\.json") as caught:
        SynthReport.from_json(text, "cdk.out/pinned-images.json")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        pytest.param({}, LockKey("docker.io/library/nginx:1.25"), id="tag"),
        pytest.param({"reference": "nginx"}, LockKey("docker.io/library/nginx:latest"), id="none"),
        pytest.param(
            {"selected": True},
            LockKey("docker.io/library/nginx:1.25", Platform("linux", "arm64")),
            id="selected",
        ),
        pytest.param({"reference": '{"Ref": "Image"}'}, None, id="not-known"),
        pytest.param({"selected": True, "platform": "arm"}, None, id="no-platform"),
        pytest.param({"resolved_by": "exempt"}, None, id="exempt"),
        pytest.param({"resolved_by": "asset"}, None, id="asset"),
    ],
)
def test_a_record_knows_the_entry_of_the_lock_file_that_it_uses(
    record: SiteRecord, changes: dict[str, Any], key: LockKey | None
) -> None:
    assert replace(record, **changes).lock_key == key
