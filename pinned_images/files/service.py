"""The HTTP service that changes images in a Git repository; needs Starlette.

Requests queue up: each works on a clone of its own, when the one before has pushed.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pinned_images.errors import ConfigurationError, InvalidReference, PinnedImagesError
from pinned_images.files.ecr_events import is_event, pushed_image
from pinned_images.files.git import Author, Clone, GitError, PushRejected, Target, redacted
from pinned_images.files.pinned_files import Changes
from pinned_images.files.publishing import Published, Unfinished, publish
from pinned_images.files.scanning import scan
from pinned_images.files.tags import ListedTags, TagSource
from pinned_images.files.updating import Update, update
from pinned_images.printable import printable
from pinned_images.reference import ImageReference
from pinned_images.resolution import Resolver

#: Longer bodies are refused; EventBridge's events have at most 256 KiB.
MAXIMUM_BODY = 256 * 1024
_MOST_REFERENCES = 1_000
_LONGEST_MESSAGE = 10_000

#: A function that writes a line to the log.
Log = Callable[[str], None]


class ChangeRequest(NamedTuple):
    """The content of a request.

    Attributes:
        update: Which references change, and to what; None to change nothing.
        message: The message of the commit.
    """

    update: Update | None
    message: str


class Registries(Resolver, TagSource, Protocol):
    """A source of digests and tags."""


@dataclass(frozen=True)
class Service:
    """The service: the repository and the settings of its changes.

    Attributes:
        target: The repository and its branch.
        paths: The files and folders in it that are changed.
        registries: The source of digests.
        author: The author of commits, if not the one that Git is configured with.
        token: The bearer token that requests have to carry; None for requests without one.
        log: Logs pushes and failures.
    """

    target: Target
    paths: Sequence[str]
    registries: Registries
    author: Author | None
    token: str | None
    log: Log

    def change(self, requested: ChangeRequest) -> Published:
        """Change, commit and push.

        Raises:
            PinnedImagesError: That failed, and nothing was pushed.
        """
        wanted = requested.update
        if wanted is None:
            return Published()

        def plan(base: Path) -> Changes:
            scanned = list(scan(self.paths, base=base, wanted=wanted.wanted))
            return update(scanned, wanted, self.registries, ListedTags(self.registries))

        with Clone(self.target, is_detached=True) as clone:
            return publish(clone, plan, requested.message, self.author)


def application(service: Service) -> Starlette:
    """The ASGI application of a service."""
    queue = asyncio.Lock()

    async def change(request: Request) -> Response:
        _authorize(request, service.token)
        requested = change_request_of(await _body(request), request.query_params)
        async with queue:
            published = await run_in_threadpool(service.change, requested)
        if published.commit is not None:
            service.log(f"Pushed {published.commit}: {requested.message.splitlines()[0]}")
        return JSONResponse(
            {
                "git-url": service.target.shown,
                "files": [f"/{name}" for name in published.files],
                "commit-sha": published.commit,
            }
        )

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    def failed(_: Request, error: Exception) -> Response:
        status, message = _answer(error)
        message = printable(redacted(message, service.target.url))
        if status >= _SERVER_ERROR or status == _CONFLICT:
            service.log(f"{status}: {message}")
        headers = error.headers if isinstance(error, HTTPException) else None
        return JSONResponse({"error": message}, status, headers=headers)

    return Starlette(
        routes=[
            Route("/", change, methods=["POST"]),
            Route("/healthz", health, methods=["GET"]),
        ],
        exception_handlers={
            HTTPException: failed,
            PinnedImagesError: failed,
            OSError: failed,
            Exception: failed,
        },
    )


_CONFLICT = 409
_SERVER_ERROR = 500


class BadRequest(PinnedImagesError):
    """A body that is no valid request; the message has the reason."""


# The first that an error is counts.
_STATUSES: Mapping[type[Exception], int] = {
    BadRequest: 400,
    PushRejected: _CONFLICT,
    GitError: 502,
    PinnedImagesError: _SERVER_ERROR,
}


def _answer(error: Exception) -> tuple[int, str]:
    """The status and the message of an error."""
    if isinstance(error, HTTPException):
        return error.status_code, error.detail
    if isinstance(error, Unfinished):
        changes = error.changes
        reasons = [*map(str, changes.errors.values()), *map(str, changes.refusals)]
        return 502 if changes.errors else 422, " ".join((str(error), *reasons))
    for kind, status in _STATUSES.items():
        if isinstance(error, kind):
            return status, str(error)
    return _SERVER_ERROR, f"The repository could not be changed ({type(error).__name__})."


def _authorize(request: Request, token: str | None) -> None:
    """Refuse requests without the token, and cross-site requests of browsers."""
    if token is None:
        if "origin" in request.headers:
            raise HTTPException(403, "Pages in a browser may not send requests.")
        return
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    known = hmac.compare_digest(given.strip().encode(), token.encode())
    if scheme.lower() != "bearer" or not known:
        raise HTTPException(
            401, "A bearer token is required.", headers={"WWW-Authenticate": "Bearer"}
        )


async def _body(request: Request) -> Mapping[str, Any]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAXIMUM_BODY:
            raise HTTPException(413, f"The body has more than {MAXIMUM_BODY} bytes.")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest("The body is not JSON.") from error
    if not isinstance(found, dict):
        raise BadRequest("The body is no JSON object.")
    return found


def change_request_of(body: Mapping[str, Any], parameters: Mapping[str, str]) -> ChangeRequest:
    """The task in a request.

    Args:
        body: cru's JSON, or an event of Amazon ECR.
        parameters: The query; for an event, ``matching-tag=true`` counts.

    Raises:
        BadRequest: It is no valid request.
    """
    try:
        if is_event(body):
            return _of_event(body, matching_tag=parameters.get("matching-tag") == "true")
        return _of_request(body)
    except (ConfigurationError, InvalidReference) as error:
        raise BadRequest(str(error)) from error


def _of_event(event: Mapping[str, Any], *, matching_tag: bool) -> ChangeRequest:
    image = pushed_image(event)
    if image is None:
        return ChangeRequest(None, "")
    message = f"Update {image.repository} to {image.tag}"
    return ChangeRequest(Update((image,), matching_tag), message)


def _of_request(body: Mapping[str, Any]) -> ChangeRequest:
    references = body.get("image-references")
    if not isinstance(references, list) or not all(isinstance(each, str) for each in references):
        raise BadRequest("'image-references' has to be a list of strings.")
    if not references:
        raise BadRequest("'image-references' is empty.")
    if len(references) > _MOST_REFERENCES:
        raise BadRequest(f"'image-references' has more than {_MOST_REFERENCES} elements.")
    message = body.get("commit-message")
    if not isinstance(message, str) or not message.strip() or "\0" in message:
        raise BadRequest("'commit-message' is empty.")
    if len(message) > _LONGEST_MESSAGE:
        raise BadRequest(f"'commit-message' has more than {_LONGEST_MESSAGE} characters.")
    parsed = tuple(ImageReference.parse(each) for each in references)
    resolves = _flag(body, "resolve-digest")
    requested = Update(parsed, _flag(body, "matching-tag"), "digest" if resolves else None)
    return ChangeRequest(requested, message)


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise BadRequest(f"{name!r} has to be true or false.")
    return value
