"""The outage that ECS and a moved tag make, from its beginning to its end, as the page tells it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result

from pinned_images.ecr.lifecycle_policy import LifecyclePolicy
from pinned_images.ecr.protection import shielding_rule
from pinned_images.lockfile import LockFile, LockKey
from pinned_images.lockfile.entries import LockEntry
from pinned_images.reference import Digest
from tests.cli.conftest import Run
from tests.cli.test_check_deployed import HOST, REGION, ServiceRevisions, deploy, revisions
from tests.documentation import example
from tests.registry_aws.amazon import Moto, manifest_of

__all__ = ["revisions"]

PAGE = "ecs-version-consistency.md"
IMAGE = f"{HOST}/shop/web:1.4"


class Outage:
    """A service on an image of a repository with the usual lifecycle policy."""

    def __init__(self, moto: Moto, revisions: ServiceRevisions, run: Run) -> None:
        self._run = run
        self.ecr = moto.client("ecr", REGION)
        self.first = moto.push("shop/web", {"1.4": manifest_of("first")})["1.4"]
        deploy(moto, "front", IMAGE, revisions, self.first)
        self.revisions = revisions
        self.ecr.put_lifecycle_policy(
            repositoryName="shop/web",
            lifecyclePolicyText=example(PAGE, "the usual policy"),
        )

    def push(self, build: str) -> Digest:
        """Move the tag to a new image; moto then deletes what has no tag left, as a rule would."""
        manifest = manifest_of(build)
        digest = Digest.of(manifest.encode())
        self.ecr.put_image(
            repositoryName="shop/web",
            imageManifest=manifest,
            imageTag="1.4",
            imageDigest=digest,
        )
        return digest

    def run(self, command: str) -> Result:
        """A command as the page writes it."""
        name, *arguments = command.split()
        assert name == "pinned-images"
        return self._run(*arguments)


@pytest.fixture
def outage(moto: Moto, revisions: ServiceRevisions, run: Run) -> Outage:
    return Outage(moto, revisions, run)


def session(name: str) -> tuple[str, str]:
    """The command of an example, and what it is shown to print."""
    command, _, output = example(PAGE, name).partition("\n")
    return command.removeprefix("$ "), output


def test_the_outage_is_found_and_does_not_come_again(outage: Outage, folder: Path) -> None:
    second = outage.push("second")
    command, shown = session("the outage")
    found = outage.run(command)
    assert found.exit_code == 1
    assert found.stderr.splitlines()[-1] == shown.splitlines()[-1]

    # The app is pinned and deployed: the lock file holds what runs now.
    outage.revisions.images["front"][0]["imageDigest"] = second
    outage.revisions.images["front"][0]["image"] = f"{IMAGE}@{second}"
    (folder / "pinned-images.lock.json").write_text(
        LockFile({LockKey(IMAGE): LockEntry(second)}).render()
    )
    for name in ("a dry run", "protection"):
        command, shown = session(name)
        protected = outage.run(command)
        assert protected.exit_code == 0
        assert protected.stdout + protected.stderr == shown

    third = outage.push("third")
    listed = outage.ecr.describe_images(repositoryName="shop/web")["imageDetails"]
    assert {each["imageDigest"] for each in listed} == {second, third}
    command, shown = session("the rule")
    spared = outage.run(command)
    assert spared.exit_code == 0
    assert spared.stdout + spared.stderr == shown
    command, _ = session("the outage")
    assert outage.run(command).exit_code == 0


def test_a_rule_that_counts_all_images_is_told(outage: Outage, folder: Path) -> None:
    outage.ecr.put_lifecycle_policy(
        repositoryName="shop/web", lifecyclePolicyText=example(PAGE, "a policy on all images")
    )
    (folder / "pinned-images.lock.json").write_text(
        LockFile({LockKey(IMAGE): LockEntry(outage.first)}).render()
    )
    command, shown = session("a rule that counts")
    told = outage.run(command)
    assert told.exit_code == 1
    assert told.stdout + told.stderr == shown


def test_the_safe_policy_of_the_page_has_the_shielding_rule_in_front() -> None:
    document = json.loads(example(PAGE, "a safe policy"))
    assert document["rules"][0] == json.loads(shielding_rule())
    assert LifecyclePolicy.of_document(document).rules[0].takes_nothing


def test_release_as_the_page_shows_it(outage: Outage, folder: Path) -> None:
    lock = folder / "pinned-images.lock.json"
    lock.write_text(LockFile({LockKey(IMAGE): LockEntry(outage.first)}).render())
    outage.run("pinned-images protect --lock-file pinned-images.lock.json")
    second = outage.push("second")
    lock.write_text(LockFile({LockKey(IMAGE): LockEntry(second)}).render())
    outage.revisions.images["front"][0]["imageDigest"] = second
    deployed = outage.run("pinned-images check-deployed --region eu-west-1 --json")
    (folder / "deployed.json").write_text(deployed.stdout)
    command, shown = session("release")
    released = outage.run(command)
    assert released.exit_code == 0
    assert released.stdout + released.stderr == shown


def test_the_actions_are_those_that_are_called(outage: Outage, folder: Path, moto: Moto) -> None:
    (folder / "pinned-images.lock.json").write_text(
        LockFile({LockKey(IMAGE): LockEntry(outage.first)}).render()
    )
    moto.forget()
    outage.run("pinned-images protect --lock-file pinned-images.lock.json")
    second = outage.push("second")
    (folder / "pinned-images.lock.json").write_text(
        LockFile({LockKey(IMAGE): LockEntry(second)}).render()
    )
    outage.run("pinned-images release --lock-file pinned-images.lock.json --delete-images")
    actions = json.loads(example(PAGE, "actions to protect"))["Statement"][0]["Action"]
    called = {f"ecr:{operation}" for operation in moto.operations} - {"ecr:GetCallerIdentity"}
    assert set(actions) == called
