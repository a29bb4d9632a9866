"""``pinned-images lock verify --warm``: pull-through caches of a new account, or after expiry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from pinned_images.errors import ImageNotFound
from pinned_images.lockfile import LockEntry, LockFile, LockKey
from pinned_images.reference import Digest
from pinned_images.registry.distribution_resolver import DistributionResolver
from pinned_images.resolution import Resolution, ResolutionRequest
from tests.registry_aws.amazon import (
    HOME_ACCOUNT,
    Answer,
    FakeAws,
    host_of,
    image_answer,
    manifest_of,
)
from tests.registry_aws.conftest import fake_aws

__all__ = ["fake_aws"]

Run = Callable[..., Result]

HOST = host_of(HOME_ACCOUNT, "eu-west-1")
IMAGE = f"{HOST}/docker-hub/library/nginx:1.25"
OLD, NEW = manifest_of("nginx old"), manifest_of("nginx new")


class Cache:
    """A pull-through cache: it imports by tag what upstream has, and answers for what it holds."""

    def __init__(self, upstream: str | None, *held: str) -> None:
        self.upstream = upstream
        self.held = list(held)
        self.tagged: str | None = None
        self.imports = 0

    def import_image(self, request: ResolutionRequest) -> Resolution:
        """What a pull through the registry's own address does."""
        if request.reference.digest is not None or self.upstream is None:
            raise ImageNotFound("there is no such image")
        self.imports += 1
        self.tagged = self.upstream
        self.held.append(self.upstream)
        return Resolution(Digest.of(self.upstream.encode()))

    def batch_get_image(self, parameters: dict[str, Any]) -> Answer:
        images, failures = [], []
        for image_id in parameters["imageIds"]:
            by_digest = {Digest.of(each.encode()): each for each in self.held}
            manifest = by_digest.get(image_id.get("imageDigest")) or (
                self.tagged if "imageTag" in image_id else None
            )
            if manifest is None:
                failures.append({"imageId": image_id, "failureCode": "ImageNotFound"})
            else:
                images.append(image_answer("1.25", manifest))
        return 200, {"images": images, "failures": failures}


def lock_image(folder: Path, image: str) -> None:
    """Put the old build into the lock file."""
    entry = LockEntry(Digest.of(OLD.encode()))
    LockFile.change(
        folder / "pinned-images.lock.json",
        lambda lock: lock.merged({LockKey.parse(image): entry}),
    )


@pytest.fixture
def use(fake_aws: FakeAws, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Callable[..., Cache]:
    """Put a cache there, and its image, in its old build, into the lock file."""

    def use(upstream: str | None, *held: str) -> Cache:
        cache = Cache(upstream, *held)
        rules = {"pullThroughCacheRules": [{"ecrRepositoryPrefix": "docker-hub"}]}
        token = {"authorizationData": [{"authorizationToken": "QVdTOmFtYmllbnQ="}]}
        fake_aws.answers |= {
            "BatchGetImage": cache.batch_get_image,
            "DescribePullThroughCacheRules": (200, rules),
            "GetAuthorizationToken": (200, token),
        }
        monkeypatch.setattr(
            DistributionResolver, "resolve", lambda _, request, **__: cache.import_image(request)
        )
        lock_image(folder, IMAGE)
        return cache

    return use


def test_a_cold_cache_is_an_error_until_it_is_warmed(run: Run, use: Callable[..., Cache]) -> None:
    cache = use(OLD)
    assert run("lock", "verify").exit_code == 1
    assert cache.imports == 0
    warmed = run("lock", "verify", "--warm")
    assert (warmed.exit_code, warmed.stderr) == (0, "1 of 1 image verified.\n")
    assert cache.imports == 1
    assert run("lock", "verify").exit_code == 0


def test_an_image_whose_digest_the_app_writes_is_imported_by_its_tag(
    run: Run, use: Callable[..., Cache], folder: Path
) -> None:
    cache = use(OLD)
    (folder / "pinned-images.lock.json").unlink()
    lock_image(folder, f"{IMAGE}@{Digest.of(OLD.encode())}")
    assert run("lock", "verify", "--warm").exit_code == 0
    assert cache.imports == 1


def test_a_cache_that_has_the_image_imports_nothing(run: Run, use: Callable[..., Cache]) -> None:
    cache = use(OLD)
    for _ in range(2):
        assert run("lock", "verify", "--warm").exit_code == 0
    assert cache.imports == 1


def test_a_tag_that_moved_is_a_warning_where_the_cache_holds_the_locked_digest(
    run: Run, use: Callable[..., Cache]
) -> None:
    use(NEW, OLD)
    result = run("lock", "verify", "--warm")
    assert result.exit_code == 0
    assert f"The tag of {IMAGE} leads to {Digest.of(NEW.encode()).short} now" in result.stderr
    assert "the locked digest is still there" in result.stderr


def test_a_tag_that_moved_is_an_error_where_the_locked_digest_cannot_be_imported(
    run: Run, use: Callable[..., Cache]
) -> None:
    use(NEW)
    result = run("lock", "verify", "--warm")
    assert result.exit_code == 1
    assert f"leads to {Digest.of(NEW.encode()).short} now" in result.stderr
    assert f"pinned-images lock update {IMAGE}" in result.stderr
    assert "0 of 1 image verified." in result.stderr


def test_an_image_that_upstream_no_longer_has_is_there_if_the_cache_holds_it(
    run: Run, use: Callable[..., Cache]
) -> None:
    use(None, OLD)
    assert run("lock", "verify", "--warm").exit_code == 0


def test_an_image_in_another_registry_is_asked_for_by_its_digest_alone(
    run: Run, lock: Any, registry: Any
) -> None:
    registry.push("team/web:1")
    image = f"{registry.host}/team/web:1"
    lock.add(image)
    registry.move_tag("team/web:1")
    result = run("lock", "verify", "--warm")
    assert (result.exit_code, result.stderr) == (0, "1 of 1 image verified.\n")
