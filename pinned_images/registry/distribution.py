"""The client of the OCI Distribution protocol: a reference goes in, a digest comes out."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Literal

from pinned_images.errors import (
    AccessDenied,
    ImageNotFound,
    InvalidReference,
    PlatformMismatch,
    RegistryUnavailable,
    ResolutionError,
    UntrustedAnswer,
)
from pinned_images.reference import Digest, ImageReference, Platform
from pinned_images.registry import manifest as manifests
from pinned_images.registry import paging
from pinned_images.registry.auth import ConfiguredKeychain, Credentials, Keychain
from pinned_images.registry.auth.authenticator import Authenticator, Target
from pinned_images.registry.endpoints import Endpoint
from pinned_images.registry.http.client import HttpClient
from pinned_images.registry.http.transport import LONGEST_BODY, Request, Response
from pinned_images.registry.manifest import Entry, Manifest
from pinned_images.registry.mirrors import PASSED_OVER
from pinned_images.registry.platforms import best_match, mismatch
from pinned_images.registry.settings import RegistrySettings
from pinned_images.resolution import Outcome, Resolution, ResolutionRequest

_logger = logging.getLogger(__name__)

_OK = 200
# RFC 9110, section 15.5.6: HEAD is known but refused; section 15.6.2: it is not known.
_HEAD_REFUSED = frozenset({405, 501})
_NOT_FOUND = 404
_REFUSED = frozenset({401, 403})
_MOST_UNNAMED = 16
_JSON = "application/json"
_USER_AGENT = "pinned-images"


@dataclass(frozen=True, slots=True)
class _Found:
    """What a tag or an index leads to: its digest and type, and the manifest where it was read."""

    digest: Digest
    media_type: str
    manifest: Manifest | None = None


class DistributionClient:
    """Asks registries for digests, over connections and tokens that are kept for the next image.

    Args:
        settings: How registries are asked.
        keychain: Gives the keychain when it is first needed; docker's and podman's if left out.
        environ: Where proxies, CA bundles and the places of credentials stand.

    Example:
        >>> client = DistributionClient(RegistrySettings())
        >>> request = ResolutionRequest(ImageReference.parse("nginx:1.25"))
        >>> client.resolve(request, deadline=time.monotonic() + 60)  # doctest: +SKIP
        Resolution(digest='sha256:...', ...)
    """

    def __init__(
        self,
        settings: RegistrySettings,
        keychain: Callable[[], Keychain] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        environment = os.environ if environ is None else environ
        self._settings = settings
        self._authenticator = Authenticator(
            HttpClient(settings, environment),
            keychain or (lambda: ConfiguredKeychain.read(environment)),
        )

    def without_mirrors(self) -> DistributionClient:
        """A client over the same connections that asks the registries themselves."""
        other = copy(self)
        other._settings = replace(  # noqa: SLF001  a copy of this very object
            self._settings, mirrors={}
        )
        return other

    def has_credentials_for(self, reference: ImageReference) -> bool:
        """Whether the keychain has credentials for an image's registry; False if it is broken."""
        *_, target = self._targets(reference, None)
        return self._authenticator.has_credentials_for(target)

    def resolve(
        self,
        request: ResolutionRequest,
        *,
        credentials: Credentials | None = None,
        deadline: float,
    ) -> Resolution:
        """Learn one image's digest, from its mirror where it has one.

        Args:
            request: What is asked for.
            credentials: Who asks; None to use the keychain. They go to the registry itself only,
                never to a mirror.
            deadline: The value of `time.monotonic` at which there must be an answer.

        Raises:
            ResolutionError: There is none, and the message says why.
        """
        outcome = self.resolve_all([request], credentials=credentials, deadline=deadline)[request]
        if isinstance(outcome, ResolutionError):
            raise outcome
        return outcome

    def resolve_all(
        self,
        requests: Sequence[ResolutionRequest],
        *,
        credentials: Credentials | None = None,
        deadline: float,
    ) -> dict[ResolutionRequest, Outcome]:
        """Response several requests for the *same* reference, whose tag is read once for all.

        Args:
            requests: They differ in their platforms only.
            credentials: As for `resolve`.
            deadline: As for `resolve`.
        """
        reference = requests[0].reference
        # Where anybody asks for a platform the manifest must be read, so HEAD would be in vain.
        whole = any(request.platform is not None for request in requests)
        conversations = [
            _Conversation(self._authenticator, target, reference, deadline, whole=whole)
            for target in self._targets(reference, credentials)
        ]
        return {request: _first_answer(conversations, request) for request in requests}

    def list_tags(
        self,
        reference: ImageReference,
        *,
        credentials: Credentials | None = None,
        deadline: float,
    ) -> list[str]:
        """The tags of an image's repository, in the registry's order.

        Args:
            reference: An image of the repository; its own tag does not count.
            credentials: As for `resolve`.
            deadline: As for `resolve`.

        Raises:
            ResolutionError: They cannot be listed, or there is no end of them.
        """
        *mirrors, last = self._targets(reference, credentials)
        for target in mirrors:
            try:
                return self._list_tags(reference, target, deadline)
            except PASSED_OVER as error:  # noqa: PERF203  one mirror at most
                _logger.info("%s Asking the registry itself.", error)
        return self._list_tags(reference, last, deadline)

    def _list_tags(self, reference: ImageReference, target: Target, deadline: float) -> list[str]:
        try:
            return list(dict.fromkeys(self._tags(reference, target, deadline)))
        except ResolutionError as error:
            name = f"{reference.registry}/{reference.repository}"
            raise error.about(
                name,
                str(target.endpoint),
                subject=f"The tags of {name!r}",
                predicate=f"could not be listed at {target.endpoint}",
            ) from None

    def _tags(self, reference: ImageReference, target: Target, deadline: float) -> Iterator[str]:
        first = target.endpoint.url(reference.repository, "tags", "list")
        url: str | None = f"{first}?n={paging.PAGE_SIZE}"
        seen: set[str] = set()
        while url is not None:
            # Some registries give the last page again and again.
            if url in seen or len(seen) >= paging.MOST_PAGES:
                raise UntrustedAnswer(
                    f"its list of tags has no end within {len(seen)} pages",
                    "check with those who run the registry",
                )
            seen.add(url)
            request = Request("GET", url, {"User-Agent": _USER_AGENT, "Accept": _JSON})
            answer = self._authenticator.fetch(request, target, deadline)
            if answer.status == _NOT_FOUND:
                raise ImageNotFound(
                    f"it has no repository {reference.repository!r} (404)", "check the name"
                )
            _require_ok(answer, reference)
            yield from paging.parse_tags(answer.body)
            url = paging.next_page(url, answer.headers.get("Link"))

    def _targets(
        self, reference: ImageReference, credentials: Credentials | None
    ) -> Iterator[Target]:
        mirror = self._settings.mirror_of(reference.registry)
        if mirror is not None:
            endpoint = Endpoint.of_mirror(reference.registry, mirror)
            yield Target(endpoint, endpoint.qualified(reference.repository))
        if mirror is None or self._settings.mirror_fallback:
            insecure = self._settings.insecure_registries
            endpoint = Endpoint.of_registry(reference.registry, insecure)
            yield Target(endpoint, reference.repository, credentials)


