"""The responses of a registry: the pull half of the OCI Distribution specification 1.1.

Nothing here knows of sockets: a `Request` goes in, an `Answer` comes out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import RLock
from urllib.parse import parse_qs, unquote, urlsplit

from pinned_images.media_types import DOCKER_LIST
from pinned_images.reference import Digest
from pinned_images.testing._images import Image, Manifest
from pinned_images.testing._protection import ROOT, Credentials, Protection, Tokens

_ROUTE = re.compile(r"/v2/(?P<repository>.+)/(?P<kind>manifests|blobs|tags)/(?P<name>[^/]+)")
_SCOPE = re.compile(r"(?:^| )repository:(\S+):\S*pull")
_KINDS = {"manifests": "manifest", "blobs": "blob", "tags": "tags"}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; the names of its headers are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path, unquoted."""
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, list[str]]:
        """The parameters of the URL."""
        return parse_qs(urlsplit(self.target).query)

    @property
    def kind(self) -> str:
        """The kind of request: ``HEAD manifest``, ``GET blob``, ``POST token``, ``GET base``..."""
        route = _ROUTE.fullmatch(self.path)
        if route:
            return f"{self.method} {_KINDS[route['kind']]}"
        named = {"/v2/": "base", "/token": "token"}
        return f"{self.method} {named.get(self.path, 'other')}"


def combined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by their names in lower case, those of one name as one (RFC 9110, section 5.3)."""
    together: dict[str, str] = {}
    for name, text in headers:
        key = name.lower()
        together[key] = f"{together[key]}, {text}" if key in together else text
    return together


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of_json(cls, status: int, value: object, **headers: str) -> Answer:
        """A JSON document; an underscore in a header's name means a dash."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        body = json.dumps(value).encode()
        return cls(status, {"Content-Type": "application/json"} | named, body)

    @classmethod
    def error(cls, status: int, code: str, message: str, **headers: str) -> Answer:
        """An error as in the specification's section "Error Codes"."""
        return cls.of_json(status, {"errors": [{"code": code, "message": message}]}, **headers)


@dataclass(slots=True)
class Repository:
    """One repository's content."""

    tags: dict[str, Digest] = field(default_factory=dict)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)

    def add(self, image: Image, tag: str | None) -> Digest:
        """Store an image under a tag."""
        self.blobs |= image.blobs
        self.manifests |= {manifest.digest: manifest for manifest in image.manifests}
        if tag is not None:
            self.tags[tag] = image.top.digest
        return image.top.digest

    def find(self, name: str) -> Manifest | None:
        """The manifest that a tag or a digest names."""
        return self.manifests.get(self.tags.get(name, name))

    def converted(self, manifest: Manifest) -> Manifest:
        """The linux/amd64 manifest of a list: what registries give to clients from before lists."""
        entries = json.loads(manifest.content)["manifests"]
        for entry in entries:
            if (entry["platform"]["os"], entry["platform"]["architecture"]) == ("linux", "amd64"):
                return self.manifests[entry["digest"]]
        return manifest


