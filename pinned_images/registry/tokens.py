"""Bearer tokens: fetched from the service that a challenge names, and kept for their lifetime.

The flows are those of the distribution project's "Token Authentication Specification" (GET with
Basic) and "Oauth2 Token Authentication" (POST with a refresh token).
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from pinned_images.errors import AccessDenied, RegistryUnavailable, ResolutionError, UntrustedAnswer
from pinned_images.registry.courier import Courier
from pinned_images.registry.credentials.credentials import IDENTITY_TOKEN_USER, Credentials
from pinned_images.registry.transport import Answer, Request

_CLIENT = "pinned-images"
# The specification's own word for a token that does not say how long it lives.
_DEFAULT_LIFETIME = 60.0
_MARGIN = 10.0
_SENDABLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """What a token is asked for: where, for which service and scope, and as whom."""

    realm: str
    service: str
    scope: str
    credentials: Credentials | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    good_until: float


class TokenDesk:
    """Fetches tokens and hands out again those that still live.

    Args:
        courier: Who brings the requests.
    """

    def __init__(self, courier: Courier) -> None:
        self._courier = courier
        self._lock = threading.Lock()
        self._grant_locks: defaultdict[TokenGrant, threading.Lock] = defaultdict(threading.Lock)
        self._tokens: dict[TokenGrant, _Token] = {}

    def token_for(self, grant: TokenGrant, deadline: float, refused: str | None = None) -> str:
        """A token, fetched at most once however many ask for it at the same time.

        Args:
            grant: What the token is for.
            deadline: A value of `time.monotonic`.
            refused: A token that the registry has just refused, and that is not given again.

        Raises:
            ResolutionError: The token service gives none.
        """
        with self._lock:
            grant_lock = self._grant_locks[grant]
        with grant_lock:
            token = self._tokens.get(grant)
            if token is None or token.value == refused or token.good_until <= time.monotonic():
                token = self._fetch(grant, deadline)
                self._tokens[grant] = token
            return token.value

    def _fetch(self, grant: TokenGrant, deadline: float) -> _Token:
        asked = time.monotonic()
        answer = self._ask(grant, deadline)
        if answer.status != 200:  # noqa: PLR2004
            raise _refusal(grant, answer)
        content = _object(answer.body)
        value = content.get("token") or content.get("access_token")
        if not isinstance(value, str) or not _SENDABLE.fullmatch(value):
            raise UntrustedAnswer(
                f"the token service {_host(grant)} answered without a token",
                "check that the registry's address is right",
            )
        lifetime = content.get("expires_in")
        if not isinstance(lifetime, (int, float)) or not lifetime > 0:
            lifetime = _DEFAULT_LIFETIME
        return _Token(value, asked + lifetime - min(_MARGIN, lifetime / 4))

    def _ask(self, grant: TokenGrant, deadline: float) -> Answer:
        if grant.credentials is not None and grant.credentials.identity_token:
            answer = self._courier.fetch(_post(grant, grant.credentials), deadline)
            # Not every token service knows the OAuth2 flow; all know the older one.
            if answer.status not in (404, 405):
                return answer
        return self._courier.fetch(_get(grant), deadline)


def basic(credentials: Credentials) -> str:
    """The value of ``Authorization`` for the Basic scheme (RFC 7617, section 2)."""
    username = credentials.username or (IDENTITY_TOKEN_USER if credentials.identity_token else "")
    secret = credentials.password or credentials.identity_token
    return "Basic " + base64.b64encode(f"{username}:{secret}".encode()).decode()


def _get(grant: TokenGrant) -> Request:
    parts = urlsplit(grant.realm)
    asked = {"service": grant.service, "scope": grant.scope}
    query = urlencode({name: value for name, value in asked.items() if value})
    url = urlunsplit(
        parts._replace(query="&".join(filter(None, (parts.query, query))), fragment="")
    )
    headers = {} if grant.credentials is None else {"Authorization": basic(grant.credentials)}
    return Request("GET", url, headers)


def _post(grant: TokenGrant, credentials: Credentials) -> Request:
    form = {
        "grant_type": "refresh_token",
        "service": grant.service,
        "scope": grant.scope,
        "client_id": _CLIENT,
        "refresh_token": credentials.identity_token,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Request("POST", grant.realm, headers, urlencode(form).encode())


def _refusal(grant: TokenGrant, answer: Answer) -> ResolutionError:
    service = f"the token service {_host(grant)}"
    if answer.status not in (400, 401, 403):
        cause = f"{service} answered {answer.status}"
        return RegistryUnavailable(cause, "try again later")
    if grant.credentials is None:
        return AccessDenied(
            f"{service} gives no token to somebody who has not logged in ({answer.status})",
            "log in to the registry (docker login)",
        )
    origin = grant.credentials.origin or "the workload's secret"
    return AccessDenied(
        f"{service} refused the credentials from {origin} ({answer.status})",
        "log in to the registry again (docker login)",
    )


def _host(grant: TokenGrant) -> str:
    return urlsplit(grant.realm).netloc


def _object(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
