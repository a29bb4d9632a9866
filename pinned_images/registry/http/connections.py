"""Connections with bounds on time, headers and allowed addresses."""

from __future__ import annotations

import email.parser
import http.client
import ipaddress
import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.errors import MissingHeaderBodySeparatorDefect
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from pinned_images.registry.http.addresses import is_private_literal
from pinned_images.registry.http.timers import TimerThread

_TIMERS = TimerThread()

#: Seconds that a connection may take to be made.
LONGEST_CONNECT = 10.0

# RFC 9110, section 5.4, sets no limit; Go and nginx take far more than the 100 of `http.client`.
_MOST_HEADERS = 2000
_LONGEST_HEADERS = 256 * 1024
_MOST_INTERIM_RESPONSES = 20
_MOST_ADDRESSES = 4


class PrivateAddressError(Exception):
    """A host from a public registry's answer that resolves to a private address."""


@dataclass
class Exchange:
    """The state of one exchange.

    Attributes:
        public_only: Whether a private address is refused.
        peer: The address that answered; None through a proxy.
    """

    public_only: bool
    peer: str | None = None


_current = threading.local()


@contextmanager
def exchanging(*, public_only: bool) -> Iterator[Exchange]:
    """A context for one exchange of this thread, with bounds for its connections.

    Args:
        public_only: Whether a private address is refused.
    """
    exchange = _current.exchange = Exchange(public_only)
    try:
        yield exchange
    finally:
        _current.exchange = None


class _StrictResponse(http.client.HTTPResponse):
    """A response with up to 2000 headers, none of which may be cut short."""

    def begin(self, **_: object) -> None:
        """Read status line and headers, as `http.client` does, but within other bounds.

        Python 3.15 may pass a bound on headers of its own.
        """
        if self.headers is not None:
            return
        version, status, reason = self._read_final_status()
        self.code = self.status = status
        self.reason = reason.strip()
        if not version.startswith("HTTP/1."):
            raise http.client.UnknownProtocol(version)
        self.version = 10 if version == "HTTP/1.0" else 11
        self.headers = self.msg = _read_headers(self.fp)
        encoding = self.headers.get("transfer-encoding") or ""
        self.chunked = encoding.lower() == "chunked"
        self.chunk_left = None
        self.will_close = self._check_close()
        self.length = None if self.chunked else _length(self.headers)
        bodiless = status in (http.client.NO_CONTENT, http.client.NOT_MODIFIED)
        if bodiless or self._method == "HEAD":
            self.length = 0
        if not self.will_close and not self.chunked and self.length is None:
            self.will_close = True

    def _read_final_status(self) -> tuple[str, int, str]:
        """The status line after interim responses such as 103 (RFC 9110, section 15.2)."""
        for _ in range(_MOST_INTERIM_RESPONSES):
            read: Any = self._read_status()  # type: ignore[attr-defined]  # typeshed lacks it
            version, status, reason = read
            if not 100 <= status < 200 or status == http.client.SWITCHING_PROTOCOLS:  # noqa: PLR2004
                return version, status, reason
            _read_headers(self.fp)
        raise http.client.HTTPException("interim responses without an end")


def _read_headers(stream: Any) -> http.client.HTTPMessage:
    lines: list[bytes] = []
    length = 0
    while True:
        line = stream.readline(_LONGEST_HEADERS - length + 1)
        length += len(line)
        if length > _LONGEST_HEADERS or len(lines) > _MOST_HEADERS:
            raise http.client.HTTPException("too many headers")
        lines.append(line)
        if line in (b"\r\n", b"\n"):
            break
        if not line:
            # The missing headers might matter.
            raise http.client.HTTPException("headers cut short")
    text = b"".join(lines).decode("iso-8859-1")
    parser = email.parser.Parser(_class=http.client.HTTPMessage)
    message = parser.parsestr(text)
    if any(isinstance(defect, MissingHeaderBodySeparatorDefect) for defect in message.defects):
        raise http.client.HTTPException("a line that is no header")
    return message


