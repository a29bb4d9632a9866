"""What the example app finds on its network, all of it in this process and on loopback.

- AWS, played by moto: a private ECR registry in an account of its own, and the secrets with which
  workloads log in to the company's registry.
- The company's registry, reached by name through the company's proxy, over TLS with a certificate
  of the company's own authority.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import botocore.session
import trustme
import urllib3
from moto.server import ThreadedMotoServer

from pinned_images.testing.registry_server import RegistryServer

_KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "an-example-secret-access-key",
}

#: How the variables begin by which what the user has set would lead elsewhere.
OF_THE_USER = (
    "AWS_",
    "CDK_",
    "PINNED_IMAGES_",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
)


@contextmanager
def nothing_of_the_user() -> Iterator[None]:
    """This process without what the user has set: moto runs in it, and the SDK that fills moto."""
    kept = dict(os.environ)
    for name in kept.keys() - without(kept, OF_THE_USER).keys():
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(kept)


#: botocore parses the descriptions of services for each session again.
_session = functools.cache(botocore.session.get_session)


def client_of_moto(url: str, service: str, account: str, region: str) -> Any:
    """A client of the SDK in an account, which moto tells from the role that is assumed."""
    create: Any = _session().create_client
    options = {"region_name": region, "endpoint_url": url}
    sts = create("sts", **{name.lower(): key for name, key in _KEYS.items()}, **options)
    role = f"arn:aws:iam::{account}:role/administrator"
    keys = sts.assume_role(RoleArn=role, RoleSessionName="example")["Credentials"]
    sts.close()
    return create(
        service,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        **options,
    )


class Amazon:
    """AWS on loopback, as far as the example needs it."""

    def __init__(self, url: str) -> None:
        self._url = url

    @property
    def environment(self) -> dict[str, str]:
        """What makes every AWS SDK ask here."""
        return {
            **_KEYS,
            "AWS_ENDPOINT_URL": self._url,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def copy(self, registry: RegistryServer, image: str, account: str, region: str) -> None:
        """Copy an image, ``repository:tag``, from a registry to an account's ECR registry."""
        repository, _, tag = image.rpartition(":")
        manifest = urllib3.request("GET", f"{registry.url}/v2/{repository}/manifests/{tag}")
        ecr = client_of_moto(self._url, "ecr", account, region)
        ecr.create_repository(repositoryName=repository)
        ecr.put_image(
            repositoryName=repository,
            imageTag=tag,
            imageManifest=manifest.data.decode(),
            imageManifestMediaType=manifest.headers["Content-Type"],
            imageDigest=registry.digest(image),
        )

    def keep(self, secret: str, content: Mapping[str, str], account: str, region: str) -> None:
        """Create a secret in an account."""
        client = client_of_moto(self._url, "secretsmanager", account, region)
        client.create_secret(Name=secret, SecretString=json.dumps(content))

    def publish(self, parameter: str, value: str, account: str, region: str) -> None:
        """Put an SSM parameter into an account."""
        client = client_of_moto(self._url, "ssm", account, region)
        client.put_parameter(Name=parameter, Value=value, Type="String")


@contextmanager
def amazon() -> Iterator[Amazon]:
    """AWS, empty."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)  # every request is an event
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        # All of moto in one process has one memory.
        urllib3.request("POST", f"{url}/moto-api/reset")
        yield Amazon(url)
    finally:
        stop_moto(server)


def stop_moto(server: ThreadedMotoServer) -> None:
    """Stop a server of moto at once; by itself it looks twice a second whether it should."""
    listening = server._server  # noqa: SLF001 (moto has no name for it)
    if listening is not None:
        with suppress(OSError):
            listening.socket.shutdown(socket.SHUT_RDWR)
    server.stop()


@contextmanager
def proxy_to(name: str, url: str, folder: Path) -> Iterator[dict[str, str]]:
    """A proxy behind which there is one host, with a certificate for its name.

    Args:
        name: The host.
        url: What answers for it, over plain http.
        folder: Where the authority's certificate is written.

    Yields:
        The environment that makes programs use the proxy and believe the authority.
    """
    authority = trustme.CA()
    certificate = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    handler = type("Handler", (_Proxy,), {"name": name, "context": context, "to": url})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield {
            "HTTPS_PROXY": f"http://127.0.0.1:{server.server_port}",
            "SSL_CERT_FILE": str(certificate),
        }
        server.shutdown()


class _Proxy(BaseHTTPRequestHandler):
    """Lets through to one host, ends the TLS there, and hands its requests on."""

    protocol_version = "HTTP/1.1"
    name: str
    context: ssl.SSLContext
    to: str

    def do_CONNECT(self) -> None:
        if self.path != f"{self.name}:443":
            self.send_error(403, f"Only {self.name} is there")
            return
        self.send_response(200)
        self.end_headers()
        self.connection = self.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)
        self.close_connection = False

    def do_GET(self) -> None:
        answer = urllib3.request(
            self.command,
            f"{self.to}{self.path}",
            headers=dict(self.headers),
            body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
            retries=False,
        )
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.data)

    do_HEAD = do_POST = do_GET  # noqa: N815  the base class's names

    def finish(self) -> None:
        super().finish()
        self.connection.close()  # which is not the one that the base class closes

    def log_message(self, *_: object) -> None:
        """Nothing: the synth's own output is what matters."""


def without(environment: Mapping[str, str], prefixes: Sequence[str]) -> dict[str, str]:
    """An environment without the variables that begin with something, in either case."""
    return {
        name: value
        for name, value in environment.items()
        if not name.upper().startswith(tuple(prefixes))
    }


def mirrors_variable(mirrors: Mapping[str, str]) -> str:
    """Mirrors as ``PINNED_IMAGES_MIRRORS`` takes them."""
    return ",".join(f"{host}={url}" for host, url in mirrors.items())
