"""A scripted HTTP server on loopback, with faults on request."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import parse_headers
from io import BufferedReader
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Received:
    """A request as it arrived."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query)

    @property
    def authorization(self) -> str | None:
        return self.headers.get("authorization")


@dataclass(frozen=True)
class Reply:
    """A scripted answer, with its faults.

    Attributes:
        status: The status code.
        headers: Sent as they are; a Content-Length is added unless one of them is one.
        body: The bytes of the body; left out for HEAD.
        cut: Close the connection after so many bytes of the body.
        reset: Reset the connection in place of an answer.
        drip: Send the headers, or the body, one byte after the other until the client goes.
        endless: Send the body again and again until the client goes.
        raw: Send these bytes in place of an answer.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: int | None = None
    reset: bool = False
    drip: str = ""
    endless: bool = False
    raw: bytes | None = None

    def changed(self, **headers: str | None) -> Reply:
        """The same with other headers; None takes one away."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = {name: value for name, value in self.headers.items() if name not in named}
        added = {name: value for name, value in named.items() if value is not None}
        return Reply(self.status, {**kept, **added}, self.body)


class LoopbackServer:
    """An HTTP server in threads; every connection is kept until it is closed."""

    def __init__(
        self,
        respond: Callable[[Received], Reply],
        context: ssl.SSLContext | None = None,
        address: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.respond = respond
        self.requests: list[Received] = []
        self.connections = 0
        self.most_at_once = 0
        self._context = context
        self._lock = threading.Lock()
        self._under_way = 0
        self._closed = threading.Event()
        self._listener = socket.create_server((address, port))
        self._sockets: list[socket.socket] = [self._listener]
        self.port: int = self._listener.getsockname()[1]
        self.netloc = f"{address}:{self.port}"
        self.url = f"{'https' if context else 'http'}://{self.netloc}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._closed.set()
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def count(self, method: str, part: str = "") -> int:
        """How many requests with a method came for a path that contains something."""
        return sum(each.method == method and part in each.path for each in self.requests)

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            # Headers and body are two small packets, between which TCP waits 40 ms otherwise.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self._context is None and connection.recv(1, socket.MSG_PEEK) == _TLS_HANDSHAKE:
                connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
                return
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
                self._sockets.append(connection)
            with self._lock:
                self.connections += 1
            with connection, connection.makefile("rb") as stream:
                while (received := _receive(stream)) is not None:
                    with self._counted(received):
                        reply = self.respond(received)
                    if not self._send(connection, received, reply):
                        return

    @contextlib.contextmanager
    def _counted(self, received: Received) -> Iterator[None]:
        with self._lock:
            self.requests.append(received)
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
        yield
        with self._lock:
            self._under_way -= 1

    def _send(self, connection: socket.socket, received: Received, reply: Reply) -> bool:
        """Answer; False where the connection is at its end."""
        if reply.reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            return False
        if reply.raw is not None:
            connection.sendall(reply.raw)
            return False
        headers = dict(reply.headers)
        if "Content-Length" not in headers and not reply.endless:
            headers["Content-Length"] = str(len(reply.body))
        head = f"HTTP/1.1 {reply.status} Scripted\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        if reply.drip == "headers":
            return self._drip(connection, head.encode() + b"X-Dripping: " + b"x" * 60_000)
        connection.sendall(f"{head}\r\n".encode())
        if received.method == "HEAD":
            return True
        if reply.drip == "body":
            return self._drip(connection, reply.body)
        if reply.endless:
            while not self._closed.is_set():
                connection.sendall(reply.body * 64)
        connection.sendall(reply.body[: reply.cut])
        return reply.cut is None

    def _drip(self, connection: socket.socket, content: bytes) -> bool:
        for position in range(len(content)):
            connection.sendall(content[position : position + 1])
            if self._closed.wait(0.02):
                break
        return False


# RFC 8446, section 5.1: the type of the record with which a client begins.
_TLS_HANDSHAKE = b"\x16"


def _receive(stream: BufferedReader) -> Received | None:
    line = stream.readline(65536).decode("latin-1").split()
    if len(line) != 3:
        return None
    headers = {name.lower(): value for name, value in parse_headers(stream).items()}
    body = stream.read(int(headers.get("content-length", "0")))
    return Received(line[0], line[1], headers, body)
