"""Registry authentication: anonymous first, then an answer to the WWW-Authenticate challenge."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial

from pinned_images.errors import AccessDenied, ResolutionError
from pinned_images.printable import listed
from pinned_images.registry.auth.challenge import Challenge, parse_challenges
from pinned_images.registry.auth.credentials import Credentials
from pinned_images.registry.auth.keychain import Keychain
from pinned_images.registry.auth.tokens import TokenCache, TokenGrant, basic
from pinned_images.registry.endpoints import Target
from pinned_images.registry.host_profiles import profile_of
from pinned_images.registry.http.exchange_errors import TransientError
from pinned_images.registry.http.http_client import HttpClient
from pinned_images.registry.http.messages import Request, Response
from pinned_images.registry.single_flight import FirstCaller, SingleFlight

_OK = 200
_UNAUTHORIZED = 401
#: The answers of registries to a token of another repository.
_HIDDEN = frozenset({401, 403, 404})
#: The answers of registries to a request without credentials.
_UNCHALLENGED = frozenset({400, 401, 403, 404})


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The challenge of a registry for a repository.

    Attributes:
        challenge: The challenge.
        repository: The repository that it was for.
        is_public: Whether the registry is on the internet, so that it may name no private address.
    """

    challenge: Challenge
    repository: str
    is_public: bool

    def for_repository(self, repository: str) -> _Wanted:
        """The expected challenge of the same registry for another repository."""
        scope = self.challenge.parameters.get("scope", "")
        scope = scope.replace(f"repository:{self.repository}:", f"repository:{repository}:")
        expected = Challenge(self.challenge.scheme, {**self.challenge.parameters, "scope": scope})
        return _Wanted(expected, repository, self.is_public)

    @property
    def service(self) -> tuple[str | None, ...]:
        """The token service of the challenge; equal where another attempt would be the same."""
        return (self.challenge.scheme, *map(self.challenge.parameters.get, ("realm", "service")))


