"""Access control of the registry in a thread: credentials and bearer tokens.

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

#: The root of the API, in the place of a repository's name.
ROOT = ""

Scheme = Literal["basic", "bearer"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """The user name and password of a request."""

    username: str
    password: str = field(repr=False)

    @classmethod
    def from_header(cls, header: str | None) -> Credentials | None:
        """The credentials of an ``Authorization: Basic`` header; None for any other."""
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
    """The credentials that the repositories matching a pattern require.

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
        """Whether these credentials give access."""
        return self.credentials is None or presented == self.credentials


class Tokens:
    """The issued bearer tokens: each gives access to some repositories, for some time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._issued: dict[str, tuple[frozenset[str], float]] = {}

    def issue(self, repositories: Iterable[str], lifetime: float) -> str:
        """A new token for these repositories and the API's root, valid for some seconds."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._issued[token] = (frozenset(repositories) | {ROOT}, time.monotonic() + lifetime)
        return token

    def opens(self, token: str, repository: str) -> bool:
        """Whether a token was issued, is still valid, and gives access to a repository."""
        with self._lock:
            repositories, expiry = self._issued.get(token, (frozenset(), 0.0))
        return repository in repositories and time.monotonic() < expiry

    def expire(self) -> None:
        """Revoke all tokens."""
        with self._lock:
            self._issued.clear()
