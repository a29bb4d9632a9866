"""What went wrong on the way, before it becomes the one sentence that a user reads."""

from __future__ import annotations

from pinned_images.errors import ResolutionError


class Failure(Exception):
    """A cause found where the image's name is not known; the client makes the sentence of it.

    Args:
        kind: The class of the error that the user gets.
        cause: A clause that follows "because": "it answered 503 five times".
        remedy: What to do next, as a clause that follows a colon.
    """

    def __init__(self, kind: type[ResolutionError], cause: str, remedy: str) -> None:
        super().__init__(cause)
        self.kind = kind
        self.cause = cause
        self.remedy = remedy
