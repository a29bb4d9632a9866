"""Properties of all documents: only spans differ, and all but the images reads as before."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from pinned_images.files.changes import plan, with_parts
from pinned_images.files.content import Content
from pinned_images.files.formats import find_images
from pinned_images.files.places import Place
from pinned_images.files.scanning import ScannedFile
from pinned_images.files.walking import TreeFile
from pinned_images.reference import Digest, ImageReference

IMAGES = st.sampled_from(
    ["nginx", "nginx:1.25", "team/a.b:1.0", "ghcr.io/a/b:1", "localhost:5000/x:y"]
)
TEXTS = st.text(
    st.characters(
        codec="utf-8",
        exclude_characters="\x85\u2028\u2029\ufeff",
        categories=["L", "N", "P", "S", "Zs"],
    ),
    max_size=12,
)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
DIGEST = Digest("sha256:" + "0" * 64)


@st.composite
def compose_files(draw: st.DrawFn) -> dict[str, Any]:
    services = {
        draw(TEXTS): {"note": draw(PLAIN), "image": draw(IMAGES), "labels": draw(PLAIN)}
        for _ in range(draw(st.integers(1, 3)))
    }
    return {"x-note": draw(PLAIN), "services": services, "volumes": draw(PLAIN)}


@st.composite
def pods(draw: st.DrawFn) -> dict[str, Any]:
    containers = [
        {"name": draw(TEXTS), "image": draw(IMAGES), "env": draw(PLAIN)}
        for _ in range(draw(st.integers(1, 3)))
    ]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"annotations": draw(PLAIN)},
        "spec": {"containers": containers},
    }


def pinned(name: str, raw: bytes) -> bytes:
    """The bytes with a digest for each image."""
    content = Content.read(raw)
    assert content is not None
    places = tuple(each for each in find_images(PurePath(name), content) if isinstance(each, Place))
    file = ScannedFile(TreeFile(name, name), raw, content, places, ())

    def target(place: Place) -> ImageReference | None:
        return None if place.is_pinned else with_parts(place, place.reference.effective_tag, DIGEST)

    changes = plan([file], target)
    assert not any(change.refusals for change in changes)
    return changes[0].result if changes else raw


def with_digests(tree: Any) -> Any:
    """The document with a digest for each image of a container or a service."""
    if isinstance(tree, list):
        return [with_digests(each) for each in tree]
    if not isinstance(tree, dict):
        return tree
    return {
        key: str(ImageReference.parse(value).with_digest(DIGEST))
        if key == "image" and isinstance(value, str)
        else with_digests(value)
        for key, value in tree.items()
    }


def expected(document: dict[str, Any]) -> dict[str, Any]:
    """The document as it should read afterwards; only images of services and containers change."""
    if "services" in document:
        return {
            **document,
            "services": {
                name: {**service, "image": with_digests({"image": service["image"]})["image"]}
                for name, service in document["services"].items()
            },
        }
    containers = [
        {**each, "image": with_digests({"image": each["image"]})["image"]}
        for each in document["spec"]["containers"]
    ]
    return {**document, "spec": {"containers": containers}}


STYLES = st.sampled_from(
    [
        {"default_flow_style": False},
        {"default_flow_style": True},
        {"default_style": '"'},
        {"default_style": "'"},
        {"default_style": "|"},
        {"allow_unicode": True, "indent": 5},
        {"line_break": "\r\n"},
        {"explicit_start": True, "explicit_end": True, "width": 30},
    ]
)


@given(compose_files() | pods(), STYLES)
def test_yaml_reads_as_before_but_for_the_images(
    document: dict[str, Any], style: dict[str, Any]
) -> None:
    raw = yaml.safe_dump(document, **style).encode()
    name = "compose.yaml" if "services" in document else "pod.yaml"
    result = pinned(name, raw)
    assert yaml.safe_load(result) == expected(yaml.safe_load(raw))
    assert pinned(name, result) == result
    assert result.count(f"@{DIGEST}".encode()) == len(
        document.get("services") or document["spec"]["containers"]
    )


@given(compose_files() | pods(), st.sampled_from([None, 2, "\t"]), st.booleans())
def test_json_reads_as_before_but_for_the_images(
    document: dict[str, Any],
    indent: int | str | None,
    ascii_only: bool,  # noqa: FBT001 - drawn
) -> None:
    raw = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()
    result = pinned("any.json", raw)
    assert json.loads(result) == expected(json.loads(raw))
    # A name may have the tag, too, that an image without one is given.
    before, after = (
        text.replace(f"@{DIGEST}".encode(), b"").replace(b":latest", b"") for text in (raw, result)
    )
    assert before == after
    assert pinned("any.json", result) == result


@given(
    st.lists(
        st.sampled_from(["ghcr.io/a/b:1", "nginx", "é", " ", "\n", ".", ",", "'", "(", "x/y:1"])
    )
)
def test_text_gets_digests_and_nothing_else(parts: list[str]) -> None:
    raw = "".join(parts).encode()
    result = pinned("notes.txt", raw)
    assert result.replace(f"@{DIGEST}".encode(), b"") == raw
    assert pinned("notes.txt", result) == result


@given(
    st.text(max_size=200),
    st.sampled_from(["a.yaml", "a.json", "a.tf", "a.py", "a.ts", "Dockerfile"]),
)
def test_nothing_that_is_read_raises(text: str, name: str) -> None:
    for candidate in (text, f"image: {text}", f'image = "{text}"', f'{{"image": "{text}"}}'):
        content = Content.read(candidate.encode("utf-8", "surrogatepass"))
        if content is not None:
            find_images(PurePath(name), content)
