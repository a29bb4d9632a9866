"""The options that several commands share, and the network access that they configure."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from pinned_images.errors import InvalidReference
from pinned_images.lockfile import DEFAULT_NAME
from pinned_images.lockfile.entries import parse_platform
from pinned_images.reference import Platform

if TYPE_CHECKING:
    from pinned_images.registry.aws.sessions import AwsSessions
    from pinned_images.registry.resolver import RegistryResolver
    from pinned_images.registry.settings import RegistrySettings


@dataclass(frozen=True)
class Network:
    """Registries and AWS with the same credentials, opened on first use.

    Attributes:
        settings: The user's options.
        profile: The AWS profile; that of the environment if left out.
    """

    settings: RegistrySettings
    profile: str | None = None

    @cached_property
    def sessions(self) -> AwsSessions:
        """Sessions for calls to AWS."""
        from pinned_images.registry.aws.sessions import AwsSessions  # noqa: PLC0415 - for --help

        return AwsSessions(self.settings, self.profile)

    @property
    def region(self) -> str:
        """The region of the AWS SDK.

        Raises:
            UsageError: It has none.
        """
        region: str | None = self.sessions.setting("region")
        if not region:
            raise click.UsageError("Name the region with --region.")
        return region

    @cached_property
    def registries(self) -> RegistryResolver:
        """The resolver of digests."""
        from pinned_images.registry.resolver import RegistryResolver  # noqa: PLC0415 - for --help

        return RegistryResolver(self.settings, self.sessions)


LOCK_FILE_VARIABLE = "PINNED_IMAGES_LOCK_FILE"

_Command = TypeVar("_Command", bound=Callable[..., Any])

lock_file_option = click.option(
    "--lock-file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=DEFAULT_NAME,
    envvar=LOCK_FILE_VARIABLE,
    show_default=True,
    show_envvar=True,
    help="The lock file.",
)

#: The same of a command that also works without a lock file.
optional_lock_file_option = click.option(
    "--lock-file",
    metavar="FILE",
    help=f"Keep digests in this lock file; false for none. [default: {DEFAULT_NAME}, if it exists; "
    f"env var: {LOCK_FILE_VARIABLE}]",
)

#: The same of a command in the group ``lock``, which takes the group's where it has none itself.
own_lock_file_option = click.option(
    "--lock-file",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=lambda context, _, value: value or context.obj,
    help="The lock file.",
)

app_option = click.option(
    "--app",
    "folders",
    type=click.Path(path_type=Path),
    multiple=True,
    default=["cdk.out"],
    show_default=True,
    metavar="FOLDER",
    help="Output of the last synth; several where several apps share the lock file.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON.")

moved_only_option = click.option(
    "--moved-only",
    is_flag=True,
    help="Leave out images that moved and are the same on the platforms that you run them on.",
)

#: The platforms that count where an image for several has moved.
platform_option = click.option(
    "--platform",
    "platforms",
    multiple=True,
    metavar="OS/ARCH",
    callback=lambda _context, _parameter, values: tuple(map(_platform, values)),
    help="A platform that you run images on; all that are locked if left out.",
)

exempt_option = click.option(
    "--exempt",
    "exemptions",
    multiple=True,
    metavar="PATTERN=REASON",
    help="Leave images as they are: docker.io/library/*:*='Mirrored.'",
)

_MIRROR_OPTIONS = (
    click.option(
        "--mirror",
        "mirrors",
        multiple=True,
        metavar="HOST=URL",
        help="Ask URL in place of the registry HOST; PINNED_IMAGES_MIRRORS counts too.",
    ),
    click.option(
        "--mirror-fallback",
        is_flag=True,
        help="Ask the registry itself where its mirror lacks an image.",
    ),
    click.option(
        "--insecure-registry",
        "insecure",
        multiple=True,
        metavar="HOST",
        help="Ask HOST over plain http; loopback always is.",
    ),
)

_AWS_OPTIONS = (
    click.option(
        "--ecr-role",
        "roles",
        multiple=True,
        metavar="ACCOUNT=ARN",
        help="Read the ECR repositories of ACCOUNT with this role.",
    ),
    click.option(
        "--qualifier",
        default="hnb659fds",
        show_default=True,
        help="Qualifier of the CDK bootstrap stacks, for their lookup roles.",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=600.0,
        show_default=True,
        help="Seconds in which all images must be answered.",
    ),
)


def exemptions_of(given: Sequence[str]) -> dict[str, str]:
    """The patterns of ``--exempt`` with their reasons.

    Raises:
        BadParameter: One has no reason.
    """
    pairs = [text.partition("=") for text in given]
    for pattern, _, reason in pairs:
        if not pattern.strip() or not reason.strip():
            raise click.BadParameter(
                f"{pattern!r} has no reason: write --exempt 'PATTERN=REASON'.",
                param_hint="--exempt",
            )
    return {pattern: reason for pattern, _, reason in pairs}


def registry_options(command: _Command) -> _Command:
    """The options of a command that uses registries; it gets them as one ``network``."""
    return _with_network(command, (*_MIRROR_OPTIONS, *_AWS_OPTIONS))


def aws_options(command: _Command) -> _Command:
    """The options of a command that asks AWS alone; it gets them as one ``network``."""
    return _with_network(command, _AWS_OPTIONS)


def _with_network(
    command: _Command, options: tuple[Callable[[_Command], _Command], ...]
) -> _Command:
    @wraps(command)
    def with_network(  # the options' names are those of the settings
        *arguments: Any,
        roles: tuple[str, ...],
        qualifier: str,
        timeout: float,
        mirrors: tuple[str, ...] = (),
        mirror_fallback: bool = False,
        insecure: tuple[str, ...] = (),
        **others: Any,
    ) -> Any:
        from pinned_images.registry.settings import RegistrySettings  # noqa: PLC0415 - for --help

        settings = RegistrySettings(
            mirrors=_mirrors(mirrors),
            mirror_fallback=mirror_fallback,
            insecure_registries=frozenset(insecure),
            ecr_roles=_roles(roles),
            bootstrap_qualifier=qualifier,
            deadline=timeout,
        )
        return command(*arguments, network=Network(settings), **others)

    decorated: Any = with_network
    for option in reversed(options):
        decorated = option(decorated)
    result: _Command = decorated
    return result


def typed_settings(network: Network) -> dict[str, object]:
    """The registry options that were typed, by the names of the options of `PinImages`."""
    settings = network.settings
    by_parameter = {
        "mirrors": ("mirrors", settings.mirrors),
        "mirror_fallback": ("mirror_fallback", settings.mirror_fallback),
        "insecure": ("insecure_registries", sorted(settings.insecure_registries)),
        "roles": ("ecr_roles", settings.ecr_roles),
        "qualifier": ("bootstrap_qualifier", settings.bootstrap_qualifier),
        "timeout": ("deadline", settings.deadline),
    }
    source = click.get_current_context().get_parameter_source
    return {
        option: dict(value) if isinstance(value, Mapping) else value
        for parameter, (option, value) in by_parameter.items()
        if source(parameter) is ParameterSource.COMMANDLINE
    }


def _platform(text: str) -> Platform:
    try:
        return parse_platform(text)
    except InvalidReference as error:
        raise click.BadParameter(str(error)) from error


def _mirrors(given: tuple[str, ...]) -> dict[str, str]:
    from pinned_images.registry.settings import (  # noqa: PLC0415 - for --help
        MIRRORS_VARIABLE,
        parse_mirrors,
    )

    return {
        **parse_mirrors(os.environ.get(MIRRORS_VARIABLE, "")),
        **parse_mirrors(",".join(given), "--mirror"),
    }


def _roles(given: tuple[str, ...]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    for account, _, role in pairs:
        if not (account.isdecimal() and role.startswith("arn:")):
            raise click.BadParameter(
                f"{account!r} is no ACCOUNT=ARN: write 123456789012=arn:aws:iam::...",
                param_hint="--ecr-role",
            )
    return {account: role for account, _, role in pairs}
