"""The programs that keep credentials out of files: ``docker-credential-*``."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any

from pinned_images.errors import AccessDenied
from pinned_images.registry.credentials.credentials import IDENTITY_TOKEN_USER, Credentials
from pinned_images.registry.failures import Failure

_TIMEOUT = 30.0
_NAME = re.compile(r"[A-Za-z0-9._-]+")
# docker-credential-helpers `credentials/error.go`: these mean "nothing kept", not "failed".
_NOTHING_KEPT = ("credentials not found in native keychain", "no credentials server URL")


@dataclass(frozen=True, slots=True)
class HelperProgram:
    """A program found on PATH that answers ``get`` with a user name and a secret.

    What it prints is shown to nobody: it may hold a secret even where it fails.

    Attributes:
        program: Its name, such as ``docker-credential-ecr-login``.
        origin: The file that names it, in the words of an error.
        timeout: Seconds that it may take.
    """

    program: str
    origin: str
    timeout: float = _TIMEOUT

    @classmethod
    def named(cls, name: Any, origin: str) -> HelperProgram:
        """The program for the suffix that a configuration file holds.

        Raises:
            Failure: This can be no program's name.
        """
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise Failure(
                AccessDenied,
                f"{origin} names a credential helper that can be no program",
                "correct its 'credHelpers' or 'credsStore'",
            )
        return cls(f"docker-credential-{name}", origin)

    def get(self, server: str) -> Credentials | None:
        """Run the program for a server.

        Returns:
            The credentials, or None where the program keeps none for it.

        Raises:
            Failure: The program is missing, fails, hangs, or prints something else.
        """
        path = shutil.which(self.program)
        if path is None:
            raise self._failure("is not on PATH", "install it")
        try:
            done = subprocess.run(
                [path, "get"],
                input=server.encode(),
                capture_output=True,
                timeout=self.timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            reason = f"did not answer within {self.timeout:g} s"
        except OSError as error:
            reason = f"cannot be started ({error.strerror})"
        else:
            return self._read(done, server)
        raise self._failure(reason, f"run `echo {server} | {self.program} get` to see why")

    def _read(self, done: subprocess.CompletedProcess[bytes], server: str) -> Credentials | None:
        remedy = f"run `echo {server} | {self.program} get` to see why"
        if done.returncode != 0:
            printed = (done.stdout + done.stderr).decode(errors="replace")
            if any(words in printed for words in _NOTHING_KEPT):
                return None
            raise self._failure(f"failed with exit code {done.returncode}", remedy)
        answer = _object(done.stdout)
        username, secret = answer.get("Username"), answer.get("Secret")
        if not isinstance(username, str) or not isinstance(secret, str):
            raise self._failure("did not print a user name and a secret", remedy)
        if not secret:
            return None
        if username == IDENTITY_TOKEN_USER:
            return Credentials(identity_token=secret, origin=self.program)
        return Credentials(username, secret, origin=self.program)

    def _failure(self, reason: str, remedy: str) -> Failure:
        return Failure(
            AccessDenied,
            f"the credential helper {self.program}, which {self.origin} names, {reason}",
            remedy,
        )


def _object(printed: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(printed)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}
