"""Updates with the meaning that cru has for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from pinned_images.errors import ConfigurationError, ResolutionError
from pinned_images.files.pinned_files import Changes
from pinned_images.files.scanning import scan
from pinned_images.files.tags import most_specific
from pinned_images.files.updating import Update, update
from pinned_images.reference import Digest, ImageReference
from pinned_images.testing.fixed_resolver import FixedResolver

ZERO, ONE, TWO = (Digest(f"sha256:{digit * 64}") for digit in "012")

DIGESTS = {
    "team/app:1": ZERO,
    "team/app:2": ONE,
    "team/app:latest": ONE,
    "team/app:2.0.1": ONE,
    "team/app:2.0": ONE,
    "team/app:2.0.1-slim": ONE,
    "team/app:edge": TWO,
    "nginx:latest": TWO,
}


class FixedTags:
    """The tags of the images that are known."""

    def tags(
        self, repositories: Sequence[ImageReference]
    ) -> Mapping[str, list[str] | ResolutionError]:
        known = [ImageReference.parse(each) for each in DIGESTS]
        return {
            repository.name: [each.tag or "" for each in known if each.name == repository.name]
            for repository in repositories
        }


def updated(folder: Path, before: str, requested: Update) -> tuple[str, Changes]:
    path = folder / "compose.yaml"
    path.write_text(f"services: {{web: {{image: '{before}'}}}}", encoding="utf-8")
    files = list(scan([str(path)], wanted=requested.wanted))
    changes = update(files, requested, FixedResolver(DIGESTS), FixedTags())
    for change in changes.files:
        change.write()
    return path.read_text(encoding="utf-8").split("'")[1], changes


def to(*references: str, **others: object) -> Update:
    return Update(tuple(map(ImageReference.parse, references)), **others)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "requested", "after"),
    [
        ("team/app:1", to("team/app:2"), "team/app:2"),
        ("team/app", to("team/app:2"), "team/app:2"),
        (f"team/app:1@{ZERO}", to("team/app:2"), "team/app:2"),
        (f"team/app:2@{ONE}", to("team/app:2"), "team/app:2"),
        (f"team/app@{ZERO}", to("team/app:2"), "team/app:2"),
        ("docker.io/team/app:1", to("team/app:2"), "docker.io/team/app:2"),
        ("index.docker.io/team/app:1", to("team/app:2"), "index.docker.io/team/app:2"),
        ("team/app:1", to("docker.io/team/app:2"), "team/app:2"),
        ("team/app:1", to(f"team/app:2@{ONE}"), f"team/app:2@{ONE}"),
        ("team/app:1", to(f"team/app@{ONE}"), f"team/app@{ONE}"),
        (
            "123456789012.dkr-ecr.eu-west-1.on.aws/web:1",
            to("123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:2"),
            "123456789012.dkr-ecr.eu-west-1.on.aws/web:2",
        ),
        (
            "123456789012.dkr.ecr.eu-west-2.amazonaws.com/web:1",
            to("123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:2"),
            "123456789012.dkr.ecr.eu-west-2.amazonaws.com/web:1",
        ),
        ("GHCR.io/team/app:1", to("ghcr.io/team/app:2"), "GHCR.io/team/app:2"),
        ("team/app:1", to("team/other:2"), "team/app:1"),
        ("ghcr.io/team/app:1", to("team/app:2"), "ghcr.io/team/app:1"),
        ("team/app:1", to("team/app:2", resolve="digest"), f"team/app:2@{ONE}"),
        (f"team/app:1@{ZERO}", to("team/app:2", resolve="digest"), f"team/app:2@{ONE}"),
        ("team/app:1", to("team/app:2", matching_tag=True), "team/app:1"),
        ("team/app:2", to("team/app:2", matching_tag=True, resolve="digest"), f"team/app:2@{ONE}"),
        ("team/app", to("team/app:latest", matching_tag=True), "team/app:latest"),
        (f"team/app@{ZERO}", to("team/app:latest", matching_tag=True), f"team/app@{ZERO}"),
        ("team/app:1", to("team/app:latest", resolve="tag"), "team/app:2.0.1"),
        ("team/app:1", to("team/app:2.0.1", resolve="tag"), "team/app:2.0.1-slim"),
        ("team/app:1", to("team/app:1", "team/app:2", matching_tag=True), "team/app:1"),
        ("team/app:1", Update(None), "team/app:latest"),
        (f"team/app:1@{ZERO}", Update(None), "team/app:latest"),
        ("team/app:1", Update(None, resolve="digest"), f"team/app:latest@{ONE}"),
        ("team/app:1", Update(None, resolve="tag"), "team/app:2.0.1"),
        ("team/app:1", Update(None, matching_tag=True, resolve="digest"), f"team/app:1@{ZERO}"),
        (
            f"team/app:2@{ZERO}",
            Update(None, matching_tag=True, resolve="digest"),
            f"team/app:2@{ONE}",
        ),
        ("nginx", Update(None, matching_tag=True, resolve="digest"), f"nginx:latest@{TWO}"),
        (
            f"team/app@{ZERO}",
            Update(None, matching_tag=True, resolve="digest"),
            f"team/app@{ZERO}",
        ),
        (f"team/app:1@{ZERO}", Update(None, matching_tag=True), f"team/app:1@{ZERO}"),
    ],
)
def test_an_update(folder: Path, before: str, requested: Update, after: str) -> None:
    result, changes = updated(folder, before, requested)
    assert result == after
    assert changes.is_whole


def test_an_image_that_is_missing_leaves_its_references_and_changes_the_others(
    folder: Path,
) -> None:
    (folder / "compose.yaml").write_text(
        "services: {a: {image: 'gone:1'}, b: {image: 'team/app:1'}}", encoding="utf-8"
    )
    requested = Update(None, matching_tag=True, resolve="digest")
    changes = update(list(scan([])), requested, FixedResolver(DIGESTS), FixedTags())
    for change in changes.files:
        change.write()
    text = (folder / "compose.yaml").read_text(encoding="utf-8")
    assert text == f"services: {{a: {{image: 'gone:1'}}, b: {{image: 'team/app:1@{ZERO}'}}}}"
    assert list(map(str, changes.errors)) == ["docker.io/library/gone:1"]


def test_an_image_without_another_tag_is_an_error(folder: Path) -> None:
    result, changes = updated(folder, "team/app:1", to("team/app:edge", resolve="tag"))
    assert result == "team/app:1"
    [error] = changes.errors.values()
    assert "has no other tag of the digest 222222222222" in str(error)


@pytest.mark.parametrize("references", [["team/app"], ["team/app:1", "docker.io/team/app:2"]])
def test_references_without_one_meaning_are_refused(references: list[str]) -> None:
    with pytest.raises(ConfigurationError):
        to(*references)


@pytest.mark.parametrize(
    ("tags", "chosen"),
    [
        (["latest", "1", "1.25", "1.25.3", "mainline"], "1.25.3"),
        (["1.25.3-bookworm", "1.25.3"], "1.25.3"),
        (["v1.2.3", "v1.2"], "v1.2.3"),
        (["1.9.0", "1.10.0"], "1.10.0"),
        (["latest", "stable"], "latest"),
        (["3.12.1-slim", "3.12"], "3.12.1-slim"),
        (["v3.2.4-5-g49d6871", "latest"], "v3.2.4-5-g49d6871"),
        ([], None),
    ],
)
def test_the_most_specific_version(tags: list[str], chosen: str | None) -> None:
    assert most_specific(tags) == chosen
