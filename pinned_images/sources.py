"""The resolver and the SSM parameter source, built from the options.

Nothing here opens a connection, or imports code that could, before the first request.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from pinned_images.cloudformation.outcomes import SsmParameter
from pinned_images.errors import (
    AccessDenied,
    ConfigurationError,
    RegistryUnavailable,
    ResolutionError,
    UntrustedAnswer,
)
from pinned_images.lockfile import DEFAULT_NAME, LockedParameters, LockedResolver
from pinned_images.option_syntax import OptionSyntax
from pinned_images.options import Options
from pinned_images.problem import Problem
from pinned_images.resolution import (
    Outcome,
    ParameterSource,
    ParameterValues,
    ResolutionRequest,
    Resolver,
)

if TYPE_CHECKING:
    from pinned_images.registry.aws.parameters import Parameter, ParameterOutcome
    from pinned_images.registry.aws.sessions import AwsSessions
    from pinned_images.registry.settings import RegistrySettings


@dataclass(frozen=True)
class _Network:
    """The registries and AWS for some settings, with the same identities."""

    settings: RegistrySettings
    sessions: AwsSessions
    registries: Resolver
    parameters: dict[Parameter, ParameterOutcome] = field(default_factory=dict)


class Sources:
    """Sources of one `PinImages`, shared by each App and Stage that it is applied to.

    Connections, tokens, AWS sessions, outputs of credential helpers and answers of registries
    are shared by all of them.
    """

    def __init__(self) -> None:
        """Create sources without any connection."""
        self._networks: list[_Network] = []

    def resolver(self, options: Options) -> Resolver:
        """The user's own resolver or the registries, behind the lock file where there is one.

        Raises:
            ConfigurationError: A frozen synth has no lock file.
        """
        if not options.lock_file:
            if options.update == "never":
                raise ConfigurationError(_nothing_to_freeze(options))
            return self._unlocked(options)
        return LockedResolver(
            lambda: self._unlocked(options), options.lock_file, options.update or "missing"
        )

    def parameters(self, options: Options) -> ParameterSource:
        """The SSM parameters that the user gave, then those of the lock file, then those of AWS."""
        read = partial(self._from_aws, options)
        if not options.lock_file:
            return _GivenParameters(options.ssm_parameters, read)
        locked = LockedParameters(
            read, options.lock_file, options.update or "missing", options.syntax
        )
        return _GivenParameters(options.ssm_parameters, locked.read, locked.keep)

    def _unlocked(self, options: Options) -> Resolver:
        if options.resolver is not None:
            return options.resolver
        return self._network(options).registries

    def _network(self, options: Options) -> _Network:
        from pinned_images.registry.aws.sessions import AwsSessions  # noqa: PLC0415  when used
        from pinned_images.registry.resolver import RegistryResolver  # noqa: PLC0415  when used

        settings = registry_settings(options)
        for network in self._networks:
            if network.settings == settings:
                return network
        sessions = AwsSessions(settings)
        registries = CachingResolver(RegistryResolver(settings, sessions))
        self._networks.append(_Network(settings, sessions, registries))
        return self._networks[-1]

    def _from_aws(self, options: Options, parameters: Iterable[SsmParameter]) -> ParameterValues:
        from pinned_images.registry.aws.parameters import (  # noqa: PLC0415  loads boto3, when used
            Parameter,
            fetch_parameters,
        )

        wanted = list(parameters)
        requested = {
            each: Parameter(None if each.is_public else each.account, each.region, str(each))
            for each in wanted
            if each.region is not None
        }
        network = self._network(options)
        answers = network.parameters
        new = [each for each in requested.values() if each not in answers]
        deadline = time.monotonic() + options.deadline
        answers.update(fetch_parameters(new, deadline, network.sessions))
        values: dict[SsmParameter, str | Problem] = {}
        for each in wanted:
            answer = answers[requested[each]] if each in requested else None
            if isinstance(answer, str):
                values[each] = answer
                continue
            why = answer or (
                f"The SSM parameter {each} cannot be read: neither its stack nor the environment "
                "has a region."
            )
            values[each] = _unread(each, why, options.syntax)
        return values


@dataclass(frozen=True)
class _GivenParameters:
    """Parameter values from an argument, which count first and are kept nowhere else."""

    values: Mapping[str, str]
    read_others: Callable[[Iterable[SsmParameter]], ParameterValues]
    keep_others: Callable[[Mapping[SsmParameter, str]], None] = lambda _: None

    def read(self, parameters: Iterable[SsmParameter]) -> ParameterValues:
        wanted = list(parameters)
        given = {each: self.values[str(each)] for each in wanted if str(each) in self.values}
        others = [each for each in wanted if each not in given]
        return {**given, **self.read_others(others)} if others else given

    def keep(self, values: Mapping[SsmParameter, str]) -> None:
        self.keep_others({each: values[each] for each in values if str(each) not in self.values})


def registry_settings(options: Options) -> RegistrySettings:
    """The settings of the registry client that the options ask for."""
    from pinned_images.registry.settings import (  # noqa: PLC0415  network, when used
        RegistrySettings,
    )

    settings = RegistrySettings(
        mirrors=options.mirrors,
        mirror_fallback=options.mirror_fallback,
        insecure_registries=frozenset(options.insecure_registries),
        ecr_roles=options.ecr_roles,
        deadline=options.deadline,
        option_syntax=options.syntax,
    )
    if options.bootstrap_qualifier is not None:
        settings = replace(settings, bootstrap_qualifier=options.bootstrap_qualifier)
    return settings


def _nothing_to_freeze(options: Options) -> str:
    """The error of a frozen synth without a lock file."""
    if options.lock_file is False:
        return (
            "A frozen synth (update=never) needs a lock file, and the option lock_file says that "
            "there is none: name a file there, or leave the option out."
        )
    if options.resolver is not None:
        return (
            "A frozen synth (update=never) needs a lock file, and one is used together with a "
            "resolver only where the option lock_file names it: name it there."
        )
    return (
        f"A frozen synth (update=never) needs a lock file, and there is no {DEFAULT_NAME} in the "
        "working directory: name one with the option lock_file (pinned-images:lock-file in "
        "cdk.json), and synthesize once without update=never to fill it."
    )


def _unread(parameter: SsmParameter, why: str | ResolutionError, syntax: OptionSyntax) -> Problem:
    return Problem(
        f"{str(why).rstrip('.')}.",
        f"Or give its value with {syntax.written('ssm_parameters', {str(parameter): ...})}.",
        is_unanswered=isinstance(why, (AccessDenied, RegistryUnavailable, UntrustedAnswer)),
    )


class CachingResolver:
    """A resolver that gives the same answer to the same request for as long as it lives.

    CDK synthesizes each Stage on its own, and so each resolves its images. A tag that moves in the
    meantime must not give two Stages of one synth two digests, and a registry that does not answer
    is not waited for again.

    Args:
        inner: The resolver of new requests.

    Example:
        >>> from pinned_images.testing import FixedResolver
        >>> CachingResolver(FixedResolver.derived()).resolve([])
        {}
    """

    def __init__(self, inner: Resolver) -> None:
        self._inner = inner
        self._outcomes: dict[ResolutionRequest, Outcome] = {}

    def resolve(self, requests: Sequence[ResolutionRequest]) -> Mapping[ResolutionRequest, Outcome]:
        """See `Resolver.resolve`."""
        new = [request for request in requests if request not in self._outcomes]
        if new:
            self._outcomes.update(self._inner.resolve(new))
        return {request: self._outcomes[request] for request in requests}