class Registry:
    """Repositories, their access control, and the responses to requests."""

    def __init__(self, token_lifetime: float) -> None:
        self.service = ""
        self.token_lifetime = token_lifetime
        self.lock = RLock()
        self.repositories: dict[str, Repository] = {}
        self.protections: list[Protection] = []
        self.tokens = Tokens()

    def answer(self, request: Request) -> Answer:
        """The answer to any request."""
        with self.lock:
            if request.path == "/token":
                return self._token(request)
            if request.method not in ("GET", "HEAD"):
                return Answer.error(405, "UNSUPPORTED", "this registry is read-only over HTTP")
            if request.path == "/v2/":
                return self._refusal(request, ROOT) or Answer.of_json(200, {})
            route = _ROUTE.fullmatch(request.path)
            if route is None:
                return Answer.error(404, "UNSUPPORTED", "no such endpoint")
            return self._refusal(request, route["repository"]) or self._content(
                request, **route.groupdict()
            )

    def _content(self, request: Request, repository: str, kind: str, name: str) -> Answer:
        place = self.repositories.get(repository)
        if place is None:
            return Answer.error(404, "NAME_UNKNOWN", "repository name not known to registry")
        if kind == "manifests":
            return _manifest(request, place, name)
        if kind == "blobs":
            return _blob(place, name)
        return _tags(request, place, repository)

    def _protection(self, repository: str) -> Protection | None:
        """The protection of a repository; clients that ping the root learn the scheme there."""
        if repository == ROOT:
            return next(iter(self.protections), None)
        return next((found for found in self.protections if found.covers(repository)), None)

    def _refusal(self, request: Request, repository: str) -> Answer | None:
        protection = self._protection(repository)
        header = request.headers.get("authorization", "")
        if protection is None:
            return None
        if protection.scheme == "basic":
            if protection.admits(Credentials.from_header(header)):
                return None
            challenge = f'Basic realm="{self.service}"'
        else:
            scheme, _, token = header.partition(" ")
            if scheme.lower() == "bearer" and self.tokens.opens(token, repository):
                return None
            challenge = f'Bearer realm="http://{self.service}/token",service="{self.service}"'
            if repository != ROOT:
                challenge += f',scope="repository:{repository}:pull"'
            if token:
                challenge += ',error="invalid_token"'
        return Answer.error(
            401, "UNAUTHORIZED", "authentication required", WWW_Authenticate=challenge
        )

    def _token(self, request: Request) -> Answer:
        """The token endpoint: GET with Basic, or OAuth2's POST with a refresh token."""
        oauth2 = request.method == "POST"
        if oauth2 and not any(protection.identity_token for protection in self.protections):
            return Answer.error(404, "UNSUPPORTED", "tokens are given for GET only")
        parameters = parse_qs(request.body.decode()) if oauth2 else request.query
        if parameters.get("service") != [self.service]:
            return Answer.error(400, "DENIED", f"the service is {self.service}")
        repositories = _SCOPE.findall(" ".join(parameters.get("scope", [])))
        if oauth2:
            granted = self._granted_by_identity_token(parameters, repositories)
        else:
            header = request.headers.get("authorization")
            granted = self._granted_by_password(header, repositories)
        if granted is None:
            return Answer.error(401, "UNAUTHORIZED", "incorrect user name, password or token")
        token = self.tokens.issue(granted, self.token_lifetime)
        named = "access_token" if oauth2 else "token"
        return Answer.of_json(200, {named: token, "expires_in": int(self.token_lifetime)})

    def _granted_by_password(self, header: str | None, wanted: list[str]) -> list[str] | None:
        """The repositories that credentials give access to; None for wrong ones.

        Without credentials: the public repositories.
        """
        presented = Credentials.from_header(header)
        known = {found.credentials for found in self.protections}
        if presented and presented not in known:
            return None
        granted: list[str] = []
        for repository in wanted:
            protection = self._protection(repository)
            if protection is None or protection.admits(presented):
                granted.append(repository)
            elif presented:
                return None
        return granted

    def _granted_by_identity_token(
        self, parameters: dict[str, list[str]], wanted: list[str]
    ) -> list[str] | None:
        protections = [found for found in map(self._protection, wanted) if found]
        presented = parameters.get("refresh_token", [""])[0]
        if parameters.get("grant_type") != ["refresh_token"] or not presented:
            return None
        if any(protection.identity_token != presented for protection in protections):
            return None
        return wanted


def _manifest(request: Request, repository: Repository, name: str) -> Answer:
    manifest = repository.find(name)
    if manifest is None:
        return Answer.error(404, "MANIFEST_UNKNOWN", "manifest unknown")
    by_tag = name in repository.tags
    if manifest.media_type == DOCKER_LIST and by_tag and not _accepts(request, manifest):
        manifest = repository.converted(manifest)
    if not _accepts(request, manifest):
        return Answer.error(404, "MANIFEST_UNKNOWN", f"not accepted: {manifest.media_type}")
    headers = {
        "Content-Type": manifest.media_type,
        "Docker-Content-Digest": str(manifest.digest),
        "ETag": f'"{manifest.digest}"',
    }
    return Answer(200, headers, manifest.content)


def _accepts(request: Request, manifest: Manifest) -> bool:
    """Whether the client takes the media type (RFC 9110, section 12.5.1, without weights)."""
    header = request.headers.get("accept", "*/*")
    types = {part.partition(";")[0].strip() for part in header.split(",")}
    return bool(types & {manifest.media_type, "application/*", "*/*"})


def _blob(repository: Repository, name: str) -> Answer:
    content = repository.blobs.get(name)
    if content is None:
        return Answer.error(404, "BLOB_UNKNOWN", "blob unknown to registry")
    headers = {"Content-Type": "application/octet-stream", "Docker-Content-Digest": name}
    return Answer(200, headers, content)


def _tags(request: Request, repository: Repository, name: str) -> Answer:
    """The section "Listing Tags": sorted, and cut by ``n`` and ``last``."""
    last = request.query.get("last", [""])[0]
    tags = [tag for tag in sorted(repository.tags) if tag > last]
    limit = request.query.get("n", [""])[0]
    page = tags[: int(limit)] if limit.isdecimal() else tags
    value = {"name": name, "tags": page}
    if page and len(page) < len(tags):
        link = f'</v2/{name}/tags/list?n={limit}&last={page[-1]}>; rel="next"'
        return Answer.of_json(200, value, Link=link)
    return Answer.of_json(200, value)
