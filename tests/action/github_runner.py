"""The steps of a composite action, run as GitHub's runner runs them, as far as they are used here.

Expressions are evaluated in variables, conditions and outputs; in a script none is allowed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ACTION = Path(__file__).parents[2] / "action.yml"
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")


def action() -> dict[str, Any]:
    """The content of ``action.yml``."""
    document: dict[str, Any] = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
    return document


@dataclass
class Job:
    """One job on a runner, with the action as its only step.

    Attributes:
        folder: The workspace, and the parent of the runner's own folder.
        inputs: The inputs that the workflow gives.
        event: The event that started the workflow.
        api_url: The API of GitHub.
        path: What comes first on the PATH.
        outputs: The outputs of the steps, by the step's id.
        log: What the steps have printed.
    """

    folder: Path
    inputs: Mapping[str, str] = field(default_factory=dict)
    event: Mapping[str, Any] = field(default_factory=dict)
    api_url: str = "http://127.0.0.1:1"
    path: str = str(Path(sys.executable).parent)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    log: str = ""

    def __post_init__(self) -> None:
        self.temp = self.folder / "runner temp"
        self.temp.mkdir(exist_ok=True)
        self.summary = self.temp / "summary.md"
        self.summary.touch()

    def run(self) -> int:
        """Run all steps; the exit code of the first that fails, else 0."""
        for step in action()["runs"]["steps"]:
            if "if" in step and not self._value(step["if"]):
                continue
            code = self.run_step(step)
            if code:
                return code
        return 0

    def run_step(self, step: Mapping[str, Any]) -> int:
        """Run one step; its outputs and its log are added to those of the job."""
        script, output = self.temp / "script.sh", self.temp / "output"
        script.write_text(step["run"], encoding="utf-8")
        output.write_text("", encoding="utf-8")
        variables = {name: self._filled(text) for name, text in step.get("env", {}).items()}
        finished = subprocess.run(
            # docs.github.com, "Workflow syntax", `jobs.<job_id>.steps[*].shell`.
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.folder / self._filled(step.get("working-directory", ".")),
            env={**self._environment(output), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.log += finished.stdout
        lines = output.read_text(encoding="utf-8").splitlines()
        pairs = (line.partition("=") for line in lines)
        self.outputs[step.get("id", "")] = {name: value for name, _, value in pairs}
        return finished.returncode

    def output(self, name: str) -> str:
        """An output of the action."""
        return self._filled(action()["outputs"][name]["value"])

    def _environment(self, output: Path) -> dict[str, str]:
        return {
            "PATH": f"{self.path}{os.pathsep}{os.defpath}",
            "HOME": str(self.temp),
            "LANG": "C.UTF-8",
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_ACTION_PATH": str(ACTION.parent),
            "GITHUB_API_URL": self.api_url,
            "GITHUB_OUTPUT": str(output),
            "GITHUB_REPOSITORY": "acme/shop",
            "GITHUB_STEP_SUMMARY": str(self.summary),
        }

    def _filled(self, text: str) -> str:
        return _EXPRESSION.sub(lambda found: self._value(found[1]), text)

    def _value(self, expression: str) -> str:
        """The value of an expression: ``a || b``, ``a && b``, ``a == b``, a context, a literal."""
        text = expression.strip()
        if "||" in text:
            return next(filter(None, map(self._value, text.split("||"))), "")
        if "&&" in text:
            values = [self._value(each) for each in text.split("&&")]
            return values[-1] if all(values) else ""
        if match := re.fullmatch(r"(\S+) (==|!=) (\S+)", text):
            is_equal = self._value(match[1]) == self._value(match[3])
            return "true" if is_equal == (match[2] == "==") else ""
        if text.startswith("'"):
            return text.strip("'")
        return self._context(text)

    def _context(self, name: str) -> str:
        if name == "github.token":
            return "ghs_secret"
        if name == "github.event.pull_request.number":
            return str(self.event.get("pull_request", {}).get("number", ""))
        if match := re.fullmatch(r"inputs\.([\w-]+)", name):
            declared = action()["inputs"][match[1]]
            return self.inputs.get(match[1], self._filled(declared.get("default", "")))
        if match := re.fullmatch(r"steps\.([\w-]+)\.outputs\.([\w-]+)", name):
            return self.outputs.get(match[1], {}).get(match[2], "")
        raise AssertionError(f"not a context that a test knows: {name}")
