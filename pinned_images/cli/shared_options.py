"""The options that several commands share, and the network access that they configure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pinned_images.cli.configuration import (
    lock_file_of,
    options_of,
    required_lock_file,
)
from pinned_images.errors import InvalidReference
from pinned_images.lockfile import DEFAULT_NAME
from pinned_images.lockfile.entries import parse_platform
from pinned_images.printable import quoted
from pinned_images.reference import Platform

if TYPE_CHECKING:
    from pinned_images.registry.aws.sessions import AwsSessions
    from pinned_images.registry.resolver import RegistryResolver
    from pinned_images.registry.settings import RegistrySettings


@dataclass(frozen=True)
class Network:
    """Registries and AWS with the same credentials, opened on first use.

    Attributes:
        settings: The configuration of the registries.
        typed: The options that were typed, by the names of those of `PinImages`.
        profile: The AWS profile; that of the environment if left out.
    """

    settings: RegistrySettings
    typed: Mapping[str, object]
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


_Command = TypeVar("_Command", bound=Callable[..., Any])

_LOCK_FILE_HELP = "[env var: PINNED_IMAGES_LOCK_FILE; default: {}]"

#: Its value is for `required_lock_file`.
lock_file_option = click.option(
    "--lock-file",
    metavar="FILE",
    help=f"The lock file. {_LOCK_FILE_HELP.format(DEFAULT_NAME)}",
    callback=lambda _context, _parameter, value: required_lock_file(value),
)

#: The same of a command that also works without a lock file; its value is for `options_of`.
optional_lock_file_option = click.option(
    "--lock-file",
    metavar="FILE",
    help="Take digests from this lock file, and add new ones; false for none. "
    f"{_LOCK_FILE_HELP.format(f'{DEFAULT_NAME}, if it exists')}",
)

#: The same of a command that uses a lock file only if one is named.
named_lock_file_option = partial(
    click.option,
    "--lock-file",
    metavar="FILE",
    callback=lambda _context, _parameter, value: lock_file_of(value, with_default=False),
)

#: The same of the group ``lock``, which leaves it to its commands.
group_lock_file_option = click.option(
    "--lock-file",
    metavar="FILE",
    help=f"The lock file. {_LOCK_FILE_HELP.format(DEFAULT_NAME)}",
)

#: The same of a command in the group ``lock``, which takes the group's where it has none itself.
own_lock_file_option = click.option(
    "--lock-file",
    metavar="FILE",
    callback=lambda context, _, value: required_lock_file(value or context.obj),
    help=f"The lock file. {_LOCK_FILE_HELP.format(DEFAULT_NAME)}",
)

app_option = click.option(
    "--app",
    "folders",
    type=click.Path(path_type=Path),
    multiple=True,
    default=["cdk.out"],
    show_default=True,
    metavar="FOLDER",
    help="The output of the last synth; may be given several times, where several apps share the "
    "lock file.",
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
    help="A platform that you run images on; may be given several times; all that are locked if "
    "left out.",
)

exempt_option = click.option(
    "--exempt",
    "exemptions",
    multiple=True,
    metavar="PATTERN=REASON",
    help="Leave images as they are, for a reason: 'docker.io/library/*:*=Mirrored.'; may be given "
    "several times.",
)

#: Commands that look at accounts take it; the SDK's variables say it to all others.
profile_option = click.option(
    "--profile", metavar="NAME", help="The AWS profile; that of the environment if left out."
)

#: The commands on many images are not waited for by a synth.
_DEADLINE = 600.0

_MIRROR_OPTIONS = (
    click.option(
        "--mirror",
        "mirrors",
        multiple=True,
        metavar="HOST=URL",
        help="Ask URL in place of the registry HOST; may be given several times.",
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
        help="Ask HOST over plain http, as loopback always is; may be given several times.",
    ),
)

_AWS_OPTIONS = (
    click.option(
        "--ecr-role",
        "roles",
        multiple=True,
        metavar="ACCOUNT=ARN",
        help="Read the ECR repositories of ACCOUNT with this role; may be given several times.",
    ),
    click.option(
        "--qualifier",
        metavar="NAME",
        help="Qualifier of the CDK bootstrap stacks, for their lookup roles; that of cdk.json, or "
        "hnb659fds, if left out.",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="How long all images may take; the configured deadline, or "
        f"{_DEADLINE:g} seconds, if left out.",
    ),
)


def exemptions_of(given: Sequence[str]) -> dict[str, str]:
    """The patterns of ``--exempt`` with their reasons.

    Raises:
        BadParameter: One has no reason, or is given twice.
    """
    pairs = [text.partition("=") for text in given]
    for pattern, _, reason in pairs:
        if not pattern.strip() or not reason.strip():
            raise click.BadParameter(
                f"{pattern!r} has no reason: write --exempt 'PATTERN=REASON'.",
                param_hint="--exempt",
            )
    return _once(((pattern, reason) for pattern, _, reason in pairs), "--exempt")


def _once(pairs: Iterable[tuple[str, str]], option: str) -> dict[str, str]:
    """The values of an option that is given several times, by name."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise click.BadParameter(
                f"{quoted(name)} is given twice: leave one of them out.",
                param_hint=option,
            )
        found[name] = value
    return found


