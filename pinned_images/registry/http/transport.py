"""One HTTP exchange: connections, proxies, certificates and bounds, and no opinion beyond that."""

from __future__ import annotations

import http.client
import logging
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.exceptions import (
    HTTPError,
    LocationValueError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
)
from urllib3.exceptions import (
    SSLError as WrappedSSLError,
)
from urllib3.exceptions import (
    TimeoutError as ExchangeTimeout,
)
from urllib3.response import BaseHTTPResponse

from pinned_images.errors import RegistryUnavailable, UntrustedAnswer
from pinned_images.registry.http.addresses import host_of
from pinned_images.registry.http.connections import LONGEST_CONNECT, Pool, SecurePool
from pinned_images.registry.http.proxies import Proxies
from pinned_images.registry.http.tls import certificate_folder, tls_context

#: The most that is read of a manifest (OCI Distribution 1.1, "Pushing Manifests": at least 4 MiB).
LONGEST_BODY = 4 * 1024 * 1024
_LONGEST_ERROR_BODY = 64 * 1024
_CHUNK = 64 * 1024


class TransientError(Exception):
    """An exchange that came to no end; the next try may do better. The text is a clause."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. The headers may hold secrets and stay out of the `repr`."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)

    @property
    def netloc(self) -> str:
        """Host and port."""
        return urlsplit(self.url).netloc.lower()

    @property
    def origin(self) -> str:
        """Scheme, host and port: what credentials are bound to (RFC 9110, section 4.3.1)."""
        parts = urlsplit(self.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return f"{parts.scheme}://{parts.hostname}:{port}"


@dataclass(frozen=True, slots=True)
class Response:
    """What came back, whole.

    Attributes:
        status: The status code.
        headers: Names in any case to values.
        body: The bytes as they came, of an error only the beginning.
        request: What was answered, after redirects.
    """

    status: int
    headers: urllib3.HTTPHeaderDict = field(repr=False)
    body: bytes = field(repr=False)
    request: Request


@dataclass(frozen=True, slots=True)
class _Way:
    """How a host is reached; connections are pooled by it.

    Attributes:
        secure: Whether TLS is spoken, be it with a proxy.
        proxy: The proxy.
        certificates: The folder with the host's own certificates.
    """

    secure: bool
    proxy: str | None
    certificates: Path | None


class Transport:
    """Sends requests over connections that are kept and used again.

    Args:
        environ: Where ``HTTPS_PROXY``, ``NO_PROXY`` and the CA bundles stand.
        connections: How many connections are kept for each host.
    """

    def __init__(self, environ: Mapping[str, str], connections: int) -> None:
        self._environ = environ
        self._proxies = Proxies(environ)
        self._connections = connections
        self._lock = threading.Lock()
        self._managers: dict[_Way, urllib3.PoolManager] = {}
        self._folders: dict[str, Path | None] = {}

    def send(self, request: Request, timeout: float) -> Response:
        """Make one exchange, with no retry and no redirect.

        Args:
            request: What is sent.
            timeout: Seconds after which the exchange is given up.

        Raises:
            TransientError: The exchange came to no end.
            ResolutionError: The answer must not be used, or none can be had by trying again.
        """
        end = time.monotonic() + timeout
        manager = self._manager_for(request.url)
        try:
            with _queries_kept_out_of_logs():
                response = manager.request(
                    request.method,
                    request.url,
                    body=request.body,
                    headers={**request.headers, "Accept-Encoding": "identity"},
                    timeout=urllib3.Timeout(connect=min(timeout, LONGEST_CONNECT), read=timeout),
                    redirect=False,
                    retries=False,
                    preload_content=False,
                    decode_content=False,
                )
            body = _read(response, end)
        except HTTPError as error:
            raise _explain(error, request) from None
        except (OSError, http.client.HTTPException, ValueError):
            raise TransientError("its answer cannot be read as HTTP") from None
        return Response(response.status, response.headers, body, request)

    def is_proxied(self, url: str) -> bool:
        """Whether a request goes through a proxy, which then looks up the name."""
        return self._proxies.of(url) is not None

    def _manager_for(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        proxy = self._proxies.of(url)
        # Reading the CA bundles takes a while, and plain http on loopback does not need them.
        secure = parts.scheme == "https" or proxy is not None
        with self._lock:
            way = _Way(secure, proxy, self._certificates_for(parts.netloc) if secure else None)
            if way not in self._managers:
                self._managers[way] = self._open_manager(way)
            return self._managers[way]

    def _certificates_for(self, netloc: str) -> Path | None:
        """The folder with a host's own certificates; the file system is asked once."""
        if netloc not in self._folders:
            self._folders[netloc] = certificate_folder(netloc, self._environ)
        return self._folders[netloc]

    def _open_manager(self, way: _Way) -> urllib3.PoolManager:
        options: dict[str, Any] = {"num_pools": 64, "maxsize": self._connections}
        if way.secure:
            options["ssl_context"] = tls_context(self._environ, way.certificates)
        if way.proxy is None:
            manager = urllib3.PoolManager(**options)
        else:
            manager = _proxy_manager(way.proxy, options)
        manager.pool_classes_by_scheme = {"http": Pool, "https": SecurePool}
        return manager


