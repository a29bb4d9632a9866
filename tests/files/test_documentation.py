"""The output in `docs/files.md` is that of the commands."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pinned_images.cli.application import application
from pinned_images.files.service import change_request_of
from tests.documentation import example, page
from tests.files.conftest import ROOT, Program
from tests.files.repositories import git
from tests.files.test_service import EVENT
from tests.synth.synthesis import cfn_lint_of

FILES = {
    "Dockerfile": "FROM python:3.12\n",
    "compose.yaml": "services: {web: {image: nginx:1.25}}\n",
    "task.json": '{"containerDefinitions": [{"image": "mvanholsteijn/paas-monitor:3.1.0"}]}\n',
}


@pytest.mark.parametrize("title", ["list", "pin", "update", "resolve"])
def test_an_example_prints_what_is_shown(folder: Path, program: Program, title: str) -> None:
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    command, _, output = example("files.md", title).partition("\n")
    result = program(*shlex.split(command.removeprefix("$ pinned-images ")))
    assert result.returncode == 0
    assert result.stdout + result.stderr == output


def test_the_request_that_is_shown_is_one() -> None:
    body = example("files.md", "request").partition("-d '")[2].rpartition("'")[0]
    requested = change_request_of(json.loads(body), {})
    assert requested.update is not None
    assert requested.update.resolve == "digest"
    assert json.loads(example("files.md", "answer")).keys() == {"git-url", "files", "commit-sha"}


def matches(pattern: Any, event: Any) -> bool:
    """As EventBridge matches, for what the rule uses."""
    if isinstance(pattern, dict):
        return all(matches(below, event.get(key)) for key, below in pattern.items())
    return any(
        event.startswith(each["prefix"]) if isinstance(each, dict) else event == each
        for each in pattern
    )


def test_the_rule_lets_the_event_of_a_push_through(tmp_path: Path) -> None:
    text = example("files.md", "rule")
    path = tmp_path / "template.yaml"
    path.write_text(text, encoding="utf-8")
    assert cfn_lint_of([path], "eu-west-1") == []
    yaml.SafeLoader.add_multi_constructor("!", lambda *_: None)
    pattern = yaml.safe_load(text)["Resources"]["Pushes"]["Properties"]["EventPattern"]
    detail: Any = EVENT["detail"]
    detail = {**detail, "repository-name": "acme/shop"}
    assert matches(pattern, {**EVENT, "detail": detail})
    assert not matches(pattern, {**EVENT, "detail": {**detail, "image-tag": "latest"}})


@pytest.mark.parametrize("recipe", [".github/workflows/images.yml", ".gitlab-ci.yml"])
def test_the_commands_of_a_recipe_are_commands(recipe: str) -> None:
    jobs = yaml.safe_load(example("files.md", recipe))
    jobs = jobs.get("jobs", jobs)
    lines = [
        line
        for job in jobs.values()
        for line in (job.get("script") or [step.get("run", "") for step in job["steps"]])
    ]
    commands = [line for line in lines if line.startswith("pinned-images ")]
    assert len(commands) == 2
    for line in commands:
        _, name, *arguments = shlex.split(line)
        command = application.commands[name]
        command.make_context(name, arguments)  # refuses options that it has not


def test_the_pages_of_the_commands_name_every_option() -> None:
    text = page("files.md")
    for name in ("list", "pin", "update", "resolve", "serve"):
        shared = {option for each in ("outdated",) for option in options(each)}
        for option in options(name) - shared - {"--help"}:
            assert option in text, (name, option)


def options(name: str) -> set[str]:
    command = application.commands[name]
    return {
        option
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--")
    }


@pytest.fixture
def hooks(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose hooks are those of this project, run as they are installed here."""
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "pre-commit"))
    offered = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    program = f"{sys.executable} -m pinned_images.cli"
    local = [
        {
            **hook,
            "language": "system",
            "entry": hook["entry"].replace("pinned-images", program, 1),
        }
        for hook in offered
    ]
    config = {"repos": [{"repo": "local", "hooks": local}]}
    git(folder, "init", "--quiet")
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (folder / "compose.yaml").write_text(FILES["compose.yaml"], encoding="utf-8")
    (folder / "with space.yaml").write_text(FILES["compose.yaml"], encoding="utf-8")
    git(folder, "add", "--all")
    return folder


def pre_commit(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pre_commit", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.usefixtures("program")
def test_the_hooks_work_with_pre_commit(hooks: Path) -> None:
    manifest = str(ROOT / ".pre-commit-hooks.yaml")
    assert pre_commit("validate-manifest", manifest).returncode == 0
    check = pre_commit("run", "pinned-images", "--all-files")
    assert check.returncode == 1
    assert "nginx:1.25" in check.stdout
    assert "@sha256:" not in (hooks / "compose.yaml").read_text(encoding="utf-8")
    pin = pre_commit("run", "pin-images", "--all-files")
    assert pin.returncode == 1
    assert "files were modified by this hook" in pin.stdout
    assert "@sha256:" in (hooks / "with space.yaml").read_text(encoding="utf-8")
    git(hooks, "add", "--all")
    assert pre_commit("run", "--all-files").returncode == 0
