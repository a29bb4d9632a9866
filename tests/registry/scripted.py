"""A scripted registry and token service: honest, except where a test changes an answer."""

from __future__ import annotations

import base64
import ssl
import time
from collections import deque
from collections.abc import Callable
from urllib.parse import parse_qs

from pinned_images.reference import ImageReference
from tests.registry.images import Image, encode
from tests.registry.loopback import LoopbackServer, Received, Reply


class ScriptedRegistry:
    """A registry that is honest, but for the replies that a test puts in its way.

    `plan` holds what answers the next requests: a reply, a function of the request, or None for
    an honest answer. `protection` makes it ask for a token or a password.
    """

    def __init__(
        self, server_context: ssl.SSLContext | None = None, address: str = "127.0.0.1"
    ) -> None:
        self.images: dict[tuple[str, str], Image] = {}
        self.plan: deque[Reply | Callable[[Received], Reply | None] | None] = deque()
        self.protection: Callable[[Received], Reply | None] = lambda _: None
        self.server = LoopbackServer(self.respond, server_context, address)

    def add(self, repository: str, tag: str, image: Image) -> Image:
        self.images[repository, tag] = image
        return image

    def reference(self, repository: str = "team/app", tag: str = "v1") -> ImageReference:
        return ImageReference.parse(f"{self.server.netloc}/{repository}:{tag}")

    def respond(self, received: Received) -> Reply:
        planned = self.plan.popleft() if self.plan else None
        if callable(planned):
            planned = planned(received)
        return planned or self.protection(received) or self.honest(received)

    def honest(self, received: Received) -> Reply:
        parts = received.path.removeprefix("/v2/").rsplit("/", 2)
        if len(parts) != 3:
            return Reply(404)
        repository, kind, identifier = parts
        for (name, tag), image in self.images.items():
            if name != repository:
                continue
            found = _look_up(image, kind, image.top if identifier == tag else identifier)
            if found is not None:
                return found
        return Reply(404, {"Content-Type": "application/json"}, b'{"errors":[]}')

    def require_basic(self, username: str, password: str) -> None:
        """Ask everybody for a user name and a password."""
        pair = base64.b64encode(f"{username}:{password}".encode()).decode()

        def protect(received: Received) -> Reply | None:
            if received.authorization == f"Basic {pair}":
                return None
            return Reply(401, {"WWW-Authenticate": 'Basic realm="scripted"'})

        self.protection = protect


def _look_up(image: Image, kind: str, identifier: str) -> Reply | None:
    if kind == "manifests" and identifier in image.manifests:
        media_type, body = image.manifests[identifier]
        return Reply(200, {"Content-Type": media_type, "Docker-Content-Digest": identifier}, body)
    if kind == "blobs" and identifier in image.blobs:
        return Reply(200, {"Content-Type": "application/octet-stream"}, image.blobs[identifier])
    return None


class TokenService:
    """A token service for a registry, with anonymous tokens or with a secret."""

    def __init__(
        self,
        registry: ScriptedRegistry,
        *,
        password: str | None = None,
        identity_token: str | None = None,
        field_name: str = "token",
        expires_in: object = 300,
    ) -> None:
        self.registry = registry
        self.password = password
        self.identity_token = identity_token
        self.field_name = field_name
        self.expires_in = expires_in
        self.plan: deque[Reply] = deque()
        self.issued: dict[str, str] = {}
        self.scope: Callable[[str], str] = lambda repository: f"repository:{repository}:pull"
        self.server = LoopbackServer(self._respond)
        self.realm = f"{self.server.url}/token"
        registry.protection = self.protect

    def protect(self, received: Received) -> Reply | None:
        repository = received.path.removeprefix("/v2/").rsplit("/", 2)[0]
        scope = self.scope(repository)
        token = (received.authorization or "").removeprefix("Bearer ")
        if self.issued.get(token) == scope:
            return None
        challenge = f'Bearer realm="{self.realm}",service="scripted",scope="{scope}"'
        return Reply(401, {"WWW-Authenticate": challenge})

    def expire(self) -> None:
        self.issued.clear()

    def _respond(self, received: Received) -> Reply:
        if self.plan:
            return self.plan.popleft()
        if received.method == "POST":
            form = parse_qs(received.body.decode())
            if self.identity_token is None:
                return Reply(404)
            granted = form.get("refresh_token") == [self.identity_token]
        else:
            form = received.query
            pair = base64.b64encode(f"user:{self.password}".encode()).decode()
            granted = self.password is None or received.authorization == f"Basic {pair}"
        if not granted:
            return Reply(401)
        token = f"token-{len(self.issued)}-{time.monotonic_ns()}"
        self.issued[token] = form["scope"][0]
        return Reply(200, {}, encode({self.field_name: token, "expires_in": self.expires_in}))
