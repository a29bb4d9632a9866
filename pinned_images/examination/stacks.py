"""Every image in the templates of an app, and what the rules say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache

from pinned_images.cloud_assembly import AssemblyStack
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.cloudformation.sites import Site, find_sites
from pinned_images.examination.coverage import Coverage
from pinned_images.examination.rules import complaints_about
from pinned_images.examination.scopes import scopes_of
from pinned_images.examination.violations import Violation

#: Gives the scope of a stack.
_ScopeOf = Callable[[Coverage, AssemblyStack], TemplateScope]


def examine(stacks: Sequence[AssemblyStack], coverages: Sequence[Coverage]) -> list[Violation]:
    """Every violation in some stacks and the stacks nested in them.

    Args:
        stacks: The top-level stacks of the app.
        coverages: The parts to look at; the first that holds a construct decides about it.
    """
    scopes = cache(lambda coverage: scopes_of(stacks, coverage))
    return [
        violation
        for top in stacks
        for stack in top.with_nested()
        for violation in _in_stack(
            stack, top.construct_path, coverages, lambda part, one: scopes(part)[one]
        )
    ]


def _in_stack(
    stack: AssemblyStack, top: str, coverages: Sequence[Coverage], scope_of: _ScopeOf
) -> Iterator[Violation]:
    for logical_id, resource_type, properties in stack.resources():
        path = stack.construct_path_of(logical_id)
        coverage = next((each for each in coverages if each.holds(path)), None)
        if coverage is None or coverage.is_silent:
            continue
        for site in find_sites(resource_type, properties, coverage.policy.catalog):
            scope = scope_of(coverage, stack)
            verdict = coverage.verdicts.get((path, site.location))
            for complaint in complaints_about(site, scope, coverage.policy, verdict):
                yield Violation(
                    complaint,
                    _reported_at(stack, path, site),
                    str(stack.template_path),
                    logical_id,
                    "/".join(("Properties", *map(str, site.path))),
                    top,
                )


def _reported_at(stack: AssemblyStack, path: str, site: Site) -> str:
    """The image's own container where that is acknowledged; CDK itself knows resources alone."""
    name = site.setting("Name")
    container = f"{path.rpartition('/')[0]}/{name}"
    acknowledged = isinstance(name, str) and stack.acknowledgements.by_path.get(container)
    return container if acknowledged else path
