"""``action.yml``: its form, and its steps run by bash against an API of GitHub on loopback."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pinned_images.reference import Digest
from pinned_images.report import SynthReport
from tests.action.github_api import PullRequest
from tests.action.github_runner import ACTION, Job, action
from tests.cloud_assembly.assemblies import Assembly, Stack, Template
from tests.registry.loopback import LoopbackServer
from tests.report.conftest import HOSTILE, a_record

MISSING = [program for program in ("bash", "curl", "jq") if shutil.which(program) is None]
pytestmark = pytest.mark.skipif(
    bool(MISSING) and not os.environ.get("CI"), reason=f"not installed: {', '.join(MISSING)}"
)

EVENT = {"pull_request": {"number": 7}}
MARKER = "<!-- pinned-images: report -->"
COMMAND = "::error::[x](javascript:1) $(touch hacked) `touch hacked` ${{ github.token }}"
OTHER = Digest.of(b"another")
STEPS: dict[str, dict[str, Any]] = {
    step.get("id", "fail"): step for step in action()["runs"]["steps"]
}


@pytest.fixture
def pull_request() -> PullRequest:
    return PullRequest()


@pytest.fixture
def api(pull_request: PullRequest) -> Iterator[LoopbackServer]:
    server = LoopbackServer(pull_request.respond)
    yield server
    server.close()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A synthesized app with one image without a digest, and with hostile names in its record."""
    images = (f"ghcr.io/org/app:1@{OTHER}", "ghcr.io/org/unpinned:1")
    Assembly((Stack(Template(images), "default"),)).write(tmp_path / "cdk.out")
    names = ("nginx:1.25", HOSTILE, COMMAND)
    SynthReport.of(
        a_record(reference=name, construct_path=f"Shop/{name}", digest=OTHER) for name in names
    ).write(tmp_path / "cdk.out")
    SynthReport.of([a_record(construct_path="Shop/nginx:1.25")]).write(tmp_path / "base.json")
    return tmp_path


def comment_of(
    workspace: Path, api: LoopbackServer, text: str = f"{MARKER}\nText.\n", **job: Any
) -> Job:
    """The job after the step that comments alone."""
    (workspace / "comment.md").write_text(text, encoding="utf-8")
    report = {"markdown": str(workspace / "comment.md"), **job.pop("report", {})}
    outputs = {"report": report, "check": {"check": "passed", "lock-check": "skipped"}}
    found = Job(workspace, event=EVENT, api_url=api.url, outputs=outputs, **job)
    assert found.run_step(STEPS["comment"]) == 0, found.log
    return found


def test_the_action_has_what_github_asks_for_and_nothing_that_it_does_not_know() -> None:
    """docs.github.com, "Metadata syntax reference", and SchemaStore's github-action.json."""
    document = action()
    assert document.keys() == {"name", "description", "branding", "inputs", "outputs", "runs"}
    assert document["branding"].keys() == {"icon", "color"}
    for declared in document["inputs"].values():
        assert declared.keys() == {"description", "default"}
        assert all(isinstance(value, str) for value in declared.values())
    for declared in document["outputs"].values():
        assert declared.keys() == {"description", "value"}
    assert document["runs"].keys() == {"using", "steps"}
    assert document["runs"]["using"] == "composite"
    known = {"name", "id", "if", "shell", "env", "working-directory", "run"}
    for step in document["runs"]["steps"]:
        assert {"name", "shell", "run"} <= step.keys() <= known
        assert step["shell"] == "bash"
        assert all(isinstance(value, str) for value in step.get("env", {}).values())


def test_no_expression_becomes_a_part_of_a_script_and_every_script_stops_at_errors() -> None:
    for step in STEPS.values():
        assert "${{" not in step["run"]
        assert step["run"].startswith("set -euo pipefail\n")


def test_every_input_is_used_and_every_expression_names_something_that_is_there() -> None:
    text = ACTION.read_text(encoding="utf-8")
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == action()["inputs"].keys()
    for step, output in re.findall(r"steps\.([\w-]+)\.outputs\.([\w-]+)", text):
        script = STEPS[step]["run"]
        assert f"{output}=" in script or f"run {output} " in script


