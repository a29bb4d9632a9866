"""A container registry in a thread: real HTTP on loopback, for tests and for experiments."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pinned_images.errors import ConfigurationError
from pinned_images.lockfile import made_up_images
from pinned_images.reference import Digest, ImageReference, Platform
from pinned_images.testing._images import Manifest, MediaTypes, Recipe, platforms_of
from pinned_images.testing._protection import Credentials, Protection, Scheme
from pinned_images.testing._protocol import Answer, Registry, Repository, Request, combined

if TYPE_CHECKING:
    from typing_extensions import Self


class RegistryServer:
    """An OCI registry on a free port of 127.0.0.1, filled by `push`, read over HTTP.

    It serves all that pulling needs (manifests by tag and by digest, blobs, lists of tags, tokens)
    as the OCI Distribution specification says, and refuses writing over HTTP. The images are small
    but real, and the same name always gives the same digest, on every machine.

    It can replace other registries: push an image under its full name,
    ``ghcr.io/org/app:1``, and give `mirrors` to `PinImages`. A synth with these mirrors uses no
    lock file but one that is named: their digests are for tests alone.

    Args:
        latency: Seconds that every request takes at least; it can be changed at any time.
        token_lifetime: Seconds that a bearer token lives.

    Example:
        >>> with RegistryServer() as registry:
        ...     digest = registry.push("team/app:1", platforms=("linux/amd64", "linux/arm64"))
        ...     image = f"{registry.host}/team/app:1"
    """

    def __init__(self, *, latency: float = 0.0, token_lifetime: float = 300.0) -> None:
        self.latency = latency
        self._registry = Registry(token_lifetime)
        self._recipes: dict[tuple[str, str], tuple[Recipe, int]] = {}
        self._counts: Counter[str] = Counter()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._is_stopped = threading.Event()
        self._serving = ExitStack()

    def start(self) -> Self:
        """Begin to serve; images pushed before are served too."""
        self._is_stopped.clear()
        self._server = _Server(self)
        self._serving.enter_context(made_up_images(self.url))
        self._registry.service = self.host
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="registry", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """End every connection and free the port; the images stay for another `start`.

        A request that waits for the latency to pass is ended too.
        """
        if self._server is None or self._thread is None:
            return
        self._is_stopped.set()
        self._server.shutdown()
        self._thread.join()
        self._server.close_connections()
        self._server.server_close()
        self._server = self._thread = None
        self._serving.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def host(self) -> str:
        """The host of this registry's images: ``127.0.0.1:41234``.

        Raises:
            ConfigurationError: The registry was not started.
        """
        if self._server is None:
            raise ConfigurationError(
                "The registry has no address yet: use it in a with statement, or call start()."
            )
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """The address for HTTP: ``http://127.0.0.1:41234``."""
        return f"http://{self.host}"

    @property
    def mirrors(self) -> dict[str, str]:
        """The mirror's URL of each registry whose images were pushed under their full name.

        Example:
            >>> with RegistryServer() as registry:
            ...     _ = registry.push("ghcr.io/org/app:1")
            ...     registry.mirrors == {"ghcr.io": f"{registry.url}/ghcr.io"}
            True
        """
        first_parts = {name.partition("/")[0] for name in self._registry.repositories}
        hosts = sorted(part for part in first_parts if _is_host(part))
        return {host: f"{self.url}/{host}" for host in hosts}

    @property
    def requests(self) -> Counter[str]:
        """The number of requests of each kind so far: ``HEAD manifest``, ``GET token``, ...

        The kinds are a method and one of ``manifest``, ``blob``, ``tags``, ``token``, ``base``
        (the API's root) and ``other``; ``connections`` has its own property.
        """
        with self._registry.lock:
            return Counter(self._counts)

    @property
    def connections(self) -> int:
        """The number of connections accepted since the start."""
        return self._server.accepted if self._server else 0

    def push(
        self,
        image: str,
        platforms: Sequence[str | Platform] = ("linux/amd64",),
        *,
        media_types: MediaTypes = "oci",
        attestation: bool = False,
        content: str = "",
    ) -> Digest:
        """Build an image and store it under its tag.

        Args:
            image: ``repository[:tag]`` in this registry (``latest`` if there is no tag); or the
                full name of an image of another registry, ``docker.io/library/nginx:1.25``.
            platforms: The platforms of the image; more than one gives an index.
            media_types: ``oci``, or ``docker`` for Docker's manifest list and schema 2.
            attestation: Add the attestation of the platform ``unknown`` that BuildKit adds.
            content: Distinguishes this build from others of the same name.

        Returns:
            The digest of the manifest or index that the tag names.

        Raises:
            InvalidReference: The name is none.
        """
        repository, tag = self._locate(image)
        seed = f"{repository}:{tag} {content}".rstrip()
        recipe = Recipe(seed, platforms_of(platforms), media_types, attestation)
        return self._build(repository, tag, recipe, 0)

    def push_manifest(self, image: str, content: bytes, media_type: str) -> Digest:
        """Store some bytes as a manifest under a tag, whatever they hold."""
        repository, tag = self._locate(image)
        manifest = Manifest(media_type, content)
        with self._registry.lock:
            place = self._registry.repositories.setdefault(repository, Repository())
            place.manifests[manifest.digest] = manifest
            place.tags[tag] = manifest.digest
        return manifest.digest

    def move_tag(self, image: str, to: str | None = None) -> Digest:
        """Move a tag to another image of its repository; the old one stays untagged.

        Args:
            image: ``repository:tag``, as for `push`.
            to: The digest that the tag names from now on. Without it a new build of the image is
                pushed, for the same platforms.

        Raises:
            ConfigurationError: There is no such image.
        """
        repository, tag = self._locate(image)
        with self._registry.lock:
            place = self._registry.repositories.get(repository, Repository())
            if to is not None and to in place.manifests:
                place.tags[tag] = Digest(to)
                return place.tags[tag]
            if to is None and (repository, tag) in self._recipes:
                recipe, builds = self._recipes[repository, tag]
                return self._build(repository, tag, recipe, builds + 1)
        wanted = to or f"build of the tag {tag}"
        raise ConfigurationError(f"There is no {wanted} in the repository {repository}: push it.")

    def delete(self, image: str) -> None:
        """Delete a tag, or with ``repository@digest`` a manifest and every tag that names it."""
        parsed = self._parse(image)
        with self._registry.lock:
            place = self._registry.repositories.get(parsed.repository, Repository())
            if parsed.digest is None:
                place.tags.pop(parsed.effective_tag or "", None)
                return
            place.manifests.pop(parsed.digest, None)
            for tag, digest in list(place.tags.items()):
                if digest == parsed.digest:
                    del place.tags[tag]

    def digest(self, image: str) -> Digest:
        """The digest that a tag names now.

        Raises:
            ConfigurationError: There is no such image.
        """
        repository, tag = self._locate(image)
        with self._registry.lock:
            place = self._registry.repositories.get(repository, Repository())
            if tag in place.tags:
                return place.tags[tag]
        raise ConfigurationError(f"There is no tag {tag} in the repository {repository}: push it.")

    def protect(
        self,
        pattern: str,
        scheme: Scheme,
        username: str | None = None,
        password: str = "",
        *,
        identity_token: str | None = None,
    ) -> None:
        """Require credentials on the repositories that match a pattern.

        Args:
            pattern: A repository, or a pattern such as ``team/*``; ``*`` covers the whole
                registry. Of several patterns that match, the one given first counts.
            scheme: ``basic``, or ``bearer`` for tokens of the registry's own token endpoint.
            username: The user with access. With ``bearer`` and no user name everyone gets a token.
            password: The user's password.
            identity_token: A refresh token that opens the repositories too.
        """
        credentials = None if username is None else Credentials(username, password)
        with self._registry.lock:
            self._registry.protections.append(
                Protection(pattern, scheme, credentials, identity_token)
            )

    def expire_tokens(self) -> None:
        """Revoke every issued bearer token."""
        self._registry.tokens.expire()

    def _build(self, repository: str, tag: str, recipe: Recipe, builds: int) -> Digest:
        image = recipe.build_again(builds)
        with self._registry.lock:
            self._recipes[repository, tag] = (recipe, builds)
            place = self._registry.repositories.setdefault(repository, Repository())
            return place.add(image, tag)

    def _locate(self, image: str) -> tuple[str, str]:
        parsed = self._parse(image)
        return parsed.repository, parsed.effective_tag or "latest"

    def _parse(self, image: str) -> ImageReference:
        own = f"{self.host}/" if self._server else ""
        name = image.removeprefix(own)
        if _is_host(name.partition("/")[0]) and "/" in name:
            name = ImageReference.parse(name).normalized
        return ImageReference.parse(f"registry.invalid/{name}")

    def _receive(self, request: Request) -> Answer:
        with self._registry.lock:
            self._counts[request.kind] += 1
        if self.latency and self._is_stopped.wait(self.latency):
            raise ConnectionAbortedError
        return self._registry.answer(request)


