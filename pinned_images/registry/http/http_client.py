"""The HTTP client: requests with rate limits, retries and redirects."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin, urlsplit

from urllib3.exceptions import InvalidHeader
from urllib3.util.retry import Retry

from pinned_images.errors import RegistryUnavailable, ResolutionError, UntrustedAnswer
from pinned_images.printable import quoted
from pinned_images.registry.host_profiles import login_command, profile_of
from pinned_images.registry.http.addresses import host_of, is_private_literal, may_be_plain
from pinned_images.registry.http.connections import LONGEST_CONNECT
from pinned_images.registry.http.exchange_errors import TransientError
from pinned_images.registry.http.messages import Request, Response
from pinned_images.registry.http.rate_limiter import RateLimiter
from pinned_images.registry.http.retries import PASSING_STATUSES
from pinned_images.registry.http.transport import Transport
from pinned_images.registry.settings import RegistrySettings

_logger = logging.getLogger(__name__)

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
# Longer than any deadline, and short enough for arithmetic with any server's value.
_LONGEST_WAIT_ASKED = 7 * 24 * 3600

# A host that has never answered gets shorter time-outs, so that a broken network is reported soon.
_CONNECT_TO_UNKNOWN_HOST = 5.0
_ANSWER_OF_UNKNOWN_HOST = 10.0
_ATTEMPTS_AT_UNREACHABLE_HOST = 2
_ATTEMPTS_AT_SILENT_HOST = 3
# For so long no request goes to a silent host again.
_VERDICT_SECONDS = 30.0

_LATER = "try again later"
_ON_THE_WAY = "check the network, the proxy and the name of the host, or try again later"
_AGAINST_LIMITS = "log in to it for a higher limit, use a mirror, or try again later"

# A host with a port in a URL that a server sends (RFC 3986, section 3.2).
_NETLOC = re.compile(r"(?:[A-Za-z0-9._~-]{1,253}|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


@dataclass
class _Host:
    """The state of a host.

    Attributes:
        limiter: The rate limiter of its requests.
        has_answered: Whether it ever has.
        silence: The error of one that has never answered.
        silent_until: For how long that error is the answer for all.
    """

    limiter: RateLimiter
    has_answered: bool = False
    silence: ResolutionError | None = None
    silent_until: float = field(default=0.0)


@dataclass(frozen=True, slots=True)
class _Fault:
    """The reason for a retry.

    Attributes:
        cause: What happened, as a clause.
        remedy: The remedy if it persists.
        wait: The seconds in its Retry-After.
        is_unreachable: Whether there was no connection.
        is_silent: Whether there was no connection, or no answer in time.
        is_throttled: Whether it answered 429.
    """

    cause: str
    remedy: str
    wait: float = 0.0
    is_unreachable: bool = False
    is_silent: bool = False
    is_throttled: bool = False


class HttpClient:
    """An HTTP client with retries, rate limits and redirects.

    Args:
        settings: Time-outs, retries, and the hosts that are allowed over http.
        environ: Where proxies and CA bundles are named.
    """

    def __init__(self, settings: RegistrySettings, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._transport = Transport(environ, settings.concurrency)
        self._lock = threading.Lock()
        self._hosts: dict[str, _Host] = {}

    def fetch(
        self,
        request: Request,
        deadline: float,
        *,
        is_probe: bool = False,
        follow_redirects: bool = True,
    ) -> Response:
        """Send a request, again where that may help, and follow redirects.

        An ``Authorization`` header is sent to the request's own origin and to no other.

        Args:
            request: The request.
            deadline: The value of `time.monotonic` at which there must be an answer.
            is_probe: Whether the caller tries another request if this one fails: then a
                connection that is broken off and an answer of 500 are not tried again.
            follow_redirects: Whether a redirect is followed; if not, it is the answer.

        Raises:
            TransientError: A probe was broken off.
            ResolutionError: There is no answer in time, or it leads where one must not go.
        """
        current = request
        seen = {request.url}
        is_public: bool | None = None
        while True:
            response = self._send_patiently(current, deadline, is_probe=is_probe)
            location = _target(response) if follow_redirects else None
            if location is None:
                return response
            if location in seen or len(seen) > _MOST_REDIRECTS:
                raise RegistryUnavailable(
                    f"{current.netloc} redirects in a circle",
                    "check that the address is that of a registry, or report it to those who run "
                    "it",
                )
            if request.body is not None:
                raise _distrusted(f"{current.netloc} redirects a request that holds a secret")
            seen.add(location)
            if is_public is None:
                is_public = self.is_public(response)
            self.require_allowed(location, urlsplit(request.url).netloc, "redirects to", is_public)
            current = _redirected(request, location, public_only=is_public)

    def is_public(self, response: Response) -> bool:
        """Whether an answer came from the internet, judged by the peer's address.

        Names behind a proxy count as public, since the proxy looks them up.
        """
        netloc = response.request.netloc
        insecure = self._settings.insecure_registries
        if is_private_literal(host_of(netloc)) or may_be_plain(netloc, insecure):
            return False
        return response.peer is None or not is_private_literal(response.peer)

    def require_allowed(self, url: str, host: str, verb: str, is_public: bool) -> None:  # noqa: FBT001  always named by its variable
        """Refuse an address in a registry's answer that it must not lead to.

        A name that leads to a private address is refused when the connection is made.

        Args:
            url: The address.
            host: The registry, for the error.
            verb: Its action, for the error, such as ``redirects to``.
            is_public: Whether the registry is on the internet.

        Raises:
            UntrustedAnswer: The address has plain http, or is private while the
                registry is public.
        """
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and parts.port != 0
        except ValueError:
            usable = False
        if not usable or not _NETLOC.fullmatch(parts.netloc):
            raise _distrusted(f"{host} {verb} an address that is no plain URL")
        netloc = parts.netloc.lower()
        if parts.scheme == "http" and not may_be_plain(netloc, self._settings.insecure_registries):
            raise _distrusted(f"{host} {verb} {netloc} over plain http")
        if is_private_literal(host_of(netloc)) and is_public:
            raise _distrusted(f"{host} {verb} the private address {quoted(host_of(netloc))}")

    def use_authenticated_rate(self, netloc: str) -> None:
        """Use a host's rate for requests with credentials."""
        self._host(netloc).limiter.use_authenticated_rate()

    def _host(self, netloc: str) -> _Host:
        with self._lock:
            if netloc not in self._hosts:
                self._hosts[netloc] = _Host(RateLimiter(profile_of(netloc)))
            return self._hosts[netloc]

    def _send_patiently(self, request: Request, deadline: float, *, is_probe: bool) -> Response:
        host = self._host(request.netloc)
        attempt = 0
        while True:
            attempt += 1
            # Registries count pulls of images: neither tokens nor blobs.
            start = host.limiter.next_start(counted="/manifests/" in request.url)
            if start > time.monotonic():
                pace = f"{request.netloc} is asked by its pace"
                self._wait_until(start, deadline, pace, _remedy_for_pace(request.netloc))
            try:
                response = self._send(request, host, deadline)
            except TransientError as error:
                if is_probe and error.is_broken_off:
                    raise
                fault = _Fault(
                    str(error),
                    _ON_THE_WAY,
                    is_unreachable=error.is_unreachable,
                    is_silent=error.is_silent,
                )
            else:
                if not _is_passing(response.status, is_probe=is_probe):
                    return response
                fault = _fault_of(response)
                self._pause(host, fault, deadline)
            _logger.debug("%s %s: %s", request.method, _without_query(request.url), fault.cause)
            if attempt >= self._most_attempts(host, fault):
                raise self._failure(host, fault, attempt)
            wait = max(self._settings.retry.wait_after(attempt), fault.wait)
            self._wait_until(time.monotonic() + wait, deadline, fault.cause)

    def _pause(self, host: _Host, fault: _Fault, deadline: float) -> None:
        """Delay all requests to a host that answered 429."""
        if fault.is_throttled and time.monotonic() + fault.wait < deadline:
            host.limiter.pause(max(fault.wait, self._settings.retry.wait_after(1)))

    def _most_attempts(self, host: _Host, fault: _Fault) -> int:
        most = self._settings.retry.attempts
        if host.has_answered or not fault.is_silent:
            return most
        is_unreachable = fault.is_unreachable
        return min(
            most, _ATTEMPTS_AT_UNREACHABLE_HOST if is_unreachable else _ATTEMPTS_AT_SILENT_HOST
        )

    def _failure(self, host: _Host, fault: _Fault, attempts: int) -> RegistryUnavailable:
        times = f"{attempts} times in a row" if attempts > 1 else "once"
        failure = RegistryUnavailable(f"{fault.cause}, {times}", fault.remedy)
        if fault.is_silent and not host.has_answered:
            host.silence, host.silent_until = failure, time.monotonic() + _VERDICT_SECONDS
        return failure

    def _send(self, request: Request, host: _Host, deadline: float) -> Response:
        if host.silence is not None and time.monotonic() < host.silent_until:
            raise host.silence.about()
        left = deadline - time.monotonic()
        if left <= 0:
            raise _late(f"no time was left to ask {request.netloc}")
        timeout = min(left, self._settings.request_timeout)
        connect = LONGEST_CONNECT
        if not host.has_answered:
            timeout, connect = min(timeout, _ANSWER_OF_UNKNOWN_HOST), _CONNECT_TO_UNKNOWN_HOST
        response = self._transport.send(request, timeout, connect)
        host.has_answered = True
        host.silence = None
        return response

    def _wait_until(
        self, moment: float, deadline: float, cause: str, remedy: str | None = None
    ) -> None:
        wait = max(0.0, moment - time.monotonic())
        if moment >= deadline:
            waiting = f"{cause}, and no time is left for another try"
            if wait >= 1:
                waiting = f"{cause}, and the next try would have to wait {round(wait)} s"
            raise _late(waiting, remedy)
        time.sleep(wait)


