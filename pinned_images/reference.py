"""Image references: registry, repository, tag and digest, parsed once at the edge.

The grammar, the normalization of Docker Hub's short names and the refusals are those of
github.com/distribution/reference (`regexp.go`, `normalize.go`); digests are those of the OCI
image specification, "Descriptors", section "Digests".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache, total_ordering
from typing import TYPE_CHECKING, Literal

from pinned_images.errors import InvalidReference
from pinned_images.printable import quoted

if TYPE_CHECKING:
    from typing_extensions import Self

Style = Literal["tag-and-digest", "digest"]

DEFAULT_REGISTRY = "docker.io"
DEFAULT_TAG = "latest"
_LEGACY_DEFAULT_REGISTRY = "index.docker.io"
_OFFICIAL_NAMESPACE = "library/"
_MAXIMUM_REPOSITORY_LENGTH = 255

# The productions of distribution/reference `regexp.go`, under their names there.
_DOMAIN_COMPONENT = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DOMAIN_NAME = rf"{_DOMAIN_COMPONENT}(?:\.{_DOMAIN_COMPONENT})*"
_IPV6_ADDRESS = r"\[[a-fA-F0-9:]+\]"
_DOMAIN_AND_PORT = rf"(?:{_DOMAIN_NAME}|{_IPV6_ADDRESS})(?::[0-9]+)?"
_PATH_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REMOTE_NAME = rf"{_PATH_COMPONENT}(?:/{_PATH_COMPONENT})*"
_TAG = r"[0-9A-Za-z_][0-9A-Za-z_.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"

_DOMAIN_PATTERN = re.compile(_DOMAIN_AND_PORT)
_REMOTE_PATTERN = re.compile(_REMOTE_NAME)
_TAG_PATTERN = re.compile(_TAG)
_DIGEST_PATTERN = re.compile(_DIGEST)
_IDENTIFIER_PATTERN = re.compile(r"[a-f0-9]{64}")
_REFERENCE_PATTERN = re.compile(
    rf"(?P<domain>{_DOMAIN_AND_PORT})/(?P<remote>{_REMOTE_NAME})"
    rf"(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?"
)

# OCI image specification, "Registered Algorithms".
_ENCODED_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


class Digest(str):
    """A content digest such as ``sha256:6c3c624b58db...``; a `str` that is known to be one.

    Args:
        text: The algorithm, a colon, and the hash in lower-case hexadecimal digits.

    Raises:
        InvalidReference: The string is no digest, or of an algorithm that OCI does not register.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        algorithm, _, encoded = text.partition(":")
        if not _DIGEST_PATTERN.fullmatch(text):
            raise InvalidReference(
                f"{quoted(text)} is not a digest: a digest is written sha256:<64 hexadecimal "
                "digits>."
            )
        length = _ENCODED_LENGTHS.get(algorithm)
        if length is None:
            raise InvalidReference(
                f"The digest {quoted(text)} is of the unsupported algorithm {quoted(algorithm)}: "
                f"use one of {', '.join(_ENCODED_LENGTHS)}."
            )
        if len(encoded) != length:
            raise InvalidReference(
                f"The digest {quoted(text)} has {len(encoded)} hexadecimal digits: "
                f"{algorithm} has {length}."
            )
        if encoded != encoded.lower():
            raise InvalidReference(
                f"The digest {quoted(text)} has upper-case letters: write it in lower case."
            )
        return super().__new__(cls, text)

    @classmethod
    def of(cls, content: bytes) -> Digest:
        """The SHA-256 digest of some bytes."""
        import hashlib  # noqa: PLC0415  loads OpenSSL

        return cls(f"sha256:{hashlib.sha256(content).hexdigest()}")

    @property
    def algorithm(self) -> str:
        """The algorithm, before the colon."""
        return self.partition(":")[0]

    @property
    def encoded(self) -> str:
        """The hash in hexadecimal digits."""
        return self.partition(":")[2]

    @property
    def short(self) -> str:
        """The first twelve hexadecimal digits, for display."""
        return self.encoded[:12]

    def matches(self, content: bytes) -> bool:
        """Whether this is the digest of some bytes."""
        import hashlib  # noqa: PLC0415  loads OpenSSL

        return hashlib.new(self.algorithm, content).hexdigest() == self.encoded


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class ImageReference:
    """An image in a registry, by tag, by digest or by both.

    Two references are equal if they name the same thing; how they were spelled is kept for
    `str()` and does not count. They are ordered by registry, repository, tag and digest.

    Attributes:
        registry: Host, with a port where one was given: ``docker.io``, ``localhost:5000``.
        repository: The path in the registry: ``library/nginx``.
        tag: The tag, or None where none was given.
        digest: The digest, or None where none was given.

    Example:
        >>> reference = ImageReference.parse("nginx:1.25")
        >>> reference.registry, reference.repository, reference.tag
        ('docker.io', 'library/nginx', '1.25')
        >>> str(reference), reference.normalized
        ('nginx:1.25', 'docker.io/library/nginx:1.25')
    """

    registry: str
    repository: str
    tag: str | None = None
    digest: Digest | None = None
    _spelling: str = field(default="", repr=False)

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """Parse a reference as Docker does, short names of Docker Hub included.

        Args:
            text: ``[registry/]repository[:tag][@digest]``.

        Raises:
            InvalidReference: The string is no reference; the message names the rule it breaks.

        Example:
            >>> ImageReference.parse("localhost:5000/team/app@sha256:" + "0" * 64).registry
            'localhost:5000'
        """
        return _parse(text)

    def __str__(self) -> str:
        """The reference as it was spelled."""
        return self._spelling or self._build(self.name)

    @property
    def name(self) -> str:
        """Registry and repository: ``docker.io/library/nginx``."""
        return f"{self.registry}/{self.repository}"

    @property
    def normalized(self) -> str:
        """The whole reference, with every default written out.

        Example:
            >>> ImageReference.parse("nginx").normalized
            'docker.io/library/nginx:latest'
        """
        if self.tag is None and self.digest is None:
            return f"{self.name}:{DEFAULT_TAG}"
        return self._build(self.name)

    @property
    def effective_tag(self) -> str | None:
        """The tag that a runtime would pull; None where only a digest was given."""
        if self.tag is None and self.digest is None:
            return DEFAULT_TAG
        return self.tag

    @property
    def spelled_name(self) -> str:
        """The name as it was spelled, with neither tag nor digest."""
        text = str(self)
        if self.digest is not None:
            text = text[: -len(self.digest) - 1]
        if self.tag is not None:
            text = text[: -len(self.tag) - 1]
        return text

    def with_digest(self, digest: str, style: Style = "tag-and-digest") -> ImageReference:
        """The pinned reference, in the user's own spelling.

        Args:
            digest: The digest to pin; it replaces one that is there.
            style: ``tag-and-digest`` keeps the tag (and makes a silent ``latest`` visible);
                ``digest`` leaves it out.

        Raises:
            InvalidReference: The digest is none.

        Example:
            >>> pinned = ImageReference.parse("nginx").with_digest("sha256:" + "0" * 64)
            >>> str(pinned)[:25]
            'nginx:latest@sha256:00000'
        """
        known = Digest(digest)
        tag = self.effective_tag if style == "tag-and-digest" else None
        pinned = ImageReference(self.registry, self.repository, tag, known)
        return ImageReference(
            self.registry, self.repository, tag, known, pinned._build(self.spelled_name)
        )

    def _build(self, name: str) -> str:
        tag = f":{self.tag}" if self.tag is not None else ""
        digest = f"@{self.digest}" if self.digest is not None else ""
        return f"{name}{tag}{digest}"

    def _key(self) -> tuple[str, str, str, str]:
        return (self.registry, self.repository, self.tag or "", self.digest or "")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ImageReference):
            return NotImplemented
        return self._key() == other._key()

    def __lt__(self, other: ImageReference) -> bool:
        if not isinstance(other, ImageReference):
            return NotImplemented
        return self._key() < other._key()

    def __hash__(self) -> int:
        return hash(self._key())


