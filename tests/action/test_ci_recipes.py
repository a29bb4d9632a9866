"""The recipes of `docs/ci.md`: parsed, and their commands run, with stubs for the cloud's programs.

The documentation's commands run against APIs on loopback; `npx` copies a record where a synth would
write one, `aws` copies files, and `gh` keeps what it is called with.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from pinned_images.reference import Digest
from pinned_images.report import SynthReport
from tests.action.github_runner import action
from tests.action.test_action import MISSING
from tests.cloud_assembly.assemblies import Assembly, Stack, Template
from tests.documentation import example, page
from tests.registry.loopback import LoopbackServer, Received, Reply
from tests.report.conftest import a_record

PAGE = "ci.md"
WORKFLOW = ".github/workflows/images.yml"
BY_HAND = ".github/workflows/images-by-hand.yml"
GITLAB = ".gitlab-ci.yml"
BUILDSPEC = "buildspec.yml"
MARKER = "<!-- pinned-images: report -->"
OTHER = Digest.of(b"another")

pytestmark = pytest.mark.skipif(
    bool(MISSING) and not os.environ.get("CI"), reason=f"not installed: {', '.join(MISSING)}"
)


def recipe(title: str) -> dict[Any, Any]:
    document: dict[Any, Any] = yaml.safe_load(example(PAGE, title))
    return document


@dataclass
class Machine:
    """A build machine with the programs that a recipe calls.

    Attributes:
        folder: The checkout.
        programs: The folder of the stubs, which is first on the PATH.
        variables: The variables of the build.
    """

    folder: Path
    programs: Path
    variables: dict[str, str] = field(default_factory=dict)

    def stub(self, name: str, script: str) -> None:
        """A program of the cloud, as a shell script."""
        program = self.programs / name
        program.write_text(f"#!/bin/sh\nset -eu\n{script}\n", encoding="utf-8")
        program.chmod(0o755)

    def run(self, script: str, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a script by bash in the checkout."""
        path = [self.programs, Path(sys.executable).parent, os.defpath]
        known = {
            "PATH": os.pathsep.join(map(str, path)),
            "HOME": str(self.programs),
            "LANG": "C.UTF-8",
        }
        return subprocess.run(
            ["bash", *options, "-c", script],
            cwd=self.folder,
            env={**known, **self.variables, **variables},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A checkout whose synth has one pinned image; its record was another one before."""
    made = Machine(tmp_path / "checkout", tmp_path / "programs")
    made.folder.mkdir()
    made.programs.mkdir()
    synthesized = tmp_path / "synthesized"
    Assembly((Stack(Template((f"nginx:1.25@{OTHER}",)), "default"),)).write(synthesized)
    SynthReport.of([a_record(digest=OTHER)]).write(synthesized)
    SynthReport.of([a_record()]).write(tmp_path / "base.json")
    made.stub("npx", f'[ "$*" = "--yes aws-cdk@2 synth --quiet" ]\ncp -R "{synthesized}" cdk.out')
    return made


# GitHub


@pytest.mark.parametrize("title", [WORKFLOW, BY_HAND])
def test_workflows_pin_actions_and_have_only_the_permissions_they_need(title: str) -> None:
    workflow = recipe(title)
    [job] = workflow["jobs"].values()
    assert workflow["permissions"] == {"contents": "read"}
    assert job["permissions"] == {"contents": "read", "pull-requests": "write"}
    for step in job["steps"]:
        assert "${{" not in step.get("run", "")
        name = step.get("uses", "acme/")
        assert name.startswith("acme/") or re.fullmatch(r"actions/[\w/-]+@[0-9a-f]{40}", name)


def test_the_workflow_gives_the_action_inputs_that_it_has() -> None:
    [job] = recipe(WORKFLOW)["jobs"].values()
    [step] = [step for step in job["steps"] if step.get("uses", "").startswith("acme/")]
    assert step["with"].keys() <= action()["inputs"].keys()


@pytest.mark.parametrize("part", ["inputs", "outputs"])
def test_every_input_and_output_of_the_action_is_explained(part: str) -> None:
    table = page(PAGE).partition(f"| {part[:-1]} |")[2].partition("\n\n")[0]
    named = {
        name
        for row in re.findall(r"^\|([^|]*)\|", table, re.MULTILINE)
        for name in re.findall(r"`([\w-]+)`", row)
    }
    assert named == action()[part].keys()


def test_github_without_the_action(machine: Machine, tmp_path: Path) -> None:
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.com"]
    origin = tmp_path / "origin"
    origin.mkdir()
    (origin / "app.py").touch()
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "App"]):
        subprocess.run([*git, *arguments], cwd=origin, check=True)
    machine.folder.rmdir()
    subprocess.run(["git", "clone", "-q", str(origin), str(machine.folder)], check=True)
    comment = machine.programs / "comment"
    machine.stub("gh", f'echo "$*" > "{comment}"; cat images.md >> "{comment}"')
    summary = tmp_path / "summary"
    machine.variables = {
        "GITHUB_BASE_REF": "main",
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_STEP_SUMMARY": str(summary),
        "PULL_REQUEST": "7",
        "RUNNER_TEMP": str(tmp_path / "runner"),
    }
    [job] = recipe(BY_HAND)["jobs"].values()
    scripts = {step["name"]: step["run"] for step in job["steps"] if "name" in step}
    for name in ("Synthesize", "Synthesize the base"):
        done = machine.run(scripts[name], "-eo", "pipefail")
        assert done.returncode == 0, done.stderr
    shutil.copy(tmp_path / "base.json", tmp_path / "runner/base/cdk.out/pinned-images.json")
    for name in ("Report", "Comment"):
        done = machine.run(scripts[name], "-eo", "pipefail")
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
    called, _, text = comment.read_text("utf-8").partition("\n")
    options = "--repo acme/shop --edit-last --create-if-none --body-file images.md"
    assert called == f"pr comment 7 {options}"
    assert text == summary.read_text("utf-8")
    assert "| new digest | `nginx` |" in text
    machine.stub("gh", "exit 1")
    refused = machine.run(scripts["Comment"], "-eo", "pipefail")
    assert (refused.returncode, refused.stdout[:11]) == (0, "::warning::")
    checked = machine.run(scripts["Check"], "-eo", "pipefail")
    assert checked.returncode == 2, "the lock file is not there"
    assert "0 errors" in checked.stderr


# GitLab


@dataclass
class MergeRequest:
    """The notes of merge request 7 of project 3, and the record of its target branch.

    Attributes:
        record: The artifact; None where the target branch has none yet.
        notes: The notes, with their authors.
    """

    record: bytes | None = None
    notes: list[tuple[int, str]] = field(default_factory=list)

    def respond(self, received: Received) -> Reply:
        assert received.authorization == "Bearer glpat-secret"
        project = "/api/v4/projects/3"
        notes = f"{project}/merge_requests/7/notes"
        if received.path == f"{project}/jobs/artifacts/rel%2F1/raw/cdk.out/pinned-images.json":
            assert received.query == {"job": ["images"]}
            return Reply(404) if self.record is None else Reply(body=self.record)
        if received.path == "/api/v4/user":
            return _reply({"id": 5})
        if (received.method, received.path) == ("GET", notes):
            assert received.query["sort"] == ["asc"]
            return _reply(
                [
                    {"id": 100 + number, "author": {"id": author}, "body": body}
                    for number, (author, body) in enumerate(self.notes)
                ]
            )
        assert received.headers["content-type"] == "application/json"
        body = json.loads(received.body)["body"]
        if (received.method, received.path) == ("POST", notes):
            self.notes.append((5, body))
        else:
            assert received.method == "PUT"
            self.notes[int(received.path.removeprefix(f"{notes}/")) - 100] = (5, body)
        return _reply({})


def _reply(content: Any) -> Reply:
    return Reply(200, {"Content-Type": "application/json"}, json.dumps(content).encode())


@pytest.fixture
def merge_request(machine: Machine) -> Iterator[MergeRequest]:
    found = MergeRequest()
    server = LoopbackServer(found.respond)
    machine.variables = {
        "CI_API_V4_URL": f"{server.url}/api/v4",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "rel/1",
        "CI_PROJECT_ID": "3",
        "IMAGES_TOKEN": "glpat-secret",
    }
    shutil.copytree(machine.folder.parent / "synthesized", machine.folder / "cdk.out")
    yield found
    server.close()


def test_gitlab_keeps_one_note_with_what_changed(
    machine: Machine, merge_request: MergeRequest, tmp_path: Path
) -> None:
    script = recipe(GITLAB)["images"]["script"][0]
    merge_request.notes = [(9, f"{MARKER}\nAll is well."), (5, "Another note.")]
    first = machine.run(script)
    assert first.returncode == 0, first.stderr
    *others, (author, text) = merge_request.notes
    assert (len(others), author) == (2, 5)
    assert text.startswith(f"{MARKER}\n### Container images\n")
    assert "| `nginx` | `1.25` |" in text

    merge_request.record = (tmp_path / "base.json").read_bytes()
    second = machine.run(script)
    assert second.returncode == 0, second.stderr
    assert merge_request.notes[:2] == others
    [(_, text)] = merge_request.notes[2:]
    assert "| new digest | `nginx` |" in text
    assert "glpat-secret" not in first.stdout + first.stderr + second.stdout + second.stderr
    paths = recipe(GITLAB)["images"]["artifacts"]["paths"]
    assert all((machine.folder / path).is_file() for path in paths)


def test_gitlab_without_a_token_keeps_the_report(
    machine: Machine, merge_request: MergeRequest
) -> None:
    done = machine.run(recipe(GITLAB)["images"]["script"][0], IMAGES_TOKEN="")
    assert done.returncode == 0, done.stderr
    assert merge_request.notes == []
    assert (machine.folder / "images.html").is_file()


def test_the_jobs_of_gitlab_have_keys_that_it_knows() -> None:
    """docs.gitlab.com, "CI/CD YAML syntax reference"."""
    jobs = {name: job for name, job in recipe(GITLAB).items() if "script" in job}
    known = {"image", "needs", "before_script", "script", "artifacts"}
    for job in jobs.values():
        assert job.keys() <= known
        assert job["artifacts"].keys() <= {"when", "expose_as", "paths"}
        assert set(job.get("needs", ())) <= jobs.keys()


# CodeBuild


def test_codebuild_compares_with_the_record_in_the_bucket(machine: Machine, tmp_path: Path) -> None:
    bucket = tmp_path / "bucket"
    bucket.mkdir()
    machine.stub(
        "aws",
        '[ "$1 $2 $3" = "s3 cp --only-show-errors" ]\n'
        f'at() {{ case "$1" in s3://acme-image-records/shop/*) echo "{bucket}/${{1##*/}}" ;; '
        '*) echo "$1" ;; esac; }\n'
        'cp "$(at "$4")" "$(at "$5")"',
    )
    buildspec = recipe(BUILDSPEC)
    machine.variables = {**buildspec["env"]["variables"], "CODEBUILD_BUILD_SUCCEEDING": "1"}
    script = "\n".join(
        command
        for phase in ("build", "post_build")
        for command in buildspec["phases"][phase]["commands"]
    )
    first = machine.run(script, CODEBUILD_WEBHOOK_TRIGGER="pr/7")
    assert first.returncode == 0, first.stderr
    assert not list(bucket.iterdir())
    assert (machine.folder / "images.md").read_text("utf-8").count("nginx") == 1

    shutil.copy(tmp_path / "base.json", bucket / "main.json")
    shutil.rmtree(machine.folder / "cdk.out")
    second = machine.run(script, CODEBUILD_WEBHOOK_TRIGGER="branch/main")
    assert second.returncode == 0, second.stderr
    assert "new digest" in second.stdout
    assert "| new digest | `nginx` |" in (machine.folder / "images.md").read_text("utf-8")
    assert SynthReport.read(bucket / "main.json") == SynthReport.read(machine.folder / "cdk.out")


def test_the_buildspec_has_keys_that_codebuild_knows() -> None:
    """docs.aws.amazon.com/codebuild, "Build specification reference for CodeBuild"."""
    buildspec = recipe(BUILDSPEC)
    assert buildspec.keys() <= {"version", "env", "phases", "artifacts"}
    assert buildspec["phases"].keys() <= {"install", "pre_build", "build", "post_build"}
    assert all(isinstance(value, str) for value in buildspec["env"]["variables"].values())


def test_the_role_of_the_build_may_read_images_and_keep_the_record() -> None:
    policy = json.loads(example(PAGE, "build role"))
    actions = {
        action: statement["Resource"]
        for statement in policy["Statement"]
        for action in (
            statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        )
    }
    variables = recipe(BUILDSPEC)["env"]["variables"]
    assert variables["PINNED_IMAGES_ECR_ROLES"].endswith(actions["sts:AssumeRole"])
    prefix = variables["RECORDS"].removeprefix("s3://")
    assert actions["s3:PutObject"] == actions["s3:GetObject"] == f"arn:aws:s3:::{prefix}/*"
    assert actions.keys() >= {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "s3:ListBucket"}
