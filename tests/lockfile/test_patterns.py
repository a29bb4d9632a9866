"""Which entries of a lock file a pattern names."""

from __future__ import annotations

import pytest

from pinned_images.lockfile import LockKey, ParameterKey
from pinned_images.lockfile.patterns import matching, near_names

DIGEST = "sha256:" + "a" * 64
OFFICIAL = "docker.io/library/nginx"
KEYS: list[LockKey | ParameterKey] = [
    LockKey.parse(f"{OFFICIAL}:1.25"),
    LockKey.parse(f"{OFFICIAL}:1.27"),
    LockKey.parse(f"{OFFICIAL}:1.27 linux/arm64"),
    LockKey.parse(f"{OFFICIAL}:1.27@{DIGEST}"),
    LockKey.parse("docker.io/acme/nginx:1.25"),
    LockKey.parse("ghcr.io/acme/web:2"),
    LockKey.parse("localhost:5000/web:2"),
    ParameterKey.parse("123456789012 eu-west-1 /shop/image"),
]
ALL_OFFICIAL = {f"{OFFICIAL}:{rest}" for rest in ("1.25", "1.27", "1.27 linux/arm64")} | {
    f"{OFFICIAL}:1.27@{DIGEST}"
}


@pytest.mark.parametrize(
    ("pattern", "names"),
    {
        "nginx": ALL_OFFICIAL,
        "library/nginx": ALL_OFFICIAL,
        "index.docker.io/library/nginx": ALL_OFFICIAL,
        "nginx:*": ALL_OFFICIAL,
        "ngin?": ALL_OFFICIAL,
        "nginx:1.25": {f"{OFFICIAL}:1.25"},
        "nginx:1.2?": ALL_OFFICIAL,
        "nginx:*7": ALL_OFFICIAL - {f"{OFFICIAL}:1.25"},
        "nginx linux/arm64": {f"{OFFICIAL}:1.27 linux/arm64"},
        f"{OFFICIAL}:1.27 linux/arm64": {f"{OFFICIAL}:1.27 linux/arm64"},
        f"nginx:1.27@{DIGEST}": {f"{OFFICIAL}:1.27@{DIGEST}"},
        "nginx:latest": set(),
        "acme/nginx": {"docker.io/acme/nginx:1.25"},
        "acme/*": {"docker.io/acme/nginx:1.25"},
        "*/acme/*": {"docker.io/acme/nginx:1.25", "ghcr.io/acme/web:2"},
        "ghcr.io/acme/*": {"ghcr.io/acme/web:2"},
        "localhost:5000/web": {"localhost:5000/web:2"},
        "web": set(),
        "/shop/image": {"123456789012 eu-west-1 /shop/image"},
        "/shop/*": {"123456789012 eu-west-1 /shop/image"},
        "123456789012 eu-west-1 /shop/image": {"123456789012 eu-west-1 /shop/image"},
        "*": set(map(str, KEYS)),
        "Nginx": set(),
        "": set(),
        "[": set(),
    }.items(),
)
def test_a_pattern_is_read_as_an_image_is(pattern: str, names: set[str]) -> None:
    assert set(map(str, matching(pattern, KEYS))) == names


@pytest.mark.parametrize(
    ("pattern", "near"),
    [
        ("ngnix", "'nginx'"),
        ("ngnix:1.25", "'nginx:1.25'"),
        ("ghcr.io/acme/wep", "'ghcr.io/acme/web'"),
        ("/shop/imgae", "'/shop/image'"),
        ("shop/image", "'/shop/image'"),
        ("NGINX", "'nginx'"),
        ("nginx:latest", "'nginx:1.25' or 'nginx:1.27'"),
        ("web", "'ghcr.io/acme/web' or 'localhost:5000/web'"),
        ("web:3", "'ghcr.io/acme/web:2' or 'localhost:5000/web:2'"),
        ("acme/web", "'ghcr.io/acme/web'"),
    ],
)
def test_the_nearest_name_is_offered(pattern: str, near: str) -> None:
    assert near_names(pattern, KEYS) == f" Did you mean {near}?"


def test_nothing_is_offered_where_nothing_is_near() -> None:
    assert near_names("quay.io/zzz/qqqqqqqqqqqq", KEYS[:2]) == ""
