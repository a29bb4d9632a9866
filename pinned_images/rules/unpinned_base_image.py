"""The rule `unpinned-base-image`: an image asset that is built from images without a digest.

Its own tag is the hash of its source, which says nothing of what the source is built on: with
``FROM python:3.12`` the next build may be another image under the same tag.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from pinned_images.cloud_assembly import AssemblyStack, ImageAsset, image_assets
from pinned_images.errors import InvalidReference
from pinned_images.printable import printable, quoted
from pinned_images.problem import Problem
from pinned_images.reference import Digest, ImageReference
from pinned_images.rules.coverage import Coverage
from pinned_images.rules.rule import ExaminedApp, Rule, SourceOf

if TYPE_CHECKING:
    from pinned_images.files.dockerfile import DockerfileImage

#: Docker looks for the first; docker build reference, "--file".
_DEFAULT_NAMES = ("Dockerfile", "dockerfile")
_MAXIMUM_SIZE = 1_000_000
_MOST_SHOWN = 3
_LONGEST_SHOWN = 200
_HASH = re.compile(r"[0-9a-f]{64}")
#: The folder of an asset's copy: `AssetStaging` of the AWS CDK, "renderAssetFilename".
_STAGED = re.compile(r"asset\.[0-9a-f]{64}")
_SHORT = len("asset.") + 8
_CONTENT_ADDRESSED = re.compile(r"(?:.*[^0-9a-f])?[0-9a-f]{64}")


class _Use(NamedTuple):
    """A Dockerfile that some assets are built from in the same way."""

    file: Path
    target: str
    arguments: tuple[tuple[str, str], ...]
    platform: str
    contexts: tuple[tuple[str, str], ...]


class _UnpinnedBaseImage(Rule):
    id = "unpinned-base-image"
    severity = "warning"

    def check_app(self, app: ExaminedApp) -> Iterator[tuple[str, Problem]]:
        """Each Dockerfile once, at the construct that uses it, or above all that use it."""
        found = {
            use: (assets, images)
            for use, assets in _uses(app.stacks).items()
            if (images := _moving_images(use))
        }
        if not found:
            return
        places = _places_by_hash(app.stacks, self.id)
        by_problem: dict[Problem, list[_Place]] = {}
        for use, (assets, images) in found.items():
            file = _shown_file(use.file, assets, app.source_of)
            at = {place for each in assets for place in places.get(each, ())}
            for coverage, some in _by_coverage(at or {_AT_APP}, app.coverages).items():
                remaining = [
                    each for each in images if not _is_exempt(each, coverage, app.patterns)
                ]
                if remaining and not coverage.is_silent:
                    by_problem.setdefault(_problem(remaining, file), []).extend(some)
        for problem, some in by_problem.items():
            yield _common_path(some), problem


class _Place(NamedTuple):
    """A construct, and whether the rule is acknowledged there or above."""

    path: str
    is_acknowledged: bool = False


_AT_APP = _Place("")


def _uses(stacks: Iterable[AssemblyStack]) -> dict[_Use, dict[str, ImageAsset]]:
    """The assets of each Dockerfile, by the hash of their source."""
    uses: dict[_Use, dict[str, ImageAsset]] = {}
    for folder in dict.fromkeys(stack.template_path.parent for stack in stacks):
        for asset in image_assets(folder):
            names = (asset.dockerfile,) if asset.dockerfile else _DEFAULT_NAMES
            files = [asset.directory / name for name in names]
            file = next((each for each in files if each.is_file()), files[0])
            use = _Use(
                Path(os.path.realpath(file)),  # a loop of links is no error here
                asset.target,
                tuple(sorted(asset.arguments.items())),
                asset.platform,
                tuple(sorted(asset.contexts.items())),
            )
            uses.setdefault(use, {})[asset.content_hash] = asset
    return uses


#: Where a digest can be written: where `pinned-images pin` writes it, in an option of the asset, or
#: by hand.
_WayOut = Literal["file", "build_args", "build_contexts", "hand"]


class _Moving(NamedTuple):
    """An image without a digest and the place of its name; or what else hides one."""

    text: str
    where: str
    way_out: _WayOut = "file"
    reference: ImageReference | None = None


def _moving_images(use: _Use) -> list[_Moving]:
    """The base images of a Dockerfile that carry no digest, each once."""
    from pinned_images.files.dockerfile import (  # noqa: PLC0415 - for apps with image assets alone
        Build,
        Dockerfile,
        UnknownTarget,
    )

    if use.file.exists() and not use.file.is_file():
        return [_Moving("", "it is no regular file")]
    try:
        with use.file.open("rb") as file:
            content = file.read(_MAXIMUM_SIZE + 1)
    except OSError as error:
        return [_Moving("", f"it cannot be read ({error.strerror})")]
    if len(content) > _MAXIMUM_SIZE:
        return [_Moving("", f"it has more than {_MAXIMUM_SIZE} bytes, so it is not read")]
    dockerfile = Dockerfile.parse(content)
    build = Build(use.target, dict(use.arguments), use.platform or None, dict(use.contexts))
    try:
        images = dockerfile.images(build)
    except UnknownTarget:
        return [_Moving("", f"it has no stage {quoted(use.target)}")]
    names = dict(use.arguments).keys()
    found = [moving for image in images if (moving := _moving(image, names)) is not None]
    if dockerfile.problem is not None:
        found.append(_Moving("", dockerfile.problem.rstrip(".")))
    return list({each.text or each.where: each for each in found}.values())


def _moving(image: DockerfileImage, arguments: Collection[str]) -> _Moving | None:
    where = f"{image.instruction}, line {image.line}" if image.line else "BUILDKIT_SYNTAX"
    if _ends_with_digest(image.written):
        return None
    if image.image is None:
        return _Moving(image.written, f"{where}: it {image.problem}", "hand")
    try:
        reference = ImageReference.parse(image.image)
    except InvalidReference:
        why = f"{', '.join(sorted(image.unset))} has no value" if image.unset else "no image"
        return _Moving(image.image or image.written, f"{where}: {why}", "hand")
    if reference.digest is not None or _CONTENT_ADDRESSED.fullmatch(reference.tag or ""):
        return None
    return _Moving(image.image, where, _way_out(image, arguments), reference)


def _way_out(image: DockerfileImage, arguments: Collection[str]) -> _WayOut:
    if image.instruction == "build context":
        return "build_contexts"
    if not image.line or any(name in arguments for name in image.variables):
        return "build_args"
    return "hand" if image.span is None else "file"


def _ends_with_digest(written: str) -> bool:
    try:
        Digest(written.rpartition("@")[2].rstrip("'\""))
    except InvalidReference:
        return False
    return True


def _is_exempt(moving: _Moving, coverage: Coverage, patterns: set[str]) -> bool:
    if moving.reference is None:
        return False
    matched = coverage.policy.exempt.match(moving.reference)
    if matched is None:
        return False
    patterns.add(matched[0])
    return coverage.policy.exempt.ended(moving.reference, coverage.policy.today) is None


def _problem(images: list[_Moving], file: _ShownFile) -> Problem:
    unnamed = [each.where for each in images if not each.text]
    named = [f"{_cut(each.text)} ({each.where})" for each in images if each.text]
    if not named:
        return Problem(
            f"The Dockerfile {file} of an image asset cannot be checked: {unnamed[0]}.",
            "Correct the Dockerfile or the asset, or acknowledge it with a reason.",
        )
    shown = ", ".join(named[:_MOST_SHOWN])
    more = f" and {len(named) - _MOST_SHOWN} more" if len(named) > _MOST_SHOWN else ""
    hidden = f" There may be more: {unnamed[0]}." if unnamed else ""
    return Problem(
        f"The image asset of {file} is built from images without a digest: {shown}{more}. The "
        f"next build may be another image under the same tag.{hidden}",
        _fix({each.way_out for each in images if each.text}, file),
    )


def _fix(ways_out: Collection[_WayOut], file: _ShownFile) -> str:
    ways = {
        "file": _write_into(file),
        "build_args": "write the digests into the build_args of the asset",
        "build_contexts": "write the digests into the build_contexts of the asset",
        "hand": (
            "where an image is put together of variables, write the digest behind them, or the "
            "whole image into one ARG"
        ),
    }
    text = "; ".join(words for way, words in ways.items() if way in ways_out)
    return f"{text[0].upper()}{text[1:]}; or acknowledge it with a reason."


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


class _ShownFile(NamedTuple):
    """A Dockerfile for display.

    Attributes:
        text: Its path; of a copy, its name and that of the asset.
        is_copy: Whether only its copy in the cloud assembly is known. A digest that is written
            there changes neither the source nor the hash, and is gone in the next build elsewhere.
    """

    text: str
    is_copy: bool = False

    def __str__(self) -> str:
        return self.text


def _shown_file(file: Path, assets: Mapping[str, ImageAsset], source_of: SourceOf) -> _ShownFile:
    """The Dockerfile in the asset's source, relative to where CDK runs."""
    asset = next(iter(assets.values()))
    directory = Path(os.path.realpath(asset.directory))
    source = next(filter(None, map(source_of, assets.values())), None)
    if file.is_relative_to(directory):
        name = file.relative_to(directory)
        if source is None and _STAGED.fullmatch(directory.name):
            text = quoted(_cut(asset.name)) if asset.name else directory.name[:_SHORT]
            return _ShownFile(f"{_cut(printable(str(name)))} ({text})", is_copy=True)
        file = directory / name if source is None else source.resolve() / name
    here = Path.cwd()
    return _ShownFile(str(file.relative_to(here) if file.is_relative_to(here) else file))


