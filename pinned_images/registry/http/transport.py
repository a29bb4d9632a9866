"""One HTTP exchange: connections, proxies, certificates and bounds; no retry and no redirect."""

from __future__ import annotations

import http.client
import logging
import re
import ssl
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
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

from pinned_images.errors import (
    RegistryUnavailable,
    ResolutionError,
    UntrustedAnswer,
)
from pinned_images.printable import quoted
from pinned_images.registry.http.addresses import host_of, is_loopback
from pinned_images.registry.http.connections import (
    LONGEST_CONNECT,
    Pool,
    PrivateAddressError,
    SecurePool,
    exchanging,
)
from pinned_images.registry.http.proxies import Proxies
from pinned_images.registry.http.tls import certificate_folder, tls_context

#: The most that is read of a manifest (OCI Distribution 1.1, "Pushing Manifests": at least 4 MiB).
LONGEST_BODY = 4 * 1024 * 1024
_LONGEST_ERROR_BODY = 64 * 1024
_CHUNK = 64 * 1024
_PROXY_AUTHENTICATION = 407
_BAD_REQUEST = 400

# Go's net/http and nginx tell of a request over plain http at a port for TLS in these words.
_MEANT_TLS = re.compile(
    rb"HTTP request (?:was sent )?to (?:an? )?HTTPS (?:server|port)", re.IGNORECASE
)
_TLS_RECORD = b"\x15\x03"

# Alerts of a server that wants a certificate of the client (RFC 8446, section 6.2).
_CERTIFICATE_ALERTS = ("CERTIFICATE_REQUIRED", "ALERT_BAD_CERTIFICATE", "ALERT_NO_CERTIFICATE")
# OpenSSL's X509_V_ERR_*: the certificate is not of this time, or of another name.
_CERT_NOT_YET_VALID, _CERT_HAS_EXPIRED = 9, 10
_HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH = 62, 64


