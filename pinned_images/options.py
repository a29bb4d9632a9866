"""The options: from arguments, CDK context and environment variables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, TypedDict

from pinned_images.cloudformation.catalog import Catalog
from pinned_images.errors import ConfigurationError
from pinned_images.exemptions import Exemption, ExemptionPatterns
from pinned_images.option_syntax import ARGUMENTS, OptionSyntax
from pinned_images.option_types import (
    AccountId,
    Example,
    File,
    Host,
    ParameterName,
    Parser,
    Place,
    RecordIn,
    RoleArn,
    Seconds,
    UpdateMode,
    VersionConsistency,
    parse_resolver,
)
from pinned_images.printable import quoted
from pinned_images.reference import Style
from pinned_images.resolution import PlatformMode, Resolver
from pinned_images.wording import did_you_mean, nearest

if TYPE_CHECKING:
    from pinned_images.pinning import Policy

CONTEXT = "pinned-images"
VARIABLES = "PINNED_IMAGES_"
QUALIFIER_CONTEXT = "@aws-cdk/core:bootstrapQualifier"


class GateOptions(TypedDict, total=False):
    """The options of `PinnedImagesGate`; each may be left out."""

    exempt: Mapping[str, str | Exemption] | None
    """Images that stay unpinned: shell patterns on normalized references
    (``docker.io/library/*:*``), each with a reason or an `Exemption`."""

    resource_types: Iterable[str] | None
    """The resource types to look at; all that are known if left out."""

    properties: Mapping[str, Iterable[str]] | None
    """Image properties of further resource types: ``{"Custom::Thing": ["Image"]}``; also of kinds
    of Kubernetes objects: ``{"example.com/App": ["spec.image"]}``."""

    version_consistency: VersionConsistency
    """What to do with containers that have switched ECS' version consistency off: ``pin`` them
    with a warning, which is the default, or ``respect`` that and leave them."""

    require_immutable_tags: bool
    """Make an ECR repository of the app whose tags can be moved an error (the rule
    ``mutable-repository``); not done if left out."""


class PinImagesOptions(GateOptions, total=False):
    """The options of `PinImages`; each may be left out."""

    resolver: Resolver | None
    """The source of digests; the registries themselves if left out."""

    style: Style | None
    """``tag-and-digest`` or ``digest``, for all images; what each service takes if left out."""

    platforms: PlatformMode
    """``verify``, which is the default, makes an image that does not run on its task's platform an
    error, ``select`` pins that platform's own manifest, ``ignore`` does neither. A service that
    takes one image and no index, as AWS Lambda does, gets that of its platform always."""

    verify_digests: bool
    """Verify digests that the app writes itself, which is the default: one that is gone, or is of
    an image for another platform, is an error. False trusts them."""

    mirrors: Mapping[str, str] | None
    """Registry host to the URL of the mirror that is used in its place."""

    mirror_fallback: bool
    """Use the registry itself where its mirror fails; not done if left out."""

    insecure_registries: Iterable[str]
    """Hosts that are reached over plain http; loopback always is."""

    ecr_roles: Mapping[str, str] | None
    """Account id to the ARN of the role that reads its private ECR repositories, in place of the
    CDK's lookup role."""

    lock_file: str | Path | None
    """The file that keeps digests between synths; ``pinned-images.lock.json`` in the working
    directory, where it exists, if left out, but not together with a resolver. None uses none."""

    update: UpdateMode | None
    """``missing``, which is the default, ``always`` or ``never``: what is resolved besides the lock
    file."""

    ssm_parameters: Mapping[str, str] | None
    """Values of SSM parameters that need not be read from AWS."""

    use_parameter_defaults: bool
    """Take a CloudFormation parameter's default for its value, although a deployment can override
    it; not done if left out."""

    record_in: RecordIn | None
    """``metadata`` or ``outputs``: the place in each stack's template that records the pinned
    images, to be read from the deployed stack; none if left out."""

    deadline: float
    """Seconds in which all images of a synth must be resolved; 120 if left out."""

    summary: bool | None
    """Whether a synth prints a line on the error stream about what it did; if left out, it does
    where the CDK CLI has started the app, and not in unit tests."""


@dataclass(frozen=True, slots=True)
class Options:
    """The checked options: `PinImagesOptions` with their defaults.

    Attributes:
        lock_file: False where the user wants none, None where nothing says which.
        bootstrap_qualifier: The qualifier of the app's CDK bootstrap stacks; no option.
        syntax: How errors write options: as the arguments of an app, or as a command takes them.
    """

    resolver: Annotated[Resolver, Parser(parse_resolver)] | None = None
    style: Style | None = None
    platforms: PlatformMode = "verify"
    verify_digests: bool = True
    version_consistency: VersionConsistency = "pin"
    require_immutable_tags: bool = False
    exempt: Annotated[
        Mapping[str, Exemption], Example('{"docker.io/library/nginx:*": "the reason"}')
    ] = field(default_factory=dict)
    mirrors: Annotated[Mapping[Host, str], Example('{"docker.io": "https://mirror.example"}')] = (
        field(default_factory=dict)
    )
    mirror_fallback: bool = False
    insecure_registries: Annotated[tuple[Host, ...], Example('["registry.example:5000"]')] = ()
    ecr_roles: Annotated[
        Mapping[AccountId, RoleArn],
        Example('{"123456789012": "arn:aws:iam::123456789012:role/reader"}'),
    ] = field(default_factory=dict)
    lock_file: File | Literal[False] | None = None
    update: UpdateMode | None = None
    resource_types: Annotated[tuple[str, ...], Example('["AWS::ECS::TaskDefinition"]')] | None = (
        None
    )
    properties: Annotated[
        Mapping[str, Annotated[tuple[str, ...], Example('["Image"]')]],
        Example('{"Custom::Thing": ["Image"]}'),
    ] = field(default_factory=dict)
    ssm_parameters: Annotated[
        Mapping[ParameterName, str], Example('{"/shop/image": "nginx:1.27"}')
    ] = field(default_factory=dict)
    use_parameter_defaults: bool = False
    record_in: RecordIn | None = None
    deadline: Seconds = 120.0
    summary: bool | None = None
    bootstrap_qualifier: str | None = None
    syntax: OptionSyntax = ARGUMENTS

    @classmethod
    def of(
        cls,
        arguments: Mapping[str, object],
        taken_by: str = "PinImages",
        kind: type = PinImagesOptions,
    ) -> Options:
        """Options from the arguments of a class.

        Args:
            arguments: By name.
            taken_by: The class.
            kind: The type of its arguments.

        Raises:
            ConfigurationError: It takes no such argument, or a value cannot be used.
        """
        from pinned_images.option_values import (  # noqa: PLC0415  for a synth alone
            takes_a_dict,
            type_hints,
        )

        hints = type_hints(Options)
        names = kind.__annotations__
        for name in arguments:
            if name not in names:
                raise _unknown(f"{taken_by} has no option", name, names)
        options = cls(
            **_converted(
                Setting(name, value, Place("argument", name))
                for name, value in arguments.items()
                if value is not None or not takes_a_dict(hints[name])
            )
        )
        options.check(hosts_are_known=False)
        return options

    def check(self, *, hosts_are_known: bool) -> None:
        """Check the values that have to be checked together.

        Args:
            hosts_are_known: Whether context and environment name no further hosts that may be
                reached over plain http.

        Raises:
            ConfigurationError: A resource type, a path, a pattern or a mirror cannot be used.
        """
        self.catalog()
        ExemptionPatterns.of(self.exempt)
        if self.mirrors:
            from pinned_images.registry.mirrors import Mirror  # noqa: PLC0415  if there are any

            insecure = frozenset(self.insecure_registries)
            for host, url in self.mirrors.items():
                Mirror.parse(host, url, insecure if hosts_are_known else None)

    def catalog(self) -> Catalog:
        """The catalog of image properties to pin."""
        catalog = Catalog.default().extended(self.properties)
        return catalog if self.resource_types is None else catalog.narrowed(self.resource_types)

    def policy(self) -> Policy:
        """The policy for all images, as of today (in UTC)."""
        from pinned_images.pinning import Policy  # noqa: PLC0415  the pipeline, in a synth

        return Policy(
            catalog=self.catalog(),
            today=datetime.now(timezone.utc).date(),
            style=self.style,
            platforms=self.platforms,
            verify_digests=self.verify_digests,
            version_consistency=self.version_consistency,
            exempt=ExemptionPatterns.of(self.exempt),
            require_immutable_tags=self.require_immutable_tags,
            option_syntax=self.syntax,
        )

    def with_settings(
        self,
        context: Mapping[str, Any],
        environment: Mapping[str, str],
        default_lock_file: Path | None = None,
        typed: Iterable[Setting] = (),
    ) -> Options:
        """These options with the settings of context, environment and command line.

        The command line counts before the environment, that before context, and context before
        arguments, so that a single synth can differ from what is committed. Dicts are merged in
        that order.

        Args:
            context: All context values of an app, by key.
            environment: Environment variables.
            default_lock_file: The lock file where nothing names one, or declines it. It is not used
                with a resolver of the user's or with mirrors of the test kit: the digests of a test
                must not get into it.
            typed: The options of a command.

        Raises:
            ConfigurationError: A key or a variable is mistyped, or a value cannot be used; the
                message says where it is.
        """
        sources = [
            _converted(typed),
            _converted(_in_environment(environment)),
            _converted(_in_context(context)),
        ]
        found: dict[str, Any] = {}
        for name in DATA_OPTIONS:
            given = [some[name] for some in sources if name in some]
            if given:
                is_dict = isinstance(given[0], Mapping)
                found[name] = _merged(*given, getattr(self, name)) if is_dict else given[0]
        lock_file = found.get("lock_file", self.lock_file)
        if lock_file is None and self.resolver is None and default_lock_file is not None:
            from pinned_images.lockfile import is_of_tests  # noqa: PLC0415  where there is one

            if not is_of_tests(found.get("mirrors", self.mirrors).values()):
                lock_file = found["lock_file"] = default_lock_file
        if lock_file and not any("update" in some for some in sources[:2]):
            # That CDK makes no lookups matters to a lock file only.
            from pinned_images.lockfile import (  # noqa: PLC0415  where there is one
                UPDATE_VARIABLE,
                mode_of,
            )

            lookups = mode_of({**environment, UPDATE_VARIABLE: ""})
            found.update({"update": lookups} if lookups else {})
        qualifier = sources[0].get("bootstrap_qualifier") or context.get(QUALIFIER_CONTEXT)
        if isinstance(qualifier, str) and qualifier:
            found["bootstrap_qualifier"] = qualifier
        options = replace(self, **found) if found else self
        options.check(hosts_are_known=True)
        return options


def _merged(*dicts: Mapping[str, Any]) -> dict[str, Any]:
    """Dicts in one; of several patterns for an image the first counts, so the order stays."""
    merged: dict[str, Any] = {}
    for each in dicts:
        merged.update({key: each[key] for key in each if key not in merged})
    return merged


#: The options that are data, which may be context values and environment variables too.
DATA_OPTIONS = tuple(
    each.name
    for each in fields(Options)
    if each.name not in ("resolver", "bootstrap_qualifier", "syntax")
)


def context_name(option: str) -> str:
    """The name of an option in context.

    Example:
        >>> context_name("lock_file"), variable_name("lock_file")
        ('lock-file', 'PINNED_IMAGES_LOCK_FILE')
    """
    return option.replace("_", "-")


def variable_name(option: str) -> str:
    """The environment variable of an option."""
    return f"{VARIABLES}{option.upper()}"


_BY_CONTEXT_NAME = {context_name(option): option for option in DATA_OPTIONS}
_BY_CONTEXT_KEY = {f"{CONTEXT}:{name}": option for name, option in _BY_CONTEXT_NAME.items()}
_BY_VARIABLE = {variable_name(option): option for option in DATA_OPTIONS}

# A variable of the user's own may have our prefix, so only a near misspelling is refused.
_NEAR = 0.8
_NEAR_KEY = 0.9


class Setting(NamedTuple):
    """The value of an option as it is written somewhere.

    Attributes:
        option: The name of the option.
        value: The value, not converted yet.
        place: Where it is written.
    """

    option: str
    value: object
    place: Place


def _in_context(context: Mapping[str, Any]) -> Iterator[Setting]:
    """The settings in context: keys ``pinned-images:...``, then the object ``pinned-images``."""
    for key, value in context.items():
        if key in _BY_CONTEXT_KEY:
            yield Setting(_BY_CONTEXT_KEY[key], value, Place("context value", key, is_text=True))
        elif key != CONTEXT and _is_mistyped(key):
            raise _unknown("There is no context key", key, (*_BY_CONTEXT_KEY, CONTEXT))
    place = Place("context value", CONTEXT, is_text=True)
    for name, value in _context_object(context.get(CONTEXT), place).items():
        if name not in _BY_CONTEXT_NAME:
            raise _unknown(f"The context value {CONTEXT} has no key", name, _BY_CONTEXT_NAME)
        yield Setting(_BY_CONTEXT_NAME[name], value, place.at(name))


def _is_mistyped(key: str) -> bool:
    """Whether a key is a misspelling of this library's prefix, or of a whole key."""
    begin = key.partition(":")[0].lower()
    if begin.replace("_", "").replace("-", "").rstrip("s") == "pinnedimage":
        return True
    # Keys of the CDK are many, and none begins so; keys of the user's own are not refused.
    is_alike = key.lstrip()[:1].lower() == CONTEXT[0]
    return is_alike and nearest(key, (CONTEXT, *_BY_CONTEXT_KEY), _NEAR_KEY) is not None


def _context_object(value: object, place: Place) -> Mapping[str, Any]:
    from pinned_images.option_values import convert  # noqa: PLC0415  for a synth alone

    if value is None or value == "":
        return {}
    found: Mapping[str, Any] = convert(
        value, Mapping[str, Any], place, Example('{"lock-file": "pinned-images.lock.json"}')
    )
    return found


def _in_environment(environment: Mapping[str, str]) -> Iterator[Setting]:
    for name, value in environment.items():
        if name in _BY_VARIABLE:
            place = Place("environment variable", name, is_text=True)
            yield Setting(_BY_VARIABLE[name], value, place)
        elif name[:3].upper() == VARIABLES[:3]:
            near = _meant_variable(name)
            if near is not None:
                raise ConfigurationError(
                    f"There is no environment variable {quoted(name)}. Did you mean {near!r}?"
                )


def _meant_variable(name: str) -> str | None:
    """The variable of which a name is a misspelling."""
    if not name.startswith(VARIABLES):
        return nearest(name, _BY_VARIABLE, _NEAR_KEY)
    own = [each.removeprefix(VARIABLES) for each in _BY_VARIABLE]
    near = nearest(name.removeprefix(VARIABLES), own, _NEAR)
    return None if near is None else f"{VARIABLES}{near}"


def _converted(settings: Iterable[Setting]) -> dict[str, Any]:
    """The converted values; of several settings of an option the first counts."""
    from pinned_images.option_values import convert, type_hints  # noqa: PLC0415  for a synth alone

    found: dict[str, Any] = {}
    for option, value, place in settings:
        is_left_out = place.is_text and value in (None, "")
        if option not in found and not is_left_out:
            found[option] = convert(value, type_hints(Options)[option], place)
    return found


def _unknown(what: str, name: object, known: Iterable[str]) -> ConfigurationError:
    """The error of an unknown name."""
    names = list(known)
    return ConfigurationError(
        f"{what} {quoted(name)}.{did_you_mean(str(name), names)} Known: {', '.join(names)}."
    )
