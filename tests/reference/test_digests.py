"""Digests: the algorithms that OCI registers, in lower case."""

from __future__ import annotations

import hashlib

import pytest

from pinned_images import Digest, InvalidReference


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_registered_algorithms_are_known_and_checked(algorithm: str) -> None:
    digest = Digest(f"{algorithm}:{hashlib.new(algorithm, b'content').hexdigest()}")
    assert digest.algorithm == algorithm
    assert digest.matches(b"content")
    assert not digest.matches(b"other content")


def test_a_digest_is_a_text() -> None:
    digest = Digest.of(b"content")
    assert digest == f"sha256:{digest.encoded}"
    assert f"{digest}" == str(digest)
    assert digest.short == digest.encoded[:12]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "not a digest"),
        ("sha256", "not a digest"),
        (f"sha256-{'0' * 64}", "not a digest"),
        (f"sha256:{'0' * 63}", "63 hexadecimal digits"),
        (f"sha256:{'0' * 65}", "65 hexadecimal digits"),
        (f"sha384:{'0' * 64}", "sha384 has 96"),
        (f"sha256:{'A' * 64}", "upper-case"),
        (f"blake3:{'0' * 64}", "unsupported algorithm 'blake3'"),
        (f"sha256:{'0' * 64}\n", "not a digest"),
        (f" sha256:{'0' * 64}", "not a digest"),
        ("sha256:" + "\u0660" * 64, "not a digest"),
    ],
)
def test_other_texts_are_refused(text: str, rule: str) -> None:
    with pytest.raises(InvalidReference, match=rule):
        Digest(text)
