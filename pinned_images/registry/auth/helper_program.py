"""Credential helper programs: ``docker-credential-*``."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pinned_images.errors import AccessDenied, RegistryUnavailable
from pinned_images.registry.auth.credentials import IDENTITY_TOKEN_USER, Credentials

_TIMEOUT = 30.0
_NAME = re.compile(r"[A-Za-z0-9._-]+")

# Programs fail without credentials, with a message of their own or of the system's keychain.
_NOTHING_KEPT = re.compile(
    r"""
    credentials\ not\ found\ in\ native\ keychain   # docker-credential-helpers, all programs
    | no\ credentials\ (?:server\ URL|username)     # the same, `credentials/error.go`
    | no\ stored\ credential                        # osxkeychain (docker-credential-helpers#177)
    | item\ could\ not\ be\ found\ in\ the\ keychain  # errSecItemNotFound, older macOS
    | element\ not\ found                           # wincred: ERROR_NOT_FOUND of Windows
    | is\ not\ in\ the\ password\ store             # pass(1)
    | do\ not\ currently\ have\ an\ active\ account  # gcloud
    """,
    re.VERBOSE | re.IGNORECASE,
)
# The keychain below the program was never set up, or belongs to a desktop without a login
# to: whatever is public must not fail for it.
_NO_KEYCHAIN = re.compile(
    r"""
    pass(?:word)?\ (?:store\ )?(?:is\ |was\ )?(?:not\ initialized|uninitialized|empty)  # pass
    | D-?Bus | org\.freedesktop\. | X11\ \$DISPLAY  # secretservice without a session, over SSH
    | unsupported\ transport | message\ bus
    | ^could\ not\ connect:\ no\ such\ file         # GLib: the socket of the session is gone
    """,
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class HelperProgram:
    """A credential helper on PATH: its command ``get`` prints a user name and a secret.

    Its output is not shown: it may hold a secret even on failure.

    Attributes:
        program: Its name, such as ``docker-credential-ecr-login``.
        origin: The file that names it, in the words of an error.
        setting: The setting in the file that names it: ``'credsStore'``.
        timeout: Seconds that it may take.
    """

    program: str
    origin: str
    setting: str = "the entry"
    timeout: float = _TIMEOUT

    @classmethod
    def named(cls, name: Any, origin: str, setting: str) -> HelperProgram | None:
        """The program for a suffix in a configuration file; None for no suffix.

        Raises:
            ResolutionError: The suffix cannot be a part of a program's name.
        """
        if name is None or name == "":
            return None
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise AccessDenied(
                f"{origin} names a credential helper that can be no program",
                f"correct {setting}",
            )
        return cls(f"docker-credential-{name}", origin, setting)

    def get(self, server: str, deadline: float | None = None) -> Credentials | None:
        """Run the program for a server.

        Args:
            server: The server, as the program knows it.
            deadline: When to give up, on the clock of `time.monotonic`; its own time-out is kept
                too.

        Returns:
            The credentials, or None where the program keeps none for it.

        Raises:
            ResolutionError: The program is missing, fails, hangs, or prints something else.
        """
        path = shutil.which(self.program)
        if path is None:
            raise self._failure(
                "is not on PATH",
                f"install it, or take {self.setting} out of {self.origin} and, for a private "
                f"image, log in again (docker login {shlex.quote(server)})",
            )
        timeout = self.timeout if deadline is None else min(self.timeout, _left(deadline))
        if timeout <= 0:
            raise self._too_late()
        try:
            done = subprocess.run(
                [path, "get"],
                input=server.encode(),
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            if timeout < self.timeout:
                raise self._too_late() from None
            reason = f"did not answer within {timeout:g} s"
        except OSError as error:
            reason = f"cannot be started ({error.strerror})"
        else:
            return self._read(done, server)
        raise self._failure(reason, self._way_to_see(server))

    def _read(self, done: subprocess.CompletedProcess[bytes], server: str) -> Credentials | None:
        if done.returncode != 0:
            printed = (done.stdout + b"\n" + done.stderr).decode(errors="replace")
            if _NOTHING_KEPT.search(printed):
                return None
            if _NO_KEYCHAIN.search(printed):
                raise KeychainUnreachable(self)
            raise self._failure(
                f"failed with exit code {done.returncode}", self._way_to_see(server)
            )
        return self.read_answer(done.stdout, server)

    def read_answer(self, printed: bytes, server: str) -> Credentials | None:
        """The credentials in the output of the program; None where it has none.

        Raises:
            AccessDenied: It has printed something else.
        """
        answer = _object(printed)
        if answer is None:
            raise self._failure("did not print a user name and a secret", self._way_to_see(server))
        username, secret = member(answer, "Username"), member(answer, "Secret")
        if secret == "" or (secret is None and not username):
            return None
        credentials = None
        if isinstance(username, str) and isinstance(secret, str):
            is_token = username == IDENTITY_TOKEN_USER
            credentials = (
                Credentials(identity_token=secret, origin=self.program)
                if is_token
                else Credentials(username, secret, origin=self.program)
            )
        if credentials is None or not credentials.is_text:
            raise self._failure("did not print a user name and a secret", self._way_to_see(server))
        return credentials

    def _way_to_see(self, server: str) -> str:
        return f"run `echo {shlex.quote(server)} | {self.program} get` to see why"

    def _failure(self, reason: str, remedy: str) -> AccessDenied:
        return AccessDenied(
            f"the credential helper {self.program}, which {self.origin} names, {reason}",
            remedy,
        )

    def _too_late(self) -> RegistryUnavailable:
        return RegistryUnavailable(
            f"the credential helper {self.program}, which {self.origin} names, gave no answer in "
            "the time that all images have",
            "see that it does not wait for an answer of yours, or allow more time",
        )


class KeychainUnreachable(Exception):
    """The keychain of a helper program was never set up, or has no session.

    Args:
        program: The program.
    """

    def __init__(self, program: HelperProgram) -> None:
        super().__init__(
            f"The credential helper {program.program}, which {program.origin} names, cannot reach "
            "its keychain, so no credentials were looked up there."
        )


def member(content: Mapping[str, Any], name: str) -> Any:
    """A field of a JSON object, its name in any case, as Go's `encoding/json` reads it.

    Example:
        >>> member({"username": "alice"}, "Username")
        'alice'
    """
    if name in content:
        return content[name]
    lower = name.lower()
    return next((value for key, value in content.items() if key.lower() == lower), None)


def _object(printed: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(printed)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _left(deadline: float) -> float:
    return deadline - time.monotonic()
