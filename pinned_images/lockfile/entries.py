"""The entries of a lock file: locked images and locked SSM parameters, with their keys."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from pinned_images.cloudformation.outcomes import SsmParameter
from pinned_images.errors import InvalidReference
from pinned_images.printable import quoted
from pinned_images.reference import Digest, ImageReference, Platform
from pinned_images.resolution import Resolution, ResolutionRequest

_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]+(?:-[a-z0-9]+)+")
# SSM API reference, "PutParameter", and the forms that "GetParameter" takes: a name or an ARN,
# with a version or a label.
_NAME = re.compile(r"[A-Za-z0-9_./:-]{1,2048}")
# The characters of an image reference; a value with other characters is no part of one.
_VALUE = re.compile(r"[A-Za-z0-9_./:@+\[\]-]{1,2000}")


@dataclass(frozen=True, slots=True, order=True)
class ParameterKey:
    """A parameter in an account and a region.

    Attributes:
        account: The account; empty for the parameters that AWS publishes to all accounts.
        region: The region.
        name: Its name, with the version where one is requested.
    """

    account: str
    region: str
    name: str

    @classmethod
    def of(cls, parameter: SsmParameter) -> ParameterKey | None:
        """The key of a parameter; None where its account or region is unknown.

        Example:
            >>> public = SsmParameter("/aws/service/x", None, "123456789012", "eu-west-1")
            >>> str(ParameterKey.of(public))
            'eu-west-1 /aws/service/x'
        """
        account = "" if parameter.is_public else parameter.account or ""
        key = cls(account, parameter.region or "", str(parameter))
        return key if key._is_sound() else None

    @classmethod
    def parse(cls, text: str) -> ParameterKey:
        """Parse a key of the file: account, region and name, the first left out if it is public.

        Raises:
            ValueError: It is none.

        Example:
            >>> ParameterKey.parse("123456789012 eu-west-1 /shop/image:3").name
            '/shop/image:3'
        """
        account, _, rest = text.partition(" ") if text[:1].isdigit() else ("", "", text)
        key = cls(account, *rest.partition(" ")[::2])
        if not key._is_sound():
            raise ValueError(
                f"{quoted(text)} is not a parameter: write its account, its region and its name, "
                "and no account for one that AWS publishes (/aws/service/...)."
            )
        return key

    def __str__(self) -> str:
        """The key as written in the file."""
        return f"{self.account} {self.region} {self.name}".lstrip()

    def _is_sound(self) -> bool:
        is_public = SsmParameter(self.name).is_public
        owner = not self.account if is_public else _ACCOUNT.fullmatch(self.account)
        return bool(owner and _REGION.fullmatch(self.region) and _NAME.fullmatch(self.name))


def is_part_of_reference(value: str) -> bool:
    """Whether a value has only characters of image references.

    Example:
        >>> is_part_of_reference("1.27"), is_part_of_reference('{"password": "x"}')
        (True, False)
    """
    return _VALUE.fullmatch(value) is not None


# `Platform.__str__`: os/architecture[/variant], and the build of Windows in parentheses.
_PLATFORM = re.compile(r"(?P<words>[^ ()]+)(?: \((?P<version>[^ ()]+)\))?")


@dataclass(frozen=True, slots=True)
class LockKey:
    """The key of an image's entry: the whole reference, and the platform where one was selected.

    Attributes:
        reference: The image, as `ImageReference.normalized` writes it.
        platform: The platform whose own manifest is locked, or None for the image as a whole.
    """

    reference: str
    platform: Platform | None = None

    @classmethod
    def of(cls, request: ResolutionRequest) -> LockKey:
        """The key that answers a request."""
        platform = request.platform if request.select else None
        return cls(request.reference.normalized, platform and _plain(platform))

    @classmethod
    def parse(cls, text: str) -> LockKey:
        """Parse a key of the file: a normalized reference, perhaps a space and a platform.

        Raises:
            InvalidReference: It is none, or is not written out in full.

        Example:
            >>> LockKey.parse("docker.io/library/nginx:1.25 linux/arm64").platform
            Platform(os='linux', architecture='arm64', variant='', os_version='')
        """
        words, blank, platform = text.partition(" ")
        selected = parse_platform(platform) if blank else None
        key = cls(ImageReference.parse(words).normalized, selected)
        if str(key) != text:
            # A reference with its digest has more than a hundred characters.
            whole = quoted(key, longest=500)
            raise InvalidReference(f"{quoted(text)} is not written out in full: write {whole}.")
        return key

    def __str__(self) -> str:
        """The key as written in the file."""
        return self.reference if self.platform is None else f"{self.reference} {self.platform}"

    def request(self) -> ResolutionRequest:
        """The request that this key answers."""
        reference = ImageReference.parse(self.reference)
        return ResolutionRequest(reference, self.platform, select=self.platform is not None)


@dataclass(frozen=True, slots=True)
class LockEntry:
    """The entry of one image.

    Attributes:
        digest: The digest to pin.
        media_type: The media type of the digest's manifest, where it is known.
        platforms: The platforms that the image has: None where they are unknown, empty where the
            registry was asked and the image does not say.
    """

    digest: Digest
    media_type: str | None = None
    platforms: tuple[Platform, ...] | None = None

    @classmethod
    def of(cls, request: ResolutionRequest, resolution: Resolution) -> LockEntry:
        """The entry that records the answer to a request."""
        asked = request.platform is not None and not request.select
        known = _in_order(resolution.platforms)
        return cls(resolution.digest, resolution.media_type, known if known or asked else None)

    def runs_on(self, platform: Platform) -> bool | None:
        """Whether the image has a platform; None where its platforms were never requested.

        An image that does not say what it runs on is taken as it is, as its registry's answer was.
        """
        from pinned_images.registry.platforms import (  # noqa: PLC0415 - the room loads the network
            best_match,
        )

        if self.platforms is None:
            return None
        return not self.platforms or best_match(platform, self.platforms) is not None

    def completed_by(self, other: LockEntry) -> LockEntry:
        """This entry, completed by another one for the same digest."""
        platforms = self.platforms
        if other.platforms is not None:
            platforms = _in_order((*(platforms or ()), *other.platforms))
        return LockEntry(self.digest, self.media_type or other.media_type, platforms)


def parse_platform(text: str) -> Platform:
    """The platform that `Platform.__str__` wrote.

    Raises:
        InvalidReference: The text is no platform.
    """
    match = _PLATFORM.fullmatch(text)
    if match is None:
        raise InvalidReference(
            f"{quoted(text)} is not a platform: write os/architecture, such as linux/amd64, "
            "and the build of Windows in parentheses."
        )
    return replace(Platform.parse(match["words"]), os_version=match["version"] or "")


def _in_order(platforms: tuple[Platform, ...]) -> tuple[Platform, ...]:
    """Each platform once, without those that no workload can have: an index may say anything."""
    return tuple(sorted({_plain(platform) for platform in platforms if _is_readable(platform)}))


def _plain(platform: Platform) -> Platform:
    return Platform.of(platform.os, platform.architecture, platform.variant, platform.os_version)


def _is_readable(platform: Platform) -> bool:
    try:
        return parse_platform(str(_plain(platform))) == _plain(platform)
    except InvalidReference:
        return False
