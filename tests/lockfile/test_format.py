"""The lock file as text: stable, readable, and refused with a line where it is broken."""

from __future__ import annotations

import json
import string
import subprocess
from pathlib import Path
from random import Random
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinned_images.errors import LockFileError
from pinned_images.lockfile import LockEntry, LockFile, LockKey, ParameterKey
from pinned_images.reference import Digest, Platform

INDEX = "application/vnd.oci.image.index.v1+json"
NGINX = LockKey("docker.io/library/nginx:1.25")
REDIS = LockKey("docker.io/library/redis:7")
AMD64 = Platform("linux", "amd64")
ARM64 = Platform("linux", "arm64")

LETTERS = string.ascii_letters + string.digits + "_"


def beginning(first: str, others: str, longest: int) -> st.SearchStrategy[str]:
    """A text with a character of its own at the beginning; `from_regex` takes far longer."""
    return st.tuples(st.sampled_from(first), st.text(others, max_size=longest)).map("".join)


components = beginning(string.ascii_lowercase, string.ascii_lowercase + string.digits, 8)
tags = beginning(LETTERS, LETTERS + ".-", 12)
digests = st.binary(max_size=4).map(Digest.of)
platforms = st.builds(
    Platform.of,
    st.sampled_from(["linux", "windows"]),
    st.sampled_from(["amd64", "arm64", "arm", "386", "riscv64"]),
    st.sampled_from(["", "v6", "v8"]),
    st.sampled_from(["", "10.0.17763.5329"]),
)
keys = st.builds(
    lambda host, name, tag, platform: LockKey(f"{host}.example/{name}:{tag}", platform),
    components,
    components,
    tags,
    st.none() | platforms,
)
entries = st.builds(
    LockEntry,
    digests,
    st.none() | st.text(max_size=20),
    st.none() | st.lists(platforms, unique=True).map(lambda found: tuple(sorted(found))),
)
accounts = st.text(string.digits, min_size=12, max_size=12)
parameter_keys = st.builds(
    ParameterKey,
    accounts,
    st.sampled_from(["eu-west-1", "us-gov-west-1"]),
    st.tuples(
        st.just("/app/"),
        st.text(LETTERS + "./-", min_size=1, max_size=12),
        st.just("") | st.text(string.digits, min_size=1, max_size=3).map(":{}".format),
    ).map("".join),
) | st.builds(
    ParameterKey,
    st.just(""),
    st.just("eu-west-1"),
    st.text(string.ascii_lowercase + "/-", min_size=1, max_size=12).map("/aws/service/{}".format),
)
values = st.text(LETTERS + "./:@-", min_size=1, max_size=20)
lock_files = st.builds(
    LockFile,
    st.dictionaries(keys, entries, max_size=6),
    st.dictionaries(parameter_keys, values, max_size=3),
)


def a_lock_file(**fields: object) -> str:
    entry = {"digest": "sha256:" + "0" * 64} | fields
    return json.dumps({"version": 1, "images": {"docker.io/library/nginx:1.25": entry}}, indent=2)


def a_parameter(key: str = "123456789012 eu-west-1 /shop/image", **fields: object) -> str:
    entry = {"value": "nginx:1.25"} | fields
    return json.dumps({"version": 1, "images": {}, "parameters": {key: entry}}, indent=2)


def test_the_text_is_sorted_with_a_few_lines_for_each_entry() -> None:
    lock = LockFile(
        {
            REDIS: LockEntry(Digest.of(b"redis")),
            LockKey(NGINX.reference, ARM64): LockEntry(Digest.of(b"arm"), None, (ARM64,)),
            NGINX: LockEntry(Digest.of(b"nginx"), INDEX, (AMD64, ARM64)),
        }
    )
    assert lock.render() == dedent(
        f"""\
        {{
          "version": 1,
          "images": {{
            "docker.io/library/nginx:1.25": {{
              "digest": "{Digest.of(b"nginx")}",
              "mediaType": "{INDEX}",
              "platforms": ["linux/amd64", "linux/arm64"]
            }},
            "docker.io/library/nginx:1.25 linux/arm64": {{
              "digest": "{Digest.of(b"arm")}",
              "platforms": ["linux/arm64"]
            }},
            "docker.io/library/redis:7": {{
              "digest": "{Digest.of(b"redis")}"
            }}
          }}
        }}
        """
    )


