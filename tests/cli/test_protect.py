"""``pinned-images protect`` and ``release``, with moto's ECR."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pinned_images.cli.application import application
from pinned_images.lockfile import LockFile, LockKey
from pinned_images.lockfile.entries import LockEntry
from pinned_images.reference import Digest
from pinned_images.report import SynthReport
from pinned_images.report.synth_report import SiteRecord
from tests.cli.conftest import Run
from tests.registry_aws.amazon import (
    HOME_ACCOUNT,
    OTHER_ACCOUNT,
    FakeAws,
    Moto,
    error,
    host_of,
    manifest_of,
)

HOST = host_of(HOME_ACCOUNT, "eu-west-1")


def rules(*selections: dict[str, Any]) -> str:
    return json.dumps(
        {
            "rules": [
                {"rulePriority": number, "selection": each, "action": {"type": "expire"}}
                for number, each in enumerate(selections, 1)
            ]
        }
    )


UNTAGGED = {
    "tagStatus": "untagged",
    "countType": "sinceImagePushed",
    "countUnit": "days",
    "countNumber": 14,
}
ANY = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10}


class Shop:
    """A repository whose tag has moved on from an image that is in use."""

    def __init__(self, moto: Moto, folder: Path, policy: str | None = rules(UNTAGGED)) -> None:
        self.folder = folder
        self.ecr = moto.client("ecr", "eu-west-1")
        self.used = moto.push("shop/web", {"1.4": manifest_of("old")})["1.4"]
        new = manifest_of("new")
        self.ecr.put_image(
            repositoryName="shop/web",
            imageManifest=new,
            imageTag="next",
            imageDigest=Digest.of(new.encode()),
        )
        self.new = Digest.of(new.encode())
        if policy is not None:
            self.ecr.put_lifecycle_policy(repositoryName="shop/web", lifecyclePolicyText=policy)
        self.tag = f"in-use-{self.used.short}"
        moto.forget()

    def lock(self, *digests: Digest, name: str = "lock.json", host: str = HOST) -> str:
        entries = {
            LockKey(f"{host}/shop/web:{number}"): LockEntry(digest)
            for number, digest in enumerate(digests)
        }
        (self.folder / name).write_text(LockFile(entries).render())
        return name

    def deployed(self, *digests: Digest, unseen: tuple[str, ...] = ()) -> str:
        images = [{"reference": f"{HOST}/shop/web@{each}", "digest": each} for each in digests]
        return json.dumps({"version": 1, "images": images, "unseen": list(unseen)})

    def tags(self, digest: Digest) -> set[str] | None:
        for each in self.ecr.describe_images(repositoryName="shop/web")["imageDetails"]:
            if each["imageDigest"] == digest:
                return set(each.get("imageTags", ()))
        return None


@pytest.fixture
def shop(moto: Moto, folder: Path) -> Shop:
    return Shop(moto, folder)


@pytest.mark.parametrize("command", ["protect", "release"])
def test_the_profile_that_is_named_is_used(run: Run, shop: Shop, command: str) -> None:
    result = run(command, "--lock-file", shop.lock(shop.used), "--profile", "absent")
    assert result.exit_code == 3
    assert "absent" in result.stderr


def test_a_dry_run_changes_nothing_and_a_run_gives_the_tag(run: Run, shop: Shop) -> None:
    arguments = ["protect", "--lock-file", shop.lock(shop.used)]
    dry = run(*arguments, "--dry-run")
    assert dry.exit_code == 0
    assert "would-tag" in dry.stdout
    assert dry.stderr == "1 of 1 image would be protected, 1 would be tagged.\n"
    assert shop.tags(shop.used) == {"1.4"}
    done = run(*arguments)
    assert (done.exit_code, done.stderr) == (0, "1 of 1 image protected, 1 tagged now.\n")
    assert shop.tags(shop.used) == {"1.4", shop.tag}
    again = run(*arguments, "--json")
    assert again.exit_code == 0
    assert json.loads(again.stdout) == {
        "version": 1,
        "dryRun": False,
        "images": [
            {
                "reference": f"{HOST}/shop/web:0@{shop.used}",
                "digest": shop.used,
                "account": HOME_ACCOUNT,
                "region": "eu-west-1",
                "repository": "shop/web",
                "tag": shop.tag,
                "state": "protected",
                "change": "none",
                "reason": None,
                "rule": None,
                "at": None,
            }
        ],
        "elsewhere": [],
        "byTag": [],
        "unseen": [],
    }


@pytest.mark.parametrize("mutability", ["IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION"])
def test_repositories_with_immutable_tags_work_too(run: Run, shop: Shop, mutability: str) -> None:
    filters: Any = [{"filterType": "WILDCARD", "filter": "latest"}]
    is_excluding = mutability == "IMMUTABLE_WITH_EXCLUSION"
    shop.ecr.put_image_tag_mutability(
        repositoryName="shop/web",
        imageTagMutability=mutability,
        **({"imageTagMutabilityExclusionFilters": filters} if is_excluding else {}),
    )
    for _ in range(2):
        assert run("protect", "--lock-file", shop.lock(shop.used)).exit_code == 0
    assert shop.tags(shop.used) == {"1.4", shop.tag}


def test_several_sources_count_together(run: Run, shop: Shop, folder: Path) -> None:
    (folder / "cdk.out").mkdir()
    record = SiteRecord(
        "Shop",
        "Shop/Web",
        "AWS::ECS::TaskDefinition",
        "ContainerDefinitions[0].Image",
        f"{HOST}/shop/web:next",
        "lock-file",
        pinned=f"{HOST}/shop/web:next@{shop.new}",
        digest=shop.new,
    )
    SynthReport.of([record]).write(folder / "cdk.out")
    (folder / "deployed.json").write_text(shop.deployed(shop.used, shop.new))
    lock = shop.lock(Digest("sha256:" + "0" * 64), host="ghcr.io")
    result = run(
        "protect", "--app", "cdk.out", "--deployed", "deployed.json", "--lock-file", lock, "--json"
    )
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert {each["digest"] for each in document["images"]} == {shop.used, shop.new}
    assert document["elsewhere"] == ["ghcr.io/shop/web:0@sha256:" + "0" * 64]
    assert "1 image of other registries" in result.stderr
    assert shop.tags(shop.new) == {"next", f"in-use-{shop.new.short}"}


def test_standard_input_is_read(shop: Shop) -> None:
    arguments = ["protect", "--deployed", "-"]
    result = CliRunner().invoke(application, arguments, input=shop.deployed(shop.used))
    assert result.exit_code == 0
    assert shop.tags(shop.used) == {"1.4", shop.tag}


def test_a_rule_that_takes_the_image_all_the_same_is_told_with_one_that_shields(
    run: Run, moto: Moto, folder: Path
) -> None:
    shop = Shop(moto, folder, rules(UNTAGGED, ANY))
    result = run("protect", "--lock-file", shop.lock(shop.used))
    assert result.exit_code == 1
    assert "rule 2 expires all images beyond the 10 newest" in result.stderr
    shield = json.loads(result.stderr.partition("others up: ")[2].splitlines()[0])
    others = [{**each, "rulePriority": each["rulePriority"] + 1} for each in policy_of(shop)]
    shop.ecr.put_lifecycle_policy(
        repositoryName="shop/web", lifecyclePolicyText=json.dumps({"rules": [shield, *others]})
    )
    assert run("protect", "--lock-file", shop.lock(shop.used)).exit_code == 0


def policy_of(shop: Shop) -> Any:
    answer = shop.ecr.get_lifecycle_policy(repositoryName="shop/web")
    return json.loads(answer["lifecyclePolicyText"])["rules"]


def test_no_tag_is_moved(run: Run, shop: Shop) -> None:
    shop.ecr.put_image(
        repositoryName="shop/web",
        imageManifest=manifest_of("new"),
        imageTag=shop.tag,
        imageDigest=shop.new,
    )
    result = run("protect", "--lock-file", shop.lock(shop.used))
    assert result.exit_code == 1
    assert f"the tag {shop.tag} is on another image, {shop.new}" in result.stderr
    assert shop.tags(shop.new) == {"next", shop.tag}
    other = run("protect", "--lock-file", shop.lock(shop.used), "--tag-prefix", "runs-")
    assert other.exit_code == 0
    assert shop.tags(shop.used) == {"1.4", f"runs-{shop.used.short}"}


def test_images_and_repositories_that_are_gone_are_told(run: Run, shop: Shop, folder: Path) -> None:
    gone = Digest("sha256:" + "0" * 64)
    result = run("protect", "--lock-file", shop.lock(gone, shop.used))
    assert result.exit_code == 1
    assert f"{gone} is not protected: the repository has no such image" in result.stderr
    assert shop.tags(shop.used) == {"1.4", shop.tag}
    shop.ecr.delete_repository(repositoryName="shop/web", force=True)
    assert run("protect", "--lock-file", shop.lock(shop.used)).exit_code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["protect"],
        ["release"],
        ["protect", "--lock-file", "absent.json"],
        ["protect", "--deployed", "absent.json"],
        ["protect", "--lock-file", "lock.json", "--tag-prefix", "-x"],
        ["release", "--lock-file", "lock.json", "--repository", "ghcr.io/shop/web"],
        ["release", "--lock-file", "lock.json", "--repository", HOST],
    ],
)
def test_wrong_use_exits_with_2(run: Run, shop: Shop, arguments: list[str]) -> None:
    shop.lock(shop.used)
    assert run(*arguments).exit_code == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 100_000,
        "[]",
        "{}",
        '{"version": 2, "images": [], "unseen": []}',
        '{"version": 1, "images": [1], "unseen": []}',
        '{"version": 1, "images": [{"digest": "x"}], "unseen": []}',
        '{"version": 1, "images": [], "unseen": {}}',
    ],
)
def test_a_file_that_check_deployed_did_not_write_is_one_line(
    run: Run, folder: Path, text: str
) -> None:
    (folder / "deployed.json").write_text(text)
    result = run("protect", "--deployed", "deployed.json")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1


def test_what_check_deployed_could_not_see_is_told_and_nothing_is_released(
    run: Run, shop: Shop, folder: Path
) -> None:
    unseen = ("the cluster \x1b[31mshop",)
    (folder / "deployed.json").write_text(shop.deployed(shop.used, unseen=unseen))
    result = run("protect", "--deployed", "deployed.json")
    assert result.exit_code == 3
    assert "check-deployed could not see 'the cluster" in result.stderr
    assert "\x1b" not in result.stderr
    assert shop.tags(shop.used) == {"1.4", shop.tag}
    (folder / "deployed.json").write_text(shop.deployed(shop.new, unseen=unseen))
    result = run("release", "--deployed", "deployed.json")
    assert result.exit_code == 3
    assert "Nothing is released" in result.stderr
    assert shop.tags(shop.used) == {"1.4", shop.tag}


def test_nothing_is_released_by_a_look_at_one_cluster(run: Run, shop: Shop, folder: Path) -> None:
    run("protect", "--lock-file", shop.lock(shop.used))
    document = json.loads(shop.deployed(shop.new))
    scope = {"regions": ["eu-west-1"], "clusters": ["a"], "services": [], "complete": False}
    (folder / "deployed.json").write_text(json.dumps({**document, "scope": scope}))
    result = run("release", "--deployed", "deployed.json", "--json")
    assert result.exit_code == 3
    assert "is limited to 'a' by --cluster or --service" in result.stderr
    assert json.loads(result.stdout)["tags"] == []
    assert len(json.loads(result.stdout)["unseen"]) == 1
    assert shop.tags(shop.used) == {"1.4", shop.tag}
    assert run("protect", "--deployed", "deployed.json").exit_code == 0
    (folder / "deployed.json").write_text(json.dumps({**document, "scope": {"complete": 1}}))
    assert run("release", "--deployed", "deployed.json").exit_code == 2


def test_an_image_that_is_used_by_its_tag_is_told(run: Run, shop: Shop, folder: Path) -> None:
    document = json.loads(shop.deployed(shop.new))
    document["images"].append({"reference": f"{HOST}/shop/web:1.4", "digest": None})
    (folder / "deployed.json").write_text(json.dumps(document))
    told = run("protect", "--deployed", "deployed.json")
    assert told.exit_code == 0
    assert "1 image used by a tag alone" in told.stderr
    assert run("release", "--deployed", "deployed.json").exit_code == 0


def test_an_image_that_a_synth_could_not_pin_is_not_seen(
    run: Run, shop: Shop, folder: Path
) -> None:
    (folder / "cdk.out").mkdir()
    record = SiteRecord("S", "S/T", "AWS::Lambda::Function", "Code.ImageUri", "x:1", "failed")
    SynthReport.of([record]).write(folder / "cdk.out")
    for command in ("protect", "release"):
        result = run(command, "--app", "cdk.out", "--lock-file", shop.lock(shop.used))
        assert result.exit_code == 3
        assert "the image 'x:1' could not be pinned" in result.stderr


def test_release_takes_the_tag_away_where_others_stay(run: Run, shop: Shop) -> None:
    run("protect", "--lock-file", shop.lock(shop.used, shop.new))
    arguments = ["release", "--lock-file", shop.lock(shop.new)]
    dry = run(*arguments, "--dry-run")
    assert dry.stderr == "1 tag would be released, 0 images would be deleted.\n"
    assert shop.tags(shop.used) == {"1.4", shop.tag}
    for count in ("1 tag released", "0 tags released"):
        result = run(*arguments)
        assert (result.exit_code, result.stderr) == (0, f"{count}, 0 images deleted.\n")
    assert shop.tags(shop.used) == {"1.4"}
    assert shop.tags(shop.new) == {"next", f"in-use-{shop.new.short}"}


def test_release_deletes_no_image_in_silence(run: Run, shop: Shop) -> None:
    run("protect", "--lock-file", shop.lock(shop.used, shop.new))
    shop.ecr.batch_delete_image(repositoryName="shop/web", imageIds=[{"imageTag": "1.4"}])
    arguments = ["release", "--lock-file", shop.lock(shop.new)]
    kept = run(*arguments)
    assert kept.exit_code == 0
    assert "1 tag stays: ECR would delete the image with it" in kept.stderr
    assert shop.tags(shop.used) == {shop.tag}
    deleted = run(*arguments, "--delete-images", "--json")
    assert [each["result"] for each in json.loads(deleted.stdout)["tags"]] == ["deleted"]
    assert shop.tags(shop.used) is None


def test_a_tag_that_has_become_the_last_one_meanwhile_stays(
    run: Run, fake_aws: FakeAws, folder: Path
) -> None:
    """Between the look and the deed the other tag has moved on."""
    digest = Digest("sha256:" + "a" * 64)
    tags = ["in-use-aaaaaaaaaaaa", "1.4"]

    def describe(parameters: dict[str, Any]) -> tuple[int, Any]:
        detail = {
            "imageDigest": digest,
            "imagePushedAt": 1_790_000_000,
            "imageTags": tags[:1] if "imageIds" in parameters else tags,
        }
        return 200, {"imageDetails": [detail]}

    fake_aws.answers["DescribeImages"] = describe
    used = Digest("sha256:" + "b" * 64)
    text = LockFile({LockKey(f"{HOST}/shop/web:1"): LockEntry(used)}).render()
    (folder / "lock.json").write_text(text)
    result = run("release", "--lock-file", "lock.json")
    assert result.exit_code == 0
    assert "1 tag stays" in result.stderr
    assert "BatchDeleteImage" not in {operation for operation, _ in fake_aws.requests}


def test_release_without_an_image_in_use_releases_nothing(run: Run, shop: Shop) -> None:
    run("protect", "--lock-file", shop.lock(shop.used))
    result = run("release", "--lock-file", shop.lock(), "--repository", f"{HOST}/shop/web")
    assert result.exit_code == 2
    assert shop.tags(shop.used) == {"1.4", shop.tag}


def repository_of(fake: FakeAws, digest: Digest) -> None:
    detail = {"imageDigest": digest, "imagePushedAt": 1_790_000_000}
    image = {
        "imageId": {"imageDigest": digest},
        "imageManifest": "{}",
        "imageManifestMediaType": "m",
    }
    fake.answers |= {
        "DescribeImages": (200, {"imageDetails": [detail]}),
        "GetLifecyclePolicy": (400, error("LifecyclePolicyNotFoundException")),
        "BatchGetImage": (200, {"images": [image], "failures": []}),
        "PutImage": (200, {"image": {"imageId": {"imageDigest": digest}}}),
    }


@pytest.mark.parametrize(
    ("operation", "answer", "exit_code", "said"),
    [
        ("PutImage", (400, error("ImageAlreadyExistsException")), 0, "1 of 1 image"),
        ("PutImage", (400, error("ImageTagAlreadyExistsException")), 0, "1 of 1 image"),
        ("PutImage", (400, error("AccessDeniedException")), 3, "could not be tagged"),
        ("PutImage", (400, error("KmsException")), 3, "could not be tagged"),
        (
            "PutImage",
            (200, {"image": {"imageId": {"imageDigest": "sha256:" + "f" * 64}}}),
            3,
            "is on another image",
        ),
        ("DescribeImages", (400, error("AccessDeniedException")), 3, "could not be read"),
        ("GetLifecyclePolicy", (400, error("AccessDeniedException")), 3, "could not be read"),
        ("GetLifecyclePolicy", (200, {"lifecyclePolicyText": "{}"}), 3, "no list of rules"),
        (
            "BatchGetImage",
            (
                200,
                {
                    "images": [],
                    "failures": [{"imageId": {}, "failureCode": "ImageInaccessible"}],
                },
            ),
            3,
            "restore it",
        ),
    ],
)
def test_answers_of_ecr(  # noqa: PLR0917 - a table
    run: Run,
    fake_aws: FakeAws,
    folder: Path,
    operation: str,
    answer: tuple[int, Any],
    exit_code: int,
    said: str,
) -> None:
    """Two runs at once, and all that may be refused."""
    digest = Digest("sha256:" + "a" * 64)
    repository_of(fake_aws, digest)
    fake_aws.answers[operation] = answer
    text = LockFile({LockKey(f"{HOST}/shop/web:1"): LockEntry(digest)}).render()
    (folder / "lock.json").write_text(text)
    result = run("protect", "--lock-file", "lock.json")
    assert result.exit_code == exit_code
    assert said in result.stderr


def test_another_account_is_written_to_with_the_role_that_is_named(
    run: Run, fake_aws: FakeAws, folder: Path
) -> None:
    digest = Digest("sha256:" + "a" * 64)
    repository_of(fake_aws, digest)
    key = LockKey(f"{host_of(OTHER_ACCOUNT, 'eu-west-1')}/shop/web:1")
    (folder / "lock.json").write_text(LockFile({key: LockEntry(digest)}).render())
    role = f"arn:aws:iam::{OTHER_ACCOUNT}:role/protector"
    arguments = ["protect", "--lock-file", "lock.json", "--ecr-role", f"{OTHER_ACCOUNT}={role}"]
    assert run(*arguments).exit_code == 0
    assumed = [
        parameters["RoleArn"] for name, parameters in fake_aws.requests if name == "AssumeRole"
    ]
    assert assumed == [role]
    (put,) = [parameters for name, parameters in fake_aws.requests if name == "PutImage"]
    assert put == {
        "registryId": OTHER_ACCOUNT,
        "repositoryName": "shop/web",
        "imageManifest": "{}",
        "imageManifestMediaType": "m",
        "imageDigest": digest,
        "imageTag": "in-use-aaaaaaaaaaaa",
    }


def test_the_lifecycle_rule_of_the_outage_no_longer_touches_the_image(
    run: Run, moto: Moto, folder: Path
) -> None:
    """The tag has moved on from the image that the service runs; the rule is about to take it."""
    ecr = moto.client("ecr", "eu-west-1")
    moto.push("shop/web", {"1.4": manifest_of("new")})
    old = manifest_of("old")
    used = Digest.of(old.encode())
    ecr.put_image(repositoryName="shop/web", imageManifest=old, imageDigest=used)
    ecr.put_lifecycle_policy(repositoryName="shop/web", lifecyclePolicyText=rules(UNTAGGED))
    (folder / "pinned-images.lock.json").write_text(
        LockFile({LockKey(f"{HOST}/shop/web:1.4"): LockEntry(used)}).render()
    )

    def taken() -> set[str]:
        arguments = ["--region", "eu-west-1", "--at", "2999-01-01", "--json"]
        result = run("lifecycle", "--repository", "shop/web", *arguments)
        return {each["digest"] for each in json.loads(result.stdout)["images"]}

    assert taken() == {used}
    assert run("protect", "--lock-file", "pinned-images.lock.json").exit_code == 0
    assert taken() == set()
