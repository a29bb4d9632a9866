"""The last look: which images in finished templates carry no digest, and are not exempt."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from pinned_images.acknowledgements import FLOATING_TAG, UNPINNED_IMAGE
from pinned_images.cloud_assembly import AssemblyStack, asset_manifests
from pinned_images.cloudformation.asset_manifest import asset_images
from pinned_images.cloudformation.outcomes import (
    Known,
    Leaf,
    NeedsParameters,
    SsmParameter,
    Unknown,
    leaves,
)
from pinned_images.cloudformation.scope import AppTemplates, AssetImages, TemplateScope
from pinned_images.cloudformation.sites import Site, evaluate_site, find_sites
from pinned_images.pinning import Policy, asks_for_floating_tag
from pinned_images.reference import DEFAULT_TAG


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """A part of the construct tree whose images have to be pinned.

    Attributes:
        scope_path: The construct path that it begins at; empty for the whole app.
        policy: What the user decided.
        settled: Construct path and property of images that are exempt or reported already.
        silent_paths: Construct paths below which a problem has been reported as a whole.
        parameter_values: Values of SSM parameters, as far as they were read.
        use_parameter_defaults: See `TemplateScope`.
    """

    scope_path: str
    policy: Policy
    settled: Collection[tuple[str, str]] = ()
    silent_paths: Collection[str] = ()
    parameter_values: Mapping[SsmParameter, str | Unknown] = field(default_factory=dict)
    use_parameter_defaults: bool = False

    def holds(self, construct_path: str) -> bool:
        """Whether a construct is in this part."""
        return _below(construct_path, self.scope_path)

    def is_silent(self, construct_path: str) -> bool:
        """Whether what is wrong there has been said already."""
        return any(_below(construct_path, path) for path in self.silent_paths)


@dataclass(frozen=True, slots=True)
class AppProblem:
    """What is wrong with a whole app or with a part of it, rather than with one image.

    Attributes:
        description: What is wrong and where, as a sentence.
        fix: What to do, as a sentence.
    """

    description: str
    fix: str


@dataclass(frozen=True, slots=True)
class Violation:
    """An image that breaks a rule.

    Attributes:
        rule: A rule without the plugin's name.
        severity: A warning does not end the synth.
        description: What is wrong, as a sentence.
        fix: What to do, as a sentence.
        template_path: The template's file.
        logical_id: The resource.
        location: Where in the resource, as CDK writes locations.
    """

    rule: str
    severity: Literal["error", "warning"]
    description: str
    fix: str
    template_path: str
    logical_id: str
    location: str


def examine(stacks: Sequence[AssemblyStack], coverages: Sequence[Coverage]) -> list[Violation]:
    """Every violation in some stacks and the stacks nested in them.

    Args:
        stacks: The top-level stacks of the app.
        coverages: The parts to look at; the first that holds a construct decides about it.
    """
    scopes: dict[Coverage, dict[AssemblyStack, TemplateScope]] = {}
    found: list[Violation] = []
    for stack in (each for top in stacks for each in top.with_nested()):
        for logical_id, resource_type, properties in stack.resources():
            path = stack.construct_path_of(logical_id)
            coverage = next((each for each in coverages if each.holds(path)), None)
            if coverage is None or coverage.is_silent(path):
                continue
            for site in find_sites(resource_type, properties, coverage.policy.catalog):
                if (path, site.location) in coverage.settled:
                    continue
                if _acknowledged(stack, path, site):
                    continue
                if coverage not in scopes:
                    scopes[coverage] = _scopes(stacks, coverage)
                scope = scopes[coverage][stack]
                found.extend(_violations(stack, logical_id, site, scope, coverage.policy))
    return found


def _scopes(
    stacks: Sequence[AssemblyStack], coverage: Coverage
) -> dict[AssemblyStack, TemplateScope]:
    """The scope of each stack; what is known of parameters belongs to a coverage."""
    app = AppTemplates()
    assets = cache(lambda: _asset_images(stacks))
    return dict(pair for stack in stacks for pair in _scopes_of(stack, app, assets, coverage))


def _asset_images(stacks: Sequence[AssemblyStack]) -> AssetImages:
    """What the app builds itself; one stack may use what another one has built."""
    folders = dict.fromkeys(stack.template_path.parent for stack in stacks)
    return frozenset().union(
        *(asset_images(manifest) for folder in folders for manifest in asset_manifests(folder))
    )


def _scopes_of(
    stack: AssemblyStack,
    app: AppTemplates,
    assets: Callable[[], AssetImages],
    coverage: Coverage,
) -> list[tuple[AssemblyStack, TemplateScope]]:
    scope = TemplateScope(
        template=lambda: stack.template,
        account=stack.account,
        region=stack.region,
        stack=stack.name,
        app=app,
        parameter_values=_AnyParameter(coverage.parameter_values),
        use_parameter_defaults=coverage.use_parameter_defaults,
        asset_images=assets,
    )
    return [(stack, scope), *_nested_scopes(stack, scope)]


def _nested_scopes(
    stack: AssemblyStack, scope: TemplateScope
) -> Iterator[tuple[AssemblyStack, TemplateScope]]:
    for nested in stack.nested:
        inner = scope.nest(nested.logical_id_in_parent, nested.template)
        yield nested, inner
        yield from _nested_scopes(nested, inner)


def _violations(
    stack: AssemblyStack, logical_id: str, site: Site, scope: TemplateScope, policy: Policy
) -> Iterator[Violation]:
    for rule, severity, description, fix in _judged(site, scope, policy):
        yield Violation(
            rule,
            severity,
            description,
            fix,
            str(stack.template_path),
            logical_id,
            "/".join(("Properties", *map(str, site.path))),
        )


def _acknowledged(stack: AssemblyStack, path: str, site: Site) -> bool:
    """Whether the image's own container is acknowledged; CDK itself looks at resources."""
    name = site.setting("Name")
    sibling = f"{path.rpartition('/')[0]}/{name}"
    return isinstance(name, str) and (
        stack.acknowledgements.reason(UNPINNED_IMAGE, sibling) is not None
    )