def test_parameters_stand_below_the_images_and_only_where_there_are_some() -> None:
    parameters = {
        ParameterKey("", "eu-west-1", "/aws/service/router"): "redis:7",
        ParameterKey("222222222222", "eu-west-1", "/shop/image:3"): "nginx:1.25",
        ParameterKey("111111111111", "eu-west-1", "/shop/image"): "1.25",
    }
    assert LockFile({}, parameters).render() == dedent(
        """\
        {
          "version": 1,
          "images": {},
          "parameters": {
            "111111111111 eu-west-1 /shop/image": {
              "value": "1.25"
            },
            "222222222222 eu-west-1 /shop/image:3": {
              "value": "nginx:1.25"
            },
            "eu-west-1 /aws/service/router": {
              "value": "redis:7"
            }
          }
        }
        """
    )
    assert "parameters" not in LockFile({NGINX: LockEntry(Digest.of(b""))}).render()


@given(lock_files)
def test_what_is_written_is_read_back_and_written_to_the_same_bytes(lock: LockFile) -> None:
    text = lock.render()
    assert LockFile.parse(text) == lock
    assert LockFile.parse(text).render() == text
    assert text.endswith("}\n")


@given(st.lists(lock_files, max_size=4), st.randoms(use_true_random=False))
def test_additions_give_the_same_file_in_any_order(parts: list[LockFile], random: Random) -> None:
    def sum_of(additions: list[LockFile]) -> str:
        total = LockFile()
        for addition in additions:
            total = total.merged(agreed(addition))
        return total.render()

    def agreed(part: LockFile) -> dict[LockKey, LockEntry]:
        """Synths that ran at the same time saw the same images."""
        return {
            key: LockEntry(Digest.of(str(key).encode()), INDEX, entry.platforms)
            for key, entry in part.entries.items()
        }

    shuffled = list(parts)
    random.shuffle(shuffled)
    assert sum_of(shuffled) == sum_of(parts)


def test_an_entry_that_stands_keeps_its_digest_when_another_is_merged() -> None:
    standing = LockFile({NGINX: LockEntry(Digest.of(b"old"))})
    assert standing.merged({NGINX: LockEntry(Digest.of(b"new"))}) == standing


def test_a_replaced_entry_keeps_nothing_of_the_old_image() -> None:
    standing = LockFile({NGINX: LockEntry(Digest.of(b"old"), INDEX, (AMD64,))})
    new = LockEntry(Digest.of(b"new"))
    assert standing.replaced({NGINX: new}).entries[NGINX] == new


def test_an_entry_replaced_by_the_same_digest_keeps_what_was_learned() -> None:
    standing = LockFile({NGINX: LockEntry(Digest.of(b"old"), INDEX, (AMD64,))})
    assert standing.replaced({NGINX: LockEntry(Digest.of(b"old"))}) == standing


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        pytest.param('{\n  "version": 1,\n  "images": {', 3, "not JSON", id="cut-off"),
        pytest.param("", 1, "not JSON", id="empty"),
        pytest.param("[" * 100_000, 1, "no lock file", id="too-deep"),
        pytest.param("[]", 1, "Expected `object`", id="an-array"),
        pytest.param('{\n"version": 2, "images": []}', 2, "install a newer", id="newer-schema"),
        pytest.param('{\n"version": 0, "images": {}}', 2, "correct it, or", id="no-schema"),
        pytest.param('{\n"version": "1", "images": {}}', 2, "Expected `int`", id="version-a-text"),
        pytest.param('{"images": {}}', 1, "`version`", id="no-version"),
        pytest.param('{"version": 1}', 1, "`images`", id="no-images"),
        pytest.param('{"version": 1,\n"images": []}', 2, "Expected `object`", id="images-a-list"),
        pytest.param('{"version": 1, "images": {},\n"x": 1}', 2, "`x`", id="unknown-field"),
        pytest.param(a_lock_file(digest=5), 5, "Expected `str`", id="digest-a-number"),
        pytest.param(a_lock_file(digest="sha256:00"), 5, "not a digest", id="digest-too-short"),
        pytest.param(a_lock_file(mediaType=[]), 6, "Expected `str", id="media-type-a-list"),
        pytest.param(a_lock_file(platforms=["linux"]), 6, "not a platform", id="no-platform"),
        pytest.param(a_lock_file(platforms=["a/b ()"]), 6, "not a platform", id="no-build"),
        pytest.param(a_lock_file(note="x"), 6, "`note`", id="unknown-field-of-an-entry"),
        pytest.param(
            a_lock_file().replace("docker.io/library/", ""), 4, "in full", id="short-name"
        ),
        pytest.param(
            '{"version": 1, "images": {},\n"parameters": 3}',
            2,
            "Expected `object`",
            id="parameters",
        ),
        pytest.param(a_parameter("eu-west-1 /shop/image"), 5, "its account", id="no-account"),
        pytest.param(a_parameter("12 eu-west-1 /shop/image"), 5, "its account", id="bad-account"),
        pytest.param(a_parameter("123456789012 /shop/image"), 5, "its region", id="no-region"),
        pytest.param(
            a_parameter("123456789012 eu-west-1 /aws/service/x"), 5, "no account", id="public"
        ),
        pytest.param(a_parameter("123456789012 eu-west-1 a b"), 5, "its name", id="bad-name"),
        pytest.param(a_parameter(value=["x"]), 6, "Expected `str`", id="value-a-list"),
        pytest.param(a_parameter(value=""), 6, "no part of an image", id="value-empty"),
        pytest.param(a_parameter(value='{"key": "x"}'), 6, "no part of an image", id="value-json"),
        pytest.param(a_parameter(note="x"), 7, "`note`", id="unknown-field-of-a-parameter"),
        pytest.param(a_lock_file().replace("nginx", "NGINX"), 4, "lower case", id="bad-name"),
        pytest.param(
            a_lock_file().replace("1.25", "1@sha256:" + "1" * 64), 5, "itself", id="contradiction"
        ),
        pytest.param(
            a_lock_file().replace("{\n  ", "{\n<<<<<<< HEAD\n", 1), 2, "conflict", id="conflict"
        ),
    ],
)
def test_a_broken_file_is_refused_with_its_name_and_line(text: str, line: int, words: str) -> None:
    with pytest.raises(LockFileError, match=rf"'some\.lock\.json', line {line}: ") as caught:
        LockFile.parse(text, "some.lock.json")
    assert words in str(caught.value)


