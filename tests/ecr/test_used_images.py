"""Images in use out of the answers of AWS, and what is found about them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from pinned_images.cli.documents.aws_documents import DeployedImage
from pinned_images.ecr.inventory import RepositoryImage
from pinned_images.ecr.lifecycle_policy import LifecyclePolicy
from pinned_images.ecr.used_images import (
    Finding,
    RegistryAnswer,
    UsedImage,
    UsedImages,
    expiries,
    findings_of,
)
from pinned_images.ecr.workloads import Use, uses_of
from pinned_images.reference import ImageReference, Platform

REPOSITORY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web"
OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64
NOW = datetime(2027, 1, 31, tzinfo=timezone.utc)
CLUSTER = "arn:aws:ecs:eu-west-1:123456789012:cluster/shop"
SERVICE: dict[str, Any] = {
    "serviceName": "front",
    "serviceArn": "arn:aws:ecs:eu-west-1:123456789012:service/shop/front",
    "clusterArn": CLUSTER,
    "taskDefinition": "front:1",
    "runningCount": 1,
}


def task(digest: str | None, group: str = "service:front", **container: str) -> dict[str, Any]:
    known = {} if digest is None else {"imageDigest": digest}
    return {
        "taskArn": "arn:aws:ecs:eu-west-1:123456789012:task/shop/1",
        "clusterArn": CLUSTER,
        "group": group,
        "taskDefinitionArn": "front:1",
        "containers": [{"name": "app", "image": f"{REPOSITORY}:v1", **known, **container}],
    }


def definition(image: str = f"{REPOSITORY}:v1", **container: str) -> dict[str, Any]:
    return {
        "containerDefinitions": [{"name": "app", "image": image, **container}],
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
    }


def used(*uses: Use) -> UsedImage:
    [image] = UsedImages.of(uses).images
    return image


def service_use(image: str = f"{REPOSITORY}:v1", digest: str | None = OLD, **more: Any) -> Use:
    return Use(
        kind="service",
        name=SERVICE["serviceArn"],
        image=image,
        container="app",
        digest=digest,
        is_recorded=digest is not None,
        **more,
    )


def kinds(image: UsedImage, **answers: RegistryAnswer) -> list[str]:
    assert image.tagged is not None
    known: dict[tuple[ImageReference, Platform | None], RegistryAnswer] = {
        (image.tagged, None): answers.get("tag", RegistryAnswer("present", OLD)),
        (image.pulled, None): answers.get("pulled", RegistryAnswer("present", OLD)),
    }
    return [finding.kind for finding in findings_of(image, known)]


def test_the_revision_of_a_service_counts_before_its_tasks() -> None:
    images = [{"containerName": "app", "image": f"{REPOSITORY}:v1", "imageDigest": OLD}]
    found = uses_of(
        services=[{**SERVICE, "currentServiceRevisions": [{"arn": "r"}]}],
        revisions={"r": {"taskDefinition": "front:1", "containerImages": images}},
        tasks=[task(OLD), task(NEW)],
    )
    assert [(use.kind, use.digest, use.is_recorded) for use in found] == [
        ("service", OLD, True),
        ("task", NEW, False),
    ]


@pytest.mark.parametrize(
    ("tasks", "digest"),
    [([task(OLD)], OLD), ([task(None)], None), ([], None)],
    ids=["a task with a digest", "a task that has not pulled yet", "no task"],
)
def test_a_service_without_revisions(tasks: list[dict[str, Any]], digest: str | None) -> None:
    [use] = uses_of(services=[SERVICE], tasks=tasks, task_definitions={"front:1": definition()})
    assert (use.kind, use.image, use.digest) == ("service", f"{REPOSITORY}:v1", digest)


def test_a_service_of_task_sets_uses_the_images_of_each() -> None:
    sets = [{"taskDefinition": "blue"}, {"taskDefinition": "green"}]
    found = uses_of(
        services=[{**SERVICE, "taskDefinition": None, "taskSets": sets}],
        task_definitions={"blue": definition("app:1"), "green": definition("app:2")},
    )
    assert [use.image for use in found] == ["app:1", "app:2"]


def test_a_task_on_its_own_is_seen_without_a_digest_too() -> None:
    found = uses_of(tasks=[task(OLD, "family:job"), task(None, "family:job")])
    assert [(use.kind, use.digest) for use in found] == [("task", OLD), ("task", None)]


def test_tasks_of_one_name_in_another_cluster_are_not_those_of_the_service() -> None:
    other = {**task(NEW), "clusterArn": f"{CLUSTER}-2"}
    found = uses_of(services=[SERVICE], tasks=[other], task_definitions={"front:1": definition()})
    assert [(use.kind, use.digest) for use in found] == [("service", None), ("task", NEW)]


def test_a_platform_counts_where_no_task_runs() -> None:
    definitions = {"front:1": definition()}
    for running, platform in ((1, None), (0, Platform.parse("linux/arm64"))):
        [use] = uses_of(
            services=[{**SERVICE, "runningCount": running}], task_definitions=definitions
        )
        assert use.platform == platform


def test_answers_with_nothing_in_them_are_no_image() -> None:
    assert uses_of(services=[{}], tasks=[{}], functions=[{}], rules=[("r", "absent")]) == []


def test_an_image_that_is_none_is_told_and_the_others_are_seen() -> None:
    found = UsedImages.of([service_use("a b\x1b"), service_use(digest="sha256:1"), service_use()])
    assert len(found.images) == 1
    assert len(found.unseen) == 2
    assert all(sentence.isprintable() for sentence in found.unseen)


def test_the_written_digest_counts_more_than_the_recorded_one() -> None:
    image = used(service_use(f"{REPOSITORY}:v1@{NEW}"))
    assert (image.digest, str(image.pulled)) == (NEW, f"{REPOSITORY}@{NEW}")


@pytest.mark.parametrize(
    ("state", "found"), [("gone", ["gone"]), ("archived", ["archived"]), ("unknown", [])]
)
def test_the_state_of_what_is_pulled(state: Any, found: list[str]) -> None:
    image = used(service_use(f"{REPOSITORY}:v1@{OLD}"))
    assert kinds(image, pulled=RegistryAnswer(state)) == found


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        (RegistryAnswer("present", OLD), []),
        (RegistryAnswer("present", NEW), ["moved"]),
        (RegistryAnswer("gone"), ["moved"]),
        (RegistryAnswer("unknown"), []),
    ],
)
def test_the_tag_since_the_deployment(tag: RegistryAnswer, found: list[str]) -> None:
    assert kinds(used(service_use(f"{REPOSITORY}:v1@{OLD}")), tag=tag) == found


def test_a_task_that_reports_another_digest_than_its_tag_is_not_moved() -> None:
    """An agent may report the manifest of its platform, which the tag's index lists."""
    use = Use(kind="task", name="t", image=f"{REPOSITORY}:v1@{OLD}", digest=OLD)
    assert kinds(used(use), tag=RegistryAnswer("present", NEW)) == []


