"""Settings of the registry client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pinned_images.errors import ConfigurationError
from pinned_images.option_syntax import ARGUMENTS, OptionSyntax
from pinned_images.registry.http.retries import RetryPolicy
from pinned_images.registry.mirrors import Mirror, normalize_host

MIRRORS_VARIABLE = "PINNED_IMAGES_MIRRORS"


@dataclass(frozen=True)
class RegistrySettings:
    """The settings of the registry client; every one has a default.

    Args:
        mirrors: Host of a registry to the URL that takes its place, such as
            ``{"docker.io": "https://artifactory.example/docker-hub"}``.
        mirror_fallback: True to try the registry itself where its mirror does not have the image
            or does not answer.
        insecure_registries: Hosts (``host`` or ``host:port``) for plain http.
            Loopback hosts always are.
        deadline: Seconds in which all images of one call must be resolved.
        request_timeout: Seconds that one HTTP exchange may take before it is tried again.
        concurrency: How many requests are under way to one host at a time.
        retry: The number of retries, and the waits between them.
        ecr_roles: Account id to the ARN of the role that reads its private ECR repositories.
        bootstrap_qualifier: The qualifier of the CDK bootstrap stacks, for their lookup roles.
        option_syntax: How errors write options.

    Raises:
        ConfigurationError: A value cannot be used; the message names it.

    Example:
        >>> RegistrySettings(mirrors={"docker.io": "http://127.0.0.1:5000"}).deadline
        120.0
    """

    mirrors: Mapping[str, str] = field(default_factory=dict)
    mirror_fallback: bool = False
    insecure_registries: frozenset[str] = frozenset()
    deadline: float = 120.0
    request_timeout: float = 20.0
    concurrency: int = 8
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    ecr_roles: Mapping[str, str] = field(default_factory=dict)
    bootstrap_qualifier: str = "hnb659fds"
    # Not compared: settings that differ in words alone share their connections.
    option_syntax: OptionSyntax = field(default=ARGUMENTS, compare=False)

    def __post_init__(self) -> None:
        insecure = frozenset(normalize_host(host) for host in self.insecure_registries)
        object.__setattr__(self, "insecure_registries", insecure)
        parsed = {
            normalize_host(host): Mirror.parse(host, url, insecure)
            for host, url in self.mirrors.items()
        }
        object.__setattr__(self, "mirrors", MappingProxyType(dict(self.mirrors)))
        object.__setattr__(self, "ecr_roles", MappingProxyType(dict(self.ecr_roles)))
        object.__setattr__(self, "_mirrors", MappingProxyType(parsed))
        for name in ("deadline", "request_timeout", "concurrency"):
            if not getattr(self, name) > 0:
                raise ConfigurationError(
                    f"The setting {name!r} is {getattr(self, name)!r}: it must be above zero."
                )

    def mirror_of(self, registry: str) -> Mirror | None:
        """The mirror of a registry, if there is one."""
        mirrors: Mapping[str, Mirror] = self.__dict__["_mirrors"]
        return mirrors.get(normalize_host(registry))


def parse_mirrors(text: str, origin: str = MIRRORS_VARIABLE) -> dict[str, str]:
    """Parse mirrors in the format of `PINNED_IMAGES_MIRRORS`.

    Args:
        text: ``host=URL`` pairs separated by commas; blanks around them do not count.
        origin: The name of the option or variable, for the error.

    Raises:
        ConfigurationError: A pair is not ``host=URL``, or a host is named twice.

    Example:
        >>> parse_mirrors("docker.io=http://127.0.0.1:5000, ghcr.io=https://mirror.example/ghcr")
        {'docker.io': 'http://127.0.0.1:5000', 'ghcr.io': 'https://mirror.example/ghcr'}
    """
    mirrors: dict[str, str] = {}
    for number, pair in enumerate(filter(None, map(str.strip, text.split(","))), start=1):
        host, equals, url = (part.strip() for part in pair.partition("="))
        if not equals or not host or not url:
            raise ConfigurationError(
                f"Entry {number} of {origin} is not of the form host=URL: "
                "write docker.io=https://mirror.example, with commas between entries."
            )
        try:
            Mirror.parse(host, url, None)
            known = normalize_host(host) in map(normalize_host, mirrors)
        except ConfigurationError as error:
            raise ConfigurationError(f"Entry {number} of {origin}: {error}") from None
        if known:
            raise ConfigurationError(
                f"{origin} names a mirror for {host!r} twice: leave one of them out."
            )
        mirrors[host] = url
    return mirrors
