"""The record of every image of an app in one synth, as plain values and as a file."""

from __future__ import annotations

import codecs
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from pinned_images.errors import ConfigurationError, InvalidReference
from pinned_images.printable import printable, shortened
from pinned_images.reference import ImageReference

if TYPE_CHECKING:
    from pinned_images.lockfile.entries import LockKey

#: The name of the report in the folder of a cloud assembly.
FILE_NAME = "pinned-images.json"

SCHEMA_VERSION = 1

_LONGEST_REASON = 200

#: How the digest of an image became known, or why it carries none.
ResolvedBy = Literal[
    "registry",
    "mirror",
    "ecr-api",
    "lock-file",
    "fixed",
    "already-pinned",
    "asset",
    "exempt",
    "failed",
]


@dataclass(frozen=True, slots=True)
class SiteRecord:
    """One image at one place in a template.

    Attributes:
        stack: Name of the stack.
        construct_path: Path of the construct in the app: ``Shop/Web/Task/app``.
        resource_type: CloudFormation's type: ``AWS::ECS::TaskDefinition``.
        property_path: Path in the resource's properties: ``ContainerDefinitions[0].Image``.
        reference: The image as written; JSON of the intrinsics where it has no known value.
        resolved_by: How the digest became known, or why there is none.
        pinned: The reference in the template now, where it was pinned.
        digest: The digest that it carries.
        media_type: The media type of the digest's manifest.
        platforms: The platforms that the image has, as ``os/architecture``.
        platform: The platform that the workload runs on, where it is known.
        selected: Whether the digest is that of the platform's own manifest.
        origin: The source of the digest: a host, or the name of a file.
        reason: Why the image is exempt, or what went wrong.
        parameters: The SSM parameters that the image is read from, with account and region as in
            a lock file: ``123456789012 eu-west-1 /shop/image``.
        cause: What went wrong, in the words for several images that fail for one reason (the part
            after "2 images"); None where it is about this image alone.
        copied_from: The image that the deployment copies there, and that has this digest.
        container: The name of the container that runs it, where the template says it.
    """

    stack: str
    construct_path: str
    resource_type: str
    property_path: str
    reference: str
    resolved_by: ResolvedBy
    pinned: str | None = None
    digest: str | None = None
    media_type: str | None = None
    platforms: tuple[str, ...] = ()
    platform: str | None = None
    selected: bool = False
    origin: str | None = None
    reason: str | None = None
    parameters: tuple[str, ...] = ()
    cause: str | None = None
    copied_from: str | None = None
    container: str | None = None

    @property
    def place(self) -> tuple[str, str]:
        """The construct and its property; a property may hold several images, by conditions."""
        return self.construct_path, self.property_path.partition(" ")[0]

    @property
    def lock_key(self) -> LockKey | None:
        """The entry of a lock file that this image uses; None where it uses none."""
        if self.resolved_by in ("asset", "exempt"):
            return None
        from pinned_images.lockfile.entries import (  # noqa: PLC0415 - a synth does not ask
            LockKey,
            parse_platform,
        )

        try:
            reference = ImageReference.parse(self.copied_from or self.reference).normalized
            selected = parse_platform(self.platform) if self.selected and self.platform else None
        except InvalidReference:
            return None
        return LockKey(reference, selected)


