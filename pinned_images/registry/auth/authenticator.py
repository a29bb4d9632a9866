"""How one gets in: asks without credentials, listens to the challenge, and answers it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

from pinned_images.errors import AccessDenied, ResolutionError
from pinned_images.registry.auth import Credentials, Keychain
from pinned_images.registry.auth.challenge import Challenge, parse_challenges
from pinned_images.registry.auth.first_visits import FirstVisits
from pinned_images.registry.auth.tokens import TokenCache, TokenGrant, basic
from pinned_images.registry.endpoints import Endpoint
from pinned_images.registry.host_profiles import profile_of
from pinned_images.registry.http.client import HttpClient
from pinned_images.registry.http.transport import Request, Response

_UNAUTHORIZED = 401
#: What a registry may say to a token of another repository, in place of 401.
_HIDDEN = frozenset({401, 403, 404})


@dataclass(frozen=True, slots=True)
class Target:
    """A repository at an endpoint, and who asks for it.

    Attributes:
        endpoint: Who is asked.
        repository: The repository's name at the endpoint.
        credentials: Credentials that were given for this image; None to use the keychain's.
    """

    endpoint: Endpoint
    repository: str
    credentials: Credentials | None = field(default=None, repr=False)


class Authenticator:
    """Sends requests with whatever authorization the registry turns out to want.

    What one request has learned of a registry is used for the next: the challenge is remembered,
    so that each further repository costs a token and no refused request.

    Args:
        http: The client that sends the requests.
        keychain: Gives the keychain; called once, before the first request is sent.
    """

    def __init__(self, http: HttpClient, keychain: Callable[[], Keychain]) -> None:
        self._http = http
        self._tokens = TokenCache(http)
        self._read_keychain = keychain
        self._lock = threading.Lock()
        self._challenges: dict[str, tuple[Challenge, str]] = {}
        self._shared_tokens: dict[str, str] = {}
        self._first_visits = FirstVisits()

    def fetch(self, request: Request, target: Target, deadline: float) -> Response:
        """Get an answer that is not a challenge.

        Raises:
            ResolutionError: The registry wants credentials that are not at hand, or refuses them.
        """
        # A broken file of credentials must be heard of also where nobody asks for credentials.
        with self._lock:
            _ = self._keychain
        if not profile_of(target.endpoint.netloc).wants_tokens:
            return self._fetch(request, target, deadline)
        with self._first_visits.turn(target.endpoint.origin, deadline) as let_others_in:
            return self._fetch(request, target, deadline, let_others_in)

    def has_credentials_for(self, target: Target) -> bool:
        """Whether one is somebody at a registry; False where the keychain is broken."""
        try:
            with self._lock:
                _ = self._keychain
            return self._credentials(target) is not None
        except ResolutionError:
            return False

    def _fetch(
        self,
        request: Request,
        target: Target,
        deadline: float,
        let_others_in: Callable[[], None] = lambda: None,
    ) -> Response:
        authorization = self._expected_authorization(target, deadline)
        answer = self._send(request, authorization, deadline)
        if (
            authorization is not None
            and answer.status in _HIDDEN
            and self._is_borrowed(authorization, target)
        ):
            with self._lock:
                self._shared_tokens.pop(target.endpoint.origin, None)
            authorization = None
            answer = self._send(request, None, deadline)
        if answer.status != _UNAUTHORIZED:
            return answer
        if answer.request.origin != request.origin:
            raise AccessDenied(
                f"{answer.request.netloc}, where it redirects to, wants credentials (401)",
                "report it to those who run the registry",
            )
        answered = self._answer_challenge(answer, target, authorization, deadline)
        let_others_in()
        answer = self._send(request, answered, deadline)
        if answer.status == _UNAUTHORIZED:
            raise self._still_refused(target, deadline)
        return answer

    @cached_property
    def _keychain(self) -> Keychain:
        return self._read_keychain()

    def _send(self, request: Request, authorization: str | None, deadline: float) -> Response:
        if authorization is not None:
            request = replace(request, headers={**request.headers, "Authorization": authorization})
        return self._http.fetch(request, deadline)

    def _expected_authorization(self, target: Target, deadline: float) -> str | None:
        """What this registry wanted last time, for this repository; None to wait and see."""
        origin = target.endpoint.origin
        with self._lock:
            known = self._challenges.get(origin)
            shared = self._shared_tokens.get(origin)
        if known is None:
            return None
        challenge, repository = known
        credentials = self._credentials(target, deadline)
        if shared is not None and credentials is None:
            return shared
        scope = challenge.parameters.get("scope", "")
        scope = scope.replace(f"repository:{repository}:", f"repository:{target.repository}:")
        expected = Challenge(challenge.scheme, {**challenge.parameters, "scope": scope})
        try:
            return self._authorization(expected, target, deadline, None)
        except AccessDenied:
            return None

    def _is_borrowed(self, authorization: str, target: Target) -> bool:
        with self._lock:
            return self._shared_tokens.get(target.endpoint.origin) == authorization

    def _answer_challenge(
        self, answer: Response, target: Target, refused: str | None, deadline: float
    ) -> str:
        challenge = _choose(parse_challenges(answer.headers.getlist("WWW-Authenticate")), target)
        authorization = self._authorization(challenge, target, deadline, refused)
        origin = target.endpoint.origin
        shareable = challenge.scheme == "bearer" and self._credentials(target, deadline) is None
        with self._lock:
            self._challenges[origin] = (challenge, target.repository)
            if shareable and profile_of(target.endpoint.netloc).shares_tokens:
                self._shared_tokens.setdefault(origin, authorization)
        return authorization

    def _authorization(
        self, challenge: Challenge, target: Target, deadline: float, refused: str | None
    ) -> str:
        credentials = self._credentials(target, deadline)
        if credentials is not None:
            self._http.rate_limiter_of(target.endpoint.netloc).use_authenticated_rate()
        if challenge.scheme == "basic":
            if credentials is None or not (credentials.password or credentials.identity_token):
                raise _no_credentials(target)
            return basic(credentials)
        if credentials is not None and credentials.registry_token:
            return f"Bearer {credentials.registry_token}"
        realm = challenge.parameters.get("realm", "")
        self._http.require_allowed(realm, target.endpoint.origin, "sends for a token to")
        scope = challenge.parameters.get("scope") or f"repository:{target.repository}:pull"
        grant = TokenGrant(realm, challenge.parameters.get("service", ""), scope, credentials)
        token = (refused or "").partition("Bearer ")[2] or None
        return f"Bearer {self._tokens.token_for(grant, deadline, token)}"

    def _credentials(self, target: Target, deadline: float | None = None) -> Credentials | None:
        if target.credentials is not None:
            return target.credentials
        host = target.endpoint.credentials_host
        return self._keychain.credentials_for(host, target.repository, deadline)

    def _still_refused(self, target: Target, deadline: float) -> ResolutionError:
        credentials = self._credentials(target, deadline)
        if credentials is None:
            return AccessDenied(
                "it shows this image to nobody who has not logged in (401)",
                f"check the name, and log in if the image is private ({_login(target)})",
            )
        origin = credentials.origin or "the workload's secret"
        return AccessDenied(
            f"it refused the credentials from {origin} (401)",
            f"check the name, and that they may pull this image ({_login(target)})",
        )


def _choose(challenges: list[Challenge], target: Target) -> Challenge:
    """The best way in of those offered: a token before a password."""
    for challenge in challenges:
        if challenge.scheme == "bearer" and challenge.parameters.get("realm"):
            return challenge
    for challenge in challenges:
        if challenge.scheme == "basic":
            return challenge
    offered = ", ".join(dict.fromkeys(challenge.scheme for challenge in challenges))
    raise AccessDenied(
        f"it wants to be authenticated by {offered or 'no scheme that it names'} (401)",
        f"use a registry or a mirror that knows Bearer or Basic, unlike {target.endpoint.netloc}",
    )


def _no_credentials(target: Target) -> ResolutionError:
    return AccessDenied(
        "it wants credentials, and none are kept for it (401)",
        f"log in ({_login(target)})",
    )


def _login(target: Target) -> str:
    host = target.endpoint.credentials_host
    return "docker login" if host == "docker.io" else f"docker login {host}"
