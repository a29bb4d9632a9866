"""Exemptions: patterns of images that stay unpinned, each with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase

from msgspec import Struct

from pinned_images.errors import ConfigurationError
from pinned_images.reference import ImageReference


@dataclass(frozen=True, slots=True)
class Exemption:
    """An exemption of an image: the reason, and how long it holds.

    Attributes:
        reason: The reason, for the report.
        expires: The last day (in UTC) on which it holds; None for no end.

    Raises:
        ConfigurationError: The reason is no string, or the last day is no day.

    Example:
        >>> Exemption("The vendor moves to digests in spring.", expires=date(2027, 3, 31)).reason
        'The vendor moves to digests in spring.'
    """

    reason: str
    expires: date | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.reason, str):
            raise ConfigurationError(
                f"The reason of an exemption is {self.reason!r}: write a text."
            )
        # A datetime is a date, and cannot be compared with one.
        is_day = isinstance(self.expires, date) and not isinstance(self.expires, datetime)
        if self.expires is not None and not is_day:
            raise ConfigurationError(
                f"The last day of the exemption {self.reason!r} is {self.expires!r}: write a "
                "datetime.date, such as date(2027, 3, 31)."
            )

    def expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.expires is not None and today > self.expires


class ExemptionPatterns(Struct, frozen=True):
    """Shell patterns on normalized references, each with its exemption; the first match counts."""

    patterns: tuple[tuple[str, Exemption], ...] = ()

    @classmethod
    def of(cls, exempt: Mapping[str, str | Exemption]) -> ExemptionPatterns:
        """Patterns from the option `exempt`.

        Args:
            exempt: Patterns such as ``docker.io/library/*:*``; each with a reason, or with an
                `Exemption` that has a reason and a last day.

        Raises:
            ConfigurationError: A pattern or a reason is empty.
        """
        patterns = []
        for pattern, value in exempt.items():
            exemption = value if isinstance(value, Exemption) else Exemption(value)
            if not pattern.strip():
                raise ConfigurationError("An exemption of PinImages has an empty pattern.")
            if not exemption.reason.strip():
                raise ConfigurationError(
                    f"The exemption of {pattern!r} has no reason: say why these images may stay "
                    "unpinned."
                )
            patterns.append((pattern, exemption))
        return cls(tuple(patterns))

    def match(self, image: ImageReference | str) -> tuple[str, Exemption] | None:
        """The first pattern that matches, with its exemption.

        Args:
            image: A reference; or, for an unknown name, its form in the report, which may hold
                special characters of patterns.
        """
        if not self.patterns:
            return None
        text = image if isinstance(image, str) else image.normalized
        for pattern, exemption in self.patterns:
            if text == pattern or fnmatchcase(text, pattern):
                return pattern, exemption
        return None

    def holds_for(self, image: ImageReference | str, today: date) -> bool:
        """Whether an image may stay unpinned.

        Args:
            image: As for `match`.
            today: The current day (in UTC).
        """
        matched = self.match(image)
        return matched is not None and not matched[1].expired(today)

    def patterns_for(self, images: Iterable[ImageReference | str]) -> frozenset[str]:
        """The patterns that match some images."""
        matched = map(self.match, images)
        return frozenset(each[0] for each in matched if each is not None)

    def ended(self, image: ImageReference | str, today: date) -> str | None:
        """The sentence on an expired exemption of an image; None where none has expired.

        Args:
            image: As for `match`.
            today: The current day (in UTC).
        """
        matched = self.match(image)
        if matched is None or not matched[1].expired(today):
            return None
        pattern, exemption = matched
        return (
            f"Its exemption by the pattern {pattern!r} ({exemption.reason.rstrip('.')}) ended on "
            f"{exemption.expires}: take the pattern out, or give it a later day."
        )
