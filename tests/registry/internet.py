"""A small internet behind a proxy on loopback: names, certificates, and visited hosts."""

from __future__ import annotations

import base64
import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.registry.loopback import LoopbackServer, Received, Reply
from tests.registry.scripted import ScriptedRegistry


class Internet:
    """Hosts that are reached by name, over TLS, through a CONNECT proxy (RFC 9110, 9.3.6).

    No name is ever looked up: the proxy knows them all, and they all are on loopback.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.authority = trustme.CA()
        self.bundle = folder / "authority.pem"
        self.authority.cert_pem.write_to_path(str(self.bundle))
        self.visited: list[str] = []
        self.refusal: int | None = None
        self.account: tuple[str, str] | None = None
        self._hosts: dict[str, LoopbackServer] = {}
        self._stack = contextlib.ExitStack()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stack.callback(self._listener.close)
        # To close it would not wake the thread that accepts.
        self._stack.callback(self._listener.shutdown, socket.SHUT_RDWR)
        self.proxy = f"127.0.0.1:{self._listener.getsockname()[1]}"
        monkeypatch.setenv("HTTPS_PROXY", f"http://{self.proxy}")
        monkeypatch.setenv("HTTP_PROXY", f"http://{self.proxy}")
        monkeypatch.setenv("SSL_CERT_FILE", str(self.bundle))
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._stack.close()

    def registry(
        self,
        name: str,
        *,
        client_certificates: bool = False,
        version: ssl.TLSVersion | None = None,
        certificate: Mapping[str, Any] | None = None,
    ) -> ScriptedRegistry:
        """A registry under a name, which may want a certificate of the client's too."""
        context = self._context(name, **certificate or {})
        if version is not None:
            context.minimum_version = context.maximum_version = version
        if client_certificates:
            context.verify_mode = ssl.CERT_REQUIRED
            self.authority.configure_trust(context)
        made = ScriptedRegistry(context)
        self._hosts[name] = made.server
        self._stack.callback(made.server.close)
        return made

    def server(self, name: str, respond: Callable[[Received], Reply]) -> LoopbackServer:
        """Any server under a name."""
        made = LoopbackServer(respond, self._context(name))
        self._hosts[name] = made
        self._stack.callback(made.close)
        return made

    def _context(self, host: str, **certificate: Any) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        named = certificate.pop("name", host)
        self.authority.issue_cert(named, **certificate).configure_cert(context)
        return context

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._tunnel, args=(client,), daemon=True).start()

    def _tunnel(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            head = b""
            while b"\r\n\r\n" not in head:
                if not (more := client.recv(4096)):
                    return
                head += more
            name = head.split()[1].decode().removesuffix(":443")
            self.visited.append(name)
            if self.refusal is not None:
                client.sendall(f"HTTP/1.1 {self.refusal} Refused\r\n\r\n".encode())
                return
            if not self._admits(head):
                client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
                return
            if name not in self._hosts:
                client.sendall(b"HTTP/1.1 502 No Such Host\r\n\r\n")
                return
            client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            with socket.create_connection(("127.0.0.1", self._hosts[name].port)) as server:
                _pipe(client, server)

    def _admits(self, head: bytes) -> bool:
        if self.account is None:
            return True
        pair = base64.b64encode(":".join(self.account).encode())
        return b"Proxy-Authorization: Basic " + pair in head.replace(b"proxy-a", b"Proxy-A")


def _pipe(one: socket.socket, other: socket.socket) -> None:
    while True:
        readable, _, _ = select.select([one, other], [], [])
        for source in readable:
            content = source.recv(65536)
            if not content:
                return
            (other if source is one else one).sendall(content)