def _length(headers: http.client.HTTPMessage) -> int | None:
    stated = headers.get("content-length", "")
    return int(stated) if stated.isascii() and stated.isdecimal() and len(stated) < 20 else None  # noqa: PLR2004


class _BoundedConnection(HTTPConnection):
    """A connection whose time-out bounds connecting and headers."""

    response_class = _StrictResponse

    def _new_conn(self) -> socket.socket:
        end = time.monotonic() + (self.timeout or LONGEST_CONNECT)
        try:
            addresses = _look_up(self._dns_host, self.port or self.default_port, end)
        except OSError as error:
            raise NameResolutionError(self.host, self, socket.gaierror(str(error))) from error
        last: OSError | None = None
        for number, (family, kind, protocol, _, address) in enumerate(addresses):
            self._require_allowed(str(address[0]))
            left = end - time.monotonic()
            share = max(left / (len(addresses) - number), 0.001)
            try:
                return self._connect_to(family, kind, protocol, address, share)
            except OSError as error:
                last = error
        if isinstance(last, TimeoutError):
            raise ConnectTimeoutError(self, f"{self.host} does not answer")
        raise NewConnectionError(self, f"{self.host} cannot be reached: {last}")

    def _connect_to(
        self, family: int, kind: int, protocol: int, address: Any, timeout: float
    ) -> socket.socket:
        connected = socket.socket(family, kind, protocol)
        try:
            for option in self.socket_options or ():
                connected.setsockopt(*option)
            connected.settimeout(timeout)
            connected.connect(address)
            connected.settimeout(self.timeout)
        except BaseException:
            connected.close()
            raise
        return connected

    def putrequest(self, *arguments: Any, **options: Any) -> None:
        """A connection that is used again may lead to where this request may not."""
        if self.sock is not None and not self.proxy:
            self._require_allowed(_peer_of(self.sock) or "")
        super().putrequest(*arguments, **options)

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]  # as urllib3 has it
        expired = threading.Event()
        connected: socket.socket = self.sock
        exchange: Exchange | None = getattr(_current, "exchange", None)
        if exchange is not None and not self.proxy:
            exchange.peer = _peer_of(connected)

        def give_up() -> None:
            expired.set()
            _shut(connected)

        timer = _TIMERS.start(self.timeout or LONGEST_CONNECT, give_up)
        try:
            response = super().getresponse()
        except (OSError, http.client.HTTPException):
            if not expired.is_set():
                raise
        else:
            if not expired.is_set():
                return response
        finally:
            _TIMERS.cancel(timer)
        # Headers that were cut off look complete to `http.client`.
        raise TimeoutError

    def _require_allowed(self, address: str) -> None:
        exchange: Exchange | None = getattr(_current, "exchange", None)
        if exchange is None or not exchange.public_only or self.proxy:
            return
        if is_private_literal(address):
            raise PrivateAddressError


class _SecureBoundedConnection(_BoundedConnection, HTTPSConnection):
    pass


class Pool(HTTPConnectionPool):
    """Connections over plain HTTP."""

    ConnectionCls = _BoundedConnection


class SecurePool(HTTPSConnectionPool):
    """Connections over TLS."""

    ConnectionCls = _SecureBoundedConnection


def _look_up(host: str, port: int, end: float) -> list[Any]:
    """The addresses of a host, within the time there is: the C library itself has no bound.

    Raises:
        OSError: There are none.
    """
    answer: queue.SimpleQueue[list[Any] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answer.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:  # noqa: BLE001  raised again where it is awaited
            answer.put(error)

    if _is_address(host):
        ask()
    else:
        threading.Thread(target=ask, name=f"pinned-images name of {host}", daemon=True).start()
    try:
        addresses = answer.get(timeout=max(0.0, end - time.monotonic()))
    except queue.Empty:
        raise OSError("the name service does not answer") from None
    if isinstance(addresses, OSError):
        raise addresses
    if isinstance(addresses, Exception) or not addresses:
        raise OSError("this is no name")
    return addresses[:_MOST_ADDRESSES]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _peer_of(connected: socket.socket) -> str | None:
    try:
        return str(connected.getpeername()[0])
    except OSError:
        return None


def _shut(connected: socket.socket) -> None:
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