def _judged(
    site: Site, scope: TemplateScope, policy: Policy
) -> Iterator[tuple[str, Literal["error", "warning"], str, str]]:
    if policy.version_consistency == "respect" and asks_for_floating_tag(site):
        return
    for leaf in dict.fromkeys(leaves(evaluate_site(site, scope))):
        problem = _unpinned(leaf, policy)
        if problem is not None:
            yield UNPINNED_IMAGE, "error", *problem
        if isinstance(leaf, Known) and leaf.reference.effective_tag == DEFAULT_TAG:
            yield (
                FLOATING_TAG,
                "warning",
                f"The tag {DEFAULT_TAG} of {leaf.reference.spelled_name} tells no version.",
                "Name a version in the tag.",
            )


def _unpinned(leaf: Leaf, policy: Policy) -> tuple[str, str] | None:
    if isinstance(leaf, Unknown):
        return f"An image cannot be known before the deployment. {leaf.reason}", leaf.remedy
    if isinstance(leaf, NeedsParameters):
        names = ", ".join(sorted(map(str, leaf.parameters)))
        return f"An image is read from the SSM parameter {names} at deployment.", _FIX
    if not isinstance(leaf, Known) or leaf.reference.digest is not None:
        return None
    matched = policy.exempt.match(leaf.reference)
    if matched is not None and not matched[1].expired(policy.today):
        return None
    return f"The image {_readable(leaf.text)} carries no digest.", _FIX


_FIX = (
    "Write the image as name:tag@sha256:..., or let PinImages do it; where an override "
    "(add_property_override) sets the image, put the digest there."
)


class _AnyParameter(Mapping[SsmParameter, "str | Unknown"]):
    """Parameter values, with a stand-in for those that nobody has read.

    Whether a digest follows the value can be told all the same.
    """

    def __init__(self, known: Mapping[SsmParameter, str | Unknown]) -> None:
        self._known = known

    def __getitem__(self, parameter: SsmParameter) -> str | Unknown:
        return self._known.get(parameter, f"{_STAND_IN}{len(parameter.name)}")

    def __contains__(self, parameter: object) -> bool:
        return isinstance(parameter, tuple)

    def __iter__(self) -> Iterator[SsmParameter]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


_STAND_IN = "parameter.invalid/value:v"


def _readable(text: str) -> str:
    return "in an SSM parameter" if text.startswith(_STAND_IN) else text


def _below(path: str, scope: str) -> bool:
    return not scope or path == scope or path.startswith(f"{scope}/")
