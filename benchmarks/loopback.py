"""Registries on loopback for the benchmarks: in a process of their own, each request delayed.

What they answer is what `pinned_images.testing.RegistryServer` answers. They are served by one
event loop, since a thread for each of the peers' many connections would take the time that is to
be measured.

    python -m benchmarks.loopback '{"hosts": 5, "references": 500, "latency": 0.05}'

prints the references as JSON, then answers each line on standard input with the requests that came
since the last one, until standard input ends.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

from pinned_images.testing._protocol import Request, combined
from pinned_images.testing.registry_server import RegistryServer

_END_OF_HEADERS = b"\r\n\r\n"
# RFC 8446, section 5.1: the type of the first record of a connection.
_TLS_HANDSHAKE = b"\x16"


@dataclass(frozen=True, slots=True)
class Registries:
    """Some registries that are running.

    Attributes:
        references: One image in each repository, spread evenly over the registries.
    """

    references: Sequence[str]
    _process: subprocess.Popen[str]

    def requests(self) -> Counter[str]:
        """The requests since the last time, by kind: ``HEAD manifest``, ``GET token``."""
        return Counter(json.loads(self._ask()))

    def _ask(self) -> str:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("The registries were started without pipes.")
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


@contextmanager
def registries(
    *, hosts: int, references: int, latency: float, tokens: bool = False
) -> Iterator[Registries]:
    """Run registries while the context is open.

    Args:
        hosts: How many, each on a port of its own.
        references: How many images in all.
        latency: Seconds by which each answer is delayed.
        tokens: Whether every repository wants a bearer token of its own.
    """
    arguments = {"hosts": hosts, "references": references, "latency": latency, "tokens": tokens}
    command = [sys.executable, "-m", "benchmarks.loopback", json.dumps(arguments)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("The registries were started without pipes.")
        yield Registries(json.loads(process.stdout.readline()), process)
        process.stdin.close()


class _Front:
    """Serves one registry on a port of its own."""

    def __init__(self, latency: float, *, tokens: bool) -> None:
        self._content = RegistryServer()
        self._registry = self._content._registry  # noqa: SLF001  its answers without its threads
        self._latency = latency
        self.requests: Counter[str] = Counter()
        if tokens:
            self._content.protect("*", "bearer")

    async def start(self, images: int) -> list[str]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0, backlog=1024)
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._registry.service = host
        names = [f"team/app-{number}:1.0" for number in range(images)]
        for name in names:
            self._content.push(name)
        return [f"{host}/{name}" for name in names]

    def receive(self, head: bytes, connection: _Connection) -> None:
        line, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ", 2)
        pairs = (each.partition(":") for each in lines)
        headers = combined((name, text.strip()) for name, _, text in pairs)
        request = Request(method, target, headers)
        self.requests[request.kind] += 1
        loop = asyncio.get_running_loop()
        loop.call_later(self._latency, connection.send, self._answer(request))

    def _answer(self, request: Request) -> bytes:
        answer = self._registry.answer(request)
        headers = {
            **answer.headers,
            "Docker-Distribution-API-Version": "registry/2.0",
            "Content-Length": str(len(answer.body)),
        }
        head = f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n"
        head += "".join(f"{name}: {text}\r\n" for name, text in headers.items()) + "\r\n"
        return head.encode("latin-1") + (b"" if request.method == "HEAD" else answer.body)


class _Connection(asyncio.Protocol):
    """Requests without bodies, one after the other."""

    def __init__(self, front: _Front) -> None:
        self._front = front
        self._received = b""
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._received.startswith(_TLS_HANDSHAKE) and self._transport is not None:
            # skopeo tries https first, and should not have to wait to learn that there is none.
            self._transport.close()
        while _END_OF_HEADERS in self._received:
            head, _, self._received = self._received.partition(_END_OF_HEADERS)
            self._front.receive(head, self)

    def send(self, answer: bytes) -> None:
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.write(answer)


async def _serve(*, hosts: int, references: int, latency: float, tokens: bool) -> None:
    fronts = [_Front(latency, tokens=tokens) for _ in range(hosts)]
    images = [await front.start(references // hosts) for front in fronts]
    _print([reference for together in zip(*images, strict=True) for reference in together])
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        _print(sum((front.requests for front in fronts), Counter()))
        for front in fronts:
            front.requests.clear()


def _print(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve(**json.loads(sys.argv[1])))