def _first_answer(conversations: Sequence[_Conversation], request: ResolutionRequest) -> Outcome:
    """What the mirror says, or where it may be passed over, what the registry says."""
    *mirrors, last = conversations
    for conversation in mirrors:
        outcome = conversation.resolve(request)
        if not isinstance(outcome, PASSED_OVER):
            return outcome
        _logger.info("%s Asking the registry itself.", outcome)
    return last.resolve(request)


class _Conversation:
    """All that is asked about one image at one endpoint."""

    def __init__(
        self,
        authenticator: Authenticator,
        target: Target,
        reference: ImageReference,
        deadline: float,
        *,
        whole: bool,
    ) -> None:
        self._authenticator = authenticator
        self._visit = target
        self._reference = reference
        self._deadline = deadline
        self._whole = whole
        self._top: _Found | None = None
        self._images: dict[Platform, _Found] | None = None

    def resolve(self, request: ResolutionRequest) -> Outcome:
        endpoint = self._visit.endpoint
        try:
            top, platforms = self._answer(request)
        except ResolutionError as failure:
            error = failure.about(str(self._reference), str(endpoint))
            _logger.debug("%s", error)
            return error
        _logger.debug("%s is %s at %s", self._reference, top.digest, endpoint)
        return Resolution(top.digest, top.media_type, platforms, endpoint.source, endpoint.netloc)

    def _answer(self, request: ResolutionRequest) -> tuple[_Found, tuple[Platform, ...]]:
        if request.platform is None:
            return self._read_top(), ()
        images = self._read_images()
        platforms = tuple(images)
        match = best_match(request.platform, platforms)
        if match is None:
            raise mismatch(request.platform, platforms)
        return (images[match] if request.select else self._read_top()), platforms

    def _read_top(self) -> _Found:
        """What the tag names: by HEAD, or by GET where HEAD does not do or more is wanted."""
        if self._top is None:
            asked = self._reference.digest or self._reference.effective_tag or ""
            self._top = (None if self._whole else self._head(asked)) or self._get(asked)
        if self._reference.digest not in (None, self._top.digest):
            raise _differing("from the one that was asked for")
        return self._top

    def _head(self, identifier: str) -> _Found | None:
        """The digest in the headers; None where GET must be asked (OCI Distribution 1.1)."""
        answer = self._ask("HEAD", "manifests", identifier)
        if answer.status in _HEAD_REFUSED:
            return None
        _require_ok(answer, self._reference)
        media_type = manifests.plain_type(answer.headers.get("Content-Type"))
        manifests.refuse_schema_1(media_type)
        length = answer.headers.get("Content-Length", "")
        digest = _stated_digest(answer)
        # A host that we were redirected to is not the one that we authenticated.
        moved = answer.request.origin != Request("HEAD", self._visit.endpoint.origin).origin
        complete = length.isdecimal() and 0 < int(length[:12]) <= LONGEST_BODY
        if moved or not complete or media_type not in manifests.TYPES or digest is None:
            return None
        return _Found(digest, media_type) if digest.algorithm == "sha256" else None

    def _get(self, identifier: str) -> _Found:
        """The manifest itself, hashed, and compared with whatever claims to be its digest."""
        answer = self._ask("GET", "manifests", identifier)
        body = self._body(answer)
        manifest = manifests.parse_manifest(body, answer.headers.get("Content-Type"))
        if "Docker-Content-Digest" in answer.headers:
            stated = _stated_digest(answer)
            if stated is None or not stated.matches(body):
                raise _differing("from the one in its Docker-Content-Digest header")
        if ":" in identifier and not Digest(identifier).matches(body):
            raise _differing("from the one that was asked for")
        return _Found(manifest.digest, manifest.media_type, manifest)

    def _read_images(self) -> dict[Platform, _Found]:
        """The images under the tag by their platforms; of two for one platform the first."""
        if self._images is None:
            top = self._read_top()
            manifest = top.manifest
            images: dict[Platform, _Found] = {}
            if manifest is not None and manifest.media_type in manifests.MANIFEST_TYPES:
                images[self._configured_platform(manifest)] = top
            elif manifest is not None:
                for entry, platform in self._platforms_of(manifest.entries):
                    images.setdefault(platform, _Found(entry.digest, entry.media_type))
            self._images = images
        return self._images

    def _platforms_of(self, entries: Sequence[Entry]) -> list[tuple[Entry, Platform]]:
        """The images of an index; where it names no platform at all, they are asked themselves."""
        named = [(entry, entry.platform) for entry in entries if entry.platform is not None]
        if named:
            return named
        unnamed = [entry for entry in entries if entry.media_type in manifests.MANIFEST_TYPES]
        found = [(entry, self._get(entry.digest)) for entry in unnamed[:_MOST_UNNAMED]]
        return [
            (entry, self._configured_platform(top.manifest)) for entry, top in found if top.manifest
        ]

    def _configured_platform(self, manifest: Manifest) -> Platform:
        if manifest.config is None:
            raise _nameless()
        answer = self._ask("GET", "blobs", manifest.config)
        body = self._body(answer)
        if not manifest.config.matches(body):
            raise _differing("from the one under which the manifest names its configuration")
        platform = manifests.parse_platform(body)
        if platform is None:
            raise _nameless()
        return platform

    def _ask(self, method: str, kind: Literal["manifests", "blobs"], identifier: str) -> Response:
        url = self._visit.endpoint.url(self._reference.repository, kind, identifier)
        headers = {"User-Agent": _USER_AGENT}
        if kind == "manifests":
            headers["Accept"] = manifests.ACCEPT
        return self._authenticator.fetch(Request(method, url, headers), self._visit, self._deadline)

    def _body(self, answer: Response) -> bytes:
        _require_ok(answer, self._reference)
        length = answer.headers.get("Content-Length", "")
        if length.isdecimal() and int(length[:12]) != len(answer.body):
            raise UntrustedAnswer("its answer is not as long as it says", "try again later")
        return answer.body


def _stated_digest(answer: Response) -> Digest | None:
    try:
        return Digest(answer.headers.get("Docker-Content-Digest", "").strip())
    except InvalidReference:
        return None


def _require_ok(answer: Response, reference: ImageReference) -> None:
    if answer.status == _OK:
        return
    if answer.status == _NOT_FOUND:
        identifier = reference.digest or reference.effective_tag
        raise ImageNotFound(
            f"it has no {identifier!r} in {reference.repository!r}, or no such repository (404)",
            "check the name and the tag",
        )
    if answer.status in _REFUSED:
        raise AccessDenied(
            f"it does not let us read {reference.repository!r} ({answer.status})",
            "check the name, and the permissions of whoever is logged in",
        )
    raise RegistryUnavailable(f"it answered {answer.status}", "try again later")


def _differing(how: str) -> UntrustedAnswer:
    return UntrustedAnswer(
        f"the digest of what it sent differs {how}",
        "check with those who run the registry",
    )


def _nameless() -> PlatformMismatch:
    return PlatformMismatch(
        "the image does not say on which platform it runs",
        "check that it is an image, or do not have its platform checked",
    )
