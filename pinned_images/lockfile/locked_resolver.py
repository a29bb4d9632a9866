"""A resolver that answers from the lock file; only missing images are resolved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from pinned_images.errors import NotLocked, PlatformMismatch, ResolutionError, UntrustedAnswer
from pinned_images.lockfile.entries import LockEntry, LockKey
from pinned_images.lockfile.file import DEFAULT_NAME, LockFile
from pinned_images.lockfile.update_modes import synth_with_lookups
from pinned_images.option_types import UpdateMode
from pinned_images.reference import Platform
from pinned_images.resolution import (
    Outcome,
    Resolution,
    ResolutionRequest,
    Resolver,
    outcome_of,
)


class LockedResolver:
    """A resolver that reads a lock file, resolves what the file lacks, and adds it to the file.

    Args:
        inner: The resolver of missing images, or a function that makes it, called only if
            an image is missing.
        path: The lock file; it need not exist yet.
        mode: ``missing`` resolves what the file lacks, ``always`` resolves every request again,
            ``never`` resolves nothing.
        fix_command: The command that adds what is missing, for errors in mode ``never``; by
            default, a synth with lookups.

    Example:
        >>> from pinned_images.reference import ImageReference
        >>> request = ResolutionRequest(ImageReference.parse("nginx:1.25"))
        >>> resolver = LockedResolver(lambda: 1 / 0, "absent.lock.json", mode="never")
        >>> resolver.resolve([request])[request]
        NotLocked("nginx:1.25 is not in ...")
    """

    def __init__(
        self,
        inner: Resolver | Callable[[], Resolver],
        path: str | Path = DEFAULT_NAME,
        mode: UpdateMode = "missing",
        *,
        fix_command: str | None = None,
    ) -> None:
        self._inner = inner
        self._path = Path(path)
        self._mode = mode
        self._fix_command = fix_command or synth_with_lookups()

    def resolve(self, requests: Sequence[ResolutionRequest]) -> Mapping[ResolutionRequest, Outcome]:
        """Answer each request, from the file where it can; see `Resolver.resolve`.

        Raises:
            LockFileError: The file is broken, or has to change and cannot be written.
        """
        lock = LockFile.read(self._path)
        outcomes: dict[ResolutionRequest, Outcome] = {}
        questions: list[_Question] = []
        for request in dict.fromkeys(requests):
            key = None if self._mode == "always" else lock.answering(LockKey.of(request))
            entry = None if key is None else lock.entries[key]
            is_whole = key is not None and key.platform is None
            outcome = self._known(entry, request, is_whole=is_whole)
            if outcome is not None:
                outcomes[request] = outcome
            elif self._mode == "never":
                outcomes[request] = self._not_locked(entry, request)
            else:
                questions.append(_Question.about(request, entry))
        if questions:
            outcomes.update(self._learn(questions))
        return outcomes

    def _known(
        self, entry: LockEntry | None, request: ResolutionRequest, *, is_whole: bool
    ) -> Outcome | None:
        """The answer of an entry; None where the entry lacks the platforms."""
        if entry is None:
            return None
        if request.platform is not None and is_whole:
            runs = entry.runs_on(request.platform)
            if runs is None:
                return None
            if not runs:
                return self._mismatch(request, entry.platforms or ())
        return Resolution(
            entry.digest, entry.media_type, entry.platforms or (), "lock-file", self._path.name
        )

    def _learn(self, questions: Sequence[_Question]) -> dict[ResolutionRequest, Outcome]:
        answers = self._resolver().resolve([question.asked for question in questions])
        outcomes = {
            question.request: question.check(outcome_of(question.asked, answers))
            for question in questions
        }
        _refuse_moving_tags(outcomes)
        found = _entries(outcomes)
        if self._mode == "always":
            LockFile.change(self._path, lambda lock: lock.replaced(found))
            return outcomes
        lock = LockFile.change(self._path, lambda lock: lock.merged(found))
        return {
            request: self._as_locked(lock.entries.get(LockKey.of(request)), request, outcome)
            for request, outcome in outcomes.items()
        }

    def _as_locked(
        self, entry: LockEntry | None, request: ResolutionRequest, outcome: Outcome
    ) -> Outcome:
        """The answer itself, or the file's, where another synth just wrote another digest."""
        if entry is None or isinstance(outcome, ResolutionError) or entry.digest == outcome.digest:
            return outcome
        return self._known(entry, request, is_whole=not request.select) or _moved(request)

    def _resolver(self) -> Resolver:
        if isinstance(self._inner, type) or not hasattr(self._inner, "resolve"):
            self._inner = cast("Callable[[], Resolver]", self._inner)()
        return self._inner

    @property
    def _place(self) -> str:
        return f"the lock file {str(self._path)!r}"

    def _not_locked(self, entry: LockEntry | None, request: ResolutionRequest) -> NotLocked:
        if entry is None:
            subject = None
            problem = f"is not in {self._place}"
            if request.select:
                problem = f"for {request.platform} {problem}"
        else:
            subject = f"The lock file {str(self._path)!r}"
            problem = (
                f"does not say on which platforms {request.reference} runs, and "
                f"{request.platform} has to be verified"
            )
        return NotLocked(
            remedy=f"run `{self._fix_command}` and commit the file",
            reference=str(request.reference),
            place=self._place,
            subject=subject,
            predicate=f"{problem}, and the file is frozen",
        )

    def _mismatch(
        self, request: ResolutionRequest, platforms: Sequence[Platform]
    ) -> PlatformMismatch:
        return PlatformMismatch(
            f"{self._place} lists {', '.join(map(str, platforms))}",
            "set the workload's platform, use an image that has it, or run "
            f"`pinned-images lock update {request.reference}` if the image has gained it since",
            reference=str(request.reference),
            place=self._place,
            predicate=f"does not run on {request.platform}",
        )


