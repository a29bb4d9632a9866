"""AWS on loopback: moto's server, and a server that answers with the faults that moto lacks."""

from __future__ import annotations

import functools
import inspect
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import botocore.compat
import botocore.hooks
import botocore.session
import pytest
import urllib3
from botocore.hooks import EventAliaser
from moto.server import ThreadedMotoServer

from tests.registry_aws.amazon import (
    SECRET_KEY,
    SESSION_TOKEN,
    CountingApplication,
    FakeAws,
    Moto,
    assumed_role,
    caller,
    operation_of,
)
from tools.example_network import stop_moto


@pytest.fixture(scope="session", autouse=True)
def models() -> Iterator[None]:
    """What botocore finds out about AWS's services and its own handlers, kept for all sessions.

    It takes most of the time of making a session with one client.
    """
    with pytest.MonkeyPatch.context() as patch:
        create = functools.cache(botocore.session.create_loader)
        patch.setattr(botocore.session, "create_loader", create)
        patch.setattr(botocore.hooks, "accepts_kwargs", _accepts_kwargs)
        names: dict[str, str] = {}
        alias: Any = vars(EventAliaser)["_alias_event_name"]

        def alias_once(self: EventAliaser, name: str) -> str:
            if name not in names:
                names[name] = str(alias(self, name))
            return names[name]

        patch.setattr(EventAliaser, "_alias_event_name", alias_once)
        yield


def _accepts_kwargs(function: Any) -> bool:
    """As botocore's own, which makes a signature for it."""
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None:
        return bool(botocore.compat.accepts_kwargs(function))
    return bool(code.co_flags & inspect.CO_VARKEYWORDS)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials from the environment alone, and nothing of the machine's own configuration."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_SESSION_TOKEN", SESSION_TOKEN)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


@pytest.fixture(scope="session")
def moto_server() -> Iterator[tuple[str, CountingApplication]]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    assert server._server is not None
    application = CountingApplication(server._server.app)
    server._server.app = application
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}", application
    stop_moto(server)
    server._server.server_close()


@pytest.fixture
def moto(
    moto_server: tuple[str, CountingApplication],
    monkeypatch: pytest.MonkeyPatch,
    clean_environment: None,
) -> Moto:
    """An empty Amazon, which every AWS SDK of the test talks to."""
    url, application = moto_server
    urllib3.request("POST", f"{url}/moto-api/reset", retries=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    amazon = Moto(url, application)
    amazon.forget()
    return amazon


@pytest.fixture
def fake_aws(monkeypatch: pytest.MonkeyPatch, clean_environment: None) -> Iterator[FakeAws]:
    """An AWS that knows who calls, lets roles be assumed, and learns the rest from the test."""
    fake = FakeAws(answers={"GetCallerIdentity": caller(), "AssumeRole": assumed_role()})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body in one packet: TCP waits 40 ms between two small ones.
        wbufsize = -1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            operation = operation_of(self.headers["X-Amz-Target"], body)
            json_protocol = "X-Amz-Target" in self.headers
            parameters: dict[str, Any] = (
                json.loads(body)
                if json_protocol
                else {name: values[0] for name, values in parse_qs(body.decode()).items()}
            )
            key = self.headers["Authorization"].partition("Credential=")[2].partition("/")[0]
            fake.signers.append((operation, key))
            status, content = fake.answer(operation, parameters)
            text = content if isinstance(content, str) else json.dumps(content)
            self._send(status, text.encode())

        def do_GET(self) -> None:
            self._send(*fake.blobs.get(self.path.partition("?")[0], (404, b"")))

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if fake.content_type:
                self.send_header("Content-Type", fake.content_type)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", fake.url)
    yield fake
    server.socket.shutdown(socket.SHUT_RDWR)  # wakes the thread, which looks every 10 ms
    server.shutdown()
    server.server_close()
    thread.join()
