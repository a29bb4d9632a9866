"""Image assets that are built from images without a digest."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pinned_images.cloud_assembly import ImageAsset, image_assets
from pinned_images.examination import examine_app
from pinned_images.rules import Coverage, Violation
from tests.rules.assemblies import DIGEST, coverage, examined, task, write_stack

HASH = "b" * 64
ASSET = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/cdk-assets:{HASH}"
TASK = task(ASSET)
#: The folder that CDK copies the source of an asset to.
COPY = f"asset.{HASH}"


def warnings(
    folder: Path,
    dockerfile: str | bytes | None,
    source: dict[str, Any] | None = None,
    *,
    resources: dict[str, Any] | None = None,
    parts: list[Coverage] | None = None,
    file: str = "Dockerfile",
    origin: Path | None = None,
    copy: str = "asset",
) -> list[Violation]:
    directory = folder / copy
    directory.mkdir(exist_ok=True)
    if dockerfile is not None:
        content = dockerfile if isinstance(dockerfile, bytes) else dockerfile.encode()
        (directory / file).write_bytes(content)
    images = {HASH: {"directory": copy, **(source or {})}}
    stack = write_stack(folder, resources or {"Task": TASK}, images=images)
    parts = [coverage()] if parts is None else parts
    found = examine_app(
        [stack], parts, examined(stack, parts[0] if parts else None), source_of=lambda _: origin
    )
    return [each for each in found if each.rule.id == "unpinned-base-image"]


def test_a_base_image_without_a_digest_is_a_warning_that_says_where_and_what_to_do(
    tmp_path: Path,
) -> None:
    [violation] = warnings(tmp_path, "FROM python:3.12\nCOPY --from=golang:1 / /\n")
    file = tmp_path / "asset" / "Dockerfile"
    assert violation.rule.severity == "warning"
    assert violation.construct_path == "Web/Task"
    assert violation.problem.what == (
        f"The image asset of {file} is built from images without a digest: python:3.12 (FROM, "
        "line 1), golang:1 (COPY, line 2). The next build may be another image under the same tag."
    )
    assert violation.problem.fix == (
        f"Write the digests into it (pinned-images pin {file}); or acknowledge it with a reason."
    )


@pytest.mark.parametrize(
    ("dockerfile", "source"),
    [
        (f"FROM python:3.12@{DIGEST}", {}),
        ("FROM scratch", {}),
        (f"FROM python:3.12 AS x\nFROM a@{DIGEST} AS y", {"dockerBuildTarget": "y"}),
        ("ARG B=python:3.12\nFROM $B", {"dockerBuildArgs": {"B": f"python@{DIGEST}"}}),
        (f"FROM $R/python:3.12@{DIGEST}", {}),
        (f"ARG A=$TARGETARCH\nFROM python-$A@{DIGEST}", {}),
        (f"FROM 123456789012.dkr.ecr.eu-west-1.amazonaws.com/x:{HASH}", {}),
        ("FROM python:3", {"dockerBuildContexts": {"python:3": f"docker-image://p@{DIGEST}"}}),
        ("FROM python:3", {"executable": ["make", "image"]}),
    ],
    ids=[
        "pinned",
        "scratch",
        "target",
        "argument",
        "pinned by its end",
        "pinned, unknown name",
        "asset",
        "context",
        "built by a program",
    ],
)
def test_what_is_pinned_is_passed_over(
    tmp_path: Path, dockerfile: str, source: dict[str, Any]
) -> None:
    assert warnings(tmp_path, dockerfile, source) == []


@pytest.mark.parametrize(
    ("dockerfile", "source", "expected"),
    [
        ("FROM a:$T", {"dockerBuildArgs": {"X": "1"}}, "a: (FROM, line 1: T has no value)"),
        ("ARG T=1\nFROM a:$T", {"dockerBuildArgs": {"T": "2"}}, "a:2 (FROM, line 2)"),
        ("FROM a:$TARGETARCH", {"platform": "linux/arm64"}, "a:arm64 (FROM, line 1)"),
        ("FROM a:$TARGETARCH", {}, "a:$TARGETARCH (FROM, line 1: it depends on TARGETARCH"),
        ("# syntax=docker/dockerfile:1\nFROM scratch", {}, "docker/dockerfile:1 (syntax, line 1)"),
        ("FROM a:1\nFROM a:1\nFROM a:1", {}, ": a:1 (FROM, line 3). "),
        (
            "\n".join(f"FROM a:{n} AS s{n}\nCOPY --from=s{n - 1} / /" for n in range(1, 500)),
            {},
            ": a:1 (FROM, line 1), s0 (COPY, line 2), a:2 (FROM, line 3) and 497 more. ",
        ),
        ("FROM a:1\nRUN <<EOF\nls", {}, "There may be more: The here-document that line 2 begins"),
        ("FROM a:1", {"dockerBuildTarget": "x"}, "cannot be checked: it has no stage 'x'."),
        (None, {}, "cannot be checked: it cannot be read (No such file or directory)."),
        ("#" * 1_000_001, {}, "cannot be checked: it has more than 1000000 bytes"),
        ("FROM a:" + "1" * 400, {}, f"a:{'1' * 198}... (FROM, line 1: no image)"),
    ],
    ids=[
        "no value",
        "argument",
        "platform",
        "unknown",
        "syntax",
        "needed once",
        "many",
        "no end",
        "no target",
        "no file",
        "too large",
        "too long",
    ],
)
def test_what_moves_is_told_once_and_bounded(
    tmp_path: Path, dockerfile: str | None, source: dict[str, Any], expected: str
) -> None:
    [violation] = warnings(tmp_path, dockerfile, source)
    assert expected in violation.problem.what
    assert len(str(violation.problem)) < 1_000


def test_a_copy_whose_source_is_unknown_is_told_by_the_asset_and_is_not_to_be_edited(
    tmp_path: Path,
) -> None:
    """An app in another language leaves the copy in the assembly alone; CDK makes it once."""
    [violation] = warnings(
        tmp_path, "FROM a:1", {"dockerFile": "Containerfile"}, copy=COPY, file="Containerfile"
    )
    assert violation.problem.what.startswith(
        "The image asset of Containerfile ('Image') is built from images without a digest: a:1 "
    )
    assert violation.problem.fix == (
        "Write the digests into the Dockerfile of the asset's source, with 'pinned-images pin' "
        "there, and not into the copy in the cloud assembly; or acknowledge it with a reason."
    )


def test_a_copy_whose_asset_has_no_name_is_told_by_its_hash(tmp_path: Path) -> None:
    (tmp_path / COPY).mkdir()
    stack = write_stack(tmp_path, {"Task": TASK}, images={HASH: {"directory": COPY}})
    manifest = tmp_path / "Web.assets.json"
    manifest.write_text(manifest.read_text().replace('"displayName": "Image"', '"x": ""'))
    [violation] = examine_app([stack], [coverage()], examined(stack))
    assert violation.problem.what.startswith("The Dockerfile Dockerfile (asset.bbbbbbbb) of an ")


@pytest.mark.parametrize("name", ["Containerfile", "dockerfile"])
def test_the_dockerfile_is_the_one_that_is_built(tmp_path: Path, name: str) -> None:
    source = {} if name == "dockerfile" else {"dockerFile": name}
    [violation] = warnings(tmp_path, "FROM a:1", source, file=name)
    assert f"{name} is built from" in violation.problem.what


def test_the_users_own_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    [violation] = warnings(tmp_path, "FROM a:1", origin=tmp_path / "web")
    assert violation.problem.fix is not None
    assert "pinned-images pin web/Dockerfile)" in violation.problem.fix


@pytest.mark.parametrize(
    ("dockerfile", "source", "ways"),
    [
        ("FROM a:1", {}, ["(pinned-images pin "]),
        ("ARG A=a:1\nFROM $A", {}, ["(pinned-images pin "]),
        ("ARG A=a:1\nFROM $A", {"dockerBuildArgs": {"A": "b:1"}}, ["the build_args of the asset"]),
        ("FROM scratch", {"dockerBuildArgs": {"BUILDKIT_SYNTAX": "b:1"}}, ["build_args"]),
        ("FROM a", {"dockerBuildContexts": {"a": "docker-image://b:1"}}, ["build_contexts"]),
        ("ARG T=1\nFROM a:$T", {}, ["write the digest behind them, or the whole image into"]),
        ("ARG T=1\nFROM a:$T\nCOPY --from=b / /", {}, ["(pinned-images pin ", "behind them"]),
    ],
)
def test_the_fix_is_one_that_works_there(
    tmp_path: Path, dockerfile: str, source: dict[str, Any], ways: list[str]
) -> None:
    [violation] = warnings(tmp_path, dockerfile, source)
    fix = violation.problem.fix or ""
    assert [way for way in ways if way not in fix] == []
    assert fix.count(";") == len(ways)


def test_one_dockerfile_is_told_above_all_that_use_it(tmp_path: Path) -> None:
    resources = {f"Task{n}": TASK for n in range(500)}
    [violation] = warnings(tmp_path, "FROM a:1", resources=resources)
    assert violation.construct_path == "Web"


def acknowledged(*paths: str) -> dict[str, list[dict[str, Any]]]:
    data = {"pinned-images::unpinned-base-image": "Rebuilt every night."}
    return {f"/{path}": [{"type": "aws:cdk:acknowledged-rules", "data": data}] for path in paths}


@pytest.mark.parametrize(
    ("paths", "at"),
    [
        ([], "Web"),
        (["Web/Task0"], "Web"),
        (["Web/Task0", "Web/Task2"], "Web/Task1"),
        (["Web/Task0", "Web/Task1", "Web/Task2"], "Web/Task0"),
        (["Web"], "Web/Task0"),
    ],
    ids=["none", "one", "all but one", "each", "all"],
)
def test_what_is_acknowledged_is_left_out_of_the_place(
    tmp_path: Path, paths: list[str], at: str
) -> None:
    """CDK suppresses a violation where it is acknowledged at its place or above."""
    (tmp_path / "asset").mkdir()
    (tmp_path / "asset" / "Dockerfile").write_text("FROM a:1")
    resources = {f"Task{n}": TASK for n in range(3)}
    images = {HASH: {"directory": "asset"}}
    stack = write_stack(tmp_path, resources, images=images, metadata=acknowledged(*paths))
    [violation] = examine_app([stack], [coverage()], examined(stack))
    assert violation.construct_path == at


def test_one_dockerfile_is_told_once_for_all_parts_of_an_app(tmp_path: Path) -> None:
    (tmp_path / "asset").mkdir()
    (tmp_path / "asset" / "Dockerfile").write_text("FROM a:1")
    images: dict[str, dict[str, Any]] = {
        HASH: {"directory": "asset"},
        "c" * 64: {"directory": "asset", "dockerBuildArgs": {"OTHER": "1"}},
    }
    resources = {"One": TASK, "Two": task(ASSET.replace(HASH, "c" * 64))}
    stack = write_stack(tmp_path, resources, images=images)
    parts = [Coverage(["Web/One"], coverage().policy), Coverage(["Web/Two"], coverage().policy)]
    [violation] = examine_app([stack], parts, examined(stack))
    assert violation.construct_path == "Web"


def test_an_asset_that_no_resource_names_is_told_at_the_app(tmp_path: Path) -> None:
    [violation] = warnings(tmp_path, "FROM a:1", resources={"Task": task(f"nginx@{DIGEST}")})
    assert violation.construct_path == ""


@pytest.mark.parametrize(
    "part",
    [
        coverage({"docker.io/library/a:*": "A demo."}),
        coverage(is_silent=True),
        Coverage(["Elsewhere"], coverage().policy),
    ],
    ids=["exempt", "silent", "elsewhere"],
)
def test_what_is_exempt_or_not_covered_is_passed_over(tmp_path: Path, part: Coverage) -> None:
    assert warnings(tmp_path, "FROM a:1", parts=[part]) == []


def test_an_exemption_of_a_base_image_alone_is_used(tmp_path: Path) -> None:
    (tmp_path / "asset").mkdir()
    (tmp_path / "asset" / "Dockerfile").write_text("FROM a:1")
    stack = write_stack(tmp_path, {"Task": TASK}, images={HASH: {"directory": "asset"}})
    part = coverage({"docker.io/library/a:*": "A demo."})
    assert examine_app([stack], [part], examined(stack, part)) == []


def test_what_another_gate_says_is_not_said_again(tmp_path: Path) -> None:
    (tmp_path / "asset").mkdir()
    (tmp_path / "asset" / "Dockerfile").write_text("FROM a:1")
    stack = write_stack(tmp_path, {"Task": TASK}, images={HASH: {"directory": "asset"}})
    assert len(examine_app([stack], [coverage()], examined(stack))) == 1
    assert examine_app([stack], [coverage()], examined(stack), [coverage()]) == []


def test_an_asset_is_read_from_the_manifest_as_cdk_writes_it(tmp_path: Path) -> None:
    write_stack(tmp_path, {}, images={HASH: {"directory": "asset", "dockerFile": "x"}})
    (tmp_path / "Other.assets.json").write_text('{"dockerImages": {"x": {"source": 1}, "y": []}}')
    [asset] = image_assets(tmp_path)
    expected = ImageAsset(HASH, "Image", "Web.template.json", tmp_path / "asset", "x")
    assert asset == expected


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ({"dockerFile": "Docker\0file"}, "cannot be read"),
        ({"directory": "as\0set"}, "cannot be read"),
        ({"dockerFile": "loop"}, "cannot be read"),
        ({"dockerFile": "pipe"}, "it is no regular file"),
    ],
)
def test_a_dockerfile_that_cannot_be_read_is_told(
    tmp_path: Path, source: dict[str, Any], reason: str
) -> None:
    (tmp_path / "asset").mkdir()
    (tmp_path / "asset" / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "asset" / "pipe")
    [violation] = warnings(tmp_path, None, source)
    assert reason in violation.problem.what


def test_a_command_of_the_fix_is_safe_to_copy(tmp_path: Path) -> None:
    [violation] = warnings(tmp_path, "FROM python:3.12\n", copy="a; b")
    assert f"(pinned-images pin '{tmp_path}/a; b/Dockerfile')" in str(violation.problem.fix)
