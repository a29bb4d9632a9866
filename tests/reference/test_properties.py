"""What holds for every reference, and for every text."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from hypothesis import example, given
from hypothesis import strategies as st

from pinned_images import Digest, ImageReference, InvalidReference, Platform
from tests.reference.strategies import any_text, digests, near_misses, references, tags

Style = Literal["tag-and-digest", "digest"]
styles: st.SearchStrategy[Style] = st.sampled_from(["tag-and-digest", "digest"])


@given(references())
def test_a_reference_is_spelled_as_it_was_written(text: str) -> None:
    assert str(ImageReference.parse(text)) == text


@given(references())
def test_the_normal_form_is_the_same_reference_and_is_its_own_normal_form(text: str) -> None:
    reference = ImageReference.parse(text)
    again = ImageReference.parse(reference.normalized)
    assert again.normalized == reference.normalized
    assert (again.name, again.digest) == (reference.name, reference.digest)
    assert again.effective_tag == reference.effective_tag


@given(references(), tags, digests)
def test_a_reference_of_parts_is_what_its_text_parses_to(text: str, tag: str, digest: str) -> None:
    name = ImageReference.parse(text)
    reference = ImageReference(name.registry, name.repository, tag, Digest(digest))
    assert ImageReference.parse(str(reference)) == reference


@given(references(), digests, styles)
def test_pinning_is_idempotent(text: str, digest: str, style: Style) -> None:
    once = ImageReference.parse(text).with_digest(digest, style)
    twice = once.with_digest(digest, style)
    assert (str(twice), twice) == (str(once), once)


@given(references(), digests, styles)
def test_pinning_changes_the_digest_and_nothing_else_that_is_named(
    text: str, digest: str, style: Style
) -> None:
    reference = ImageReference.parse(text)
    pinned = reference.with_digest(digest, style)
    assert pinned.digest == digest
    assert (pinned.registry, pinned.repository) == (reference.registry, reference.repository)
    assert pinned.spelled_name == reference.spelled_name
    assert pinned.tag == (reference.effective_tag if style == "tag-and-digest" else None)
    assert ImageReference.parse(str(pinned)) == pinned


@given(st.lists(references().map(ImageReference.parse), min_size=2, max_size=6))
def test_the_order_is_total(found: list[ImageReference]) -> None:
    ordered = sorted(found)
    for lower, upper in pairwise(ordered):
        assert (lower < upper) + (lower == upper) + (lower > upper) == 1
        assert lower <= upper
        assert lower != upper or hash(lower) == hash(upper)


@given(any_text)
@example("sha256:" + "0" * 64)
@example("[:/@")
@example("a" * 248)
def test_every_text_is_a_reference_or_is_refused_in_one_sentence(text: str) -> None:
    refusal = None
    try:
        reference = ImageReference.parse(text)
    except InvalidReference as error:
        refusal = str(error)
    if refusal is None:
        assert str(reference) == text
    else:
        assert refusal.endswith(".")
        assert "\n" not in refusal


@given(st.one_of(digests, any_text))
def test_every_text_is_a_digest_or_is_refused(text: str) -> None:
    try:
        digest = Digest(text)
    except InvalidReference:
        return
    assert f"{digest.algorithm}:{digest.encoded}" == digest == text


@given(st.binary())
def test_a_digest_matches_the_bytes_that_it_is_of_and_no_others(content: bytes) -> None:
    digest = Digest.of(content)
    assert digest.matches(content)
    assert not digest.matches(content + b"\x00")


@given(st.one_of(near_misses, st.lists(st.text(), max_size=5).map("/".join)))
def test_every_text_is_a_platform_or_is_refused(text: str) -> None:
    try:
        platform = Platform.parse(text)
    except InvalidReference:
        return
    assert Platform.parse(str(platform)) == platform