def remove_report(folder: Path) -> None:
    """Remove the report of an earlier synth from a folder, if there is one."""
    with suppress(OSError):
        (folder / FILE_NAME).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class SynthReport:
    """The images of one app after one synth, in a fixed order.

    Attributes:
        records: One record for each site, sorted by stack, construct and property.
        failure: Why images are missing here: the synth, or a part of it, failed as a whole.

    Example:
        >>> record = SiteRecord(
        ...     "Shop", "Shop/Web", "AWS::ECS::TaskDefinition", "ContainerDefinitions[0].Image",
        ...     "nginx:1.25", "exempt", reason="Chosen by the marketing team.",
        ... )
        >>> SynthReport.of([record]).exempt == (record,)
        True
    """

    records: tuple[SiteRecord, ...] = ()
    failure: str | None = None

    @classmethod
    def of(cls, records: Iterable[SiteRecord], failure: str | None = None) -> SynthReport:
        """A report of records in any order; equal records count once."""
        return cls(tuple(_in_order(set(records))), failure)

    def keeping(self, earlier: SynthReport) -> SynthReport:
        """This report with the facts of an earlier one of the same assembly.

        An image that was pinned before carries its digest now, and how it became known is in the
        earlier report alone.

        Args:
            earlier: The report of the assembly before it was pinned again.
        """
        known = {
            (record.construct_path, record.property_path): record
            for record in earlier.records
            if record.digest is not None
        }
        kept = []
        for record in self.records:
            first = known.get((record.construct_path, record.property_path))
            kept.append(record if first is None or not _has_pinned(first, record) else first)
        return SynthReport.of(kept, self.failure)

    @property
    def failed(self) -> tuple[SiteRecord, ...]:
        """The images that could not be pinned."""
        return tuple(record for record in self.records if record.resolved_by == "failed")

    @property
    def exempt(self) -> tuple[SiteRecord, ...]:
        """The images that the user left unpinned by name and reason."""
        return tuple(record for record in self.records if record.resolved_by == "exempt")

    def by_stack(self) -> dict[str, tuple[SiteRecord, ...]]:
        """The records of each stack, both in order."""
        stacks: dict[str, list[SiteRecord]] = {}
        for record in self.records:
            stacks.setdefault(record.stack, []).append(record)
        return {stack: tuple(stacks[stack]) for stack in sorted(stacks, key=_numbers_apart)}

    def to_json(self) -> str:
        """The report as JSON; the same records give the same bytes."""
        images = [_to_plain(record) for record in self.records]
        # A `Digest` is a string, which msgspec does not know.
        failure = {} if self.failure is None else {"failure": _encodable(self.failure)}
        document = msgspec.json.encode(
            {"version": SCHEMA_VERSION, **failure, "images": images}, enc_hook=str
        )
        return _without_raw_controls(msgspec.json.format(document, indent=2).decode()) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, name: str = FILE_NAME) -> SynthReport:
        """The report in a JSON string.

        Args:
            text: The content of a ``pinned-images.json``.
            name: How the file is called, for the error.

        Raises:
            ConfigurationError: The string is no report of this schema; the message says why.
        """
        content = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        try:
            document = msgspec.json.decode(
                content.removeprefix(codecs.BOM_UTF8), type=dict[str, Any]
            )
            version = document.get("version")
            if not isinstance(version, int) or isinstance(version, bool) or version < 1:
                raise ConfigurationError(
                    f"{name!r} is no report of pinned-images (its version is none): synthesize "
                    "the app again."
                )
            if version > SCHEMA_VERSION:
                raise ConfigurationError(
                    f"The report {name!r} is written in schema {version}, newer than this "
                    "pinned-images: pip install --upgrade pinned-images."
                )
            images = msgspec.convert(document.get("images"), list[dict[str, Any]])
            failure = msgspec.convert(document.get("failure"), str | None)
            records = msgspec.convert(list(map(_from_plain, images)), list[SiteRecord])
            return cls.of(records, failure)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            reason = printable(shortened(str(error), _LONGEST_REASON))
            raise ConfigurationError(
                f"{name!r} is no report of pinned-images ({reason}): synthesize the app again."
            ) from error

    @classmethod
    def read(cls, path: str | Path) -> SynthReport:
        """The report in a file, or in the folder of a cloud assembly.

        Raises:
            ConfigurationError: There is none, or it cannot be used.
        """
        path = Path(path)
        try:
            path = path / FILE_NAME if path.is_dir() else path
            content = path.read_bytes()
        # A ValueError: a path that no file can have.
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"There is no report at {str(path)!r} ({_reason(error)}): synthesize the app "
                "with PinImages or `pinned-images run`, and name its output folder (cdk.out)."
            ) from error
        return cls.from_json(content, str(path))

    @classmethod
    def read_complete(cls, path: str | Path) -> SynthReport:
        """The report in a file or a folder, where all images of the app are known.

        Raises:
            ConfigurationError: There is none, it cannot be used, or its synth failed as a whole.
        """
        found = cls.read(path)
        if found.failure is not None:
            reason = shortened(found.failure.rstrip("."), _LONGEST_REASON)
            raise ConfigurationError(
                f"The synth of {str(path)!r} failed, so its images are not known ({reason}): "
                "correct that, and synthesize again."
            )
        return found

    def write(self, path: str | Path) -> Path:
        """Write the report in one step.

        Args:
            path: A file, or the folder of a cloud assembly.

        Returns:
            The file.

        Raises:
            ConfigurationError: It cannot be written there.
        """
        from pinned_images.atomic_write import write_atomically  # noqa: PLC0415 - used once

        path = Path(path)
        try:
            path = path / FILE_NAME if path.is_dir() else path
            temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            write_atomically(path, self.to_json(), temporary=temporary, is_lasting=False)
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"The report {str(path)!r} cannot be written ({_reason(error)}): make its "
                "folder, and make it writable."
            ) from error
        return path


