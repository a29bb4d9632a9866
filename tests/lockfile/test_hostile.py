"""Lock files that are spoilt, or mean harm: an error of the library's own, short and printable."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pinned_images.errors import LockFileError
from pinned_images.lockfile import LockFile
from tests.hostile import (
    ANY_TEXT,
    CONTROLS,
    CORPUS,
    assert_work_is_linear,
    json_texts,
)

NGINX = "docker.io/library/nginx:1.25"
DIGEST = "sha256:" + "0" * 64

NAMES = st.sampled_from(
    ["version", "images", "parameters", "digest", "mediaType", "platforms", "value", NGINX]
)
VALUES = st.sampled_from([1, 2, NGINX, DIGEST, "linux/amd64", "eu-west-1 /aws/service/x"])


def refused(text: str) -> LockFileError:
    with pytest.raises(LockFileError) as caught:
        LockFile.parse(text)
    assert len(str(caught.value)) < 600
    return caught.value


def lock(entry: object, key: str = NGINX) -> str:
    return json.dumps({"version": 1, "images": {key: entry}})


@given(json_texts(NAMES, VALUES))
@example(CORPUS["digits in it"])
@example(CORPUS["half a pair"])
@example(CORPUS["brackets"])
@example(lock({"digest": DIGEST, "mediaType": "\ud800"}))
@example(lock({"digest": DIGEST, "platforms": ["linux/\ud800"]}))
@example('{"version": 1, "images": {"' + NGINX + '": {"digest": ' + "9" * 5000 + "}}}")
def test_any_text_is_a_lock_file_that_can_be_written_again_or_an_error_of_its_own(
    text: str,
) -> None:
    with suppress(LockFileError):
        found = LockFile.parse(text)
        assert LockFile.parse(found.render()) == found


@pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS)
def test_a_spoilt_file_is_one_short_error(text: str) -> None:
    refused(text)


@pytest.mark.parametrize(
    "text",
    [
        lock({"digest": DIGEST}, "X" * 3_000_000),
        lock({"digest": "x" * 3_000_000}),
        lock({"digest": DIGEST, "platforms": ["x" * 3_000_000]}),
        lock({"digest": DIGEST, "x" * 3_000_000: 1}),
        json.dumps({"version": 10**4000, "images": {}}),
        json.dumps({"version": 1, "images": {}, "parameters": {"x" * 3_000_000: {"value": "x"}}}),
        json.dumps({"version": 1, "images": {}, "parameters": {"x": {"value": "x" * 3_000_000}}}),
    ],
    ids=["key", "digest", "platform", "field", "version", "parameter", "value"],
)
def test_an_error_quotes_the_beginning_only(text: str) -> None:
    refused(text)


@pytest.mark.parametrize("control", CONTROLS, ids=lambda each: f"U+{ord(each):04X}")
def test_what_steers_a_terminal_is_in_no_error(control: str) -> None:
    """In every place where a text of the file is quoted."""
    word = f"a{control}b"
    for text in (
        lock({"digest": DIGEST}, word),
        lock({"digest": word}),
        lock({"digest": DIGEST, "platforms": [word]}),
        lock({"digest": DIGEST, word: 1}),
        json.dumps({"version": 1, "images": {}, word: 1}),
        json.dumps({"version": 1, "images": {}, "parameters": {word: {"value": "x"}}}),
        '{"version": 1, "images": {}, ' + f"{json.dumps(word)}: 1, {json.dumps(word)}: 2" + "}",
    ):
        assert str(refused(text)).isprintable()


def test_a_mark_in_front_of_the_text_is_passed_over(tmp_path: Path) -> None:
    """Editors on Windows write one in front of UTF-8."""
    path = tmp_path / "lock.json"
    path.write_text(lock({"digest": DIGEST}), encoding="utf-8-sig")
    assert len(LockFile.read(path).entries) == 1
    assert LockFile.read(path) == LockFile.parse(lock({"digest": DIGEST}))


@pytest.mark.parametrize("path", ["\0", "lock\ud800.json"])
def test_a_path_that_no_file_can_have_is_an_error_of_its_own(path: str) -> None:
    with pytest.raises(LockFileError, match="cannot be read"):
        LockFile.read(path)
    with pytest.raises(LockFileError, match="cannot be read"):
        LockFile.change(path, lambda lock: lock)


@given(ANY_TEXT)
def test_any_value_of_a_parameter_is_taken_or_refused(value: str) -> None:
    document = {"version": 1, "images": {}, "parameters": {"eu-west-1 /aws/x": {"value": value}}}
    with suppress(LockFileError):
        LockFile.parse(json.dumps(document))


@pytest.mark.parametrize(
    "text",
    [
        lambda size: json.dumps(
            {
                "version": 1,
                "images": {
                    f"docker.io/library/a{size}:{n}": {"digest": DIGEST} for n in range(size)
                },
            }
        ),
        lambda size: lock(
            {"digest": DIGEST, "platforms": [f"linux/a{number}" for number in range(size)]}
        ),
        lambda size: json.dumps(
            {
                "version": 1,
                "images": {},
                "parameters": {f"eu-west-1 /aws/{n}": {"value": "x"} for n in range(size)},
            }
        ),
        lambda size: (
            '{"version": 1, "images": {' + ", ".join(f'"{n}": 1, "{n}": 2' for n in range(size))
        ),
        lambda size: '{"version": 1, "images": {' + "\n<" * size,
        lambda size: '"\\ud800"' * size,
    ],
    ids=["images", "platforms", "parameters", "repetitions", "lines", "half pairs"],
)
def test_twice_as_much_is_at_most_twice_the_work(text: Callable[[int], str]) -> None:
    def read(size: int) -> Callable[[], None]:
        written = text(size)

        def parse() -> None:
            with suppress(LockFileError):
                LockFile.parse(written)

        return parse

    assert_work_is_linear(read)
