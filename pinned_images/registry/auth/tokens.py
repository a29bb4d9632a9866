"""Bearer tokens: fetched from the service that a challenge names, and kept for their lifetime.

The flows are those of the distribution project's "Token Authentication Specification" (GET with
Basic) and "Oauth2 Token Authentication" (POST with a refresh token).
"""

from __future__ import annotations

import base64
import json
import re
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from pinned_images.errors import AccessDenied, RegistryUnavailable, ResolutionError, UntrustedAnswer
from pinned_images.registry.auth.credentials import IDENTITY_TOKEN_USER, Credentials
from pinned_images.registry.http.http_client import HttpClient
from pinned_images.registry.http.messages import Request, Response
from pinned_images.registry.single_flight import SingleFlight

_CLIENT = "pinned-images"
# The specification's lifetime of a token without ``expires_in``.
_DEFAULT_LIFETIME = 60.0
_MARGIN = 10.0
_LONGEST_LIFETIME = 24 * 3600.0
_REFUSED = (400, 401, 403)
_SENDABLE = re.compile(r"[\x21-\x7e]{1,65536}")


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """The parameters of a token request.

    Attributes:
        realm: The address of the token service.
        service: The registry, as the token service knows it.
        scope: The scope of the token.
        credentials: The credentials that are shown; None for an anonymous token.
        public_only: Whether the token service must not be at a private address.
        login_command: The command that keeps credentials for the registry, for errors.
    """

    realm: str
    service: str
    scope: str
    credentials: Credentials | None = field(repr=False)
    public_only: bool = False
    login_command: str = "docker login"


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    good_until: float


class TokenCache:
    """A cache of tokens, each fetched once and kept for its lifetime.

    Args:
        http: The client that sends the requests.
    """

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._tokens = SingleFlight[TokenGrant, _Token]()

    def token_for(self, grant: TokenGrant, deadline: float, refused: str | None = None) -> str:
        """A token; concurrent callers share one request.

        Args:
            grant: The parameters of the token.
            deadline: A value of `time.monotonic`.
            refused: A token that the registry has just refused, and that is not given again.

        Raises:
            ResolutionError: The token service gives none.
        """

        def is_usable(token: _Token) -> bool:
            return token.value != refused and token.good_until > time.monotonic()

        return self._tokens.get(grant, partial(self._fetch, grant, deadline), is_usable).value

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
        lifetime = min(lifetime, _LONGEST_LIFETIME)
        return _Token(value, asked + lifetime - min(_MARGIN, lifetime / 4))

    def _ask(self, grant: TokenGrant, deadline: float) -> Response:
        if grant.credentials is not None and grant.credentials.identity_token:
            answer = self._http.fetch(_post(grant, grant.credentials), deadline)
            # Not every token service knows the OAuth2 flow; all know the older one.
            if answer.status not in (404, 405):
                return answer
        return self._http.fetch(_get(grant), deadline)


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
    return Request("GET", url, headers, public_only=grant.public_only)


def _post(grant: TokenGrant, credentials: Credentials) -> Request:
    form = {
        "grant_type": "refresh_token",
        "service": grant.service,
        "scope": grant.scope,
        "client_id": _CLIENT,
        "refresh_token": credentials.identity_token,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode(form).encode()
    return Request("POST", grant.realm, headers, body, public_only=grant.public_only)


def _refusal(grant: TokenGrant, response: Response) -> ResolutionError:
    service = f"the token service {_host(grant)}"
    status = response.status
    if status not in _REFUSED:
        return RegistryUnavailable(
            f"{service} answered {status}",
            "check that the registry's address is right, and that no proxy answers in its place",
        )
    if grant.credentials is None:
        return AccessDenied(
            f"{service} gives no token without a login ({status})",
            f"log in to the registry ({grant.login_command})",
        )
    if response.request.origin != Request("GET", grant.realm).origin:
        return AccessDenied(
            f"{service} redirects to {response.request.netloc}, where the credentials were not "
            f"sent on purpose ({status})",
            "report it to those who run the registry",
        )
    origin = grant.credentials.origin or "the workload's secret"
    return AccessDenied(
        f"{service} refused the credentials from {origin} ({status})",
        f"log in to the registry again ({grant.login_command})",
    )


def _host(grant: TokenGrant) -> str:
    return urlsplit(grant.realm).netloc


def _object(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
