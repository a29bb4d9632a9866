"""Who answers: the resolver and the reader of SSM parameters that a user's options ask for.

Nothing here opens a connection, or imports what could, before there is a question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pinned_images.cloudformation.outcomes import SsmParameter, Unknown
from pinned_images.errors import ConfigurationError
from pinned_images.lockfile import LockedResolver
from pinned_images.options import Options
from pinned_images.pinning import ParameterReader
from pinned_images.resolution import Resolver


def make_resolver(options: Options) -> Resolver:
    """The user's own resolver or the registries, behind the lock file where there is one.

    Raises:
        ConfigurationError: A frozen synth is asked for without a lock file.
    """
    if options.lock_file is None:
        if options.update == "never":
            raise ConfigurationError(
                "A frozen synth (update=never) needs a lock file: "
                'name one with PinImages(lock_file="pinned-images.lock.json").'
            )
        return options.resolver or _registries(options)
    return LockedResolver(
        lambda: options.resolver or _registries(options),
        options.lock_file,
        options.update or "missing",
    )


def make_parameter_reader(options: Options) -> ParameterReader:
    """A reader of SSM parameters that knows what the user gave, and asks AWS for the rest."""

    def read(parameters: Iterable[SsmParameter]) -> Mapping[SsmParameter, str | Unknown]:
        given: dict[SsmParameter, str | Unknown] = {}
        wanted: list[SsmParameter] = []
        for parameter in parameters:
            if str(parameter) in options.ssm_parameters:
                given[parameter] = options.ssm_parameters[str(parameter)]
            else:
                wanted.append(parameter)
        return {**given, **_from_aws(wanted, options)} if wanted else given

    return read


def _registries(options: Options) -> Resolver:
    from pinned_images.registry.resolver import RegistryResolver  # noqa: PLC0415  network, when used
    from pinned_images.registry.settings import RegistrySettings  # noqa: PLC0415

    settings = RegistrySettings(
        mirrors=options.mirrors,
        mirror_fallback=options.mirror_fallback,
        insecure_registries=frozenset(options.insecure_registries),
        ecr_roles=options.ecr_roles,
        deadline=options.deadline,
    )
    if options.bootstrap_qualifier is not None:
        settings = replace(settings, bootstrap_qualifier=options.bootstrap_qualifier)
    return RegistryResolver(settings)


def _from_aws(
    parameters: list[SsmParameter], options: Options
) -> Mapping[SsmParameter, str | Unknown]:
    frozen = options.update == "never"
    return {
        parameter: Unknown(
            f"The value of the SSM parameter {parameter} is not known"
            + (", and a frozen synth asks nobody." if frozen else "."),
            f"Give it with PinImages(ssm_parameters={{{str(parameter)!r}: ...}}).",
        )
        for parameter in parameters
    }