def _is_host(part: str) -> bool:
    return "." in part


class _Server(ThreadingMixIn, TCPServer):
    """A thread for each connection, which a stop can end."""

    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, registry: RegistryServer) -> None:
        self.registry = registry
        self.accepted = 0
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def shutdown(self) -> None:
        """End the listening socket first, which wakes the thread that waits for connections."""
        with suppress(OSError):  # macOS refuses; the thread looks after 20 ms
            self.socket.shutdown(socket.SHUT_RDWR)
        super().shutdown()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self.accepted += 1
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """Wake the threads that wait for another request on a connection that was kept alive."""
        with self._open_lock:
            for connection in self._open:
                with suppress(OSError):  # the client was faster
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors of connections, such as a client that disconnects."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "pinned-images-testing"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = combined(self.headers.items())
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        answer = self.server.registry._receive(request)  # noqa: SLF001 (two halves of one thing)
        self.send_response(answer.status)
        for name, text in answer.headers.items():
            self.send_header(name, text)
        self.send_header("Docker-Distribution-API-Version", "registry/2.0")
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def __getattr__(self, name: str) -> Callable[[], None]:
        """One method for all: the base class looks for ``do_GET``, ``do_HEAD`` and so on."""
        if name.startswith("do_"):
            return self._handle
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's name)
        """Log nothing: tests read `RegistryServer.requests`."""
