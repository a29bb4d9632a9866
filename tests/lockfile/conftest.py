"""A lock file on disk, and a resolver that answers from a table and records requests."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from pinned_images.errors import ImageNotFound
from pinned_images.reference import Digest
from pinned_images.resolution import Outcome, Resolution, ResolutionRequest


class TableResolver:
    """A `Resolver` with a table of answers; other images are not found."""

    def __init__(self, answers: Mapping[str, Outcome | str] | None = None) -> None:
        self.answers = dict(answers or {})
        self.asked: list[str] = []

    def resolve(self, requests: Sequence[ResolutionRequest]) -> Mapping[ResolutionRequest, Outcome]:
        self.asked += [self.name(request) for request in requests]
        return {request: self.answer(request) for request in requests}

    def answer(self, request: ResolutionRequest) -> Outcome:
        answer = self.answers.get(self.name(request), ImageNotFound(f"No {request.reference}."))
        return Resolution(Digest.of(answer.encode())) if isinstance(answer, str) else answer

    @staticmethod
    def name(request: ResolutionRequest) -> str:
        platform = f" {request.platform}" if request.select else ""
        return f"{request.reference}{platform}"


@pytest.fixture
def table() -> type[TableResolver]:
    return TableResolver


@pytest.fixture
def lock_path() -> Iterator[Path]:
    """In a folder of its own, so that its permissions are the test's business alone."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "pinned-images.lock.json"
