"""Changes of Git repositories: one commit, pushed whole, or nothing touched anywhere."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from pinned_images.errors import ConfigurationError
from pinned_images.files.git import Target, redacted
from tests.files.conftest import Program
from tests.files.repositories import IDENTITY, Bare, git, program_before_push

UPDATE = ("update", "--image-reference", "mvanholsteijn/paas-monitor:3.4.0")
PIN = ("pin", "--commit", "Pin the images")


@pytest.fixture
def bare(folder: Path, tmp_path: Path) -> Bare:
    git(tmp_path, "config", "--global", "user.name", "A User")
    git(tmp_path, "config", "--global", "user.email", "user@example.com")
    return Bare(tmp_path)


@pytest.fixture
def around(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder as a checkout with images of its own, and variables that lead to it."""
    git(folder, "init", "--quiet")
    (folder / "compose.yaml").write_text("services: {a: {image: 'nginx:1.25'}}\n")
    (folder / "sub").mkdir()
    git(folder, "add", "--all")
    git(folder, *IDENTITY, "commit", "--quiet", "--message", "Mine")
    monkeypatch.setenv("GIT_DIR", str(folder / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(folder))
    monkeypatch.setenv("GIT_INDEX_FILE", str(folder / ".git" / "index"))
    return folder


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where clones are made; it has to be empty again afterwards."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def test_update_commits_and_pushes(
    bare: Bare, around: Path, temporary: Path, program: Program
) -> None:
    before = everything(around)
    result = program(*UPDATE, "--repository", bare.url, "--branch", "main", "--commit", "Move")
    assert result.returncode == 0, result.stderr
    assert "paas-monitor:3.4.0" in bare.read("sub/task.json")
    assert bare.changed() == ["sub/task.json"]
    assert bare.log(form="%s|%an|%ae|%cn") == [
        "Move|A User|user@example.com|A User",
        "Seed|Somebody|somebody@example.com|Somebody",
    ]
    assert result.stdout == ""
    assert f"Pushed {bare.head()} to {bare.url}." in result.stderr
    assert everything(around) == before
    assert list(temporary.iterdir()) == []


def test_pin_takes_paths_of_the_repository_and_an_author(bare: Bare, program: Program) -> None:
    author = ("--username", "Bot", "--email", "bot@example.com")
    result = program(*PIN, "--repository", str(bare.path), *author, "sub", "compose.yaml")
    assert result.returncode == 0, result.stderr
    assert sorted(bare.changed()) == ["compose.yaml", "sub/task.json"]
    assert bare.log(form="%an|%ae|%cn|%ce")[0] == "Bot|bot@example.com|Bot|bot@example.com"


def test_without_a_message_nothing_is_committed(bare: Bare, program: Program) -> None:
    before = bare.state()
    result = program("pin", "--repository", bare.url)
    assert result.returncode == 0
    assert bare.state() == before
    assert "+++ b/compose.yaml" in result.stdout
    assert "Nothing was committed: add --commit" in result.stderr


def test_dry_run_pushes_nothing(bare: Bare, program: Program) -> None:
    before = bare.state()
    result = program(*PIN, "--repository", bare.url, "--dry-run")
    assert result.returncode == 0
    assert bare.state() == before
    assert "+++ b/compose.yaml" in result.stdout


def test_list_reads_a_repository(bare: Bare, program: Program) -> None:
    result = program("list", "--repository", bare.url)
    assert result.stdout.splitlines() == [
        "compose.yaml: nginx:1.25",
        "sub/task.json: mvanholsteijn/paas-monitor:3.1.0",
    ]


def test_a_branch_for_a_pull_request(bare: Bare, program: Program) -> None:
    main = bare.head()
    arguments = (*PIN, "--repository", bare.url, "--push-branch", "pinned/images")
    pushed = program(*arguments)
    assert pushed.returncode == 0
    assert pushed.stderr.endswith(f"to {bare.url} (branch pinned/images).\n")
    assert bare.head() == main
    assert "@sha256:" in bare.read("compose.yaml", "pinned/images")
    first = bare.head("pinned/images")
    again = program(*arguments)
    assert again.returncode == 0, again.stderr
    assert bare.head("pinned/images") == first
    assert "Nothing to commit." in again.stderr


