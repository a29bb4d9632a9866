"""What users decide, from arguments, CDK context and environment variables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal, TypedDict, cast, get_args

from pinned_images.cloudformation.catalog import Catalog
from pinned_images.errors import ConfigurationError
from pinned_images.exemptions import Exemption, ExemptionPatterns
from pinned_images.lockfile import UPDATE_VARIABLE, UpdateMode, mode_of, parse_mode
from pinned_images.option_types import (
    require_mapping,
    require_path,
    require_resolver,
    require_seconds,
    require_texts_by_text,
    texts,
)
from pinned_images.pinning import Policy, VersionConsistency
from pinned_images.reference import Style
from pinned_images.resolution import PlatformMode, Resolver

#: Where in a template it is recorded what was pinned.
RecordIn = Literal["metadata", "outputs"]

MIRRORS_CONTEXT = "pinned-images:mirrors"
LOCK_FILE_CONTEXT = "pinned-images:lock-file"
UPDATE_CONTEXT = "pinned-images:update"
QUALIFIER_CONTEXT = "@aws-cdk/core:bootstrapQualifier"

_OWN_CONTEXT = (MIRRORS_CONTEXT, LOCK_FILE_CONTEXT, UPDATE_CONTEXT)

_MAPPINGS_OF_TEXTS = {
    "mirrors": "{'docker.io': 'https://mirror.example'}",
    "ecr_roles": "{'123456789012': 'arn:aws:iam::123456789012:role/reader'}",
    "ssm_parameters": "{'/shop/image': 'nginx:1.27'}",
}


class PinImagesOptions(TypedDict, total=False):
    """The arguments of `PinImages`; see there."""

    resolver: Resolver | None
    style: Style | None
    platforms: PlatformMode
    version_consistency: VersionConsistency
    exempt: Mapping[str, str | Exemption] | None
    mirrors: Mapping[str, str] | None
    mirror_fallback: bool
    insecure_registries: Iterable[str]
    ecr_roles: Mapping[str, str] | None
    lock_file: str | Path | None
    update: UpdateMode | None
    resource_types: Iterable[str] | None
    properties: Mapping[str, Iterable[str]] | None
    ssm_parameters: Mapping[str, str] | None
    use_parameter_defaults: bool
    record_in: RecordIn | None
    deadline: float


@dataclass(frozen=True, slots=True)
class Options:
    """The arguments of `PinImages`, checked; see there for what each means."""

    resolver: Resolver | None = None
    style: Style | None = None
    platforms: PlatformMode = "verify"
    version_consistency: VersionConsistency = "pin"
    exempt: Mapping[str, str | Exemption] = field(default_factory=dict)
    mirrors: Mapping[str, str] = field(default_factory=dict)
    mirror_fallback: bool = False
    insecure_registries: Iterable[str] = ()
    ecr_roles: Mapping[str, str] = field(default_factory=dict)
    lock_file: str | Path | None = None
    update: UpdateMode | None = None
    resource_types: Iterable[str] | None = None
    properties: Mapping[str, Iterable[str]] = field(default_factory=dict)
    ssm_parameters: Mapping[str, str] = field(default_factory=dict)
    use_parameter_defaults: bool = False
    record_in: RecordIn | None = None
    deadline: float = 120.0
    bootstrap_qualifier: str | None = None

    def __post_init__(self) -> None:
        """Read once what can be read only once."""
        insecure = texts("insecure_registries", self.insecure_registries)
        object.__setattr__(self, "insecure_registries", insecure)
        if self.resource_types is not None:
            types = texts("resource_types", self.resource_types)
            object.__setattr__(self, "resource_types", types)

    def check(self) -> None:
        """Refuse what no later step could use.

        Raises:
            ConfigurationError: A value is none of those that are allowed.
        """
        for name, example in _MAPPINGS_OF_TEXTS.items():
            require_texts_by_text(name, getattr(self, name), example)
        require_mapping("exempt", self.exempt, "{'docker.io/library/nginx:*': 'the reason'}")
        require_mapping("properties", self.properties, "{'Custom::Thing': ['Image']}")
        require_path("lock_file", self.lock_file)
        require_seconds("deadline", self.deadline)
        require_resolver(self.resolver)
        _one_of("style", self.style, (None, *get_args(Style)))
        _one_of("platforms", self.platforms, get_args(PlatformMode))
        _one_of("version_consistency", self.version_consistency, get_args(VersionConsistency))
        _one_of("update", self.update, (None, *get_args(UpdateMode)))
        _one_of("record_in", self.record_in, (None, *get_args(RecordIn)))
        ExemptionPatterns.of(self.exempt)
        self.catalog()

    def catalog(self) -> Catalog:
        """The image properties to look at."""
        catalog = Catalog.default().extended(self.properties)
        return catalog if self.resource_types is None else catalog.narrowed(self.resource_types)

    def policy(self) -> Policy:
        """What decides about each image, today (in UTC)."""
        return Policy(
            catalog=self.catalog(),
            today=datetime.now(timezone.utc).date(),
            style=self.style,
            platforms=self.platforms,
            version_consistency=self.version_consistency,
            exempt=ExemptionPatterns.of(self.exempt),
        )

    def with_surroundings(
        self, context: Callable[[str], Any], environment: Mapping[str, str]
    ) -> Options:
        """These options with what context and environment say.

        The environment counts before context, and context before arguments, so that a single
        synth can differ from what is committed. Mirrors are merged in that order.

        Args:
            context: Gives a CDK context value, or None.
            environment: Environment variables.

        Raises:
            ConfigurationError: A value cannot be used; the message says where it stands.
        """
        lock_file = _context_text(context, LOCK_FILE_CONTEXT) or self.lock_file
        return replace(
            self,
            mirrors={**self.mirrors, **_context_mirrors(context), **_variable_mirrors(environment)},
            lock_file=lock_file,
            update=_update(context, environment, locked=lock_file is not None) or self.update,
            bootstrap_qualifier=_context_text(context, QUALIFIER_CONTEXT)
            or self.bootstrap_qualifier,
        )


def check_context_keys(keys: Iterable[str]) -> None:
    """Refuse a mistyped key: a lock file that is not read would leave all tags to move.

    Args:
        keys: Those of all context values of an app.

    Raises:
        ConfigurationError: A key begins as this library's do, and is none of them.
    """
    for key in keys:
        if key.startswith("pinned-images:") and key not in _OWN_CONTEXT:
            *others, last = _OWN_CONTEXT
            raise ConfigurationError(
                f"The context value {key} is not known: write {', '.join(others)} or {last}."
            )


def _one_of(name: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        choices = ", ".join(repr(choice) for choice in allowed if choice is not None)
        raise ConfigurationError(
            f"PinImages does not know {name}={value!r}: choose one of {choices}."
        )


def _context_text(context: Callable[[str], Any], key: str) -> str | None:
    value = context(key)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ConfigurationError(f"The context value {key} is {value!r}: write a text.")
    return value


def _update(
    context: Callable[[str], Any], environment: Mapping[str, str], *, locked: bool
) -> UpdateMode | None:
    """What the surroundings ask for; that CDK makes no lookups matters to a lock file only."""
    asked_for = {UPDATE_VARIABLE: environment.get(UPDATE_VARIABLE, "")}
    mode = mode_of(environment if locked else asked_for)
    if mode is not None:
        return mode
    text = _context_text(context, UPDATE_CONTEXT)
    return parse_mode(text) if text else None


def _context_mirrors(context: Callable[[str], Any]) -> Mapping[str, str]:
    """Mirrors as ``cdk.json`` holds them (an object), or as ``-c`` gives them (a text)."""
    from pinned_images.registry.settings import parse_mirrors  # noqa: PLC0415  network, when used

    value = context(MIRRORS_CONTEXT)
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        return parse_mirrors(value, f"the context value {MIRRORS_CONTEXT}")
    if isinstance(value, Mapping) and all(isinstance(url, str) for url in value.values()):
        return cast("Mapping[str, str]", value)
    raise ConfigurationError(
        f"The context value {MIRRORS_CONTEXT} is {value!r}: write an object of hosts and URLs."
    )


def _variable_mirrors(environment: Mapping[str, str]) -> Mapping[str, str]:
    from pinned_images.registry.settings import (  # noqa: PLC0415  network, when used
        MIRRORS_VARIABLE,
        parse_mirrors,
    )

    return parse_mirrors(environment.get(MIRRORS_VARIABLE, ""))
