"""``pinned-images resolve``: the digests of images by name."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import click
from click.exceptions import Exit

from pinned_images.cli.exit_codes import ExitCode, code_of, worst
from pinned_images.cli.output import error, write, write_document
from pinned_images.cli.shared_options import json_option, registry_options
from pinned_images.errors import InvalidReference, PinnedImagesError

if TYPE_CHECKING:
    from pinned_images.cli.documents.command_documents import ResolvedImage
    from pinned_images.cli.shared_options import Network
    from pinned_images.reference import Platform
    from pinned_images.resolution import Outcome, ResolutionRequest

# An answer lists the platforms of an image if the image has the requested one; all of
# these cost one request.
_USUAL_PLATFORMS = (
    "linux/amd64",
    "linux/arm64",
    "windows/amd64",
    "linux/arm/v7",
    "linux/386",
    "linux/ppc64le",
    "linux/s390x",
    "linux/riscv64",
)


class _Answer(NamedTuple):
    """One argument: its requests in order of precedence, or an error."""

    text: str
    requests: tuple[ResolutionRequest, ...] = ()
    error: PinnedImagesError | None = None


@click.command()
@click.argument("references", metavar="[REF]...", nargs=-1)
@click.option("--platform", metavar="OS/ARCH", help="The digest of this platform's own manifest.")
@json_option
@registry_options
def resolve(
    references: tuple[str, ...],
    platform: str | None,
    as_json: bool,  # noqa: FBT001 - a flag
    network: Network,
) -> None:
    """Print each image with its digest.

    Without REF, or for -, images are read from the input. Images that cannot be resolved are
    reported on the error stream, and the others are printed.
    """
    chosen = _platform(platform)
    answers = [_asked(text, chosen, as_json=as_json) for text in _given(references)]
    requests = [request for answer in answers for request in answer.requests]
    outcomes = network.registries.resolve(requests) if requests else {}
    if as_json:
        _write_json(answers, outcomes)
    codes: list[ExitCode] = []
    for answer in answers:
        outcome = _outcome(answer, outcomes)
        if isinstance(outcome, PinnedImagesError):
            codes.append(code_of(outcome))
            error(str(outcome))
        elif not as_json:
            write(f"{_pinned(answer, outcome.digest)}\n")
    raise Exit(worst(codes))


def _write_json(answers: Sequence[_Answer], outcomes: Mapping[ResolutionRequest, Outcome]) -> None:
    from pinned_images.cli.documents.command_documents import Resolved, split  # noqa: PLC0415 - for --help

    found = {answer.text: _outcome(answer, outcomes) for answer in answers}
    problems, unknown = split(
        (text, outcome) for text, outcome in found.items() if isinstance(outcome, PinnedImagesError)
    )
    images = [_plain(answer, outcomes) for answer in answers]
    write_document(Resolved(images=images, problems=problems, unknown=unknown))


def _platform(text: str | None) -> Platform | None:
    from pinned_images.reference import Platform  # noqa: PLC0415 - for --help

    try:
        return None if text is None else Platform.parse(text)
    except InvalidReference as refusal:
        raise click.BadParameter(str(refusal), param_hint="--platform") from refusal


def _given(references: Sequence[str]) -> list[str]:
    """The references in the arguments, and in stdin for ``-``."""
    if not references and sys.stdin.isatty():
        raise click.UsageError("Give image references, or pipe them in.")
    given: list[str] = []
    for text in references or ["-"]:
        if text == "-":
            given += (line.strip() for line in sys.stdin)
        else:
            given.append(text)
    return [text for text in given if text and not text.startswith("#")]


def _asked(text: str, platform: Platform | None, *, as_json: bool) -> _Answer:
    from pinned_images.reference import ImageReference, Platform  # noqa: PLC0415 - for --help
    from pinned_images.resolution import ResolutionRequest  # noqa: PLC0415 - for --help

    try:
        reference = ImageReference.parse(text)
    except InvalidReference as refusal:
        return _Answer(text, error=refusal)
    if platform is not None:
        return _Answer(text, (ResolutionRequest(reference, platform, select=True),))
    plain = ResolutionRequest(reference)
    if not as_json:
        return _Answer(text, (plain,))
    usual = (ResolutionRequest(reference, Platform.parse(each)) for each in _USUAL_PLATFORMS)
    return _Answer(text, (*usual, plain))


def _outcome(
    answer: _Answer, outcomes: Mapping[ResolutionRequest, Outcome]
) -> Outcome | PinnedImagesError:
    """The first outcome that is no error; else the error of the last request."""
    if answer.error is not None:
        return answer.error
    given = [outcomes[request] for request in answer.requests]
    return next((each for each in given if not isinstance(each, PinnedImagesError)), given[-1])


def _pinned(answer: _Answer, digest: str) -> str:
    return str(answer.requests[-1].reference.with_digest(digest))


def _plain(answer: _Answer, outcomes: Mapping[ResolutionRequest, Outcome]) -> ResolvedImage:
    from pinned_images.cli.documents.command_documents import ResolvedImage  # noqa: PLC0415 - for --help

    outcome = _outcome(answer, outcomes)
    if isinstance(outcome, PinnedImagesError):
        return ResolvedImage(
            reference=answer.text,
            pinned=None,
            digest=None,
            media_type=None,
            platforms=[],
            error=str(outcome),
        )
    selected = answer.requests[0]
    platforms: Iterable[object] = outcome.platforms
    if selected.select and selected.platform is not None:
        platforms = [selected.platform]
    return ResolvedImage(
        reference=answer.text,
        pinned=_pinned(answer, outcome.digest),
        digest=str(outcome.digest),
        media_type=outcome.media_type,
        platforms=[str(each) for each in platforms],
        error=None,
    )