def _has_pinned(earlier: SiteRecord, record: SiteRecord) -> bool:
    """Whether an image carries its digest since the run of an earlier record."""
    if record.resolved_by == "exempt":  # no more than its digest is known at synth
        return record.reference.endswith(f"@{earlier.digest}")
    return record.resolved_by == "already-pinned" and record.pinned == earlier.pinned


def _in_order(records: Iterable[SiteRecord]) -> Iterator[SiteRecord]:
    """The sort key of a record: its place, then all other fields."""
    for _, together in groupby(sorted(records, key=_where), key=_where):
        same = list(together)
        yield from same if len(same) == 1 else sorted(same, key=repr)


def _where(record: SiteRecord) -> tuple[Any, ...]:
    return record.stack, record.construct_path, _numbers_apart(record.property_path)


@lru_cache(maxsize=1024)
def _numbers_apart(path: str) -> tuple[tuple[str, int, str], ...]:
    """A sort key with `Containers[10]` after `Containers[9]`: of numbers the longer is larger."""
    return tuple(
        (part, len(number.lstrip("0")), number) if number else (part, -1, "")
        for part, number in re.findall(r"([^0-9]*)([0-9]*)", path)
    )


def _to_plain(record: SiteRecord) -> dict[str, Any]:
    """A record as JSON: names as CDK writes them, without unknown fields."""
    return {
        written: _encodable(value)
        for name, written in _WRITTEN.items()
        if (value := getattr(record, name)) not in (None, (), False)
    }


def _encodable(value: Any) -> Any:
    """A value without half surrogate pairs, which a template's JSON may hold in an escape."""
    if isinstance(value, tuple):
        return tuple(map(_encodable, value))
    if not isinstance(value, str) or value.isascii():
        return value
    return value.encode("utf-8", "backslashreplace").decode()


def _without_raw_controls(document: str) -> str:
    """Printable JSON: JSON itself escapes no more than the first 32 characters."""
    if document.isascii() and "\x7f" not in document:
        return document
    return "".join(
        character if character == "\n" or character.isprintable() else json.dumps(character)[1:-1]
        for character in document
    ).replace("\x7f", "\\u007f")


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def _from_plain(plain: dict[str, Any]) -> dict[str, Any]:
    return {name: plain[written] for name, written in _WRITTEN.items() if written in plain}


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)


_WRITTEN = {field.name: _camel(field.name) for field in fields(SiteRecord)}
