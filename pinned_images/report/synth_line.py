"""One line about a synth: how many images it pinned, and where their digests came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from pinned_images.errors import InvalidReference
from pinned_images.printable import printable
from pinned_images.reference import ImageReference
from pinned_images.report.synth_report import ResolvedBy, SiteRecord
from pinned_images.wording import counted

#: The CDK CLI, and `run`, tell an app with this variable where to write. A unit test has none.
OUTPUT_VARIABLE = "CDK_OUTDIR"

ImageStatus = Literal[
    "registry", "fixed", "lock-file", "already-pinned", "exempt", "asset", "failed"
]

# An image of several Stages may be resolved for the first and be in the lock file for the second:
# what comes first in this list counts.
_STATUSES: tuple[ImageStatus, ...] = (
    "failed",
    "registry",
    "fixed",
    "lock-file",
    "already-pinned",
    "exempt",
    "asset",
)
_AS_REGISTRY: Mapping[ResolvedBy, ImageStatus] = {"mirror": "registry", "ecr-api": "registry"}


def synth_line(records: Iterable[SiteRecord], lock_files: Iterable[Path | None] = ()) -> str | None:
    """The line; None where the app has no images.

    An image counts once, wherever it is used.

    Args:
        records: The record of each image at each place.
        lock_files: The lock file of each `PinImages`; None where it has none.

    Example:
        >>> at = ("Shop", "Shop/Web", "AWS::ECS::TaskDefinition", "ContainerDefinitions[0].Image")
        >>> pinned = SiteRecord(*at, "nginx:1.25", "lock-file", digest="sha256:...")
        >>> synth_line([pinned], [Path("pinned-images.lock.json")])
        'pinned-images: 1 image pinned (1 lock file); lock file pinned-images.lock.json'
    """
    found = Counter(statuses_by_image(records).values())
    if not found:
        return None
    registries = found["registry"]
    sources = [
        (found["lock-file"], f"{found['lock-file']} lock file"),
        (registries, counted(registries, "registry")),
        (found["fixed"], f"{found['fixed']} fixed"),
        (found["already-pinned"], f"{found['already-pinned']} already pinned"),
    ]
    others = [
        (found["exempt"], f"{found['exempt']} exempt"),
        (found["asset"], counted(found["asset"], "asset")),
        (found["failed"], f"{found['failed']} failed"),
    ]
    line = f"pinned-images: {counted(sum(count for count, _ in sources), 'image')} pinned"
    known = ", ".join(words for count, words in sources if count)
    line += f" ({known})" if known else ""
    line += "".join(f", {words}" for count, words in others if count)
    names = list(dict.fromkeys(str(path) for path in lock_files if path is not None))
    if names:
        line += f"; lock file{'s' if len(names) > 1 else ''} {', '.join(names)}"
    return printable(line)


def is_wanted(choices: Iterable[bool | None], environment: Mapping[str, str]) -> bool:
    """Whether a synth prints the line.

    Args:
        choices: The option ``summary`` of each `PinImages` of the app; None where it is left out.
        environment: Environment variables.
    """
    said = [choice for choice in choices if choice is not None]
    return all(said) if said else bool(environment.get(OUTPUT_VARIABLE))


def statuses_by_image(records: Iterable[SiteRecord]) -> dict[tuple[str, str | None], ImageStatus]:
    """The status of each image; of an image for a platform of its own, for each platform.

    Args:
        records: The record of each image at each place.
    """
    found: dict[tuple[str, str | None], ImageStatus] = {}
    distinct = {
        (
            record.copied_from or record.reference,
            record.platform if record.selected else None,
            record.resolved_by,
        )
        for record in records
    }
    for reference, platform, by in distinct:
        image = (_normalized(reference), platform)
        status: ImageStatus = _AS_REGISTRY.get(by, by)  # type: ignore[arg-type]
        found[image] = min(found.get(image, status), status, key=_STATUSES.index)
    return found


def _normalized(reference: str) -> str:
    try:
        return ImageReference.parse(reference).normalized
    except InvalidReference:
        return reference