_ARCHITECTURES = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "armhf": "arm",
    "armel": "arm",
    "i386": "386",
}
_DEFAULT_VARIANTS = {"arm64": "v8", "arm": "v7"}


@dataclass(frozen=True, slots=True, order=True)
class Platform:
    """Operating system and architecture, in the words of Go (``GOOS``, ``GOARCH``) and OCI.

    Attributes:
        os: ``linux`` or ``windows``.
        architecture: ``amd64``, ``arm64``, ...
        variant: The CPU variant, such as ``v8``; empty where it is the usual one.
        os_version: Of Windows: the build, such as ``10.0.17763.5329``; else empty.
    """

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""

    @classmethod
    def of(cls, os: str, architecture: str, variant: str = "", os_version: str = "") -> Platform:
        """A platform from words as registries write them (``x86_64``, ``arm64`` + ``v8``)."""
        architecture = _ARCHITECTURES.get(architecture.lower(), architecture.lower())
        if variant == _DEFAULT_VARIANTS.get(architecture):
            variant = ""
        return cls(os.lower(), architecture, variant, os_version)

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Parse ``os/architecture[/variant]``.

        Raises:
            InvalidReference: The string is no platform.

        Example:
            >>> Platform.parse("linux/arm64/v8")
            Platform(os='linux', architecture='arm64', variant='', os_version='')
        """
        parts = text.split("/")
        if len(parts) not in (2, 3) or not all(parts):
            raise InvalidReference(
                f"{quoted(text)} is not a platform: write os/architecture, such as linux/amd64."
            )
        return cls.of(*parts)

    def __str__(self) -> str:
        """``os/architecture[/variant]``, and the build of Windows in parentheses."""
        variant = f"/{self.variant}" if self.variant else ""
        version = f" ({self.os_version})" if self.os_version else ""
        return f"{self.os}/{self.architecture}{variant}{version}"


@lru_cache(maxsize=16384)
def _parse(text: str) -> ImageReference:
    """See `ImageReference.parse`; large apps name the same few images again and again."""
    if _IDENTIFIER_PATTERN.fullmatch(text):
        raise InvalidReference.about(
            quoted(text),
            "is an image id, not a reference: a repository name cannot be 64 hexadecimal "
            "characters.",
        )
    domain, remainder = _split_domain(text)
    match = _REFERENCE_PATTERN.fullmatch(f"{domain}/{remainder}")
    if match is None:
        rule = _broken_rule(text, domain, remainder)
        raise InvalidReference.about(quoted(text), f"is not an image reference: {rule}.")
    repository = match["remote"]
    if len(repository) > _MAXIMUM_REPOSITORY_LENGTH:
        raise InvalidReference(
            f"The image reference {quoted(text)} has a repository name of {len(repository)} "
            f"characters: at most {_MAXIMUM_REPOSITORY_LENGTH} are allowed."
        )
    digest = Digest(match["digest"]) if match["digest"] else None
    return ImageReference(match["domain"], repository, match["tag"], digest, text)


def _split_domain(text: str) -> tuple[str, str]:
    """`splitDockerDomain` of distribution/reference `normalize.go`."""
    first, slash, rest = text.partition("/")
    if not slash:
        return DEFAULT_REGISTRY, f"{_OFFICIAL_NAMESPACE}{text}"
    if first == _LEGACY_DEFAULT_REGISTRY:
        domain, remainder = DEFAULT_REGISTRY, rest
    elif first == "localhost" or "." in first or ":" in first or first != first.lower():
        domain, remainder = first, rest
    else:
        domain, remainder = DEFAULT_REGISTRY, text
    if domain == DEFAULT_REGISTRY and "/" not in remainder:
        remainder = f"{_OFFICIAL_NAMESPACE}{remainder}"
    return domain, remainder


def _broken_rule(text: str, domain: str, remainder: str) -> str:
    """The first rule that a string breaks which does not match."""
    rest, at, digest = remainder.partition("@")
    remote, colon, tag = rest.partition(":")
    if not text:
        rule = "it is empty: a reference needs at least a repository name"
    elif text != text.strip() or any(character.isspace() for character in text):
        rule = "it holds white space"
    elif "://" in text:
        rule = "it begins with a URL scheme: leave out the scheme and '//'"
    elif not _DOMAIN_PATTERN.fullmatch(domain):
        rule = (
            f"{quoted(domain)} is no registry host: a host name, IPv4 or [IPv6], and perhaps a "
            ":port"
        )
    elif remote != remote.lower():
        rule = f"the repository name {quoted(remote)} must be lower case"
    elif not _REMOTE_PATTERN.fullmatch(remote):
        rule = (
            f"the repository name {quoted(remote)} must be made of lower-case letters and digits, "
            "separated by '.', '_', '__', dashes or '/'"
        )
    elif colon and not _TAG_PATTERN.fullmatch(tag):
        rule = (
            f"the tag {quoted(tag)} must be 1 to 128 letters, digits, '_', '.' and '-', "
            "and not begin with '.' or '-'"
        )
    elif at and not _DIGEST_PATTERN.fullmatch(digest):
        rule = f"{quoted(digest)} is no digest: write sha256:<64 hexadecimal digits>"
    else:
        rule = "it does not have the form [registry/]repository[:tag][@digest]"
    return rule