def test_version_consistency_that_is_disabled() -> None:
    [use] = uses_of(
        services=[{**SERVICE, "currentServiceRevisions": [{"arn": "r"}]}],
        revisions={
            "r": {
                "taskDefinition": "front:1",
                "containerImages": [{"containerName": "app", "image": f"{REPOSITORY}:v1"}],
            }
        },
        task_definitions={"front:1": definition(versionConsistency="disabled")},
    )
    assert kinds(used(use)) == ["version-consistency", "unpinned"]


def rule(status: str, kind: str, number: int, priority: int = 1, **more: Any) -> dict[str, Any]:
    days = {} if kind == "imageCountMoreThan" else {"countUnit": "days"}
    selection = {"tagStatus": status, "countType": kind, "countNumber": number, **days, **more}
    return {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}


def expiry_of(*rules: dict[str, Any], tags: frozenset[str] = frozenset({"v1"})) -> Finding | None:
    image = used(service_use(f"{REPOSITORY}:v1@{OLD}"))
    inventory = [
        RepositoryImage(digest=OLD, tags=tags, pushed=NOW - timedelta(days=10)),
        RepositoryImage(digest=NEW, pushed=NOW),
    ]
    policy = LifecyclePolicy.of_document({"rules": list(rules)})
    assert image.digest is not None
    return expiries([image], policy, inventory, NOW).get((image.reference, image.digest))


@pytest.mark.parametrize(
    ("rules", "day"),
    [
        ([rule("untagged", "sinceImagePushed", 30)], 20),
        ([rule("untagged", "sinceImagePushed", 5)], 0),
        ([rule("any", "sinceImagePushed", 15)], 5),
        ([rule("tagged", "sinceImagePushed", 12, tagPrefixList=["v"])], 2),
        ([rule("untagged", "imageCountMoreThan", 1)], 0),
        # What one rule of a higher priority keeps by its count is not taken by the next.
        (
            [
                rule("untagged", "imageCountMoreThan", 999_999),
                rule("any", "sinceImagePushed", 1, priority=2),
            ],
            0,
        ),
    ],
)
def test_the_day_on_which_a_policy_takes_an_image(rules: list[dict[str, Any]], day: int) -> None:
    finding = expiry_of(*rules)
    assert finding is not None
    assert finding.at == NOW + timedelta(days=day)


def test_a_rule_that_counts_takes_it_after_further_pushes() -> None:
    finding = expiry_of(rule("untagged", "imageCountMoreThan", 5))
    assert finding is not None
    assert finding.at is None
    assert "after further pushes" in finding.message


@pytest.mark.parametrize(
    ("rules", "tags"),
    [
        ([rule("tagged", "sinceImagePushed", 1, tagPrefixList=["dev-"])], {"v1"}),
        ([rule("untagged", "sinceImagePushed", 1)], {"v1", "in-use-aaaaaaaaaaaa"}),
        ([rule("untagged", "imageCountMoreThan", 999_999)], {"v1"}),
    ],
)
def test_an_image_that_no_rule_takes(rules: list[dict[str, Any]], tags: set[str]) -> None:
    assert expiry_of(*rules, tags=frozenset(tags)) is None


def test_images_outside_of_ecr_have_no_account() -> None:
    image = DeployedImage.of(used(service_use("nginx:1.25")))
    assert (image.account, image.region, image.repository) == (None, None, "library/nginx")