@dataclass(frozen=True, slots=True)
class _Question:
    """A request, and the request to the inner resolver that answers it."""

    request: ResolutionRequest
    asked: ResolutionRequest

    @classmethod
    def about(cls, request: ResolutionRequest, entry: LockEntry | None) -> _Question:
        """The question for a request; a digest that is locked already is resolved by that digest.

        Only its platforms are missing then.
        """
        if entry is None:
            return cls(request, request)
        return cls(request, replace(request, reference=request.reference.with_digest(entry.digest)))

    def check(self, outcome: Outcome) -> Outcome:
        wanted = self.asked.reference.digest
        if wanted is None or self.request.select or isinstance(outcome, ResolutionError):
            return outcome
        if outcome.digest != wanted:
            return UntrustedAnswer(
                remedy="check the proxies and gateways on the way to the registry",
                reference=str(self.asked.reference),
                predicate=f"was asked for, and the answer is {outcome.digest}",
            )
        return outcome


def _refuse_moving_tags(outcomes: dict[ResolutionRequest, Outcome]) -> None:
    """Refuse two digests for one image in one synth: the tag has moved meanwhile."""
    first: dict[LockKey, Resolution] = {}
    moving: set[LockKey] = set()
    for request, outcome in outcomes.items():
        if isinstance(outcome, Resolution):
            known = first.setdefault(LockKey.of(request), outcome)
            if known.digest != outcome.digest:
                moving.add(LockKey.of(request))
    for request in outcomes:
        if LockKey.of(request) in moving:
            outcomes[request] = _moved(request)


def _moved(request: ResolutionRequest) -> UntrustedAnswer:
    return UntrustedAnswer(
        remedy="synthesize again",
        reference=str(request.reference),
        predicate="was given two digests at once, so its tag has just moved",
    )


def _entries(outcomes: Mapping[ResolutionRequest, Outcome]) -> dict[LockKey, LockEntry]:
    entries: dict[LockKey, LockEntry] = {}
    for request, outcome in outcomes.items():
        if isinstance(outcome, Resolution):
            key, entry = LockKey.of(request), LockEntry.of(request, outcome)
            entries[key] = entries[key].completed_by(entry) if key in entries else entry
    return entries
