"""Every image in the templates of an app, and what the rules say of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, NamedTuple

from pinned_images.acknowledgements import UNPINNED_IMAGE
from pinned_images.cloud_assembly import AssemblyStack
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.cloudformation.sites import Site, find_sites
from pinned_images.cloudformation.trees import Path
from pinned_images.examination.coverage import Coverage
from pinned_images.examination.overridden import records_of_overridden
from pinned_images.examination.rules import judgement_on
from pinned_images.examination.scopes import scopes_of
from pinned_images.examination.unlisted import unlisted_images
from pinned_images.examination.unseen import unseen_templates
from pinned_images.examination.violations import Complaint, Violation
from pinned_images.pinning import ImageResource
from pinned_images.report.records import SiteRecord


def _last_part(path: str) -> str:
    return path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found.

    Attributes:
        violations: What breaks a rule.
        patterns: The patterns of exemptions that images fall under, and need.
        resources: The construct paths of the resources that `PinImages` has looked at.
        places: Construct path and property of each image in them.
        overridden: Records of those that are not what it has left there.
    """

    violations: list[Violation] = field(default_factory=list)
    patterns: set[str] = field(default_factory=set)
    resources: set[str] = field(default_factory=set)
    places: set[tuple[str, str]] = field(default_factory=set)
    overridden: list[SiteRecord] = field(default_factory=list)

    def without(self, other: Examination, coverages: Sequence[Coverage]) -> Examination:
        """What another examination has not found, nor reported as a whole.

        Args:
            other: The other one, of the same stacks.
            coverages: The parts that it was about.
        """
        said = {violation.subject for violation in other.violations}
        left = [
            each
            for each in self.violations
            if each.subject not in said and not _is_silent(each.construct_path, coverages)
        ]
        return replace(self, violations=left)


def _is_silent(path: str, coverages: Sequence[Coverage]) -> bool:
    return next((each.is_silent for each in coverages if each.holds(path)), False)


def examine(
    stacks: Sequence[AssemblyStack],
    coverages: Sequence[Coverage],
    container_name: Callable[[str], str] = _last_part,
) -> Examination:
    """Look at every image in some stacks and the stacks nested in them.

    Args:
        stacks: The top-level stacks of the app.
        coverages: The parts to look at; the first that holds a construct decides about it.
        container_name: Gives the name of the container that stands at a construct path.
    """
    found = Examination()
    scopes = cache(lambda coverage: scopes_of(stacks, coverage))

    def scope_of(coverage: Coverage, stack: AssemblyStack) -> TemplateScope:
        return scopes(coverage)[stack]

    for top in stacks:
        for stack in top.with_nested():
            path = top.construct_path
            _Template(stack, path, coverages, scope_of, container_name, found).look_at_all()
    return found


class _Resource(NamedTuple):
    logical_id: str
    resource_type: str
    properties: Mapping[str, Any]
    path: str
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class _Template:
    """Looks at one template, and puts what is found to the rest."""

    stack: AssemblyStack
    top: str
    coverages: Sequence[Coverage]
    scope_of: Callable[[Coverage, AssemblyStack], TemplateScope]
    container_name: Callable[[str], str]
    found: Examination

    def look_at_all(self) -> None:
        for logical_id, resource_type, properties in self.stack.resources():
            path = self.stack.construct_path_of(logical_id)
            coverage = self._coverage_of(path)
            if coverage is not None:
                self._look_at(_Resource(logical_id, resource_type, properties, path, coverage))
        for logical_id, complaint in unseen_templates(self.stack):
            whole = self.stack.construct_path
            path = self.stack.construct_path_of(logical_id) if logical_id else whole
            if self._coverage_of(path) is not None:
                self._complain(complaint, path, logical_id)

    def _look_at(self, resource: _Resource) -> None:
        policy = resource.coverage.policy
        sites = find_sites(resource.resource_type, resource.properties, policy.catalog)
        if resource.coverage.is_pinned:
            self.found.resources.add(resource.path)
        for site in sites:
            self._look_at_image(resource, site)
        listed = [site.path for site in sites]
        unlisted = unlisted_images(resource.resource_type, resource.properties, listed, policy)
        if unlisted is not None and not self._is_nested_stack(resource):
            self._complain(unlisted, resource.path, resource.logical_id)

    def _is_nested_stack(self, resource: _Resource) -> bool:
        """What such a resource holds are parameters, which count where they are used."""
        return any(each.logical_id_in_parent == resource.logical_id for each in self.stack.nested)

    def _look_at_image(self, resource: _Resource, site: Site) -> None:
        coverage = resource.coverage
        place = resource.path, site.location
        verdict = coverage.verdicts.get(place)
        scope = self.scope_of(coverage, self.stack)
        judgement = judgement_on(site, scope, coverage, verdict)
        at = self._reported_at(resource.path, site)
        self.found.patterns.update(judgement.patterns)
        for complaint in judgement.complaints:
            self._complain(complaint, at, resource.logical_id, site.path)
        if coverage.is_pinned:
            self.found.places.add(place)
            if verdict is None or verdict.value != site.value:
                image = ImageResource(
                    resource.resource_type,
                    {},
                    scope,
                    self.stack.construct_path,
                    resource.path,
                    self.stack.acknowledgements.reason(UNPINNED_IMAGE, at),
                )
                self.found.overridden.extend(records_of_overridden(image, site, coverage.policy))

    def _coverage_of(self, path: str) -> Coverage | None:
        coverage = next((each for each in self.coverages if each.holds(path)), None)
        return None if coverage is None or coverage.is_silent else coverage

    def _reported_at(self, path: str, site: Site) -> str:
        """The image's own container where that is acknowledged; CDK knows resources alone."""
        above, name = path.rpartition("/")[0], site.setting("Name")
        for container in self.stack.acknowledgements.below(above) if name is not None else ():
            is_beside = container.rpartition("/")[0] == above
            if is_beside and self.container_name(container) == name:
                return container
        return path

    def _complain(
        self, complaint: Complaint, path: str, logical_id: str, location: Path = ()
    ) -> None:
        self.found.violations.append(
            Violation(
                complaint,
                path,
                str(self.stack.template_path),
                logical_id,
                "/".join(("Properties", *map(str, location))) if location else "",
                self.top,
            )
        )