def test_nothing_to_do_makes_no_commit(bare: Bare, program: Program) -> None:
    program(*PIN, "--repository", bare.url)
    before = bare.state()
    result = program(*PIN, "--repository", bare.url)
    assert result.returncode == 0
    assert bare.state() == before


def test_the_lock_file_of_the_repository_is_committed_too(bare: Bare, program: Program) -> None:
    result = program(*PIN, "--repository", bare.url, "--lock-file", "images.lock.json")
    assert result.returncode == 0, result.stderr
    assert "images.lock.json" in bare.changed()
    assert "docker.io/library/nginx:1.25" in bare.read("images.lock.json")


@pytest.mark.parametrize("url", ["sub", "nothing", "file:///nothing", "https://127.0.0.1:1/a.git"])
def test_a_url_that_is_no_repository_leaves_the_checkout_around_it(
    bare: Bare, around: Path, temporary: Path, program: Program, url: str
) -> None:
    before = everything(around)
    result = program(*PIN, "--repository", url)
    assert result.returncode == 3
    assert everything(around) == before
    assert list(temporary.iterdir()) == []
    assert "git clone failed" in result.stderr


def test_a_missing_branch_is_an_error(bare: Bare, program: Program) -> None:
    before = bare.state()
    result = program(*PIN, "--repository", bare.url, "--branch", "nothing")
    assert result.returncode == 3
    assert bare.state() == before


def test_a_head_that_names_no_branch_is_an_error(bare: Bare, program: Program) -> None:
    git(bare.path, "symbolic-ref", "HEAD", "refs/heads/gone")
    result = program("list", "--repository", bare.url)
    assert result.returncode == 3
    assert "has no branch 'gone', which its HEAD names: name a branch, such as 'main'" in (
        result.stderr
    )


def test_an_image_that_is_missing_keeps_everything_from_being_pushed(
    bare: Bare, around: Path, temporary: Path, program: Program
) -> None:
    bare.commit({"other/compose.yaml": "services: {a: {image: 'gone:1'}}\n"})
    before, mine = bare.state(), everything(around)
    result = program(*PIN, "--repository", bare.url)
    assert result.returncode == 1
    assert "gone:1" in result.stderr
    assert "nothing was pushed" in result.stderr
    assert bare.state() == before
    assert everything(around) == mine
    assert list(temporary.iterdir()) == []


def test_a_place_that_cannot_be_edited_keeps_everything_from_being_pushed(
    bare: Bare, around: Path, temporary: Path, program: Program
) -> None:
    template = (
        "Mappings: {M: {a: {b: '3.1.0'}}}\nResources:\n  T:\n    Type: AWS::ECS::TaskDefinition\n"
        "    Properties:\n      ContainerDefinitions:\n        - Image: !Join ['', "
        "[mvanholsteijn/paas-monitor, ':', !FindInMap [M, a, b]]]\n"
    )
    bare.commit({"template.yaml": template})
    before, mine = bare.state(), everything(around)
    result = program(*UPDATE, "--repository", bare.url, "--commit", "Move")
    assert result.returncode == 1
    assert "template.yaml:7:18 cannot be changed" in result.stderr
    assert bare.state() == before
    assert everything(around) == mine
    assert list(temporary.iterdir()) == []


def test_a_commit_that_fails_pushes_nothing(
    bare: Bare, temporary: Path, tmp_path: Path, program: Program
) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "pre-commit").write_text("#!/bin/sh\necho fatal: not today >&2; exit 1\n")
    (hooks / "pre-commit").chmod(0o755)
    git(tmp_path, "config", "--global", "core.hooksPath", str(hooks))
    before = bare.state()
    result = program(*PIN, "--repository", bare.url)
    assert result.returncode == 3
    assert "git commit failed" in result.stderr
    assert "not today" in result.stderr
    assert bare.state() == before
    assert list(temporary.iterdir()) == []


