"""Who may read a repository of the registry in a thread, and the tokens that prove it.

Bearer tokens are those of the Distribution project's "Token Authentication Specification".
"""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from threading import Lock
from typing import Literal

#: Stands for the root of the API where a repository's name is expected.
ROOT = ""

Scheme = Literal["basic", "bearer"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and a password, as they came with a request."""

    username: str
    password: str = field(repr=False)

    @classmethod
    def from_header(cls, header: str | None) -> Credentials | None:
        """What an ``Authorization: Basic`` header says; None if it is none."""
        scheme, _, encoded = (header or "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            text = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        username, _, password = text.partition(":")
        return cls(username, password)


@dataclass(frozen=True, slots=True)
class Protection:
    """What the repositories that match a pattern ask for.

    Without credentials everyone gets a token, as for the public images of Docker Hub.
    """

    pattern: str
    scheme: Scheme
    credentials: Credentials | None = None
    identity_token: str | None = field(default=None, repr=False)

    def covers(self, repository: str) -> bool:
        """Whether a repository is protected by this."""
        return fnmatchcase(repository, self.pattern)

    def admits(self, presented: Credentials | None) -> bool:
        """Whether these credentials open it."""
        return self.credentials is None or presented == self.credentials


class Tokens:
    """The bearer tokens that were given out: each opens some repositories, for some time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._issued: dict[str, tuple[frozenset[str], float]] = {}

    def issue(self, repositories: Iterable[str], lifetime: float) -> str:
        """A new token that opens these repositories, and the API's root, for some seconds."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._issued[token] = (frozenset(repositories) | {ROOT}, time.monotonic() + lifetime)
        return token

    def opens(self, token: str, repository: str) -> bool:
        """Whether a token is one of these, still lives, and opens a repository."""
        with self._lock:
            repositories, expiry = self._issued.get(token, (frozenset(), 0.0))
        return repository in repositories and time.monotonic() < expiry

    def expire(self) -> None:
        """Let all tokens end now."""
        with self._lock:
            self._issued.clear()
