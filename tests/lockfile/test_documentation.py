"""The examples of `docs/lock-file.md` work as shown."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from pinned_images.lockfile import LockEntry, LockFile, LockKey
from pinned_images.reference import Digest, Platform
from tests.documentation import example

PAGE = "lock-file.md"

# As Renovate's custom manager does: every match of each of its `matchStrings`, by its groups.
FIND = """
const [patterns, text] = JSON.parse(require("fs").readFileSync(0, "utf8"));
const found = patterns.flatMap((one) => [...text.matchAll(new RegExp(one, "g"))]);
console.log(JSON.stringify(found.map((match) => ({ ...match.groups }))));
"""


def manager(title: str) -> dict[str, Any]:
    (found,) = json.loads(example(PAGE, title))["customManagers"]
    return dict(found)


def found_in(text: str, title: str) -> list[dict[str, str]]:
    """What a custom manager of the page finds in a file."""
    question = json.dumps([manager(title)["matchStrings"], text])
    run = subprocess.run(
        ["node", "-e", FIND], input=question, capture_output=True, text=True, check=True
    )
    answer: list[dict[str, str]] = json.loads(run.stdout)
    return answer


def dependencies(lock: LockFile) -> list[dict[str, str]]:
    return found_in(lock.render(), "renovate.json")


def test_the_lock_file_that_is_shown_is_one() -> None:
    text = example(PAGE, "a lock file")
    assert LockFile.parse(text).render() == text


def test_renovate_finds_each_image_with_its_tag_and_digest() -> None:
    index = "application/vnd.oci.image.index.v1+json"
    amd64 = Platform("linux", "amd64")
    digest = Digest.of(b"")
    images = ["docker.io/library/nginx:1.25", "localhost:5000/a/b:v1.0_rc-2", "ghcr.io/a/b:latest"]
    entries = [LockEntry(digest), LockEntry(digest, index), LockEntry(digest, index, (amd64,))]
    lock = LockFile({LockKey(image): entry for image, entry in zip(images, entries, strict=True)})
    assert dependencies(lock) == [
        {"depName": name, "currentValue": tag, "currentDigest": digest}
        for name, _, tag in (image.rpartition(":") for image in sorted(images))
    ]


def test_renovate_finds_every_image_of_the_example_app_s_lock_file() -> None:
    lock = LockFile.read(Path(__file__).parents[2] / "pinned-images.lock.json")
    found = {f"{each['depName']}:{each['currentValue']}": each for each in dependencies(lock)}
    assert found.keys() == set(map(str, lock.entries))
    assert all(found[str(key)]["currentDigest"] == lock.entries[key].digest for key in lock.entries)


def test_renovate_leaves_selected_platforms_and_pinned_references_alone() -> None:
    digest = Digest.of(b"")
    keys = [
        LockKey("ghcr.io/a/b:1", Platform("linux", "arm64")),
        LockKey("ghcr.io/a/b:1", Platform("windows", "amd64", "", "10.0.17763.1")),
        LockKey(f"ghcr.io/a/b:1@{digest}"),
        LockKey(f"ghcr.io/a/b@{digest}"),
    ]
    assert dependencies(LockFile({key: LockEntry(digest) for key in keys})) == []


def test_renovate_looks_at_the_lock_file_alone() -> None:
    (pattern,) = (text.strip("/") for text in manager("renovate.json")["managerFilePatterns"])
    paths = ["pinned-images.lock.json", "app/pinned-images.lock.json", "x-pinned-images.lock.json"]
    assert [bool(re.search(pattern, path)) for path in paths] == [True, True, False]


DIGEST = str(Digest.of(b""))
CODE = f"""
ecs.ContainerImage.from_registry("nginx:1.27")
ecs.ContainerImage.from_registry(
    'ghcr.io/acme/shop:v2.4.1_rc-1', credentials=secret
)
ecs.ContainerImage.fromRegistry(`localhost:5000/team/app:3@{DIGEST}`)
ContainerImage.fromRegistry("redis:7.4-alpine")
ContainerImage.FromRegistry("quay.io/acme/a:1")
awsecs.ContainerImage_FromRegistry(jsii.String("public.ecr.aws/x/y:2"), nil)
"""
NO_IMAGE = """
from_registry("nginx")
from_registry(f"nginx:{tag}")
fromRegistry(`nginx:${tag}`)
fromRegistry(`${name}:1`)
from_registry(image)
from_registry(name + ":1.27")
"""


def test_renovate_finds_tags_in_code() -> None:
    found = found_in(CODE + NO_IMAGE, "renovate.json for code")
    images = {f"{each['depName']}:{each['currentValue']}": each for each in found}
    assert list(images) == [
        "nginx:1.27",
        "ghcr.io/acme/shop:v2.4.1_rc-1",
        "localhost:5000/team/app:3",
        "redis:7.4-alpine",
        "quay.io/acme/a:1",
        "public.ecr.aws/x/y:2",
    ]
    digests = {name: each.get("currentDigest") for name, each in images.items()}
    assert {name for name, digest in digests.items() if digest} == {"localhost:5000/team/app:3"}
    assert digests["localhost:5000/team/app:3"] == DIGEST


def test_renovate_looks_at_code_alone() -> None:
    (pattern,) = manager("renovate.json for code")["managerFilePatterns"]
    names = ["shop/stack.py", "bin/app.ts", "App.java", "App.cs", "app.go", "a.pyc", "py", "x.tsx"]
    assert [bool(re.search(pattern.strip("/"), name)) for name in names] == [True] * 5 + [False] * 3
