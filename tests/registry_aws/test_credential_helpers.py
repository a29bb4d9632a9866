"""A real credential helper, Debian's `docker-credential-ecr-login`, asked through the keychain."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pinned_images.registry.credentials import ConfiguredKeychain, Credentials
from tests.registry_aws.amazon import HOME_ACCOUNT, Moto, host_of

PROGRAM = "docker-credential-ecr-login"
HOST = host_of(HOME_ACCOUNT, "eu-west-1")


@pytest.fixture(autouse=True)
def program() -> None:
    if shutil.which(PROGRAM):
        return
    reason = f"{PROGRAM} is not installed: apt-get install amazon-ecr-credential-helper"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def docker_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A docker configuration that names the program for our registry."""
    config = {"credHelpers": {HOST: "ecr-login"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    # Its own cache and log would lie in the home directory.
    monkeypatch.setenv("AWS_ECR_DISABLE_CACHE", "1")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for Amazon's hosts, with its key, that nobody else trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "amazonaws.test")])
    names = [x509.DNSName("api.ecr.eu-west-1.amazonaws.com")]
    now = datetime.now(timezone.utc)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "amazon.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + built.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def amazon(moto: Moto, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A proxy behind which every host is moto; the hosts that were asked for.

    The program's SDK is too old to know AWS_ENDPOINT_URL, but it knows proxies.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    hosts: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_CONNECT(self) -> None:
            hosts.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.connection = context.wrap_socket(self.connection, server_side=True)
            self.rfile = self.connection.makefile("rb")
            self.wfile = self.connection.makefile("wb", 0)
            self.close_connection = False

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = urllib3.request("POST", moto.url, headers=dict(self.headers), body=body)
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.data)))
            self.end_headers()
            self.wfile.write(answer.data)
            self.close_connection = True

        def finish(self) -> None:
            super().finish()
            self.connection.close()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    yield hosts
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.usefixtures("docker_config")
def test_the_program_s_credentials_are_those_of_the_registry(moto: Moto, amazon: list[str]) -> None:
    keychain = ConfiguredKeychain.read(os.environ)

    credentials = keychain.credentials_for(HOST, "team/app")

    assert credentials == Credentials("AWS", f"{HOME_ACCOUNT}-auth-token")
    assert amazon == ["api.ecr.eu-west-1.amazonaws.com:443"]
    assert moto.operations == {"GetAuthorizationToken": 1}


@pytest.mark.usefixtures("docker_config")
def test_without_credentials_for_amazon_the_program_keeps_none(
    amazon: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    keychain = ConfiguredKeychain.read(os.environ)

    # The program says so in the words of a keychain that has no entry.
    assert keychain.credentials_for(HOST, "team/app") is None
    assert amazon == []
