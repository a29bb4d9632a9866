"""Text that registries send: any of it is read or refused, in bounds, and in linear time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from urllib3 import HTTPHeaderDict

from pinned_images.errors import ResolutionError
from pinned_images.media_types import INDEX_TYPES, MANIFEST_TYPES, OCI_INDEX, OCI_MANIFEST
from pinned_images.reference import Digest, Platform
from pinned_images.registry.auth.challenge import parse_challenges
from pinned_images.registry.http.addresses import host_of, is_loopback, is_private_literal
from pinned_images.registry.http.http_client import retry_after
from pinned_images.registry.http.messages import Request, Response
from pinned_images.registry.http.proxies import Proxies
from pinned_images.registry.manifest import (
    parse_descriptors,
    parse_manifest,
    parse_platform,
    plain_type,
)
from pinned_images.registry.paging import next_page, parse_tags
from pinned_images.registry.platforms import best_match
from tests.hostile import CONTROLS, CORPUS, assert_work_is_linear, lines_run
from tests.registry.images import encode

# What fell once, or falls elsewhere: each is tried every time.
TEXTS = [
    "",
    "\0",
    "0\0",
    "1\ud800",
    "\x1b[31m",
    "\u202e",
    "\ud800",
    "\\" * 100_000,
    '\\"' * 4090,
    '"' * 100_000,
    "a=" * 50_000,
    'a="a=' * 20_000,
    " " * 100_000,
    "," * 100_000,
    "<" * 100_000,
    "<>" * 50_000,
    ";rel=" * 20_000,
    "9" * 5000,
    "1e400",
    "-1",
    "nan",
    "Bearer " * 20_000,
    'Bearer realm="',
    "".join(CONTROLS),
]
BODIES = [
    *(text.encode("utf-8", "surrogatepass") for text in CORPUS.values()),
    b"",
    b"[]",
    b"{",
    b'{"schemaVersion":' + b"9" * 5000 + b"}",
    b'{"schemaVersion":2,"manifests":{}}',
    b'{"schemaVersion":2,"manifests":[[]]}',
    b'{"schemaVersion":2,"manifests":"text"}',
    b'{"schemaVersion":2,"config":[],"layers":0}',
    b'{"mediaType":"\\ud800"}',
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    b'{"tags":{"a":1}}',
    b'{"tags":[null,7,"\\u0000"]}',
    b'{"os":7,"architecture":[]}',
    b'{"os":"linux","architecture":"amd64","os.version":"' + b"1" * 5000 + b'"}',
]

texts = st.one_of(st.text(max_size=300), st.text(alphabet='<>;,="\\ \taBrel', max_size=300))
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([OCI_INDEX, OCI_MANIFEST, "sha256:" + "0" * 64, "linux", "amd64"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "schemaVersion",
                    "mediaType",
                    "manifests",
                    "config",
                    "layers",
                    "digest",
                    "platform",
                    "os",
                    "architecture",
                    "variant",
                    "os.version",
                    "annotations",
                    "artifactType",
                    "tags",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)
bodies = st.one_of(st.binary(max_size=200), json_values.map(encode))


def each_example(values: list[Any]) -> Callable[[Any], Any]:
    def decorate(function: Any) -> Any:
        for value in values:
            function = example(value)(function)
        return function

    return decorate


@each_example(TEXTS)
@given(texts)
def test_headers_of_any_text_are_read(text: str) -> None:
    for challenge in parse_challenges([text, text]):
        assert challenge.scheme.isascii()
    plain_type(text)
    response = Response(429, HTTPHeaderDict({"Retry-After": text}), b"", Request("GET", "x"))
    wait = retry_after(response)
    assert wait is None or 0 <= wait <= 7 * 24 * 3600
    page = _result(next_page, "https://registry.example/v2/a/tags/list", text)
    assert page is None or page.startswith("https://registry.example/")


@each_example(TEXTS)
@given(texts)
def test_hosts_of_any_text_are_told_apart(text: str) -> None:
    for host in (text, host_of(text)):
        assert is_loopback(host) in (True, False)
        assert is_private_literal(host) in (True, False)
    proxies = Proxies({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": text})
    assert proxies.of("https://127.0.0.1/") is None
    assert proxies.of("https://registry.example/") in (None, "http://proxy.example")


@each_example(BODIES)
@given(bodies)
def test_bodies_of_any_bytes_are_read_or_refused(body: bytes) -> None:
    for content_type in (None, OCI_INDEX, OCI_MANIFEST):
        manifest = _result(parse_manifest, body, content_type)
        if manifest is not None:
            assert manifest.digest == Digest.of(body)
            assert manifest.media_type in INDEX_TYPES | MANIFEST_TYPES
    for parse in (parse_platform, parse_tags, parse_descriptors):
        _result(parse, body)


words = st.one_of(
    st.sampled_from(["", "v7", "v8", "10.0.17763.1", "10.0.20348"]),
    st.text(max_size=20),
    st.just("9" * 5000),
    st.just(".".join("9" * 400)),
)


@given(words, st.lists(st.tuples(words, words), max_size=5), st.sampled_from(["linux", "windows"]))
def test_platforms_of_any_words_are_compared(
    version: str, offered: list[tuple[str, str]], system: str
) -> None:
    platforms = [Platform.of(system, "arm", *each) for each in offered]
    wanted = Platform.of(system, "arm", "", version)
    assert best_match(wanted, platforms) in (None, *platforms)


PARSERS: dict[str, tuple[Callable[[Any], object], Callable[[int], object]]] = {
    "challenges": (lambda text: parse_challenges([text]), lambda n: "Bearer a=b, " * n),
    "challenges, quotes": (lambda text: parse_challenges([text]), lambda n: '\\"' * n),
    "challenges, many": (parse_challenges, lambda n: ['\\"' * 40] * n),
    "challenges, open": (lambda text: parse_challenges([text]), lambda n: 'a="\\"' * n),
    "Link": (lambda text: next_page("https://h/", text), lambda n: "<a>; rel=x, " * n),
    "tags": (parse_tags, lambda n: encode({"tags": [f"v{k}" for k in range(n)]})),
    "index": (
        lambda body: parse_manifest(body, OCI_INDEX),
        lambda n: encode(
            {
                "schemaVersion": 2,
                "manifests": [
                    {
                        "mediaType": OCI_MANIFEST,
                        "digest": "sha256:" + "0" * 64,
                        "platform": {"os": "linux", "architecture": f"cpu{k}"},
                    }
                    for k in range(n)
                ],
            }
        ),
    ),
    "platforms": (
        lambda offered: best_match(Platform("linux", "amd64"), offered),
        lambda n: [Platform("linux", f"cpu{k}") for k in range(n)],
    ),
}


@pytest.mark.parametrize("name", PARSERS)
def test_twice_the_text_takes_twice_the_work(name: str) -> None:
    parse, make = PARSERS[name]

    def read(size: int) -> Callable[[], object]:
        text = make(size)
        return lambda: parse(text)

    assert_work_is_linear(read)


def test_all_challenges_together_are_bounded() -> None:
    """95 headers of 8 KiB took 20 seconds once."""
    hostile = ['\\"' * 4090] * 95
    assert lines_run(lambda: parse_challenges(hostile)) < 20 * 16 * 1024


def _result(parse: Callable[..., Any], *arguments: Any) -> Any:
    """What a parser reads; None where it refuses, which it does in a printable sentence."""
    error: ResolutionError | None = None
    try:
        return parse(*arguments)
    except ResolutionError as refusal:
        error = refusal
    assert str(error).isprintable()
    assert len(str(error)) < 500
    return None