def _proxy_manager(proxy: str, options: dict[str, Any]) -> urllib3.PoolManager:
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    _, _, netloc = parts.netloc.rpartition("@")
    if parts.scheme not in ("http", "https") or not netloc:
        raise RegistryUnavailable(
            "the proxy that the environment names is no http or https URL",
            "correct HTTPS_PROXY",
        )
    headers = None
    if parts.username is not None:
        account = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers = urllib3.make_headers(proxy_basic_auth=account)
    return urllib3.ProxyManager(f"{parts.scheme}://{netloc}", proxy_headers=headers, **options)


def _read(response: BaseHTTPResponse, end: float) -> bytes:
    """The body, read with an eye on its length and on the clock."""
    limit = LONGEST_BODY if response.status < 300 else _LONGEST_ERROR_BODY  # noqa: PLR2004
    body = bytearray()
    ended = False
    try:
        while not ended and len(body) <= limit:
            if time.monotonic() > end:
                raise TransientError("its answer did not end in time")
            chunk = response.read1(_CHUNK)
            body += chunk
            ended = not chunk
    finally:
        # A connection on which something is left cannot be used for another request.
        if ended:
            response.release_conn()
        else:
            response.close()
    if len(body) > LONGEST_BODY:
        raise UntrustedAnswer(
            f"its answer is longer than {LONGEST_BODY // 1024 // 1024} MiB, which no manifest is",
            "check that the address is that of a registry",
        )
    return bytes(body)


def _explain(error: HTTPError, request: Request) -> Exception:  # noqa: PLR0911  one for each kind
    """What became of an exchange, in words that hold neither headers nor addresses' queries."""
    host = request.netloc
    if isinstance(error, LocationValueError):
        return RegistryUnavailable(f"{host!r} cannot be an address", "correct it")
    if isinstance(error, ProxyError):
        return TransientError(f"the proxy through which {host} is asked does not let us pass")
    if isinstance(error, WrappedSSLError):
        return _explain_tls(error, host)
    if isinstance(error, NameResolutionError):
        return TransientError(f"the name {host_of(host)!r} cannot be resolved")
    if isinstance(error, NewConnectionError):
        return TransientError(f"no connection to {host} could be made")
    if isinstance(error, ExchangeTimeout):
        return TransientError(f"{host} did not answer in time")
    cause = error.args[-1] if error.args else None
    broken_off = (http.client.RemoteDisconnected, http.client.IncompleteRead)
    if isinstance(cause, http.client.HTTPException) and not isinstance(cause, broken_off):
        return TransientError(f"{host} answered with something that is not HTTP")
    return TransientError(f"{host} broke off the connection")


def _explain_tls(error: WrappedSSLError, host: str) -> Exception:
    cause = error.args[0] if error.args else None
    if isinstance(cause, ssl.SSLCertVerificationError):
        return UntrustedAnswer(
            f"the certificate of {host} cannot be verified ({cause.verify_message})",
            "name the CA's bundle in SSL_CERT_FILE or REQUESTS_CA_BUNDLE",
        )
    if isinstance(cause, ssl.SSLError) and cause.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST"):
        return RegistryUnavailable(
            f"{host} does not speak TLS",
            "name it among the insecure registries if plain http is meant",
        )
    return TransientError(f"{host} broke off the TLS handshake")


_sending = threading.local()


@contextmanager
def _queries_kept_out_of_logs() -> Iterator[None]:
    _sending.now = True
    try:
        yield
    finally:
        _sending.now = False


class _QueryFilter(logging.Filter):
    """Cuts the query off the addresses that urllib3 logs: a redirect's may be a signature."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(_sending, "now", False) and isinstance(record.args, tuple):
            record.args = tuple(
                argument.partition("?")[0] if isinstance(argument, str) else argument
                for argument in record.args
            )
        return True


logging.getLogger("urllib3.connectionpool").addFilter(_QueryFilter())
