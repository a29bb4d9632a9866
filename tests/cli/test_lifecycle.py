"""``pinned-images lifecycle``: the images of a lifecycle policy, from files and from ECR."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pinned_images.media_types import OCI_INDEX, OCI_MANIFEST
from tests.cli.conftest import Run
from tests.registry_aws.amazon import Moto

POLICY = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 14,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "selection": {
                "tagStatus": "tagged",
                "tagPatternList": ["dev-*"],
                "countType": "imageCountMoreThan",
                "countNumber": 1,
            },
            "action": {"type": "transition", "targetStorageClass": "archive"},
        },
    ]
}
IMAGES = {
    "imageDetails": [
        # As the AWS CLI prints times, in its version 2 and in its version 1.
        {"imageDigest": "sha256:aa", "imagePushedAt": "2026-10-01T10:00:00.5+02:00"},
        {"imageDigest": "sha256:bb", "imageTags": ["dev-1"], "imagePushedAt": 1790000000.0},
        {"imageDigest": "sha256:cc", "imageTags": ["dev-2"], "imagePushedAt": 1790000100.0},
        {"imageDigest": "sha256:dd", "imageTags": ["v1"], "imagePushedAt": 1500000000},
    ]
}


@pytest.fixture
def files(folder: Path) -> tuple[str, ...]:
    (folder / "policy.json").write_text(json.dumps(POLICY))
    (folder / "images.json").write_text(json.dumps(IMAGES))
    return "lifecycle", "policy.json", "--images", "images.json"


@pytest.mark.parametrize(
    ("at", "taken"),
    [
        ("2026-10-14", {"sha256:bb"}),
        ("2026-10-15T07:59Z", {"sha256:bb"}),
        ("2026-10-15", {"sha256:aa", "sha256:bb"}),
        ("2026-10-15T10:00:00.5+02:00", {"sha256:aa", "sha256:bb"}),
        ("2017-01-01", set()),
    ],
)
def test_the_images_that_are_taken_by_a_day_or_a_time(
    run: Run, files: tuple[str, ...], at: str, taken: set[str]
) -> None:
    result = run(*files, "--json", "--at", at)
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["version"] == 1
    assert {each["digest"] for each in document["images"]} == taken


def test_json_says_what_rule_does_what_and_since_when(run: Run, files: tuple[str, ...]) -> None:
    document = json.loads(run(*files, "--json", "--at", "2026-11-01").stdout)
    assert document["images"] == [
        {
            "digest": "sha256:bb",
            "tags": ["dev-1"],
            "action": "archive",
            "rule": 2,
            "at": "2026-09-21T14:15:00Z",
        },
        {
            "digest": "sha256:aa",
            "tags": [],
            "action": "expire",
            "rule": 1,
            "at": "2026-10-15T08:00:00.500000Z",
        },
    ]


def test_the_table_is_for_people(run: Run, files: tuple[str, ...]) -> None:
    result = run(*files, "--at", "2026-11-01")
    assert [line.split() for line in result.stdout.splitlines()[2:]] == [
        ["bb", "dev-1", "archive", "2", "2026-09-21"],
        ["aa", "untagged", "expire", "1", "2026-10-15"],
    ]
    assert result.stderr == "2 of 4 images taken by 2026-11-01.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Name the images"),
        (["policy.json"], "Name the images"),
        (["--images", "images.json"], "Name a file with the lifecycle policy"),
        (["policy.json", "--images", "images.json", "--repository", "web"], "Name the images"),
        (["policy.json", "--images", "images.json", "--at", "soon"], "2027-03-31"),
        (["policy.json", "--images", "absent.json"], "absent.json"),
        (["policy.json", "--repository", "web"], "--region"),
    ],
)
def test_wrong_use_exits_with_2(
    run: Run, files: tuple[str, ...], clean_environment: None, arguments: list[str], said: str
) -> None:
    result = run(files[0], *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize(
    ("policy", "images"),
    [
        ("{", json.dumps(IMAGES)),
        ("{}", json.dumps(IMAGES)),
        (json.dumps(POLICY), "[1]"),
        (json.dumps(POLICY), '{"imageDetails": [{"imageDigest": "sha256:a"}]}'),
        (json.dumps(POLICY), '[{"imageDigest": "sha256:a", "imagePushedAt": "yesterday\\u001b"}]'),
        (json.dumps(POLICY), '[{"imageDigest": "sha256:a", "imagePushedAt": 1e300}]'),
    ],
)
def test_a_file_that_is_something_else_is_one_line(
    run: Run, folder: Path, policy: str, images: str
) -> None:
    (folder / "policy.json").write_text(policy)
    (folder / "images.json").write_text(images)
    result = run("lifecycle", "policy.json", "--images", "images.json")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert "\x1b" not in result.stderr


def index_of(*digests: str) -> str:
    entries = [{"mediaType": "m", "digest": digest, "size": 1} for digest in digests]
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})


def test_a_repository_is_read_with_its_policy_and_indexes_protect_their_children(
    run: Run, moto: Moto
) -> None:
    child, stray = "sha256:" + "c" * 64, "sha256:" + "d" * 64
    ecr = moto.client("ecr", "eu-west-1")
    moto.push("web", {"v1": index_of(child)}, media_type=OCI_INDEX)
    for digest in (child, stray):
        manifest = json.dumps({"schemaVersion": 2, "config": {"digest": digest}})
        ecr.put_image(
            repositoryName="web",
            imageManifest=manifest,
            imageManifestMediaType=OCI_MANIFEST,
            imageDigest=digest,
        )
    # moto does not know of rules that archive.
    text = json.dumps({"rules": POLICY["rules"][:1]})
    ecr.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=text)
    arguments = ["lifecycle", "--repository", "web", "--region", "eu-west-1", "--at", "2999-01-01"]
    document = json.loads(run(*arguments, "--json").stdout)
    assert [each["digest"] for each in document["images"]] == [stray]


def test_a_repository_without_a_policy_loses_nothing(run: Run, moto: Moto) -> None:
    moto.push("web", {"v1": "{}"})
    result = run("lifecycle", "--repository", "web", "--region", "eu-west-1")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "has no lifecycle policy" in result.stderr


def test_the_profile_that_is_named_is_used(run: Run, moto: Moto) -> None:
    result = run("lifecycle", "--repository", "web", "--region", "eu-west-1", "--profile", "absent")
    assert result.exit_code == 3
    assert "absent" in result.stderr


def test_a_repository_that_is_not_there_is_one_line(run: Run, moto: Moto) -> None:
    result = run("lifecycle", "--repository", "web", "--region", "eu-west-1")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: The repository 'web' could not be read in eu-west-1: ")
    assert result.stderr.count("\n") == 1
