"""The grammar, as distribution/reference has it: what each text means, and why others mean nothing.

The tables hold one row for each rule of `regexp.go` and `normalize.go` there.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from pinned_images import ImageReference, InvalidReference

HEX = "0123456789abcdef" * 4
SHA256 = f"sha256:{HEX}"


class Parts(NamedTuple):
    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None


def parts(text: str) -> Parts:
    reference = ImageReference.parse(text)
    return Parts(reference.registry, reference.repository, reference.tag, reference.digest)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nginx", Parts("docker.io", "library/nginx")),
        ("nginx:1.25", Parts("docker.io", "library/nginx", "1.25")),
        ("nginx:latest", Parts("docker.io", "library/nginx", "latest")),
        ("library/nginx", Parts("docker.io", "library/nginx")),
        ("bitnami/redis:7", Parts("docker.io", "bitnami/redis", "7")),
        ("a/b/c", Parts("docker.io", "a/b/c")),
        ("docker.io/nginx", Parts("docker.io", "library/nginx")),
        ("docker.io/library/nginx", Parts("docker.io", "library/nginx")),
        ("docker.io/bitnami/redis", Parts("docker.io", "bitnami/redis")),
        ("index.docker.io/nginx", Parts("docker.io", "library/nginx")),
        ("index.docker.io/bitnami/redis:7", Parts("docker.io", "bitnami/redis", "7")),
        ("docker.io:443/nginx", Parts("docker.io:443", "nginx")),
        ("registry-1.docker.io/library/nginx", Parts("registry-1.docker.io", "library/nginx")),
        ("1.25", Parts("docker.io", "library/1.25")),
        ("localhost", Parts("docker.io", "library/localhost")),
        ("docker.io", Parts("docker.io", "library/docker.io")),
    ],
)
def test_short_names_are_of_docker_hub(text: str, expected: Parts) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ghcr.io/org/app:1", Parts("ghcr.io", "org/app", "1")),
        ("public.ecr.aws/nginx/nginx", Parts("public.ecr.aws", "nginx/nginx")),
        (
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:v1",
            Parts("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "app", "v1"),
        ),
        ("localhost/app", Parts("localhost", "app")),
        ("localhost:5000/app:1", Parts("localhost:5000", "app", "1")),
        ("host:5000/app", Parts("host:5000", "app")),
        ("host:5000/app:5000", Parts("host:5000", "app", "5000")),
        ("host:00/app", Parts("host:00", "app")),
        ("host:999999/app", Parts("host:999999", "app")),
        ("127.0.0.1/app", Parts("127.0.0.1", "app")),
        ("127.0.0.1:5000/a/b:1", Parts("127.0.0.1:5000", "a/b", "1")),
        ("[::1]/app", Parts("[::1]", "app")),
        ("[2001:db8::1]:5000/app:1", Parts("[2001:db8::1]:5000", "app", "1")),
        ("[2001:DB8::A]/app", Parts("[2001:DB8::A]", "app")),
        ("Registry.Example.com/app", Parts("Registry.Example.com", "app")),
        ("HOST/app", Parts("HOST", "app")),
        ("xn--n3h.example/app", Parts("xn--n3h.example", "app")),
        ("a--b.example/app", Parts("a--b.example", "app")),
    ],
)
def test_a_first_part_with_a_dot_a_colon_or_upper_case_is_a_host(
    text: str, expected: Parts
) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    "repository",
    [
        "a",
        "0",
        "a.b",
        "a_b",
        "a__b",
        "a-b",
        "a---b",
        "a.b_c__d-e/f",
        "aa/aa/aa/aa/aa/aa/aa/aa/aa",
        "a" * 255,
        HEX + "0",
        HEX[:-1],
        f"team/{HEX}",
    ],
)
def test_repositories_are_lower_case_words_with_separators(repository: str) -> None:
    assert parts(f"host.example/{repository}:1") == ("host.example", repository, "1", None)


@pytest.mark.parametrize(
    "tag", ["1", "latest", "V1.2-RC_3", "_", "a" * 128, "1.0-alpine3.19", "__", "a.-"]
)
def test_tags_are_up_to_128_letters_digits_underscores_dots_and_dashes(tag: str) -> None:
    assert parts(f"app:{tag}").tag == tag


@pytest.mark.parametrize(
    ("text", "tag", "digest"),
    [
        (f"app@{SHA256}", None, SHA256),
        (f"app:1@{SHA256}", "1", SHA256),
        (f"host:5000/a/b:1@{SHA256}", "1", SHA256),
        (f"app@sha384:{HEX}{HEX[:32]}", None, f"sha384:{HEX}{HEX[:32]}"),
        (f"app@sha512:{HEX}{HEX}", None, f"sha512:{HEX}{HEX}"),
    ],
)
def test_a_digest_may_follow_a_tag_or_stand_alone(text: str, tag: str | None, digest: str) -> None:
    assert (parts(text).tag, parts(text).digest) == (tag, digest)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "empty"),
        (" nginx", "white space"),
        ("nginx:1.25\n", "white space"),
        ("ng inx", "white space"),
        ("https://ghcr.io/org/app", "URL scheme"),
        ("Nginx", "lower case"),
        ("ghcr.io/Org/app", "lower case"),
        ("library/Nginx:1", "lower case"),
        ("a/B", "lower case"),
        ("a//b", "separated by"),
        ("/app", "separated by"),
        ("app/", "separated by"),
        ("ghcr.io/", "separated by"),
        ("-app", "separated by"),
        ("app-", "separated by"),
        ("a..b", "separated by"),
        ("a___b", "separated by"),
        ("a._b", "separated by"),
        ("team/_app", "separated by"),
        ("äpfel", "separated by"),
        ("app+1", "separated by"),
        (":1", "separated by"),
        (f"@{SHA256}", "separated by"),
        ("app:", "the tag ''"),
        ("app:.1", "the tag '.1'"),
        ("app:-1", "the tag '-1'"),
        ("app:1:2", "the tag '1:2'"),
        ("app:1+2", r"the tag '1\+2'"),
        (f"app:{'a' * 129}", "1 to 128"),
        ("app@", "no digest"),
        ("app@sha256", "no digest"),
        ("app@sha256:abc", "no digest"),
        (f"app@:{HEX}", "no digest"),
        (f"app@sha256:{HEX[:-1]}g", "no digest"),
        (f"app@{SHA256}@{SHA256}", "no digest"),
        (f"app@{SHA256}:1", "no digest"),
        (f"app@sha256:{HEX[:32]}", "32 hexadecimal digits"),
        (f"app@sha256:{HEX}0", "65 hexadecimal digits"),
        (f"app@sha512:{HEX}", "sha512 has 128"),
        (f"app@sha256:{HEX.upper()}", "upper-case"),
        (f"app@SHA256:{HEX}", "unsupported algorithm 'SHA256'"),
        (f"app@md5:{HEX[:32]}", "unsupported algorithm 'md5'"),
        (f"app@sha256+b64:{HEX}", r"unsupported algorithm 'sha256\+b64'"),
        (HEX, "image id"),
        ("-host.example/app", "no registry host"),
        ("host-.example/app", "no registry host"),
        ("host..example/app", "no registry host"),
        (".example/app", "no registry host"),
        ("host:/app", "no registry host"),
        ("host:port/app", "no registry host"),
        ("host:1:2/app", "no registry host"),
        ("[::1/app", "no registry host"),
        ("::1/app", "no registry host"),
        ("[::1]x/app", "no registry host"),
        ("[fe80::1%eth0]/app", "no registry host"),
        ("[]:5000/app", "no registry host"),
        ("host_name:5000/app", "no registry host"),
        ("a_b.c/d", "no registry host"),
        ("a" * 256, "at most 255"),
        (f"ghcr.io/{'a/' * 128}a", "257 characters: at most 255"),
        ("a" * 248, "256 characters"),
    ],
    ids=repr,
)
def test_other_texts_are_refused_for_the_rule_that_they_break(text: str, rule: str) -> None:
    with pytest.raises(InvalidReference, match=rule) as refusal:
        ImageReference.parse(text)
    assert isinstance(refusal.value, ValueError)


@pytest.mark.parametrize("scheme", ["", "https://", "docker://"])
def test_a_refused_text_is_shown_without_the_credentials_in_it(scheme: str) -> None:
    with pytest.raises(InvalidReference) as caught:
        ImageReference.parse(f"{scheme}user:hunter2@registry.example/app:1")
    assert "hunter2" not in str(caught.value)
    assert "***@registry.example/app:1" in str(caught.value)


def test_the_255_characters_are_those_of_the_repository_alone() -> None:
    longest = f"{'host.' * 40}example/{'a' * 255}:{'b' * 128}@{SHA256}"
    assert len(ImageReference.parse(longest).repository) == 255


def test_the_name_of_docker_hub_s_namespace_counts_as_it_does_in_docker() -> None:
    assert len(ImageReference.parse("a" * 247).repository) == 255


@pytest.mark.parametrize(
    "text", ["a" * 50_000, "a/" * 20_000, "a-" * 20_000 + "!", "[" + ":" * 50_000]
)
def test_a_long_text_is_refused_by_its_first_rule(text: str) -> None:
    with pytest.raises(InvalidReference):
        ImageReference.parse(text)
