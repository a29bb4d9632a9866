"""Clone, commit and push of a Git repository, by the user's own ``git``.

Nothing around the clone is touched: variables that would lead `git` elsewhere (`git rev-parse
--local-env-vars`) are not handed on, and no folder above the clone is looked at.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import unquote, urlsplit

from pinned_images.errors import ConfigurationError, PinnedImagesError
from pinned_images.printable import printable

if TYPE_CHECKING:
    from typing_extensions import Self

_ATTEMPTS = 10
_LONGEST_MESSAGE = 400
_REDACTED = "***"
# A user's name alone is no secret where no password goes with it, as in ssh://git@example.com.
_USER_INFORMATION = re.compile(
    r"(?P<scheme>https?://)[^/\s'\"]+@|(?P<other>://)[^/\s:'\"]*:[^/\s'\"]*@"
)
_TRANSPORT = re.compile(r"[A-Za-z0-9+.-]+::")
_BRANCH = re.compile(r"(?!-)[^\s~^:?*\[\\\x00-\x1f\x7f]+")

# `git rev-parse --local-env-vars` of Git 2.39, and other variables that name a repository.
_ELSEWHERE = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_NAMESPACE",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_QUARANTINE_PATH",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_TEMPLATE_DIR",
        "GIT_WORK_TREE",
    }
)


class GitError(PinnedImagesError):
    """A failed step of `git`; no credential is in the message."""


class PushRejected(GitError):
    """A push that was rejected in all attempts, since the branch had moved."""


class Author(NamedTuple):
    """The author of a commit, in place of the one that Git is configured with."""

    name: str
    email: str


@dataclass(frozen=True)
class Target:
    """The repository to clone, and the branch for commits.

    Attributes:
        url: The repository, as `git clone` takes it.
        branch: The branch to edit; that of the repository's HEAD if left out.
        push_branch: The branch to push to, if not that one.

    Raises:
        ConfigurationError: One of them is none.
    """

    url: str
    branch: str | None = None
    push_branch: str | None = None

    def __post_init__(self) -> None:
        """Refuse values that `git` would take for an option or a program."""
        if not self.url or self.url.startswith("-") or _TRANSPORT.match(self.url):
            raise ConfigurationError(f"{redacted(self.url)!r} is not the URL of a repository.")
        for branch in (self.branch, self.push_branch):
            if branch is not None and not _BRANCH.fullmatch(branch):
                raise ConfigurationError(f"{branch!r} is not the name of a branch.")

    @property
    def shown(self) -> str:
        """The URL without credentials."""
        return redacted(self.url)


def redacted(text: str, url: str | None = None) -> str:
    """A string without the credentials of URLs.

    Args:
        text: The text.
        url: A URL whose credentials are taken out wherever they are.

    Example:
        >>> redacted("fatal: https://user:secret@git.example/a.git is gone")
        'fatal: https://***@git.example/a.git is gone'
    """
    for secret in _secrets(url or text):
        text = text.replace(secret, _REDACTED)
    return _USER_INFORMATION.sub(
        lambda match: f"{match['scheme'] or match['other']}{_REDACTED}@", text
    )


def _secrets(url: str) -> list[str]:
    """The user information of a URL and its password, as written and as read; longest first."""
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and "@" in parts.netloc:
            information = parts.netloc.rpartition("@")[0]
            password = information.partition(":")[2] or information
            found = {information, password, unquote(information), unquote(password)}
            return sorted((each for each in found if len(each) > 1), key=len, reverse=True)
    return []


@dataclass
class Clone:
    """A shallow clone in a temporary folder, as a context manager.

    Attributes:
        target: The repository.
        is_detached: Whether `git` runs apart from the terminal, so that Ctrl-C does not reach it.
    """

    target: Target
    is_detached: bool = False
    _folder: Path = field(init=False)
    _branch: str = field(init=False, default="")

    def __enter__(self) -> Self:
        """Clone.

        Raises:
            GitError: It cannot be cloned.
        """
        self._folder = Path(tempfile.mkdtemp(prefix="pinned-images-"))
        try:
            self._clone()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._remove()

    @property
    def root(self) -> Path:
        """The working tree."""
        return self._folder / "tree"

    def _remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _clone(self) -> None:
        options = ["--depth=1", "--no-tags", "--config=core.autocrlf=false"]
        if self.target.branch is not None:
            options += ["--single-branch", f"--branch={self.target.branch}"]
        # A path is cloned from where the user is.
        self._git("clone", "--quiet", *options, "--", self.target.url, str(self.root), cwd=None)
        if not (self.root / ".git").is_dir():
            raise GitError(f"{self.target.shown!r} could not be cloned.")
        head = self._git("symbolic-ref", "--quiet", "--short", "HEAD", may_fail=True)
        self._branch = head.stdout.strip()
        if not self._branch:
            raise GitError(
                f"{self.target.branch!r} is not a branch of {self.target.shown!r}: name a branch."
            )
        if self._git("rev-parse", "--quiet", "--verify", "HEAD", may_fail=True).returncode != 0:
            # The branch that HEAD names is gone: renamed, perhaps. In an empty repository it is yet
            # to come.
            branches = self._git("ls-remote", "--heads", "origin").stdout.split()[1::2]
            if branches:
                raise GitError(
                    f"{self.target.shown!r} has no branch {self._branch!r}, which its HEAD names: "
                    f"name a branch, such as {branches[0].removeprefix('refs/heads/')!r}."
                )

    @property
    def _push_branch(self) -> str:
        return self.target.push_branch or self._branch

    def push(
        self,
        files: Iterable[Path],
        message: str,
        author: Author | None,
        again: Callable[[], Sequence[Path]],
    ) -> str | None:
        """Commit files and push the commit.

        Args:
            files: The files that were edited, in the working tree.
            message: The commit's message.
            author: The author, if not the one that Git is configured with.
            again: Edits the working tree once more, on a new head, and gives the files.

        Returns:
            The commit; None where the new head holds all edits already.

        Raises:
            PushRejected: Others were faster each time.
            GitError: A step failed; nothing was pushed.
        """
        edited = list(files)
        for _ in range(_ATTEMPTS):
            commit = self._commit(edited, message, author)
            outcome = self._push()
            if outcome != "lost":
                return commit if outcome == "pushed" else None
            self._git("fetch", "--quiet", "--depth=1", "origin", f"refs/heads/{self._push_branch}")
            self._git("reset", "--quiet", "--hard", "FETCH_HEAD")
            edited = list(again())
            if not edited:
                return None
        raise PushRejected(
            f"The branch {self._push_branch!r} of {self.target.shown!r} moved on each of "
            f"{_ATTEMPTS} times that a commit was pushed to it: try again later."
        )

    def _commit(self, files: Sequence[Path], message: str, author: Author | None) -> str:
        identity = []
        if author is not None:
            identity = ["-c", f"user.name={author.name}", "-c", f"user.email={author.email}"]
        paths = [str(path.relative_to(self.root.resolve())) for path in files]
        self._git("add", "--", *(f":(literal){path}" for path in paths))
        self._git(*identity, "commit", "--quiet", f"--message={message}")
        return self._git("rev-parse", "HEAD").stdout.strip()

    def _push(self) -> Literal["pushed", "there", "lost"]:
        """Push; a commit of the same second may be there already, and the branch may have moved."""
        reference = f"HEAD:refs/heads/{self._push_branch}"
        result = self._git("push", "--porcelain", "--no-verify", "origin", reference, may_fail=True)
        # `git push`, "OUTPUT": a line for each reference, which begins with its flag.
        if result.returncode == 0:
            return "there" if "\n=\t" in f"\n{result.stdout}" else "pushed"
        rejected = [line for line in result.stdout.splitlines() if line.startswith("!\t")]
        if any(_is_race(line) for line in rejected):
            return "lost"
        raise self._failure("push", "\n".join((*rejected, result.stderr)))

    def _git(
        self, *arguments: str, may_fail: bool = False, cwd: str | None = ""
    ) -> subprocess.CompletedProcess[str]:
        try:
            result = subprocess.run(
                ["git", *arguments],
                cwd=str(self.root) if cwd == "" else cwd,
                env=_environment(self._folder),
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                stdin=subprocess.DEVNULL,
                check=False,
                start_new_session=self.is_detached,
            )
        except FileNotFoundError as error:
            raise GitError("The program `git` is not installed: install it.") from error
        if result.returncode != 0 and not may_fail:
            step = next((each for each in arguments if not each.startswith(("-", "user."))), "")
            raise self._failure(step, result.stderr or result.stdout)
        return result

    def _failure(self, step: str, output: str) -> GitError:
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        telling = [line for line in lines if line.startswith(("fatal:", "error:", "!", "remote:"))]
        words = printable(redacted(" ".join(telling or lines), self.target.url))
        return GitError(
            f"git {step} failed for {self.target.shown!r}, and nothing was pushed: "
            f"{words[:_LONGEST_MESSAGE]}"
        )


def _is_race(line: str) -> bool:
    """Whether a push was rejected because the branch has moved since the fetch."""
    return any(
        words in line
        for words in (
            "(fetch first)",
            "(non-fast-forward)",
            "(stale info)",
            "cannot lock ref",
            "failed to update ref",
            "incorrect old value",
            "failed to lock",
        )
    )


def _environment(folder: Path) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    asks = "1" if sys.stdin is not None and sys.stdin.isatty() else "0"
    return {
        "GIT_TERMINAL_PROMPT": asks,
        **kept,
        "GIT_CEILING_DIRECTORIES": str(folder),
        "LC_ALL": "C",
    }
