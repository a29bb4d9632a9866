"""What a reference can be asked: spelling, normal form, pinned form, order."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError
from typing import Literal

import pytest

from pinned_images import ImageReference, InvalidReference

ONE = f"sha256:{'1' * 64}"
TWO = f"sha256:{'2' * 64}"


@pytest.mark.parametrize(
    ("text", "normalized"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.25", "docker.io/library/nginx:1.25"),
        ("index.docker.io/nginx:1.25", "docker.io/library/nginx:1.25"),
        (f"nginx@{ONE}", f"docker.io/library/nginx@{ONE}"),
        (f"nginx:1.25@{ONE}", f"docker.io/library/nginx:1.25@{ONE}"),
        ("ghcr.io/org/app", "ghcr.io/org/app:latest"),
        ("LOCALHOST:5000/app:1", "LOCALHOST:5000/app:1"),
    ],
)
def test_the_normal_form_leaves_nothing_to_be_understood(text: str, normalized: str) -> None:
    reference = ImageReference.parse(text)
    assert reference.normalized == normalized
    assert str(reference) == text


Style = Literal["tag-and-digest", "digest"]


@pytest.mark.parametrize(
    ("text", "style", "pinned"),
    [
        ("nginx", "tag-and-digest", f"nginx:latest@{ONE}"),
        ("nginx", "digest", f"nginx@{ONE}"),
        ("nginx:1.25", "tag-and-digest", f"nginx:1.25@{ONE}"),
        ("nginx:1.25", "digest", f"nginx@{ONE}"),
        ("docker.io/nginx:1.25", "tag-and-digest", f"docker.io/nginx:1.25@{ONE}"),
        ("index.docker.io/nginx:1", "tag-and-digest", f"index.docker.io/nginx:1@{ONE}"),
        ("host:5000/app", "tag-and-digest", f"host:5000/app:latest@{ONE}"),
        ("host:5000/app", "digest", f"host:5000/app@{ONE}"),
        (f"nginx:1.25@{TWO}", "tag-and-digest", f"nginx:1.25@{ONE}"),
        (f"nginx:1.25@{TWO}", "digest", f"nginx@{ONE}"),
        (f"nginx@{TWO}", "tag-and-digest", f"nginx@{ONE}"),
    ],
)
def test_a_pinned_reference_keeps_the_spelling(text: str, style: Style, pinned: str) -> None:
    reference = ImageReference.parse(text).with_digest(ONE, style)
    assert str(reference) == pinned
    assert ImageReference.parse(pinned) == reference


def test_a_reference_is_pinned_to_digests_alone() -> None:
    with pytest.raises(InvalidReference, match="not a digest"):
        ImageReference.parse("nginx").with_digest("1.25")


@pytest.mark.parametrize(
    ("text", "tag"),
    [("nginx", "latest"), ("nginx:1", "1"), (f"nginx@{ONE}", None), (f"nginx:1@{ONE}", "1")],
)
def test_the_effective_tag_is_what_a_runtime_asks_for(text: str, tag: str | None) -> None:
    assert ImageReference.parse(text).effective_tag == tag


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("nginx", "nginx"),
        ("docker.io/nginx:1", "docker.io/nginx"),
        (f"host:5000/app:1@{ONE}", "host:5000/app"),
        ("host:5000/app", "host:5000/app"),
    ],
)
def test_the_name_is_kept_as_it_was_spelled(text: str, name: str) -> None:
    assert ImageReference.parse(text).spelled_name == name


def test_a_reference_made_of_parts_is_spelled_in_full() -> None:
    reference = ImageReference("docker.io", "library/nginx", "1.25")
    assert str(reference) == "docker.io/library/nginx:1.25"
    assert reference == ImageReference.parse("nginx:1.25")


def test_references_are_equal_however_they_are_spelled() -> None:
    spellings = ["nginx:1", "library/nginx:1", "docker.io/nginx:1", "index.docker.io/nginx:1"]
    assert len({ImageReference.parse(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(
    "other",
    [
        "nginx:2",
        "nginx",
        f"nginx:1@{ONE}",
        "ghcr.io/library/nginx:1",
        "docker.io:443/library/nginx:1",
    ],
)
def test_references_to_other_things_differ(other: str) -> None:
    assert ImageReference.parse("nginx:1") != ImageReference.parse(other)


def test_a_reference_is_neither_equal_nor_comparable_to_a_text() -> None:
    reference = ImageReference.parse("nginx")
    assert reference != "nginx"
    with pytest.raises(TypeError):
        _ = reference < "nginx"  # type: ignore[operator]


def test_references_are_ordered_by_registry_repository_tag_and_digest() -> None:
    ordered = [
        "app",
        "app:1",
        f"app:1@{ONE}",
        f"app:1@{TWO}",
        "app:2",
        "b",
        "ghcr.io/a",
        "localhost:5000/a",
    ]
    shuffled = [ImageReference.parse(text) for text in sorted(ordered, key=len)]
    assert [str(reference) for reference in sorted(shuffled)] == ordered


def test_references_are_frozen() -> None:
    reference = ImageReference.parse("nginx")
    with pytest.raises(FrozenInstanceError):
        reference.tag = "1"  # type: ignore[misc]


def test_references_survive_pickling() -> None:
    reference = ImageReference.parse(f"nginx:1@{ONE}")
    again = pickle.loads(pickle.dumps(reference))  # noqa: S301 (own bytes)
    assert (again, str(again)) == (reference, str(reference))
