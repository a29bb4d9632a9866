"""Brings a request to its end: paced, tried again with patience, and through redirects."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

from urllib3.exceptions import InvalidHeader
from urllib3.util.retry import Retry

from pinned_images.errors import RegistryUnavailable, UntrustedAnswer
from pinned_images.registry.host_profiles import profile_of
from pinned_images.registry.http.addresses import (
    host_of,
    is_private_literal,
    may_be_plain,
    resolves_privately,
)
from pinned_images.registry.http.rate_limiter import RateLimiter
from pinned_images.registry.http.retries import PASSING_STATUSES
from pinned_images.registry.http.transport import Request, Response, TransientError, Transport
from pinned_images.registry.settings import RegistrySettings

_logger = logging.getLogger(__name__)

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_TOO_MANY_REQUESTS = 429
# Longer than any deadline, and short enough to reckon with whatever a server asks for.
_LONGEST_WAIT_ASKED = 7 * 24 * 3600
_LATER = "try again later"
_ON_THE_WAY = "check the network, the proxy and the name of the host, or try again later"
_AGAINST_LIMITS = "log in to it for a higher limit, use a mirror, or try again later"


class HttpClient:
    """Gets an answer, or says why there is none.

    Args:
        settings: Time-outs, patience, and the hosts that may be asked over http.
        environ: Where proxies and CA bundles stand.
    """

    def __init__(self, settings: RegistrySettings, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._transport = Transport(environ, settings.concurrency)
        self._lock = threading.Lock()
        self._paces: dict[str, RateLimiter] = {}

    def fetch(self, request: Request, deadline: float) -> Response:
        """Ask, wait and ask again, and follow redirects; the last answer may be an error's.

        An ``Authorization`` header is sent to the request's own origin and to nobody else.

        Raises:
            ResolutionError: There is no answer in time, or it leads where one must not go.
        """
        current = request
        seen = {request.url}
        while True:
            answer = self._ask_patiently(current, deadline)
            target = _target(answer)
            if target is None:
                return answer
            if target in seen or len(seen) > _MOST_REDIRECTS:
                raise RegistryUnavailable(
                    f"{current.netloc} redirects in a circle",
                    "try again later, or report it to those who run the registry",
                )
            if request.body is not None:
                raise _distrusted(f"{current.netloc} redirects a request that holds a secret")
            seen.add(target)
            self.require_allowed(target, request.url, "redirects to")
            current = _redirected(request, target)

    def require_allowed(self, target: str, registry_url: str, deed: str) -> None:
        """Refuse an address that a registry sends us to and that it has no business to name.

        Raises:
            ResolutionError: The address is asked over plain http, or is private while the registry
                is public.
        """
        host = urlsplit(registry_url).netloc
        try:
            parts = urlsplit(target)
            named = parts.hostname or ""
            usable = parts.scheme in ("http", "https") and bool(named) and parts.port != 0
        except ValueError:
            usable = False
        if not usable or "@" in parts.netloc:
            raise _distrusted(f"{host} {deed} an address that is no plain URL")
        insecure = self._settings.insecure_registries
        if parts.scheme == "http" and not may_be_plain(parts.netloc.lower(), insecure):
            raise _distrusted(f"{host} {deed} {parts.netloc} over plain http")
        if is_private_literal(host_of(parts.netloc)) and self._is_public(registry_url):
            raise _distrusted(f"{host} {deed} the private address {named}")

    def rate_limiter_of(self, netloc: str) -> RateLimiter:
        """The pace at which a host is asked."""
        with self._lock:
            if netloc not in self._paces:
                self._paces[netloc] = RateLimiter(profile_of(netloc))
            return self._paces[netloc]

    def _is_public(self, url: str) -> bool:
        netloc = urlsplit(url).netloc.lower()
        host = host_of(netloc)
        if is_private_literal(host) or may_be_plain(netloc, self._settings.insecure_registries):
            return False
        return self._transport.is_proxied(url) or not resolves_privately(host)

    def _ask_patiently(self, request: Request, deadline: float) -> Response:
        pace = self.rate_limiter_of(request.netloc)
        policy = self._settings.retry
        cause, remedy = "", _LATER
        for attempt in range(1, policy.attempts + 1):
            # What registries count are pulls of images: neither tokens nor blobs.
            start = pace.next_start(counted="/manifests/" in request.url)
            self._wait_until(start, deadline, f"{request.netloc} is asked by its pace")
            try:
                answer = self._transport.send(request, self._time_for_one(request, deadline))
            except TransientError as interruption:
                cause, remedy = str(interruption), _ON_THE_WAY
                wait = policy.wait_after(attempt)
            else:
                if answer.status not in PASSING_STATUSES:
                    return answer
                cause = f"{request.netloc} answered {answer.status}"
                wait = max(policy.wait_after(attempt), retry_after(answer) or 0)
                throttled = answer.status == _TOO_MANY_REQUESTS
                remedy = _AGAINST_LIMITS if throttled else _LATER
                if throttled and time.monotonic() + wait < deadline:
                    pace.pause(wait)
            _logger.debug("%s %s: %s", request.method, _without_query(request.url), cause)
            if attempt < policy.attempts:
                self._wait_until(time.monotonic() + wait, deadline, cause)
        raise RegistryUnavailable(f"{cause}, {policy.attempts} times in a row", remedy)

    def _time_for_one(self, request: Request, deadline: float) -> float:
        left = deadline - time.monotonic()
        if left <= 0:
            raise _late(f"no time was left to ask {request.netloc}")
        return min(left, self._settings.request_timeout)

    def _wait_until(self, moment: float, deadline: float, cause: str) -> None:
        if moment >= deadline:
            wait = round(moment - time.monotonic())
            raise _late(f"{cause}, and the next try would have to wait {wait} s")
        time.sleep(max(0.0, moment - time.monotonic()))


def retry_after(answer: Response) -> float | None:
    """Seconds that an answer asks to wait (RFC 9110, section 10.2.3); None for nonsense."""
    header = answer.headers.get("Retry-After")
    if header is None:
        return None
    try:
        return float(min(Retry().parse_retry_after(header), _LONGEST_WAIT_ASKED))
    except (InvalidHeader, ValueError, OverflowError):
        return None


def _target(answer: Response) -> str | None:
    location = answer.headers.get("Location")
    if answer.status not in _REDIRECTS or location is None:
        return None
    try:
        return urljoin(answer.request.url, location)
    except ValueError:
        return location


def _redirected(first: Request, target: str) -> Request:
    """The request for a redirect's target; credentials stay with the first request's origin."""
    moved = replace(first, url=target)
    if moved.origin == first.origin:
        return moved
    headers = {
        name: value for name, value in first.headers.items() if name.lower() != "authorization"
    }
    return replace(moved, headers=headers)


def _without_query(url: str) -> str:
    return url.partition("?")[0]


def _distrusted(cause: str) -> UntrustedAnswer:
    return UntrustedAnswer(
        cause, "check with those who run the registry, for this may be an attack"
    )


def _late(cause: str) -> RegistryUnavailable:
    return RegistryUnavailable(cause, "try again later, or allow more time with a longer deadline")
