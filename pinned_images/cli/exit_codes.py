"""The exit codes of all commands: what each means, and which of several counts."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import NamedTuple

from pinned_images.errors import (
    ImageNotFound,
    NotLocked,
    PinnedImagesError,
    PlatformMismatch,
    ResolutionError,
)


class ExitCode(IntEnum):
    """The exit codes that every command shares.

    A finding counts before what could not be found out: it is known, no later answer takes it back,
    and a script that goes on when a registry is down must not pass over it.
    """

    FINE = 0
    FINDING = 1
    WRONG_USE = 2
    UNKNOWN = 3
    #: 128 + SIGINT and 128 + SIGPIPE, as shells report them.
    INTERRUPTED = 130
    READER_GONE = 141


#: The table of ``--help`` and of the documentation.
MEANINGS: Mapping[ExitCode, str] = {
    ExitCode.FINE: "All is fine, or done.",
    ExitCode.FINDING: "A finding: something about an image is wrong, and known.",
    ExitCode.WRONG_USE: "Wrong use: an option, an argument, or a file that is needed, such as the "
    "lock file, is missing or cannot be used.",
    ExitCode.UNKNOWN: "Nothing is wrong as far as is known, and something could not be found out: "
    "a registry, AWS or Git gave no usable answer.",
    ExitCode.INTERRUPTED: "Interrupted (Ctrl-C).",
}


class Findings(NamedTuple):
    """The meanings of a command's exit codes 1 and 3; None where it never exits with the code.

    Attributes:
        finding: What is wrong with exit code 1.
        unknown: What could not be found out with exit code 3.
        fine: Where the code is 0 all the same, as a clause.
    """

    finding: str | None
    unknown: str | None
    fine: str | None = None


_NO_ANSWER = "A registry or AWS gave no usable answer for an image or a parameter."
_LEFT = "A reference could not be changed: there is no such image, or the file cannot be edited."
_NO_ANSWER_OR_GIT = "A registry gave no usable answer for an image; or Git failed."

#: By the name of the command.
COMMANDS: Mapping[str, Findings] = {
    "check": Findings("An image has no digest, and is not exempt.", None, "there are warnings"),
    "check-deployed": Findings(
        "An image in use is gone or archived; --fail-on names other findings.",
        "AWS or a registry gave no usable answer, so something could not be looked at.",
        "there are findings that --fail-on does not name",
    ),
    "demo": Findings(None, None),
    "lifecycle": Findings(None, "ECR gave no usable answer.", "the policy takes images"),
    "list": Findings(None, "The repository could not be cloned.", "images have no digest"),
    "lock": Findings(
        "With --check: the lock file lacks an image or a parameter.",
        "With --check: the last synth failed for an image of which the name is not known.",
    ),
    "lock prune": Findings(None, None),
    "lock update": Findings(
        "An image is gone, or the new value of a parameter is none; it stays as it is locked.",
        f"{_NO_ANSWER} It stays as it is locked.",
        "images have moved, with --dry-run too",
    ),
    "lock verify": Findings(
        "An image is gone or has lost a platform, or a parameter names another repository.",
        _NO_ANSWER,
        "a tag has moved",
    ),
    "outdated": Findings(
        "With --exit-code: a tag or a parameter has moved. Always: an image is gone.",
        _NO_ANSWER,
        "tags have moved, without --exit-code",
    ),
    "pin": Findings(
        f"{_LEFT} With --check: a reference has no digest, and is not exempt.",
        _NO_ANSWER_OR_GIT,
    ),
    "protect": Findings(
        "An image in use is not protected.", "AWS gave no usable answer about an image."
    ),
    "release": Findings(
        None,
        "What is in use, or a repository, could not be seen as a whole; nothing that may be in "
        "use is released.",
        "a tag stays since it is the last one of its image",
    ),
    "report": Findings(
        "With --compare and --exit-code: an image has changed.",
        None,
        "the synth failed for images, or images have changed, without --exit-code",
    ),
    "resolve": Findings("There is no such image, or none for the platform.", _NO_ANSWER),
    "run": Findings(
        "An image could not be pinned, and the CDK CLI is too old to say so. A code of the app's "
        "own passes through.",
        "An image could not be pinned since a registry or AWS gave no usable answer, and the CDK "
        "CLI is too old to say so.",
        "an image could not be pinned, and the CDK CLI says so: it then exits with 1",
    ),
    "schema": Findings(None, None),
    "serve": Findings(None, None, "SIGTERM has ended the service"),
    "update": Findings(_LEFT, _NO_ANSWER_OR_GIT),
}

#: Outcomes that are answers: the image is not there, not for the platform, or not locked.
_ANSWERS = (ImageNotFound, PlatformMismatch, NotLocked)


def code_of(error: PinnedImagesError) -> ExitCode:
    """The exit code of a command that ends with an error.

    Example:
        >>> code_of(ImageNotFound("gone")), code_of(ResolutionError("no network"))
        (<ExitCode.FINDING: 1>, <ExitCode.UNKNOWN: 3>)
    """
    if isinstance(error, ResolutionError):
        return ExitCode.FINDING if isinstance(error, _ANSWERS) else ExitCode.UNKNOWN
    from pinned_images.files.git import GitError  # noqa: PLC0415 - for --help

    return ExitCode.UNKNOWN if isinstance(error, GitError) else ExitCode.WRONG_USE


def is_unknown(error: PinnedImagesError) -> bool:
    """Whether an error leaves open what is right, for lack of a usable answer."""
    return code_of(error) == ExitCode.UNKNOWN


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """The code that counts of several: wrong use, then a finding, then what is not known.

    Example:
        >>> worst([ExitCode.FINE, ExitCode.UNKNOWN, ExitCode.FINDING]).name
        'FINDING'
        >>> worst([]).name
        'FINE'
    """
    order = (ExitCode.WRONG_USE, ExitCode.FINDING, ExitCode.UNKNOWN)
    found = set(codes)
    return next((code for code in order if code in found), ExitCode.FINE)


def help_text(command: str | None = None) -> str:
    """The table at the end of ``--help``: that of a command, or that of them all.

    Args:
        command: The name of the command.
    """
    rows = [(code, MEANINGS[code]) for code in MEANINGS]
    if command is not None:
        found = COMMANDS[command]
        said = {
            ExitCode.FINE: MEANINGS[ExitCode.FINE]
            + (f" Also where {found.fine}." if found.fine else ""),
            ExitCode.FINDING: found.finding,
            ExitCode.WRONG_USE: MEANINGS[ExitCode.WRONG_USE],
            ExitCode.UNKNOWN: found.unknown,
        }
        rows = [(code, text) for code, text in said.items() if text is not None]
    lines = [
        textwrap.fill(text, 76, initial_indent=f"  {code:<5}", subsequent_indent=" " * 7)
        for code, text in rows
    ]
    return "\n".join(("\b", "Exit codes:", *lines))