def test_a_pull_request_gets_one_comment_that_is_updated(
    workspace: Path, api: LoopbackServer, pull_request: PullRequest
) -> None:
    inputs = {"base": "base.json", "check": "false"}
    first = Job(workspace, inputs, EVENT, api.url)
    assert first.run() == 0, first.log
    assert (first.output("comment"), first.output("changed")) == ("created", "true")
    [body] = pull_request.bodies
    assert body.startswith(f"{MARKER}\n### Container images\n\n3 changes: 1 changed, 2 added.")
    assert body.count("| new digest | `nginx` |") == 1
    outside = re.sub(r"(?<!\\)(`+)(?!`).*?(?<!`)\1(?!`)", "", body)
    assert "<script" not in outside
    assert not re.search(r"@\w", outside)
    assert not list(workspace.rglob("hacked"))
    assert "ghs_secret" not in first.log + body + first.summary.read_text("utf-8")
    assert first.summary.read_text("utf-8").startswith("### Container images\n")
    comparison = json.loads(Path(first.output("comparison")).read_text("utf-8"))
    assert comparison["changed"] is True
    assert "<!doctype html>" in Path(first.output("page")).read_text("utf-8")

    shutil.copy(workspace / "cdk.out" / "pinned-images.json", workspace / "base.json")
    second = Job(workspace, inputs, EVENT, api.url)
    assert second.run() == 0, second.log
    assert (second.output("comment"), second.output("changed")) == ("updated", "false")
    [body] = pull_request.bodies
    assert "No image changed: 3 places name the same image as before." in body


def test_a_check_that_fails_is_told_in_the_comment_and_fails_at_the_end(
    workspace: Path, api: LoopbackServer, pull_request: PullRequest
) -> None:
    job = Job(workspace, {"lock-check": "true", "name": "Shop 2"}, EVENT, api.url)
    assert job.run() == 1
    assert (job.output("check"), job.output("lock-check")) == ("failed", "failed")
    [body] = pull_request.bodies
    first, app, check, lock = (line for line in body.splitlines()[:7] if line)
    assert first == "<!-- pinned-images: report of Shop 2 -->"
    assert app == "App: `Shop 2`"
    assert check.startswith("**`pinned-images check` failed**")
    assert lock.startswith("**`pinned-images lock --check` failed**")
    assert "ghcr.io/org/unpinned:1" in job.log
    assert job.log.splitlines()[-1].startswith("::error::A check of the container images failed")
    assert "There is no record of the base branch" not in body


def test_what_the_checks_print_is_no_workflow_command(workspace: Path) -> None:
    """docs.github.com, "Workflow commands", "Stopping and starting workflow commands"."""
    program = workspace / "pinned-images"
    program.write_text("#!/bin/sh\nprintf '::set-env name=x::y\\n::error::no end'\n", "utf-8")
    program.chmod(0o755)
    job = Job(workspace, outputs={"install": {"program": str(program)}})
    assert job.run_step(STEPS["check"]) == 0
    stop, *printed, resume = job.log.splitlines()
    token = stop.removeprefix("::stop-commands::")
    assert re.fullmatch(r"[0-9a-f]{32}", token)
    assert resume == f"::{token}::"
    assert printed == ["::set-env name=x::y", "::error::no end"]


def test_the_first_run_of_a_repository_reports_all_images_and_says_so(
    workspace: Path, api: LoopbackServer, pull_request: PullRequest
) -> None:
    job = Job(workspace, {"base": "none.json", "check": "false"}, EVENT, api.url)
    assert job.run() == 0, job.log
    [body] = pull_request.bodies
    assert "There is no record of the base branch to compare with yet." in body
    assert "| `nginx` | `1.25` |" in body
    assert (job.output("changed"), job.output("comparison")) == ("", "")


def test_a_base_that_cannot_be_read_is_told_and_all_images_are_reported(workspace: Path) -> None:
    (workspace / "base.json").write_text("{", encoding="utf-8")
    job = Job(workspace, {"base": "base.json"}, outputs={"install": {"program": "pinned-images"}})
    assert job.run_step(STEPS["report"]) == 0, job.log
    text = job.summary.read_text("utf-8")
    assert "The record of the base branch cannot be read" in text
    assert "| `nginx` | `1.25` |" in text


def test_an_app_with_thousands_of_images_fits_the_comment(workspace: Path) -> None:
    SynthReport.of(
        a_record(reference=f"app:{number}", construct_path=f"C{number}", stack=HOSTILE)
        for number in range(1_200)
    ).write(workspace / "cdk.out")
    inputs = {"base": "base.json", "name": "x" * 90}
    checks = {"check": "failed", "lock-check": "failed"}
    job = Job(workspace, inputs, outputs={"install": {"program": "pinned-images"}, "check": checks})
    assert job.run_step(STEPS["report"]) == 0, job.log
    body = Path(job.output("markdown")).read_bytes()
    assert 60_000 < len(body) <= 65_536
    assert re.search(rb"^and \d+ more$", body, re.MULTILINE)
    assert 65_536 < job.summary.stat().st_size <= 1_000_000


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_token_that_may_only_read_leaves_the_report_in_the_job_summary(
    workspace: Path, api: LoopbackServer, pull_request: PullRequest, status: int
) -> None:
    pull_request.refusal = status
    job = comment_of(workspace, api)
    assert job.output("comment") == "none"
    assert "::warning::The report is in the job summary and not in a comment: " in job.log
    assert f"the token may not comment (HTTP {status})" in job.log
    assert "not accessible" not in job.log