def _write_into(file: _ShownFile) -> str:
    if file.is_copy:
        return (
            "write the digests into the Dockerfile of the asset's source, with 'pinned-images pin' "
            "there, and not into the copy in the cloud assembly"
        )
    path = f"./{file}" if file.text.startswith("-") else file.text
    return f"write the digests into it (pinned-images pin {shlex.quote(path)})"


def _places_by_hash(stacks: Iterable[AssemblyStack], rule: str) -> dict[str, list[_Place]]:
    """The constructs of the resources that hold a hash, in all stacks."""
    places: dict[str, list[_Place]] = {}
    for top in stacks:
        for stack in top.with_nested():
            for logical_id, _, properties in stack.resources():
                for found in set(_HASH.findall(json.dumps(properties, default=str))):
                    path = stack.construct_path_of(logical_id)
                    reason = stack.acknowledgements.reason(rule, path)
                    places.setdefault(found, []).append(_Place(path, reason is not None))
    return places


def _by_coverage(
    places: Iterable[_Place], coverages: Sequence[Coverage]
) -> dict[Coverage, list[_Place]]:
    found: dict[Coverage, list[_Place]] = {}
    for place in places:
        coverage = next((each for each in coverages if each.holds(place.path)), None)
        if coverage is not None:
            found.setdefault(coverage, []).append(place)
    return found


def _common_path(places: Sequence[_Place]) -> str:
    """The construct that holds all the others, or is the only one; empty for the App.

    CDK looks for acknowledgements at that construct and above, so those below are left out here.
    """
    unacknowledged = [place.path for place in places if not place.is_acknowledged]
    parts = [path.split("/") for path in unacknowledged or (min(places).path,)]
    common: list[str] = []
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        common.append(level[0])
    return "/".join(common)


UNPINNED_BASE_IMAGE = _UnpinnedBaseImage()