def registry_options(command: _Command) -> _Command:
    """The options of a command that uses registries; it gets them as one ``network``."""
    return _with_network(command, (*_MIRROR_OPTIONS, *_AWS_OPTIONS))


def aws_options(command: _Command) -> _Command:
    """The options of a command that asks AWS alone; it gets them as one ``network``."""
    return _with_network(command, (profile_option, *_AWS_OPTIONS))


def account_options(command: _Command) -> _Command:
    """The options of a command that looks at accounts and registries, as one ``network``."""
    return _with_network(command, (profile_option, *_MIRROR_OPTIONS, *_AWS_OPTIONS))


def _with_network(
    command: _Command, options: tuple[Callable[[_Command], _Command], ...]
) -> _Command:
    @wraps(command)
    def with_network(  # the options' names are those of the settings
        *arguments: Any,
        roles: tuple[str, ...],
        qualifier: str | None,
        timeout: float | None,
        profile: str | None = None,
        mirrors: tuple[str, ...] = (),
        mirror_fallback: bool = False,
        insecure: tuple[str, ...] = (),
        **others: Any,
    ) -> Any:
        from pinned_images.sources import registry_settings  # noqa: PLC0415 - for --help

        given: dict[str, object] = {
            "mirrors": _mirrors(mirrors) or None,
            "mirror_fallback": mirror_fallback or None,
            "insecure_registries": insecure or None,
            "ecr_roles": _roles(roles) or None,
            "bootstrap_qualifier": qualifier,
            "deadline": timeout,
        }
        typed = {name: value for name, value in given.items() if value is not None}
        settings = registry_settings(options_of(typed, deadline=_DEADLINE))
        return command(*arguments, network=Network(settings, typed, profile), **others)

    decorated: Any = with_network
    for option in reversed(options):
        decorated = option(decorated)
    result: _Command = decorated
    return result


def _platform(text: str) -> Platform:
    try:
        return parse_platform(text)
    except InvalidReference as error:
        raise click.BadParameter(str(error)) from error


def _mirrors(given: tuple[str, ...]) -> dict[str, str]:
    from pinned_images.registry.settings import parse_mirrors  # noqa: PLC0415 - for --help

    return parse_mirrors(",".join(given), "--mirror")


def _roles(given: tuple[str, ...]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    for account, _, role in pairs:
        if not (account.isdecimal() and role.startswith("arn:")):
            raise click.BadParameter(
                f"{account!r} is no ACCOUNT=ARN: write 123456789012=arn:aws:iam::...",
                param_hint="--ecr-role",
            )
    return _once(((account, role) for account, _, role in pairs), "--ecr-role")
