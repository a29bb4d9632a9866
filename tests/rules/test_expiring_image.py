"""Pinned images that the lifecycle policy of the app's own repository would take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pinned_images.ecr.lifecycle_policy import LifecyclePolicy
from pinned_images.ecr.protection import shielding_rule
from tests.rules.assemblies import DIGEST, examined, task, write_stack

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
IMAGE = f"{HOST}/team/app:v1@{DIGEST}"


def rule(tag_status: str, count: str = "sinceImagePushed", number: int = 14, **more: Any) -> Any:
    selection = {"tagStatus": tag_status, "countType": count, "countNumber": number, **more}
    if count != "imageCountMoreThan":
        selection["countUnit"] = "days"
    action = {"type": "transition", "targetStorageClass": "archive"}
    expire = {"type": "expire"}
    return {"selection": selection, "action": action if count == "sinceImagePulled" else expire}


def warnings(
    folder: Path, *rules: Any, image: Any = IMAGE, name: Any = "team/app", **properties: Any
) -> list[str]:
    """What is said of an image; the app has its repository with a policy of these rules."""
    numbered = [{"rulePriority": number, **each} for number, each in enumerate(rules, 1)]
    policy = {"LifecyclePolicyText": json.dumps({"rules": numbered})}
    repository = {
        "Type": "AWS::ECR::Repository",
        "Properties": {"RepositoryName": name, "LifecyclePolicy": policy, **properties},
    }
    stack = write_stack(folder, {"Repository": repository, "Task": task(image)})
    return [
        each.problem.what for each in examined(stack).violations if each.rule.id == "expiring-image"
    ]


def test_an_image_that_its_repository_would_expire_without_its_tag(tmp_path: Path) -> None:
    [warning] = warnings(tmp_path, rule("untagged"))
    assert warning == (
        f"The image {HOST}/team/app:v1 at ContainerDefinitions[0].Image would expire in its "
        "repository once its tag names another image: rule 1 expires untagged images 14 days "
        "after their push. What still runs it could then start no further task."
    )


@pytest.mark.parametrize(
    ("rules", "part"),
    [
        pytest.param([rule("any")], "rule 1 expires all images 14 days after", id="any"),
        pytest.param(
            [rule("tagged", "imageCountMoreThan", 5, tagPatternList=["v*"])],
            "expire in its repository as it is: rule 1 expires images tagged v* beyond the 5",
            id="as it is tagged",
        ),
        pytest.param(
            [rule("any", "sinceImagePulled", 90)],
            "would archive in its repository",
            id="archived",
        ),
        pytest.param(
            [rule("tagged", tagPrefixList=["dev-"]), rule("untagged", "imageCountMoreThan", 3)],
            "rule 2 expires untagged images beyond the 3 newest",
            id="of another rule's tags",
        ),
    ],
)
def test_the_rule_that_decides_is_named(tmp_path: Path, rules: list[Any], part: str) -> None:
    [warning] = warnings(tmp_path, *rules)
    assert part in warning


@pytest.mark.parametrize(
    ("rules", "more"),
    [
        pytest.param([rule("tagged", tagPrefixList=["dev-"])], {}, id="of other tags"),
        pytest.param(
            [rule("untagged")], {"ImageTagMutability": "IMMUTABLE"}, id="immutable repository"
        ),
        pytest.param(
            [rule("untagged")],
            {
                "ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
                "ImageTagMutabilityExclusionFilters": [
                    {
                        "ImageTagMutabilityExclusionFilterType": "WILDCARD",
                        "ImageTagMutabilityExclusionFilterValue": "latest",
                    }
                ],
            },
            id="immutable tag",
        ),
        pytest.param([rule("untagged")], {"name": "team/other"}, id="another repository"),
        pytest.param([rule("untagged")], {"image": f"nginx:1@{DIGEST}"}, id="another registry"),
        pytest.param(
            [rule("untagged")],
            {"image": f"{HOST.replace('eu-west-1', 'us-east-1')}/team/app:v1@{DIGEST}"},
            id="another region",
        ),
        pytest.param([rule("untagged")], {"image": f"{HOST}/team/app:v1"}, id="unpinned"),
        pytest.param(
            [rule("any", "imageCountMoreThan", 9_999), rule("nonsense")], {}, id="broken policy"
        ),
        pytest.param([rule("any", "imageCountMoreThan", 9_999)], {}, id="shielded"),
    ],
)
def test_what_stays_is_no_warning(tmp_path: Path, rules: list[Any], more: dict[str, Any]) -> None:
    assert warnings(tmp_path, *rules, **more) == []


def test_a_mutable_tag_of_an_immutable_repository_may_move(tmp_path: Path) -> None:
    excluded = {
        "ImageTagMutabilityExclusionFilterType": "WILDCARD",
        "ImageTagMutabilityExclusionFilterValue": "v*",
    }
    [warning] = warnings(
        tmp_path,
        rule("untagged"),
        ImageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        ImageTagMutabilityExclusionFilters=[excluded],
    )
    assert "once its tag names another image" in warning


def test_the_rule_that_is_advised_is_one_that_ecr_takes_and_spares_digests_in_use(
    tmp_path: Path,
) -> None:
    advised = json.loads(shielding_rule())
    following = {"rulePriority": 2, **rule("any")}
    policy = LifecyclePolicy.parse(json.dumps({"rules": [advised, following]}))
    assert policy.rules[0].priority == 1
    del advised["rulePriority"]
    in_use = f"{HOST}/team/app:in-use-aaaaaaaaaaaa@{DIGEST}"
    assert warnings(tmp_path, advised, rule("tagged", tagPrefixList=["in"]), image=in_use) == []