def test_an_image_that_stands_twice_is_refused_at_the_second_place() -> None:
    entry = '    "docker.io/library/nginx:1.25": {"digest": "sha256:%s"}'
    images = ",\n".join(entry % (digit * 64) for digit in "01")
    with pytest.raises(LockFileError, match=r"line 4: .*a second time"):
        LockFile.parse(f'{{"version": 1,\n"images": {{\n{images}\n}}}}')


def test_a_field_that_stands_twice_is_refused_at_the_second_place() -> None:
    text = a_lock_file(platforms=[]).replace('"platforms"', '"digest"')
    with pytest.raises(LockFileError, match=r"line 6: 'digest' is here a second time"):
        LockFile.parse(text)


def test_a_parameter_that_stands_twice_is_refused_at_the_second_place() -> None:
    entry = '    "eu-west-1 /aws/service/x": {"value": "nginx:%s"}'
    parameters = ",\n".join(entry % version for version in "12")
    text = f'{{"version": 1, "images": {{}},\n"parameters": {{\n{parameters}\n}}}}'
    with pytest.raises(LockFileError, match=r"line 4: .*a second time"):
        LockFile.parse(text)


def test_the_value_of_a_refused_parameter_is_not_told() -> None:
    with pytest.raises(LockFileError) as caught:
        LockFile.parse(a_parameter(value="hunter 2"))
    assert "hunter" not in str(caught.value)


def test_line_ends_of_windows_are_read() -> None:
    assert NGINX in LockFile.parse(a_lock_file().replace("\n", "\r\n")).entries


def test_two_branches_that_add_different_images_merge_without_a_conflict(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True)

    def commit(*names: str, branch: str) -> None:
        git("checkout", "-q", "-b", branch, *(["main"] if branch != "main" else []))
        path.write_text(lock_of(*names).render())
        git("add", ".")
        git("commit", "-q", "-m", branch)

    def lock_of(*names: str) -> LockFile:
        return LockFile(
            {LockKey(f"ghcr.io/a/{name}:1"): LockEntry(Digest.of(name.encode())) for name in names}
        )

    path = tmp_path / "pinned-images.lock.json"
    git("init", "-q", "-b", "empty")
    commit("f", "m", "t", branch="main")
    commit("f", "m", "t", "a", "z", branch="one")
    commit("f", "m", "t", "g", branch="two")
    git("merge", "-q", "--no-edit", "one")
    assert path.read_text() == lock_of("a", "f", "g", "m", "t", "z").render()
