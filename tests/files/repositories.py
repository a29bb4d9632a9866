"""Real Git repositories for tests: a bare one to push to, and its content."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

COMPOSE = "services: {web: {image: 'nginx:1.25'}}\n"
TASK = '{"containerDefinitions": [{"image": "mvanholsteijn/paas-monitor:3.1.0"}]}\n'


def git(folder: Path, *arguments: str) -> str:
    """Run `git` in a folder, whatever the variables of a test lead the program to."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    result = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True, env=kept
    )
    return result.stdout


class Bare:
    """A bare repository with a first commit on its branch `main`."""

    def __init__(self, folder: Path, files: dict[str, str] | None = None) -> None:
        self.path = folder / "origin.git"
        self.work = folder / "seed"
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.path))
        git(folder, "clone", "--quiet", str(self.path), str(self.work))
        git(self.work, "checkout", "--quiet", "-B", "main")
        self.commit(files or {"compose.yaml": COMPOSE, "sub/task.json": TASK})

    @property
    def url(self) -> str:
        return f"file://{self.path}"

    def commit(self, files: dict[str, str], message: str = "Seed") -> None:
        """Push a commit of another author."""
        if (self.work / ".git/refs/heads/main").exists():
            git(self.work, "pull", "--quiet", "--rebase", "origin", "main")
        for name, text in files.items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        git(self.work, "add", "--all")
        git(self.work, *IDENTITY, "commit", "--quiet", "--message", message)
        git(self.work, "push", "--quiet", "origin", "main")

    def others(self, message: str = "Other") -> str:
        """A script that pushes an empty commit of another author, as fast as can be."""
        commit = f"commit-tree 'main^{{tree}}' -p main -m '{message}'"
        return f"cd '{self.path}' && git update-ref refs/heads/main $(git {commit})"

    def state(self) -> str:
        """Every reference and what it names."""
        return git(self.path, "for-each-ref")

    def head(self, branch: str = "main") -> str:
        return git(self.path, "rev-parse", branch).strip()

    def log(self, branch: str = "main", form: str = "%s") -> list[str]:
        return git(self.path, "log", f"--format={form}", branch).splitlines()

    def read(self, name: str, branch: str = "main") -> str:
        return git(self.path, "show", f"{branch}:{name}")

    def changed(self, branch: str = "main") -> list[str]:
        """The files that the last commit changed."""
        return git(self.path, "show", "--name-only", "--format=", branch).split()

    def hook(self, name: str, script: str) -> None:
        path = self.path / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)


IDENTITY = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")


def program_before_push(folder: Path, script: str) -> str:
    """A PATH on which `git push` runs a script first; ``$count`` counts the pushes from 1."""
    real = subprocess.run(["which", "git"], check=True, capture_output=True, text=True).stdout
    program = folder / "bin" / "git"
    program.parent.mkdir(exist_ok=True)
    program.write_text(
        "#!/bin/sh\n"
        'case " $* " in *" push "*)\n'
        f"  echo x >> '{folder}/pushes'; count=$(wc -l < '{folder}/pushes')\n"
        f"  ( PATH='{os.environ['PATH']}'; {script} ) >/dev/null 2>&1\n"
        "esac\n"
        f'exec {real.strip()} "$@"\n'
    )
    program.chmod(0o755)
    return f"{program.parent}{os.pathsep}{os.environ['PATH']}"
