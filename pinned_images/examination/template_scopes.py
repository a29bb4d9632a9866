"""Evaluation scopes of finished templates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

from pinned_images.cloud_assembly import AssemblyStack, asset_manifests
from pinned_images.cloud_assembly.manifests import asset_images
from pinned_images.cloudformation.deployers import NOT_THE_APP
from pinned_images.cloudformation.outcomes import SsmParameter
from pinned_images.cloudformation.scope import AppTemplates, AssetImages, TemplateScope
from pinned_images.problem import Problem
from pinned_images.rules import Coverage
from pinned_images.rules.unpinned_image import STAND_IN


def scopes_of(
    stacks: Sequence[AssemblyStack], coverage: Coverage, *, to_pin: bool = False
) -> dict[AssemblyStack, TemplateScope]:
    """The scope of each stack; known parameters belong to a coverage.

    Args:
        stacks: The top-level stacks.
        coverage: The known parameters.
        to_pin: Whether images are to be pinned: parameters without a value are then to be
            read. A gate, which resolves nothing, takes any value for them.
    """
    values: Mapping[SsmParameter, str | Problem] = coverage.parameter_values
    if not to_pin:
        values = _AnyParameter(values)
    app = AppTemplates()
    assets = cache(lambda: _asset_images(stacks))
    return dict(pair for stack in stacks for pair in _scopes(stack, app, assets, coverage, values))


def _scopes(
    stack: AssemblyStack,
    app: AppTemplates,
    assets: Callable[[], AssetImages],
    coverage: Coverage,
    values: Mapping[SsmParameter, str | Problem],
) -> Iterator[tuple[AssemblyStack, TemplateScope]]:
    scope = TemplateScope(
        template=lambda: stack.template,
        account=stack.account,
        region=stack.region,
        stack=stack.name,
        app=app,
        parameter_values=values,
        use_parameter_defaults=coverage.use_parameter_defaults,
        option_syntax=coverage.policy.option_syntax,
        asset_images=assets,
    )
    yield stack, scope
    yield from _inner(stack, scope)


def _inner(
    stack: AssemblyStack, scope: TemplateScope
) -> Iterator[tuple[AssemblyStack, TemplateScope]]:
    for nested in stack.nested:
        inner = scope.nest(nested.logical_id_in_parent, nested.template)
        yield nested, inner
        yield from _inner(nested, inner)
    for detached in stack.detached:
        deployer = detached.deployer or NOT_THE_APP
        inner = scope.detached(detached.construct_path, detached.template, deployer)
        yield detached, inner
        yield from _inner(detached, inner)


def _asset_images(stacks: Sequence[AssemblyStack]) -> AssetImages:
    """The image assets of the app; one stack may use those of another."""
    folders = dict.fromkeys(stack.template_path.parent for stack in stacks)
    return frozenset().union(
        *(asset_images(manifest) for folder in folders for manifest in asset_manifests(folder))
    )


class _AnyParameter(Mapping[SsmParameter, "str | Problem"]):
    """Parameter values, with a placeholder for those that were not read.

    Whether a digest follows the value is known all the same.
    """

    def __init__(self, known: Mapping[SsmParameter, str | Problem]) -> None:
        self._known = known

    def __getitem__(self, parameter: SsmParameter) -> str | Problem:
        return self._known.get(parameter, f"{STAND_IN}{len(parameter.name)}")

    def __contains__(self, parameter: object) -> bool:
        return isinstance(parameter, tuple)

    def __iter__(self) -> Iterator[SsmParameter]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)
