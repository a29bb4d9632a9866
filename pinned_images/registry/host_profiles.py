"""Profiles of known hosts: all special rules of registries, in one table."""

from __future__ import annotations

from dataclasses import dataclass

from pinned_images.reference import DEFAULT_REGISTRY


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate: requests a second, after a burst of requests without a wait."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class HostProfile:
    """The special rules of a registry's host.

    Attributes:
        api_host: The host of its API; None where that is the registry's own name.
        aliases: Other names of the registry in files of credentials.
        credentials_key: The name that credential helpers know it by; None for the host.
        anonymous: The rate for requests without credentials; None for no limit.
        authenticated: The rate for requests with credentials; None for no limit.
        wants_tokens: Whether every request needs a token, also an anonymous one.
        shares_tokens: Whether an anonymous token for one repository opens the other public ones.
        answers_head: Whether HEAD is answered as GET would be, so that a 404 needs no second
            request.
    """

    api_host: str | None = None
    aliases: frozenset[str] = frozenset()
    credentials_key: str | None = None
    anonymous: Rate | None = None
    authenticated: Rate | None = None
    wants_tokens: bool = False
    shares_tokens: bool = False
    answers_head: bool = False


_PROFILES = {
    # Docker's documentation, "Pull usage and limits": HEAD is free, and a GET is a pull.
    DEFAULT_REGISTRY: HostProfile(
        api_host="registry-1.docker.io",
        aliases=frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"}),
        credentials_key="https://index.docker.io/v1/",
        wants_tokens=True,
        answers_head=True,
    ),
    # "Amazon ECR Public service quotas": rate of image pulls.
    "public.ecr.aws": HostProfile(
        anonymous=Rate(1, 4), authenticated=Rate(10, 10), wants_tokens=True
    ),
    # GHCR counts anonymous tokens of all repositories against one bucket, and takes one for any
    # public repository.
    "ghcr.io": HostProfile(wants_tokens=True, shares_tokens=True, answers_head=True),
}
_BY_HOST = {
    **_PROFILES,
    **{profile.api_host: profile for profile in _PROFILES.values() if profile.api_host},
}
_UNKNOWN = HostProfile()


def login_command(host: str) -> str:
    """The command that stores credentials for a registry, by its name or the host of its API.

    Example:
        >>> login_command("ghcr.io"), login_command("registry-1.docker.io")
        ('docker login ghcr.io', 'docker login')
    """
    is_hub = profile_of(host) is _PROFILES[DEFAULT_REGISTRY]
    return "docker login" if is_hub else f"docker login {host}"


def profile_of(host: str) -> HostProfile:
    """The profile of a registry, by its name or by the host of its API.

    Example:
        >>> profile_of("docker.io").api_host, profile_of("registry.example").api_host
        ('registry-1.docker.io', None)
    """
    return _BY_HOST.get(host, _UNKNOWN)