def _is_passing(status: int, *, is_probe: bool) -> bool:
    return status in PASSING_STATUSES and not (is_probe and status == _SERVER_ERROR)


def _fault_of(response: Response) -> _Fault:
    is_throttled = response.status == _TOO_MANY_REQUESTS
    return _Fault(
        f"{response.request.host_in_words} answered {response.status}",
        f"{_AGAINST_LIMITS} (to log in: {login_command(response.request.netloc)})"
        if is_throttled and not response.request.host_name
        else _LATER,
        retry_after(response) or 0,
        is_throttled=is_throttled,
    )


def retry_after(response: Response) -> float | None:
    """The seconds in Retry-After (RFC 9110, section 10.2.3); None for an invalid value."""
    header = response.headers.get("Retry-After")
    if header is None:
        return None
    try:
        return float(min(Retry().parse_retry_after(header), _LONGEST_WAIT_ASKED))
    except (InvalidHeader, ValueError, OverflowError):
        return None


def _target(response: Response) -> str | None:
    location = response.headers.get("Location")
    if response.status not in _REDIRECTS or location is None:
        return None
    try:
        return urljoin(response.request.url, location)
    except ValueError:
        return location


def _redirected(first: Request, target: str, *, public_only: bool) -> Request:
    """The request for a redirect's target; credentials stay with the first request's origin."""
    moved = replace(first, url=target)
    if moved.origin == first.origin:
        return moved
    headers = {
        name: value for name, value in first.headers.items() if name.lower() != "authorization"
    }
    return replace(moved, headers=headers, public_only=public_only)


def _without_query(url: str) -> str:
    return url.partition("?")[0]


def _distrusted(cause: str) -> UntrustedAnswer:
    return UntrustedAnswer(
        cause, "check with those who run the registry, for this may be an attack"
    )


def _remedy_for_pace(host: str) -> str | None:
    if profile_of(host).authenticated is None:
        return None
    return (
        f"log in to it for a higher rate ({login_command(host)}), keep digests in a lock file, or "
        "allow more time with a longer deadline"
    )


def _late(cause: str, remedy: str | None = None) -> RegistryUnavailable:
    return RegistryUnavailable(
        cause, remedy or "try again later, or allow more time with a longer deadline"
    )