@pytest.mark.parametrize("status", [500, 422, 302])
def test_an_api_that_fails_fails_no_build(
    workspace: Path, api: LoopbackServer, pull_request: PullRequest, status: int
) -> None:
    pull_request.refusal = status
    job = comment_of(workspace, api)
    assert job.output("comment") == "none"
    assert f"the API of GitHub answered HTTP {status}." in job.log


def test_an_api_that_cannot_be_reached_fails_no_build(workspace: Path, api: LoopbackServer) -> None:
    api.close()
    assert comment_of(workspace, api).output("comment") == "none"


def test_only_an_own_comment_is_updated_wherever_it_is(
    workspace: Path, api: LoopbackServer, pull_request: PullRequest
) -> None:
    pull_request.add(f"{MARKER}\nAll is well.", author="mallory")
    pull_request.add(f"Quoted: {MARKER}")
    pull_request.add("<!-- pinned-images: report of another app -->\nTheirs.")
    for number in range(150):
        pull_request.add(f"Comment {number}")
    pull_request.add(f"{MARKER}\nThe last report.")
    before = pull_request.bodies[:-1]
    assert comment_of(workspace, api).output("comment") == "updated"
    assert pull_request.bodies == [*before, f"{MARKER}\nText.\n"]


def test_where_nothing_changed_no_comment_is_made(
    workspace: Path, api: LoopbackServer, pull_request: PullRequest
) -> None:
    job = comment_of(workspace, api, report={"changed": "false"})
    assert (job.output("comment"), pull_request.comments) == ("none", [])


def test_the_text_of_a_comment_arrives_as_it_is(
    workspace: Path, api: LoopbackServer, pull_request: PullRequest
) -> None:
    text = f'{MARKER}\n"quotes" \\ back `ticks` $HOME 🌈\n{"x" * 60_000}\n'
    comment_of(workspace, api, text)
    assert pull_request.bodies == [text]


@pytest.mark.parametrize("name", ["a--b", "a -->", "$(x)", "a\nb"])
def test_a_name_that_could_end_the_marker_is_refused(workspace: Path, name: str) -> None:
    job = Job(workspace, {"name": name}, outputs={"install": {"program": "pinned-images"}})
    assert job.run_step(STEPS["report"]) == 2
    assert job.log.startswith("::error::The input name may have letters")


@pytest.mark.parametrize(
    ("install", "is_at_hand", "code", "is_installed"),
    [
        ("auto", True, 0, False),
        ("auto", False, 0, True),
        ("always", True, 0, True),
        ("never", True, 0, False),
        ("never", False, 2, False),
        ("sometimes", True, 2, False),
    ],
)
def test_pinned_images_is_installed_where_it_is_asked_for(
    tmp_path: Path,
    install: str,
    is_at_hand: bool,  # noqa: FBT001 - a parameter of the table
    code: int,
    is_installed: bool,  # noqa: FBT001
) -> None:
    """A Python that makes an environment with a pip that does as if."""
    programs = tmp_path / "bin"
    programs.mkdir()
    version = "#!/bin/sh\necho pinned-images, version 1\n"
    python = (
        "#!/bin/sh\n"
        'case "$1 $2" in\n'
        '"-m venv") mkdir "$3/bin"; cp "$0" "$3/bin/python" ;;\n'
        f"\"-m pip\") printf '%s' '{version}' > \"${{0%/*}}/pinned-images\"\n"
        '  chmod +x "${0%/*}/pinned-images"; for each; do :; done; echo "from $each" ;;\n'
        "esac\n"
    )
    (programs / "some-python").write_text(python, "utf-8")
    if is_at_hand:
        (programs / "pinned-images").write_text(version, "utf-8")
    for each in programs.iterdir():
        each.chmod(0o755)
    job = Job(tmp_path, {"install": install, "python": "some-python"}, path=str(programs))
    assert job.run_step(STEPS["install"]) == code, job.log
    if code:
        assert job.log.startswith("::error::")
        return
    program = Path(job.outputs["install"]["program"])
    assert (program.parent == programs) != is_installed
    assert (f"from {ACTION.parent}" in job.log) == is_installed
    assert "version 1" in job.log
