"""A repository at an endpoint: the read requests of OCI Distribution 1.1."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from pinned_images.errors import (
    AccessDenied,
    ImageNotFound,
    InvalidReference,
    RegistryUnavailable,
    ResolutionError,
    UntrustedAnswer,
)
from pinned_images.media_types import OCI_INDEX
from pinned_images.printable import quoted
from pinned_images.reference import Digest
from pinned_images.registry import manifest as manifests
from pinned_images.registry.auth.authenticator import Authenticator
from pinned_images.registry.auth.credentials import Credentials
from pinned_images.registry.endpoints import Endpoint, Kind, Target
from pinned_images.registry.host_profiles import profile_of
from pinned_images.registry.http.bodies import LONGEST_BODY
from pinned_images.registry.http.exchange_errors import TransientError
from pinned_images.registry.http.messages import Request, Response
from pinned_images.registry.manifest import Descriptor, Manifest
from pinned_images.registry.paging import MOST_PAGES, MOST_TAGS, PAGE_SIZE, next_page, parse_tags
from pinned_images.wording import counted

_OK = 200
_BAD_REQUEST = 400
_NOT_FOUND = 404
_REFUSED = frozenset({401, 403})
# RFC 9110, section 15.5.6: HEAD is known but refused; section 15.6.2: it is not known.
_HEAD_REFUSED = frozenset({405, 501})
_JSON = "application/json"
_USER_AGENT = "pinned-images"


class Repository:
    """The requests that read a repository, each answered or failed with a `ResolutionError`.

    Its errors name no image: a caller adds it with `ResolutionError.about`.

    Args:
        authenticator: Sends the requests.
        target: The repository.
        deadline: The value of `time.monotonic` at which there must be answers.
    """

    def __init__(self, authenticator: Authenticator, target: Target, deadline: float) -> None:
        self._authenticator = authenticator
        self._target = target
        self._deadline = deadline

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint of the repository."""
        return self._target.endpoint

    def head_manifest(self, identifier: str) -> Descriptor | None:
        """The descriptor of a tag or a digest, by HEAD; None where GET is needed.

        Registries and the proxies before them fail at HEAD in many ways (405, 403 of an address
        that is signed for GET, 404, 406, 500, a connection that ends), so that whatever is no
        answer to HEAD is asked again by GET. It is the answer where too many requests came (429),
        where a challenge explains it, and at hosts that are known to answer HEAD.
        """
        is_probe = not profile_of(self._target.endpoint.netloc).answers_head
        try:
            response = self._ask("HEAD", "manifests", identifier, is_probe=is_probe)
        except TransientError:
            return None
        if response.status in _HEAD_REFUSED or (is_probe and response.status != _OK):
            return None
        self._require_ok(response, identifier)
        media_type = manifests.plain_type(response.headers.get("Content-Type"))
        manifests.refuse_schema_1(media_type)
        length = response.headers.get("Content-Length", "")
        # A host that we were redirected to is not the one that we authenticated.
        is_moved = response.request.origin != Request("HEAD", self.endpoint.origin).origin
        is_encoded = response.headers.get("Content-Encoding", "identity") not in ("", "identity")
        is_whole = length.isdecimal() and 0 < int(length[:12]) <= LONGEST_BODY
        if is_moved or is_encoded or not is_whole or media_type not in manifests.TYPES:
            return None
        digest = _stated_digest(response)
        if digest is None or digest.algorithm != _algorithm_of(identifier):
            return None
        return Descriptor(digest, media_type)

    def get_manifest(self, identifier: str) -> Manifest:
        """A manifest whose hash is compared with the stated and the requested digest."""
        response = self._ask("GET", "manifests", identifier)
        self._require_ok(response, identifier)
        content_type = response.headers.get("Content-Type")
        try:
            manifest = manifests.parse_manifest(response.body, content_type)
        except UntrustedAnswer as error:
            # A login page, perhaps.
            if "html" not in (content_type or "").lower() or self._is_logged_in:
                raise
            raise error.noted(
                "It was asked without credentials: log in if the image is private "
                f"({self.endpoint.login_command})."
            ) from None
        if any(response.headers.getlist("Docker-Content-Digest")):
            stated = _stated_digest(response)
            if stated is None or not stated.matches(response.body):
                raise _differing("from the one in its Docker-Content-Digest header")
        if ":" in identifier and not Digest(identifier).matches(response.body):
            raise _differing("from the one that was asked for")
        return manifest

    def get_blob(self, digest: Digest) -> bytes:
        """A small blob, such as the configuration of an image, up to 4 MiB."""
        response = self._ask("GET", "blobs", digest)
        self._require_ok(response, digest)
        if not digest.matches(response.body):
            raise _differing("from the one that was asked for")
        return response.body

    def list_tags(self) -> list[str]:
        """All tags, each once."""
        first = f"{self._target.url('tags', 'list')}?n={PAGE_SIZE}"
        found: dict[str, None] = {}
        for page in self._pages(first):
            found.update(dict.fromkeys(parse_tags(page)))
            if len(found) > MOST_TAGS:
                raise UntrustedAnswer(
                    f"its list has more than {MOST_TAGS} tags",
                    "name the tag, or check with those who run the registry",
                )
        return list(found)

    def referrers(self, digest: Digest, artifact_type: str | None = None) -> list[Descriptor]:
        """The referrers of a manifest: signatures, attestations and other artifacts.

        Args:
            digest: The digest of the manifest.
            artifact_type: The type of artifacts; all by default.
        """
        url = self._target.url("referrers", digest)
        if artifact_type is not None:
            url += f"?artifactType={quote(artifact_type, safe='')}"
        try:
            pages = list(self._pages(url, accept=OCI_INDEX))
        except ImageNotFound:
            pages = self._referrers_by_tag(digest)
        found = [each for page in pages for each in manifests.parse_descriptors(page)]
        # A registry may pass the filter over (OCI Distribution 1.1, "Listing Referrers").
        return [each for each in found if artifact_type in (None, each.artifact_type)]

    def _referrers_by_tag(self, digest: Digest) -> list[bytes]:
        """The index at the tag that replaces the API where a registry lacks it (same section)."""
        tag = digest.replace(":", "-", 1)[:128]
        try:
            return [self.get_manifest(tag).body]
        except ImageNotFound:
            return []

    def _pages(self, url: str, accept: str = _JSON) -> Iterator[bytes]:
        next_url: str | None = url
        seen: set[str] = set()
        while next_url is not None:
            # Some registries give the last page again and again.
            if next_url in seen or len(seen) >= MOST_PAGES:
                raise UntrustedAnswer(
                    f"its list has no end within {counted(len(seen), 'page')}",
                    "check with those who run the registry",
                )
            seen.add(next_url)
            request = Request("GET", next_url, {"User-Agent": _USER_AGENT, "Accept": accept})
            response = self._authenticator.fetch(request, self._target, self._deadline)
            self._require_ok(response, None)
            yield response.body
            next_url = next_page(next_url, response.headers.get("Link"))

    def _ask(self, method: str, kind: Kind, identifier: str, *, is_probe: bool = False) -> Response:
        headers = {"User-Agent": _USER_AGENT}
        if kind == "manifests":
            headers["Accept"] = manifests.ACCEPT
        request = Request(method, self._target.url(kind, identifier), headers)
        return self._authenticator.fetch(request, self._target, self._deadline, is_probe=is_probe)

    def _require_ok(self, response: Response, identifier: str | None) -> None:
        """Raise the error of any status but 200.

        Raises:
            ResolutionError: The error of the status.
        """
        if response.status == _OK:
            return
        raise self._error_of(response.status, identifier)

    def _error_of(self, status: int, identifier: str | None) -> ResolutionError:
        if status not in (_BAD_REQUEST, _NOT_FOUND, *_REFUSED):
            return self._plain_error(status, identifier)
        credentials = self._authenticator.credentials_for(self._target, self._deadline)
        if isinstance(credentials, Credentials):
            return self._plain_error(status, identifier)
        command = self.endpoint.login_command
        error = self._plain_error(
            status,
            identifier,
            seen=", asked without credentials",
            login=f", or log in if the image is private ({command})",
        )
        if credentials is None:
            return error
        return error.noted(f"Credentials for it cannot be read: {credentials}")

    def _plain_error(
        self, status: int, identifier: str | None, seen: str = "", login: str = ""
    ) -> ResolutionError:
        name, host = self._target.name, self.endpoint.credentials_host
        if status == _NOT_FOUND and identifier is None:
            return ImageNotFound(
                f"it has no repository {quoted(name)} (404){seen}", f"check the name{login}"
            )
        if status == _NOT_FOUND:
            return ImageNotFound(
                f"it has no {quoted(identifier)} in {quoted(name)}, or no such repository (404)"
                f"{seen}",
                f"check the name and the tag{login}",
            )
        if status in _REFUSED:
            remedy = "check the name, and the permissions of the account that is logged in"
            return AccessDenied(
                f"it does not let us read {quoted(name)} ({status}){seen}",
                f"check the name{login}" if login else remedy,
            )
        return RegistryUnavailable(
            f"it answered {status}{seen}",
            f"check that {host} is the address of a registry, and that no proxy answers in its "
            f"place{login}",
        )

    @property
    def _is_logged_in(self) -> bool:
        return self._authenticator.has_credentials_for(self._target)


def _algorithm_of(identifier: str) -> str:
    """The algorithm of the expected digest: that of the requested digest, else SHA-256."""
    algorithm, colon, _ = identifier.partition(":")
    return algorithm if colon else "sha256"


def _stated_digest(response: Response) -> Digest | None:
    """The digest in ``Docker-Content-Digest``, which may be quoted, repeated or in capitals."""
    values = response.headers.getlist("Docker-Content-Digest")
    stated = {each.strip(' \t"').lower() for value in values for each in value.split(",")} - {""}
    if len(stated) != 1:
        return None
    try:
        return Digest(stated.pop())
    except InvalidReference:
        return None


def _differing(how: str) -> UntrustedAnswer:
    return UntrustedAnswer(
        f"the digest of what it sent differs {how}", "check with those who run the registry"
    )
