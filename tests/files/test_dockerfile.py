"""The images that Dockerfiles name."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinned_images.files.dockerfile import Build, Dockerfile, DockerfileImage, UnknownTarget

DIGEST = "sha256:" + "a" * 64


def images(text: str | bytes, build: Build | None = None) -> list[DockerfileImage]:
    content = text if isinstance(text, bytes) else text.encode()
    return Dockerfile.parse(content).images(build)


def named(text: str | bytes, build: Build | None = None) -> list[str | None]:
    return [each.image for each in images(text, build)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM python:3.12\n", ["python:3.12"]),
        ("FROM python:3.12", ["python:3.12"]),
        ("from python:3.12\r\nRUN x\r\n", ["python:3.12"]),
        ("\ufeffFROM python:3.12", ["python:3.12"]),
        ("  \t FROM\tpython:3.12  AS  x \n", ["python:3.12"]),
        (f"FROM python:3.12@{DIGEST}", [f"python:3.12@{DIGEST}"]),
        ("FROM --platform=linux/arm64 python:3.12", ["python:3.12"]),
        ('FROM --platform="linux/arm64" python:3.12', ["python:3.12"]),
        ('FROM "python:3.12"', ["python:3.12"]),
        ("FROM \\\n  # which one\n\n  python:3.12 \\\n  AS x", ["python:3.12"]),
        ("FROM pyth\\\non:3.12", ["python:3.12"]),
        ("# escape=`\nFROM `\n python:3.12\nRUN c:\\\nRUN d", ["python:3.12"]),
        ("# comment\n# escape=`\nFROM a\nRUN x \\\nFROM b", ["a"]),
        ("FROM scratch", []),
        ("FROM a AS Build\nFROM BUILD\nFROM build AS other", ["a"]),
        ("FROM a AS b\nFROM b AS b\nFROM b", ["a"]),
        ("FROM later\nFROM x AS later", ["later", "x"]),
        ("FROM a\nCOPY --from=b:1 /x /y", ["a", "b:1"]),
        ("FROM a\nCOPY --link --chown=1:1 --from='b:1' /x /y", ["a", "b:1"]),
        ("FROM a AS x\nFROM b\nCOPY --from=x . .\nCOPY --from=0 . .", ["a", "b"]),
        ("FROM a\nCOPY x --from=b /y", ["a"]),
        ("FROM a\nCOPY -- --from=b /y", ["a"]),
        ("FROM a\nADD --from=b:1 /x /y", ["a"]),
        ("FROM a\nRUN --mount=type=bind,from=b:1,target=/x ls", ["a", "b:1"]),
        ('FROM a\nRUN --mount=type=cache,"From=b:1" --mount=from=c:1 ls', ["a", "b:1", "c:1"]),
        ("FROM a AS x\nFROM b\nRUN --mount=from=X,target=/x ls", ["a", "b"]),
        ("FROM a\nRUN docker build --from=b:1 .", ["a"]),
        ("FROM a\nONBUILD COPY --from=b:1 /x /y", ["a", "b:1"]),
        ("FROM a\nRUN <<EOF\nFROM b\nEOF\nFROM c", ["a", "c"]),
        ("FROM a\nRUN cat << 'E F' x <<-G\nFROM b\nE F\nFROM b\n\t\tG\nFROM c", ["a", "c"]),
        ('FROM a\nCOPY <<"EOF" /x\nFROM b\nEOF\nFROM c', ["a", "c"]),
        ("FROM a\nONBUILD RUN <<EOF\nFROM b\nEOF\nFROM c", ["a", "c"]),
        ('FROM a\nRUN ["cat", "<<EOF"]\nFROM c', ["a", "c"]),
        ("FROM a\nRUN cat <<<EOF\nFROM c", ["a", "c"]),
        ("FROM a\nRUN echo '<<EOF'\nFROM c", ["a", "c"]),
        ("FROM a\nRUN echo \\<<EOF\nFROM c", ["a", "c"]),
        ("FROM a\nENV X=<<EOF\nFROM c", ["a", "c"]),
        ("FROM a\nRUN x \\\n# FROM b\n  y\n#FROM d \\\nFROM c", ["a", "c"]),
        ("# syntax=docker/dockerfile:1\nFROM a", ["docker/dockerfile:1", "a"]),
        ("#!/x\n#SYNTAX = docker/dockerfile:1 --x\nFROM a", ["docker/dockerfile:1", "a"]),
        ("# escape=\\\n# syntax=x/y:1\nFROM a", ["x/y:1", "a"]),
        ("FROM a\n# syntax=x/y:1", ["a"]),
        ("# hello\n# syntax=x/y:1\nFROM a", ["a"]),
        ("ARG T=3.12\nFROM python:$T", ["python:3.12"]),
        ("ARG T=1 U=2\nARG V=${T}.${U}\nFROM python:${V}-x", ["python:1.2-x"]),
        ("ARG T='3'\nARG U=\"$T.1\"\nFROM python:$U", ["python:3.1"]),
        ("ARG T\nFROM python:${T:-3.12}", ["python:3.12"]),
        ("ARG T=\nFROM python:${T:-3.12}", ["python:3.12"]),
        ("ARG T=\nFROM python${T-:3.12}", ["python"]),
        ("ARG S=slim\nFROM python:3${S:+-$S}", ["python:3-slim"]),
        ("ARG S\nFROM python:3${S:+-slim}", ["python:3"]),
        ("ARG S\nFROM python:3$S", ["python:3"]),
        ("ARG B=x\nFROM a AS x\nFROM $B", ["a"]),
        ("FROM a\nARG T=1\nFROM b:$T", ["a", "b:"]),
        ("FROM a:${T:?needed}", [None]),
        ("FROM a-$TARGETARCH", [None]),
        ("ARG A=$TARGETARCH\nFROM a-$A", [None]),
        ("ARG T=1-x\nFROM a:${T%-x}", [None]),
        ("FROM a:${", [None]),
        ("FROM 'a", [None]),
        ("", []),
        ("RUN x\nCOPY --from=b . .", []),
        ("FROM", []),
        ("\\", []),
        ("FROM a\nCOPY --from=", ["a"]),
        ("FROM a\nRUN --mount=", ["a"]),
        (b"FROM a\nRUN echo \xff \xc3\xa9\nFROM b", ["a", "b"]),
    ],
)
def test_images_are_found_as_the_build_reads_them(
    text: str | bytes, expected: list[str | None]
) -> None:
    assert named(text) == expected


STAGES = """\
FROM a AS base
ONBUILD COPY --from=trigger:1 / /
FROM b AS unused
COPY --from=c:1 . .
FROM d AS tools
FROM base AS app
COPY --from=tools . .
RUN --mount=from=e:1,target=/x ls
FROM app AS test
RUN --mount=from=unused ls
"""


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("app", ["a", "d", "trigger:1", "e:1"]),
        ("APP", ["a", "d", "trigger:1", "e:1"]),
        ("tools", ["d"]),
        ("2", ["d"]),
        ("base", ["a"]),
        (None, ["a", "b", "c:1", "d", "trigger:1", "e:1"]),
    ],
)
def test_a_build_has_the_images_of_the_stages_that_its_target_needs(
    target: str | None, expected: list[str]
) -> None:
    assert sorted(map(str, named(STAGES, Build(target)))) == sorted(expected)


def test_a_target_that_is_not_there_is_told() -> None:
    with pytest.raises(UnknownTarget, match="nowhere"):
        named(STAGES, Build("nowhere"))


@pytest.mark.parametrize(
    ("text", "build", "expected"),
    [
        ("ARG T=1\nFROM a:$T", Build(arguments={"T": "2"}), "a:2"),
        ("FROM a:${T:-1}", Build(arguments={"T": "2"}), "a:1"),
        ("FROM a:$TARGETARCH", Build(platform="linux/arm64"), "a:arm64"),
        ("FROM a:$TARGETARCH", Build(arguments={"TARGETARCH": "x"}), "a:x"),
        ("FROM a:$TARGETVARIANT", Build(platform="linux/arm/v7"), "a:v7"),
        ("FROM a AS x\nFROM b:$TARGETSTAGE AS y", Build(), "b:y"),
        ("FROM a:1", Build(contexts={"a:1": f"docker-image://b@{DIGEST}"}), f"b@{DIGEST}"),
        ("FROM a", Build(contexts={"a": "docker-image://b:1"}), "b:1"),
        ("FROM docker.io/library/a:latest", Build(contexts={"a": "docker-image://b:1"}), "b:1"),
        (
            "# syntax=x:1\nFROM scratch",
            Build(arguments={"BUILDKIT_SYNTAX": "y:1 --z"}),
            "y:1",
        ),
    ],
)
def test_a_build_is_told_arguments_a_platform_and_contexts(
    text: str, build: Build, expected: str
) -> None:
    assert named(text, build) == [expected]


def test_a_stage_that_a_build_context_replaces_is_not_built() -> None:
    text = "FROM a AS x\nFROM b\nCOPY --from=x . .\nCOPY --from=c . ."
    assert named(text, Build(contexts={"x": "./folder", "c": "./folder"})) == ["b"]


def test_an_image_tells_where_it_is_named() -> None:
    text = (
        "# syntax=s:1\nARG I=i:1\n\n"
        'FROM --platform=$BUILDPLATFORM "$I" AS x\nCOPY \\\n --from=c . .'
    )
    syntax, base, copied = images(text)
    assert (syntax.instruction, syntax.line) == ("syntax", 1)
    assert (base.instruction, base.line, base.written) == ("FROM", 4, '"$I"')
    assert (base.variables, base.platform) == (frozenset({"I"}), None)
    assert (copied.instruction, copied.line, copied.written) == ("COPY", 5, "c")
    [with_platform] = images("FROM --platform=linux/arm64 a")
    assert with_platform.platform == "linux/arm64"
    [without_value] = images("ARG T\nFROM a:$T")
    assert without_value.unset == frozenset({"T"})
    [unknown] = images("FROM a:$TARGETARCH")
    assert unknown.problem == "depends on TARGETARCH, which is known when it is built"


@pytest.mark.parametrize(
    "text",
    [
        "FROM «python:3.12»",
        "\ufeff# é\r\nFROM --platform=x «python:3.12» AS y\r\n",
        "FROM 'x'\\\n\\\nAS y\nCOPY --link --from='«a/b:1»' . .",
        'ARG I="«python:3.12»"\nFROM ${I}',
        "ARG I=«python:3.12»\nARG J=$I\nFROM $J",
        "# syntax = «docker/dockerfile:1»  \nFROM scratch",
        "FROM scratch\nRUN --mount=type=bind,from=«b:1»,target=/x \\\n ls",
        "ARG X\nFROM ${X:-«python:3.12»}",
    ],
)
def test_the_bytes_of_an_image_are_those_that_hold_it(text: str) -> None:
    before, image, after = re.split("[«»]", text)
    start = len(before.encode())
    content = f"{before}{image}{after}".encode()
    assert (image, (start, start + len(image))) in [(e.image, e.span) for e in images(content)]


@pytest.mark.parametrize(
    "text", ["ARG T=1\nFROM a:$T", "FROM pyth\\\non", "FROM 'pyth'on", "FROM ${X:-a}b"]
)
def test_an_image_that_is_put_together_has_no_bytes_of_its_own(text: str) -> None:
    [image] = images(text)
    assert image.image is not None
    assert image.span is None


def test_a_here_document_without_its_end_is_a_problem() -> None:
    dockerfile = Dockerfile.parse(b"FROM a\n\nRUN <<EOF\nls\nFROM b")
    assert [each.image for each in dockerfile.images()] == ["a"]
    assert dockerfile.problem == "The here-document that line 3 begins has no end."


def test_arguments_that_double_each_other_stay_bounded() -> None:
    lines = ["ARG A0=xxxxxxxx", *(f"ARG A{n + 1}=$A{n}$A{n}" for n in range(60)), "FROM a:$A60"]
    [image] = images("\n".join(lines))
    assert image.image is None


def test_defaults_in_defaults_stay_bounded() -> None:
    assert named("FROM " + "${X:-" * 5_000 + "a" + "}" * 5_000) == [None]


PARTS = st.sampled_from(
    [
        *(
            "FROM ",
            "ARG ",
            "COPY --from=",
            "RUN ",
            "--mount=from=",
            "ONBUILD ",
            "A=",
            "$A",
            "${A:-",
        ),
        *("<<EOF", "EOF", "\n", "\n", "\r\n", "\\\n", "'", '"', "# ", "# escape=`\n", "`", " "),
        *("}", "x:1", " AS x", "scratch", "0", "é", "\t", "\\"),
    ]
)


@given(st.lists(PARTS, max_size=60).map("".join))
def test_whatever_is_read_spans_hold_their_images(text: str) -> None:
    content = text.encode()
    found = images(content)
    for image in found:
        if image.span is not None:
            start, end = image.span
            assert content[start:end].decode("latin-1") == image.image
    needed = images(content, Build())
    assert {each.line for each in needed} <= {each.line for each in found}
