"""Platforms in the words of registries, made the same."""

from __future__ import annotations

import pytest

from pinned_images import InvalidReference, Platform


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("linux/amd64", Platform("linux", "amd64")),
        ("Linux/x86_64", Platform("linux", "amd64")),
        ("linux/aarch64", Platform("linux", "arm64")),
        ("linux/arm64/v8", Platform("linux", "arm64")),
        ("linux/arm64/v9", Platform("linux", "arm64", "v9")),
        ("linux/arm/v7", Platform("linux", "arm")),
        ("linux/arm/v6", Platform("linux", "arm", "v6")),
        ("linux/i386", Platform("linux", "386")),
        ("windows/amd64", Platform("windows", "amd64")),
    ],
)
def test_words_for_the_same_platform_are_the_same(text: str, platform: Platform) -> None:
    assert Platform.parse(text) == platform


@pytest.mark.parametrize("text", ["", "linux", "linux/", "/amd64", "linux/arm64/", "a/b/c/d"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InvalidReference, match="write os/architecture"):
        Platform.parse(text)


def test_a_platform_is_shown_with_its_variant_and_its_build_of_windows() -> None:
    assert str(Platform.parse("linux/arm/v6")) == "linux/arm/v6"
    windows = Platform("windows", "amd64", os_version="10.0.17763.5329")
    assert str(windows) == "windows/amd64 (10.0.17763.5329)"
