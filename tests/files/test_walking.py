"""Which files of a tree are read."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from pinned_images.errors import ConfigurationError
from pinned_images.files.scanning import scan
from pinned_images.files.walking import MAXIMUM_SIZE, files_below, read_file

ASSEMBLY = {"version": "48.0.0", "artifacts": {"Web": {"type": "aws:cloudformation:stack"}}}


def make(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def shown(*paths: str) -> list[str]:
    return [file.shown for file in files_below(paths)]


def test_ignore_files_count_in_all_folders_below_them(folder: Path) -> None:
    make(
        folder,
        {
            ".git/config": "",
            ".gitignore": "*.log\n!keep.log\nbuild/\n/top\n",
            "a.log": "",
            "keep.log": "",
            "top": "",
            "sub/.gitignore": "local\n!b.log\n",
            "sub/a.log": "",
            "sub/b.log": "",
            "sub/build/x": "",
            "sub/deep/build/x": "",
            "sub/deep/local": "",
            "sub/top": "",
        },
    )
    assert shown() == [".gitignore", "keep.log", "sub/.gitignore", "sub/b.log", "sub/top"]
    assert shown("sub") == ["sub/.gitignore", "sub/b.log", "sub/top"]
    assert shown("sub/deep") == []


def test_patterns_of_hostile_trees_are_matched_in_bounded_time(folder: Path) -> None:
    long = "a" * 200
    make(folder, {long: "", f"{long}b": "", "x/y/z/ab": "", "x/y/z/c": "", "w/v": ""})
    make(folder, {".gitignore": f"{'*a' * 25}*b\n{'**/' * 20}z/*a*b*\n!/*/*/*/*/**/c\n"})
    assert shown() == [".gitignore", long, "w/v", "x/y/z/c"]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ("*/\n", [".gitignore", "top"]),
        ("*t*o*p*/\n", [".gitignore", "top", "a/top", "a/b/c"]),
        ("/a/**/*c*\\*\n", [".gitignore", "top", "a/top", "a/b/c"]),
        ("/a/**/**/**/*\n", [".gitignore", "top"]),
    ],
)
def test_patterns_of_wildcards_are_those_of_git(
    folder: Path, patterns: str, expected: list[str]
) -> None:
    make(folder, {".gitignore": patterns, "top": "", "a/top": "", "a/b/c": ""})
    assert shown() == expected
    git = ["git", "-c", "init.defaultBranch=main"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    listed = subprocess.run(
        [*git, "ls-files", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert sorted(listed.stdout.split()) == sorted(expected)


@pytest.mark.parametrize("name", [".gitignore", "manifest.json"])
def test_files_that_have_no_end_are_not_read(folder: Path, name: str) -> None:
    make(folder, {"link/x": "", "pipe/x": ""})
    (folder / "link" / name).symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe" / name)
    assert {"link/x", "pipe/x"} <= set(shown())


def test_a_file_that_is_named_is_read_although_it_is_ignored(folder: Path) -> None:
    make(folder, {".gitignore": "x", "x": ""})
    assert shown("x") == ["x"]


def test_what_holds_no_sources_is_passed_over(folder: Path) -> None:
    make(
        folder,
        {
            ".git/x": "",
            "node_modules/x": "",
            "cdk.out/x": "",
            "out/manifest.json": json.dumps(ASSEMBLY),
            "out/x.template.json": "{}",
            "web/manifest.json": '{"name": "an app of the web"}',
            "a.png": "",
            "b": "",
        },
    )
    assert shown() == ["b", "web/manifest.json"]


@pytest.mark.parametrize("path", ["out", "out/x.template.json", "out/nested/y.json"])
def test_a_path_in_a_cloud_assembly_is_refused(folder: Path, path: str) -> None:
    make(
        folder,
        {
            "out/manifest.json": json.dumps(ASSEMBLY),
            "out/x.template.json": "{}",
            "out/nested/y.json": "{}",
        },
    )
    with pytest.raises(ConfigurationError, match="cloud assembly"):
        shown(path)


def test_links_out_of_the_tree_are_passed_over_and_none_is_followed_twice(
    folder: Path, tmp_path: Path
) -> None:
    make(tmp_path, {"outside/secret": "", "outside/file": ""})
    make(folder, {".gitignore": "made\n", "a": "", "made/b": "", "sub/c": ""})
    (folder / "to-outside").symlink_to(tmp_path / "outside" / "file")
    (folder / "to-folder").symlink_to(tmp_path / "outside")
    (folder / "to-a").symlink_to("a")
    (folder / "to-b").symlink_to("made/b")
    (folder / "dangling").symlink_to("nothing")
    (folder / "sub" / "loop").symlink_to("..")
    assert shown() == [".gitignore", "a", "sub/c", "to-b"]


def test_paths_that_overlap_give_each_file_once(folder: Path) -> None:
    make(folder, {"sub/a": ""})
    assert shown(".", "sub", "sub/a", "./sub/../sub/a") == ["sub/a"]


def test_a_path_out_of_the_base_is_refused(folder: Path, tmp_path: Path) -> None:
    make(tmp_path, {"file": ""})
    (folder / "link").symlink_to(tmp_path / "file")
    for path in ("../file", str(tmp_path / "file"), "link", ".."):
        with pytest.raises(ConfigurationError, match="leads out"):
            list(files_below([path], folder))


def test_a_path_that_is_not_there_is_an_error(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="no file or folder 'nothing'"):
        shown("nothing")


def test_large_files_and_pipes_are_not_read(folder: Path) -> None:
    (folder / "large").write_bytes(b"x" * (MAXIMUM_SIZE + 1))
    os.mkfifo(folder / "pipe")
    assert read_file(str(folder / "large")) is None
    assert read_file(str(folder / "pipe")) is None
    assert read_file(str(folder / "nothing")) is None


def test_a_file_that_is_not_read_is_told_where_images_are_expected_in_it(folder: Path) -> None:
    for name in ("large.yaml", "large.bin.txt"):
        (folder / name).write_bytes(b"x" * (MAXIMUM_SIZE + 1))
    (folder / "binary.txt").write_bytes(b"ghcr.io/a/b:1\0")
    os.mkfifo(folder / "pipe")
    reasons = {
        Path(file.file.shown).name: each.reason
        for paths in ([str(folder)], [str(folder / name) for name in ("pipe", "binary.txt")])
        for file in scan(paths)
        for each in file.skipped
    }
    assert reasons == {
        "large.yaml": "it is larger than 4 MiB, so no image in it was looked for",
        "pipe": "it is no regular file, so no image in it was looked for",
        "binary.txt": "it is no text, so no image in it was looked for",
    }


def test_folders_may_be_nested_deep(folder: Path) -> None:
    depth = 300
    path = folder
    for _ in range(depth):
        path /= "d"
    path.mkdir(parents=True)
    (path / "file").write_text("")
    assert len(shown()) == 1