def test_a_push_that_is_refused_is_told_and_not_tried_again(
    bare: Bare, temporary: Path, tmp_path: Path, program: Program
) -> None:
    bare.hook("pre-receive", f"echo x >> {tmp_path}/tries; echo Policy says no. >&2; exit 1")
    before = bare.state()
    result = program(*PIN, "--repository", bare.url)
    assert result.returncode == 3
    assert "Policy says no." in result.stderr
    assert bare.state() == before
    assert (tmp_path / "tries").read_text() == "x\n"
    assert list(temporary.iterdir()) == []


def test_a_push_that_lost_is_made_again_on_the_new_head(
    bare: Bare, tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = (
        f"[ $count -le 2 ] && cd '{bare.work}' && git pull -q --rebase origin main &&"
        f" echo $count > other$count && git add -A && git {' '.join(IDENTITY)} commit -qm Other &&"
        " git push -q origin main"
    )
    monkeypatch.setenv("PATH", program_before_push(tmp_path, script))
    result = program(*PIN, "--repository", bare.url)
    assert result.returncode == 0, result.stderr
    assert bare.log() == ["Pin the images", "Other", "Other", "Seed"]
    assert sorted(bare.changed()) == ["compose.yaml", "sub/task.json"]
    assert bare.read("other2") == "2\n"


def test_a_push_that_always_loses_gives_up_and_leaves_the_others(
    bare: Bare,
    tmp_path: Path,
    temporary: Path,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", program_before_push(tmp_path, bare.others()))
    result = program(*PIN, "--repository", bare.url)
    assert result.returncode == 3
    assert "moved on each of 10 times" in result.stderr
    assert bare.log() == ["Other"] * 10 + ["Seed"]
    assert list(temporary.iterdir()) == []


def test_a_lock_file_that_is_a_link_does_not_lead_out_of_the_repository(
    bare: Bare, tmp_path: Path, program: Program
) -> None:
    (bare.work / "images.lock.json").symlink_to(tmp_path / "made")
    bare.commit({})
    before = bare.state()
    result = program(*PIN, "--repository", bare.url, "--lock-file", "images.lock.json")
    assert result.returncode == 2
    assert not (tmp_path / "made").exists()
    assert bare.state() == before


def test_links_and_paths_do_not_lead_out_of_the_repository(
    bare: Bare, tmp_path: Path, program: Program
) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text("services: {a: {image: 'nginx:1.25'}}\n")
    (bare.work / "link.yaml").symlink_to(outside)
    bare.commit({})
    for path in ("link.yaml", "../..", str(outside)):
        assert program(*PIN, "--repository", bare.url, path).returncode == 2
    assert program(*PIN, "--repository", bare.url).returncode == 0
    assert "@sha256:" not in outside.read_text()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--commit", "m"],
        ["--repository", "--upload-pack=touch x", "--commit", "m"],
        ["--repository", "ext::sh -c true", "--commit", "m"],
        ["--repository", "u", "--commit", " "],
        ["--repository", "u", "--push-branch", "b"],
        ["--repository", "u", "--commit", "m", "--username", "n"],
        ["--repository", "u", "--commit", "m", "--push-branch", "-f"],
        ["--repository", "u", "--commit", "m", "--branch", "a b"],
    ],
)
@pytest.mark.usefixtures("folder")
def test_wrong_use(program: Program, arguments: list[str]) -> None:
    assert program("pin", *arguments).returncode == 2


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://user:s3cret@git.example/a.git", None),
        ("fatal: https://s3cret@git.example/", None),
        ("token s3cret of", "https://user:s3cret@git.example/a.git"),
        ("user:s3%63ret and s3cret", "https://user:s3%63ret@git.example/a.git"),
        ("ssh://user:s3cret@git.example/a.git", None),
    ],
)
def test_credentials_are_taken_out(text: str, url: str | None) -> None:
    shown = redacted(text, url)
    assert "s3cret" not in shown
    assert "s3%63ret" not in shown


def test_users_that_are_no_secret_stay() -> None:
    assert redacted("ssh://git@git.example/a.git") == "ssh://git@git.example/a.git"
    assert redacted("git@github.com:org/app.git") == "git@github.com:org/app.git"


def test_credentials_of_a_url_that_is_refused_are_not_shown() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Target("-https://user:s3cret@git.example")
    assert "s3cret" not in str(caught.value)
