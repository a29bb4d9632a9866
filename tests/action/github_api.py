"""The comments of a pull request, as api.github.com keeps them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from pinned_images.report.fitted_markdown import COMMENT_BYTES
from tests.registry.loopback import Received, Reply

BOT = "github-actions[bot]"


@dataclass
class PullRequest:
    """Pull request 7 of acme/shop.

    Attributes:
        comments: Its comments, as the API gives them.
        refusal: The status of every answer to a write, where the token may not comment.
        failure: The status of every answer.
    """

    comments: list[dict[str, Any]] = field(default_factory=list)
    refusal: int | None = None
    failure: int | None = None

    def add(self, body: str, author: str = BOT) -> None:
        """A comment that is there already."""
        number = 1000 + len(self.comments)
        self.comments.append({"id": number, "user": {"login": author}, "body": body})

    @property
    def bodies(self) -> list[str]:
        """The texts of the comments."""
        return [comment["body"] for comment in self.comments]

    def respond(self, received: Received) -> Reply:
        """Answer a request."""
        assert received.authorization == "Bearer ghs_secret"
        if self.failure is not None:
            return _reply(self.failure, {"message": "::error::Not for you"})
        if (received.method, received.path) == ("GET", "/repos/acme/shop/issues/7/comments"):
            [page], [size] = received.query["page"], received.query["per_page"]
            first = (int(page) - 1) * int(size)
            return _reply(200, self.comments[first : first + int(size)])
        if self.refusal is not None:
            return _reply(self.refusal, {"message": "Resource not accessible by integration"})
        return self._write(received)

    def _write(self, received: Received) -> Reply:
        body = json.loads(received.body)["body"]
        if len(body.encode()) > COMMENT_BYTES:
            return _reply(422, {"message": "Body is too long (maximum is 65536 characters)"})
        if (received.method, received.path) == ("POST", "/repos/acme/shop/issues/7/comments"):
            self.add(body)
            return _reply(201, self.comments[-1])
        found = re.fullmatch(r"/repos/acme/shop/issues/comments/(\d+)", received.path)
        if received.method == "PATCH" and found:
            self.comments[int(found[1]) - 1000]["body"] = body
            return _reply(200, {})
        return _reply(404, {"message": "Not Found"})


def _reply(status: int, content: Any) -> Reply:
    return Reply(status, {"Content-Type": "application/json"}, json.dumps(content).encode())