class Authenticator:
    """A client that authenticates requests as the registry's challenge requires.

    The challenge of one request is used for the next ones to the registry, so that each further
    repository costs a token and no refused request.

    Args:
        http: The client that sends the requests.
        keychain: Gives the keychain; called once, before the first request is sent.
    """

    def __init__(self, http: HttpClient, keychain: Callable[[], Keychain]) -> None:
        self._http = http
        self._tokens = TokenCache(http)
        self._read_keychain = keychain
        self._lock = threading.Lock()
        self._wanted: dict[str, _Wanted] = {}
        self._shared_tokens: dict[str, str] = {}
        self._pings = SingleFlight[str, Response | None]()
        self._first = FirstCaller()

    def fetch(
        self, request: Request, target: Target, deadline: float, *, is_probe: bool = False
    ) -> Response:
        """Get an answer that is not a challenge.

        Args:
            request: The request.
            target: The repository.
            deadline: The value of `time.monotonic` at which there must be an answer.
            is_probe: See `HttpClient.fetch`.

        Raises:
            TransientError: See `HttpClient.fetch`.
            ResolutionError: The registry requires missing credentials, or refuses them.
        """
        # A broken file of credentials must be reported also where none are needed.
        with self._lock:
            _ = self._keychain
        send = partial(self._send, request, deadline=deadline, is_probe=is_probe)
        try:
            if not profile_of(target.endpoint.netloc).wants_tokens:
                return self._fetch(send, target, deadline)
            with self._first.turn(target.endpoint.origin, deadline) as let_others_go:
                return self._fetch(send, target, deadline, let_others_go)
        except AccessDenied as refusal:
            note = self._keychain.note_for(target.endpoint.credentials_host)
            if note is None:
                raise
            raise refusal.noted(note) from refusal

    def has_credentials_for(self, target: Target) -> bool:
        """Whether there are credentials for a target; False where the keychain is broken."""
        return isinstance(self.credentials_for(target), Credentials)

    def credentials_for(
        self, target: Target, deadline: float | None = None
    ) -> Credentials | ResolutionError | None:
        """The credentials for a target, or the error of the keychain."""
        try:
            with self._lock:
                _ = self._keychain
            return self._credentials(target, deadline)
        except ResolutionError as error:
            return error

    def _fetch(
        self,
        send: Callable[[str | None], Response],
        target: Target,
        deadline: float,
        let_others_go: Callable[[], None] = lambda: None,
    ) -> Response:
        authorization, expected, failure = self._expected_authorization(target, deadline)
        response = send(authorization)
        if (
            authorization is not None
            and response.status in _HIDDEN
            and self._is_borrowed(authorization, target)
        ):
            with self._lock:
                self._shared_tokens.pop(target.endpoint.origin, None)
            authorization = None
            response = send(None)
        wanted = self._wanted_by(response, target)
        if wanted is None and authorization is None and _may_hide(response):
            wanted = self._wanted_by_ping(target, deadline)
        if wanted is None:
            if response.status == _UNAUTHORIZED:
                raise self._unknown_schemes(response, target, deadline)
            return response
        # The expected authorization has failed, and the registry requires just that.
        if failure is not None and expected is not None and expected.service == wanted.service:
            raise failure
        answered = self._answer(wanted, target, authorization, deadline)
        let_others_go()
        response = send(answered)
        if response.status == _UNAUTHORIZED:
            raise self._still_refused(target, deadline)
        return response

    @cached_property
    def _keychain(self) -> Keychain:
        return self._read_keychain()

    def _send(
        self, request: Request, authorization: str | None, *, deadline: float, is_probe: bool
    ) -> Response:
        if authorization is not None:
            request = replace(request, headers={**request.headers, "Authorization": authorization})
        return self._http.fetch(request, deadline, is_probe=is_probe)

    def _expected_authorization(
        self, target: Target, deadline: float
    ) -> tuple[str | None, _Wanted | None, ResolutionError | None]:
        """The authorization for the last challenge of this registry, if there was one.

        Returns:
            The authorization; the expected challenge; and the error of a missing authorization.
            A registry may have another token service for each repository, so the expectation
            may be wrong, and its failure means nothing yet.
        """
        origin = target.endpoint.origin
        with self._lock:
            known = self._wanted.get(origin)
            shared = self._shared_tokens.get(origin)
        if known is None:
            return None, None, None
        if shared is not None and self._credentials(target, deadline) is None:
            return shared, None, None
        expected = known.for_repository(target.repository)
        try:
            return self._authorization(expected, target, deadline, None), expected, None
        except ResolutionError as failure:
            return None, expected, failure

    def _is_borrowed(self, authorization: str, target: Target) -> bool:
        with self._lock:
            return self._shared_tokens.get(target.endpoint.origin) == authorization

    def _wanted_by(self, response: Response, target: Target) -> _Wanted | None:
        """The challenge of an answer; None where there is none that can be answered."""
        if response.status != _UNAUTHORIZED:
            return None
        if response.request.origin != Request("GET", target.endpoint.origin).origin:
            raise AccessDenied(
                f"{response.request.netloc}, where it redirects to, wants credentials (401)",
                "report it to those who run the registry",
            )
        challenge = _choose(response)
        if challenge is None:
            return None
        return _Wanted(challenge, target.repository, self._http.is_public(response))

    def _wanted_by_ping(self, target: Target, deadline: float) -> _Wanted | None:
        """The challenge of the API's root, for a repository that answers without a challenge.

        Registries hide private repositories behind 404, 403 or an HTML page. Credentials are only
        sent where a challenge requires them; without credentials a ping is useless.
        """
        # A helper program that fails must not turn the answer about a public image into its own.
        if not isinstance(self.credentials_for(target, deadline), Credentials):
            return None
        ping = partial(self._ping, target, deadline)
        response = self._pings.get(target.endpoint.version_url, ping)
        if response is None or response.status != _UNAUTHORIZED:
            return None
        wanted = self._wanted_by(response, target)
        if wanted is None:
            return None
        # The scope of the root, if there is one, is not that of the repository.
        parameters = {k: v for k, v in wanted.challenge.parameters.items() if k != "scope"}
        return replace(wanted, challenge=Challenge(wanted.challenge.scheme, parameters))

    def _ping(self, target: Target, deadline: float) -> Response | None:
        try:
            return self._http.fetch(Request("GET", target.endpoint.version_url), deadline)
        except (ResolutionError, TransientError):
            return None

    def _answer(self, wanted: _Wanted, target: Target, refused: str | None, deadline: float) -> str:
        authorization = self._authorization(wanted, target, deadline, refused)
        origin = target.endpoint.origin
        is_anonymous = self._credentials(target, deadline) is None
        shareable = wanted.challenge.scheme == "bearer" and is_anonymous
        with self._lock:
            self._wanted[origin] = wanted
            if shareable and profile_of(target.endpoint.netloc).shares_tokens:
                self._shared_tokens.setdefault(origin, authorization)
        return authorization

    def _authorization(
        self, wanted: _Wanted, target: Target, deadline: float, refused: str | None
    ) -> str:
        credentials = self._credentials(target, deadline)
        if credentials is not None:
            self._http.use_authenticated_rate(target.endpoint.netloc)
        if wanted.challenge.scheme == "basic":
            if credentials is None or not (credentials.password or credentials.identity_token):
                raise _no_credentials(target)
            return basic(credentials)
        if credentials is not None and credentials.registry_token:
            return f"Bearer {credentials.registry_token}"
        parameters = wanted.challenge.parameters
        realm = parameters.get("realm", "").strip()
        host = target.endpoint.netloc
        self._http.require_allowed(realm, host, "sends for a token to", wanted.is_public)
        scope = parameters.get("scope") or f"repository:{target.repository}:pull"
        grant = TokenGrant(
            realm,
            parameters.get("service", ""),
            scope,
            credentials,
            wanted.is_public,
            target.endpoint.login_command,
        )
        token = (refused or "").partition("Bearer ")[2] or None
        return f"Bearer {self._tokens.token_for(grant, deadline, token)}"

    def _credentials(self, target: Target, deadline: float | None = None) -> Credentials | None:
        if target.credentials is not None:
            return target.credentials
        host = target.endpoint.credentials_host
        return self._keychain.credentials_for(host, target.repository, deadline)

    def _still_refused(self, target: Target, deadline: float) -> AccessDenied:
        credentials = self._credentials(target, deadline)
        command = target.endpoint.login_command
        if credentials is None:
            return AccessDenied(
                "it does not show this image without a login (401)",
                f"check the name, and log in if the image is private ({command})",
            )
        origin = credentials.origin or "the workload's secret"
        return AccessDenied(
            f"it refused the credentials from {origin} (401)",
            f"check the name, and that they may pull this image ({command})",
        )

    def _unknown_schemes(self, response: Response, target: Target, deadline: float) -> AccessDenied:
        challenges = parse_challenges(response.headers.getlist("WWW-Authenticate"))
        offered = listed(dict.fromkeys(challenge.scheme for challenge in challenges))
        cause = f"it wants to be authenticated by {offered} (401)"
        if not offered:
            cause = "it refuses access and names no way to log in (401)"
        remedy = (
            f"use a registry or a mirror that knows Bearer or Basic, unlike "
            f"{target.endpoint.netloc}"
        )
        if self._credentials(target, deadline) is None:
            cause += ", asked without credentials"
            remedy = f"log in ({target.endpoint.login_command}), or {remedy}"
        return AccessDenied(cause, remedy)


def _choose(response: Response) -> Challenge | None:
    """The best challenge: a bearer token before a password."""
    challenges = parse_challenges(response.headers.getlist("WWW-Authenticate"))
    for challenge in challenges:
        if challenge.scheme == "bearer" and challenge.parameters.get("realm", "").strip():
            return challenge
    for challenge in challenges:
        if challenge.scheme == "basic":
            return challenge
    return None


def _may_hide(response: Response) -> bool:
    """Whether an answer may be another one with credentials."""
    if response.status in _UNCHALLENGED:
        return True
    # A redirect to a login page.
    content_type = response.headers.get("Content-Type", "")
    return response.status == _OK and "html" in content_type.lower()


def _no_credentials(target: Target) -> AccessDenied:
    return AccessDenied(
        "it wants credentials, and none are kept for it (401)",
        f"log in ({target.endpoint.login_command})",
    )