class TransientError(Exception):
    """An exchange that came to no end; the next try may do better.

    Args:
        cause: What happened, as a clause.
        is_unreachable: Whether there was no connection at all.
        is_silent: Whether there was no answer in time, or no connection.
        is_broken_off: Whether the host took the request and ended the connection without an
            answer.
    """

    def __init__(
        self,
        cause: str,
        *,
        is_unreachable: bool = False,
        is_silent: bool = False,
        is_broken_off: bool = False,
    ) -> None:
        super().__init__(cause)
        self.is_unreachable = is_unreachable
        self.is_silent = is_silent or is_unreachable
        self.is_broken_off = is_broken_off


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. The headers may hold secrets and stay out of the `repr`.

    Attributes:
        method: The method.
        url: The address.
        headers: Names to values.
        body: What is sent after the headers.
        public_only: Whether a private address is refused, since a public registry has named it.
        host_name: What errors call the host, if not by host and port.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    public_only: bool = False
    host_name: str = ""

    @property
    def host_in_words(self) -> str:
        """What errors call the host."""
        return self.host_name or self.netloc

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
        body: The bytes, with any content coding undone; of an error only the beginning.
        request: What was answered, after redirects.
        peer: The address that answered; None through a proxy.
    """

    status: int
    headers: urllib3.HTTPHeaderDict = field(repr=False)
    body: bytes = field(repr=False)
    request: Request
    peer: str | None = None


@dataclass(frozen=True, slots=True)
class _Route:
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
        environ: Where ``HTTPS_PROXY``, ``NO_PROXY`` and the CA bundles are named.
        connections: How many connections are kept for each host.
    """

    def __init__(self, environ: Mapping[str, str], connections: int) -> None:
        self._environ = environ
        self._proxies = Proxies(environ)
        self._connections = connections
        self._lock = threading.Lock()
        self._managers: dict[_Route, urllib3.PoolManager] = {}
        self._folders: dict[str, Path | None] = {}

    def send(
        self, request: Request, timeout: float, connect_timeout: float = LONGEST_CONNECT
    ) -> Response:
        """Make one exchange, with no retry and no redirect.

        Args:
            request: What is sent.
            timeout: Seconds after which the exchange is given up.
            connect_timeout: Seconds that a new connection may take.

        Raises:
            TransientError: The exchange came to no end.
            ResolutionError: The answer must not be used, or none can be had by trying again.
        """
        end = time.monotonic() + timeout
        limits = urllib3.Timeout(connect=min(timeout, connect_timeout), read=timeout)
        manager = self._manager_for(request.url)
        with exchanging(public_only=request.public_only) as exchange:
            try:
                with _queries_kept_out_of_logs():
                    response = manager.request(
                        request.method,
                        request.url,
                        body=request.body,
                        headers={**request.headers, "Accept-Encoding": "identity"},
                        timeout=limits,
                        redirect=False,
                        retries=False,
                        preload_content=False,
                        decode_content=False,
                    )
                body = _read(response, end)
            except PrivateAddressError:
                raise UntrustedAnswer(
                    f"the host {quoted(host_of(request.netloc))}, which it names, leads to a "
                    "private address",
                    "check with those who run the registry, for this may be an attack",
                ) from None
            except HTTPError as error:
                raise self._explain(error, request) from None
            except (OSError, http.client.HTTPException, ValueError):
                raise TransientError("its answer cannot be read as HTTP") from None
        answer = Response(response.status, response.headers, body, request, exchange.peer)
        self._require_direct(answer)
        return answer

    def is_proxied(self, url: str) -> bool:
        """Whether a request goes through a proxy, which then looks up the name."""
        return self._proxies.of(url) is not None

    def proxy_of(self, url: str) -> str | None:
        """Host and port of the proxy through which an address is asked, if there is one."""
        proxy = self._proxies.of(url)
        return None if proxy is None else proxy.rpartition("://")[2].rpartition("@")[2].rstrip("/")

    def _manager_for(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        proxy = self._proxies.of(url)
        # Reading the CA bundles takes a while, and plain http on loopback does not need them.
        secure = parts.scheme == "https" or proxy is not None
        with self._lock:
            route = _Route(secure, proxy, self._certificates_for(parts.netloc) if secure else None)
            if route not in self._managers:
                self._managers[route] = self._open_manager(route)
            return self._managers[route]

    def _certificates_for(self, netloc: str) -> Path | None:
        """The folder with a host's own certificates; the file system is asked once."""
        if netloc not in self._folders:
            self._folders[netloc] = certificate_folder(netloc, self._environ)
        return self._folders[netloc]

    def _open_manager(self, route: _Route) -> urllib3.PoolManager:
        options: dict[str, Any] = {"num_pools": 64, "maxsize": self._connections}
        if route.secure:
            options["ssl_context"] = tls_context(self._environ, route.certificates)
        if route.proxy is None:
            manager = urllib3.PoolManager(**options)
        else:
            manager = _proxy_manager(route.proxy, options)
        manager.pool_classes_by_scheme = {"http": Pool, "https": SecurePool}
        return manager

    def _require_direct(self, response: Response) -> None:
        """Refuse an answer that says that the request should have gone another way.

        Raises:
            ResolutionError: The proxy wants a password, or TLS is spoken at this port.
        """
        request = response.request
        if response.status == _PROXY_AUTHENTICATION and self.is_proxied(request.url):
            raise self._refused_by_proxy(request, "407")
        meant_tls = response.status == _BAD_REQUEST and _MEANT_TLS.search(response.body)
        if meant_tls and request.url.startswith("http:"):
            raise _speaks_tls(request.netloc)

    def _explain(self, error: HTTPError, request: Request) -> Exception:  # noqa: PLR0911  one for each kind
        """What became of an exchange, in words that hold neither headers nor queries."""
        host, words = request.netloc, request.host_in_words
        if isinstance(error, LocationValueError):
            return RegistryUnavailable(f"{quoted(host)} cannot be an address", "correct it")
        if isinstance(error, ProxyError):
            status = re.search(r"Tunnel connection failed: (\d{3})", str(error.original_error))
            return self._refused_by_proxy(request, status[1] if status else None)
        if isinstance(error, WrappedSSLError):
            return _explain_tls(error, host)
        if isinstance(error, NameResolutionError):
            return TransientError(
                f"the name {quoted(host_of(host))} cannot be resolved", is_unreachable=True
            )
        if isinstance(error, (NewConnectionError, ConnectTimeoutError)):
            return TransientError(f"no connection to {words} could be made", is_unreachable=True)
        if isinstance(error, ExchangeTimeout):
            return TransientError(f"{words} did not answer in time", is_silent=True)
        cause = error.args[-1] if error.args else None
        broken_off = (http.client.RemoteDisconnected, http.client.IncompleteRead)
        if isinstance(cause, http.client.HTTPException) and not isinstance(cause, broken_off):
            if isinstance(cause, http.client.BadStatusLine) and _TLS_RECORD in _line_of(cause):
                return _speaks_tls(host)
            return TransientError(
                f"{words} answered with something that is not HTTP", is_broken_off=True
            )
        return TransientError(f"{words} broke off the connection", is_broken_off=True)

    def _refused_by_proxy(self, request: Request, status: str | None) -> ResolutionError:
        proxy = f"the proxy through which {request.netloc} is asked, {self.proxy_of(request.url)},"
        if status == str(_PROXY_AUTHENTICATION):
            return RegistryUnavailable(
                f"{proxy} wants a user name and a password (407)",
                "write them into HTTPS_PROXY as http://user:password@host:port",
            )
        if status is None:
            return RegistryUnavailable(
                f"{proxy} cannot be reached", "correct HTTPS_PROXY, or name the host in NO_PROXY"
            )
        return RegistryUnavailable(
            f"{proxy} does not let us pass ({status})",
            "allow the host there, correct HTTPS_PROXY, or name the host in NO_PROXY",
        )


def _proxy_manager(proxy: str, options: dict[str, Any]) -> urllib3.PoolManager:
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        _, _, netloc = parts.netloc.rpartition("@")
        usable = parts.scheme in ("http", "https") and bool(netloc) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise RegistryUnavailable(
            "the proxy that the environment names is no http or https URL", "correct HTTPS_PROXY"
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
                raise TransientError("its answer did not end in time", is_silent=True)
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
        raise _too_long()
    length = response.headers.get("Content-Length", "")
    if ended and body and length.isdecimal() and int(length[:12]) != len(body):
        raise UntrustedAnswer("its answer is not as long as it says", "try again later")
    coding = response.headers.get("Content-Encoding", "").strip().lower()
    if not body or coding in ("", "identity") or response.status != http.client.OK:
        return bytes(body)
    return _decoded(bytes(body), coding)


def _decoded(body: bytes, coding: str) -> bytes:
    """A body without a content coding that nobody asked for, as containerd undoes it too.

    Raises:
        UntrustedAnswer: The coding is another one, or the body is broken or too long.
    """
    if coding not in ("gzip", "x-gzip"):
        raise UntrustedAnswer(
            f"its answer is in the content coding {quoted(coding)}, which was not asked for",
            "check that no proxy changes what the registry sends",
        )
    decoder = zlib.decompressobj(wbits=31)
    try:
        content = decoder.decompress(body, LONGEST_BODY + 1)
    except zlib.error:
        content = b""
    if len(content) > LONGEST_BODY:
        raise _too_long()
    if not decoder.eof or decoder.unused_data:
        raise UntrustedAnswer(
            "its answer says that it is compressed, and is not",
            "check that no proxy changes what the registry sends",
        )
    return content


def _too_long() -> UntrustedAnswer:
    return UntrustedAnswer(
        f"its answer is longer than {LONGEST_BODY // 1024 // 1024} MiB, which no manifest is",
        "check that the address is that of a registry",
    )


def _explain_tls(error: WrappedSSLError, host: str) -> Exception:
    cause = error.args[0] if error.args else None
    if isinstance(cause, ssl.SSLCertVerificationError):
        return UntrustedAnswer(
            f"the certificate of {host} cannot be verified ({cause.verify_message.rstrip('.')})",
            _remedy_for_certificate(cause.verify_code, host),
        )
    reason = getattr(cause, "reason", None) or ""
    if any(reason.endswith(alert) for alert in _CERTIFICATE_ALERTS):
        return RegistryUnavailable(
            f"{host} wants a client certificate, and none that it takes was at hand",
            _client_certificate_at(host),
        )
    if reason.endswith("ALERT_HANDSHAKE_FAILURE"):
        # OpenSSL's answer in TLS 1.2 to a client without a certificate, and to one without a
        # cipher in common.
        return RegistryUnavailable(
            f"{host} refuses the TLS handshake, perhaps since it wants a client certificate",
            _client_certificate_at(host),
        )
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        return RegistryUnavailable(
            f"{host} does not speak TLS",
            f'if plain http is meant, name it in insecure_registries=["{host}"], or write http:// '
            "in the URL of the mirror",
        )
    return TransientError(f"{host} broke off the TLS handshake")


def _client_certificate_at(host: str) -> str:
    return f"put it into ~/.docker/certs.d/{host}/client.cert, and its key into client.key there"


def _remedy_for_certificate(code: int, host: str) -> str:
    if code == _CERT_HAS_EXPIRED:
        return "have it renewed by those who run the registry, and check the clock of this machine"
    if code == _CERT_NOT_YET_VALID:
        return "check the clock of this machine"
    if code in (_HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH):
        return f"use a name that the certificate has, or have {host} added to it"
    return "name the CA's bundle in SSL_CERT_FILE or REQUESTS_CA_BUNDLE"


def _speaks_tls(host: str) -> RegistryUnavailable:
    if is_loopback(host_of(host)):
        remedy = f'name it as its own mirror: mirrors={{"{host}": "https://{host}"}}'
    else:
        remedy = "do not name it among the insecure registries"
    return RegistryUnavailable(f"{host} speaks TLS, and was asked over plain http", remedy)


def _line_of(error: http.client.BadStatusLine) -> bytes:
    return str(error).encode("iso-8859-1", errors="replace").replace(b"\\x15\\x03", _TLS_RECORD)


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
