"""Options and changes of commands that can work on a Git repository."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click
from click.exceptions import Exit

from pinned_images.cli.output import echo, write_document
from pinned_images.cli.writing import (
    code_of_changes,
    finish,
    print_changes,
    show_diffs,
    show_problems,
)
from pinned_images.errors import ConfigurationError
from pinned_images.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pinned_images.cli.documents.command_documents import Document, Problem
    from pinned_images.files.git import Author, Clone, Target
    from pinned_images.files.pinned_files import Changes
    from pinned_images.files.publishing import Published

_Command = TypeVar("_Command", bound=Callable[..., Any])

_CLONE_OPTIONS = (
    click.option("--repository", metavar="URL", help="Work on a clone of this Git repository."),
    click.option("--branch", metavar="BRANCH", help="The branch to clone."),
)
_COMMIT_OPTIONS = (
    click.option("--commit", metavar="MESSAGE", help="Commit with this message, and push."),
    click.option("--push-branch", metavar="NAME", help="Push to this branch, for a pull request."),
    click.option("--username", metavar="NAME", help="The author; Git's configuration if left out."),
    click.option("--email", metavar="EMAIL", help="The author's address; goes with --username."),
)


class Repository(NamedTuple):
    """The repository that a command works on, and the commit of the changes."""

    target: Target
    commit: str | None = None
    author: Author | None = None


def clone_options(command: _Command) -> _Command:
    """The options of a command that reads a repository; it gets them as ``repository``."""
    return _with_options(command, _CLONE_OPTIONS)


def repository_options(command: _Command) -> _Command:
    """The options of a command that changes a repository; it gets them as ``repository``."""
    return _with_options(command, (*_CLONE_OPTIONS, *_COMMIT_OPTIONS))


def _with_options(command: _Command, options: Sequence[Any]) -> _Command:
    @wraps(command)
    def with_repository(
        *arguments: Any,
        repository: str | None,
        branch: str | None,
        commit: str | None = None,
        push_branch: str | None = None,
        username: str | None = None,
        email: str | None = None,
        **others: Any,
    ) -> Any:
        given = {
            "--branch": branch,
            "--commit": commit,
            "--push-branch": push_branch,
            "--username": username,
            "--email": email,
        }
        found = _repository(repository, given)
        return command(*arguments, repository=found, **others)

    decorated: Any = with_repository
    for option in reversed(options):
        decorated = option(decorated)
    result: _Command = decorated
    return result


def _repository(url: str | None, given: dict[str, str | None]) -> Repository | None:
    named = [name for name, value in given.items() if value is not None]
    if url is None:
        if named:
            raise click.UsageError(f"{named[0]} is for a Git repository: add --repository.")
        return None
    commit, push_branch = given["--commit"], given["--push-branch"]
    username, email = given["--username"], given["--email"]
    if commit is not None and not commit.strip():
        raise click.UsageError("The commit message is empty: write one.")
    if push_branch is not None and commit is None:
        raise click.UsageError("--push-branch pushes a commit: add --commit MESSAGE.")
    if (username is None) != (email is None):
        raise click.UsageError("--username and --email go together: give both.")
    from pinned_images.files.git import Author, Target  # noqa: PLC0415 - for --help

    author = None
    if username is not None and email is not None:
        if not (username.strip() and email.strip()):
            raise click.UsageError("The author's name and address may not be empty.")
        author = Author(username, email)
    try:
        target = Target(url, given["--branch"], push_branch)
    except ConfigurationError as refusal:
        raise click.UsageError(str(refusal)) from refusal
    return Repository(target, commit, author)


@contextmanager
def working_tree(
    repository: Repository | None, on_failure: Callable[[list[Problem]], Document] | None = None
) -> Iterator[Path | None]:
    """The working tree of a clone; None for the working folder.

    Args:
        repository: The repository.
        on_failure: Makes the JSON document of a failure of Git, where JSON is asked for.
    """
    if repository is None:
        yield None
        return
    from pinned_images.files.git import Clone  # noqa: PLC0415 - for --help

    with _failures_as_json(on_failure), Clone(repository.target) as clone:
        yield clone.root


@contextmanager
def _failures_as_json(make: Callable[[list[Problem]], Document] | None) -> Iterator[None]:
    """Print the JSON document of a failure of Git, which is raised all the same."""
    from pinned_images.files.git import GitError  # noqa: PLC0415 - for --help

    try:
        yield
    except GitError as failure:
        if make is not None:
            from pinned_images.cli.documents.command_documents import Problem  # noqa: PLC0415 - for --help

            write_document(make([Problem(kind="git", reason=printable(str(failure)))]))
        raise


def change(
    repository: Repository | None,
    plan: Callable[[Path | None], Changes],
    *,
    dry_run: bool,
    verbose: bool = False,
    as_json: bool = False,
    besides: Sequence[str] = (),
) -> None:
    """Change files in the working folder or in a repository; exits with the code of the errors.

    Args:
        repository: The repository.
        plan: Plans the changes, in a folder or where the user is.
        dry_run: Print the changes as a diff and write nothing.
        verbose: Tell every reference that changes.
        as_json: Print the changes as JSON, and no diff.
        besides: Files in the repository that the plan itself may change.
    """
    if repository is None:
        finish(plan(None), dry_run=dry_run, verbose=verbose, as_json=as_json)
        return

    planned: list[Changes] = []

    def told(base: Path | None) -> Changes:
        planned.append(plan(base))
        if verbose:
            print_changes(planned[-1])
        return planned[-1]

    from pinned_images.files.git import Clone  # noqa: PLC0415 - for --help

    make = _failed_document if as_json else None
    with _failures_as_json(make), Clone(repository.target) as clone:
        if dry_run or repository.commit is None:
            changes, published = told(clone.root), None
            if not as_json:
                show_diffs(changes)
        else:
            published = _publish(repository, clone, told, besides)
            changes = planned[-1]
        if as_json:
            from pinned_images.cli.documents.changes_document import changes_document  # noqa: PLC0415

            files = () if published is None else published.files
            commit = None if published is None else published.commit
            is_dry = dry_run or repository.commit is None
            write_document(changes_document(changes, dry_run=is_dry, written=files, commit=commit))
    show_problems(changes)
    if repository.commit is None and not dry_run:
        echo("Nothing was committed: add --commit MESSAGE to commit and push this.")
    elif not dry_run and not changes.is_whole:
        echo("Nothing was committed, and nothing was pushed.")
    raise Exit(code_of_changes(changes))


def _failed_document(unknown: list[Problem]) -> Document:
    from pinned_images.cli.documents.command_documents import FileChanges  # noqa: PLC0415 - for --help

    return FileChanges(
        dry_run=False,
        changes=[],
        files=[],
        commit=None,
        problems=[],
        unknown=unknown,
        skipped=[],
    )


def _publish(
    repository: Repository,
    clone: Clone,
    plan: Callable[[Path | None], Changes],
    besides: Sequence[str],
) -> Published | None:
    """Commit and push; None where some of the changes cannot be made, so that nothing was."""
    from pinned_images.files.publishing import Unfinished, publish  # noqa: PLC0415 - for --help

    message = repository.commit or ""
    try:
        published = publish(clone, plan, message, repository.author, besides=besides)
    except Unfinished:
        return None
    if published.commit is None:
        echo("Nothing to commit.")
        return published
    for name in published.files:
        echo(f"Updated {name}.")
    target = repository.target
    branch = f" (branch {target.push_branch})" if target.push_branch else ""
    echo(f"Pushed {published.commit} to {target.shown}{branch}.")
    return published
