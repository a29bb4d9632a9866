"""The walk through the templates of an app, which calls the rules."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path as FilePath

from pinned_images.cloud_assembly import AssemblyStack, text_assets
from pinned_images.cloudformation.property_paths import Path
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.cloudformation.sites import Site, find_sites
from pinned_images.examination.examination import Examination
from pinned_images.examination.overridden import records_of_overridden
from pinned_images.examination.template_scopes import scopes_of
from pinned_images.pinning import (
    Decision,
    ImageResource,
    compared_with_patterns,
    container_name_of,
)
from pinned_images.problem import Problem
from pinned_images.rules import (
    RULES,
    UNPINNED_BASE_IMAGE,
    UNPINNED_IMAGE,
    Coverage,
    ExaminedApp,
    ExaminedImage,
    ExaminedResource,
    Rule,
    SourceOf,
    Violation,
)

_INDEX = re.compile(r"\[[0-9]+\]")
_OF_IMAGES, _OF_RESOURCES, _OF_TEMPLATES = (
    tuple(rule for rule in RULES if getattr(type(rule), hook) is not getattr(Rule, hook))
    for hook in ("check_image", "check_resource", "check_template")
)


def _last_part(path: str) -> str:
    return path.rpartition("/")[2]


def examine(
    stacks: Sequence[AssemblyStack],
    coverages: Sequence[Coverage],
    container_name: Callable[[str], str] = _last_part,
) -> Examination:
    """Examine every image in some stacks and the stacks nested in them.

    Args:
        stacks: The top-level stacks of the app.
        coverages: The parts to examine; the first that holds a construct decides about it.
        container_name: Gives the name of the container at a construct path.
    """
    found = Examination()
    scopes = cache(lambda coverage: scopes_of(stacks, coverage))
    files = cache(text_assets)
    decisions = cache(_by_path)

    def scope_of(coverage: Coverage, stack: AssemblyStack) -> TemplateScope:
        return scopes(coverage)[stack]

    for top in stacks:
        for stack in top.with_nested():
            path = top.construct_path
            template = _Template(
                stack, path, coverages, scope_of, decisions, container_name, files, found
            )
            template.examine()
    return found


def examine_app(
    stacks: Sequence[AssemblyStack],
    coverages: Sequence[Coverage],
    found: Examination,
    others: Sequence[Coverage] = (),
    source_of: SourceOf = lambda _: None,
) -> list[Violation]:
    """Examine an app as a whole.

    Args:
        stacks: The top-level stacks of the app.
        coverages: The parts that were examined.
        found: The findings in them.
        others: The parts of another gate, which reports their base images itself.
        source_of: The folder that an image asset is a copy of, where that is known.
    """
    app = ExaminedApp(stacks, coverages, found.patterns, source_of)
    reported = set(UNPINNED_BASE_IMAGE.check_app(replace(app, coverages=others, patterns=set())))
    return [
        Violation(rule, problem, path)
        for rule in RULES
        for path, problem in rule.check_app(app)
        if (path, problem) not in reported
    ]


@dataclass(frozen=True, slots=True)
class _Template:
    """The examination of one template, which adds to the findings."""

    stack: AssemblyStack
    top: str
    coverages: Sequence[Coverage]
    scope_of: Callable[[Coverage, AssemblyStack], TemplateScope]
    decisions_of: Callable[[Coverage], Mapping[str, Sequence[Decision]]]
    container_name: Callable[[str], str]
    text_files: Callable[[FilePath], Mapping[str, FilePath]]
    found: Examination

    def examine(self) -> None:
        nested = {each.logical_id_in_parent for each in self.stack.nested}
        for logical_id, resource_type, properties in self.stack.resources():
            path = self.stack.construct_path_of(logical_id)
            coverage = self._coverage_of(path)
            if coverage is not None:
                sites = find_sites(resource_type, properties, coverage.policy.catalog)
                self._examine_resource(
                    ExaminedResource(
                        resource_type,
                        properties,
                        logical_id,
                        path,
                        coverage,
                        sites,
                        self.stack.metadata_of(logical_id),
                        self.stack.templates_read_in(logical_id),
                        partial(self.text_files, self.stack.template_path.parent),
                        partial(self.scope_of, coverage, self.stack),
                        self.found.patterns,
                        logical_id in nested,
                        self.stack.is_construct,
                    )
                )
        for rule in _OF_TEMPLATES:
            for logical_id, problem in rule.check_template(self.stack):
                whole = self.stack.construct_path
                path = self.stack.construct_path_of(logical_id) if logical_id else whole
                if self._coverage_of(path) is not None:
                    self._report(rule, problem, path, logical_id)

    def _examine_resource(self, resource: ExaminedResource) -> None:
        if resource.coverage.is_pinned:
            self.found.resources.add(resource.construct_path)
        for site in resource.sites:
            self._examine_image(resource, site)
        for rule in _OF_RESOURCES:
            for problem in rule.check_resource(resource):
                self._report(rule, problem, resource.construct_path, resource.logical_id)

    def _examine_image(self, resource: ExaminedResource, site: Site) -> None:
        coverage = resource.coverage
        place = resource.construct_path, site.location
        decision = coverage.decisions.get(place)
        if decision is None or decision.value != site.value:
            decision = _moved_here(self.decisions_of(coverage)[place[0]], resource, site)
            if decision is not None:
                self.found.moved[place] = decision.location
                decision = decision.at(site.location)
        scope = self.scope_of(coverage, self.stack)
        image = ExaminedImage(resource, site, scope, decision)
        at = self._reported_at(resource.construct_path, site)
        self.found.patterns.update(_patterns(image))
        for rule in _OF_IMAGES:
            for problem in rule.check_image(image):
                self._report(rule, problem, at, resource.logical_id, site.path)
        if coverage.is_pinned:
            self.found.places.add(place)
            name = container_name_of(site)
            if name is not None:
                self.found.containers[place] = name
            if decision is None:
                overridden = ImageResource(
                    resource.resource_type,
                    {},
                    scope,
                    self.stack.construct_path,
                    resource.construct_path,
                    self.stack.acknowledgements.reason(UNPINNED_IMAGE.id, at),
                )
                self.found.overridden.extend(
                    records_of_overridden(
                        overridden, site, coverage.policy, is_in_construct=resource.is_in_construct
                    )
                )

    def _coverage_of(self, path: str) -> Coverage | None:
        coverage = next((each for each in self.coverages if each.holds(path)), None)
        return None if coverage is None or coverage.is_silent else coverage

    def _reported_at(self, path: str, site: Site) -> str:
        """The construct to report at: the image's own container where that is acknowledged.

        CDK itself knows resources alone.
        """
        above, name = path.rpartition("/")[0], site.setting("Name")
        for container in self.stack.acknowledgements.below(above) if name is not None else ():
            is_beside = container.rpartition("/")[0] == above
            if is_beside and self.container_name(container) == name:
                return container
        return path

    def _report(
        self, rule: Rule, problem: Problem, path: str, logical_id: str, location: Path = ()
    ) -> None:
        self.found.violations.append(
            Violation(
                rule,
                problem,
                path,
                str(self.stack.template_path),
                logical_id,
                "/".join(("Properties", *map(str, location))) if location else "",
                self.top,
            )
        )


def _by_path(coverage: Coverage) -> Mapping[str, Sequence[Decision]]:
    """The decisions from pinning about the images of a part, by construct path."""
    found: defaultdict[str, list[Decision]] = defaultdict(list)
    for (path, _), decision in coverage.decisions.items():
        found[path].append(decision)
    return found


def _moved_here(
    decisions: Sequence[Decision], resource: ExaminedResource, site: Site
) -> Decision | None:
    """The decision about the image from its former place in its list.

    An exemption may be for the container that was there, and does not move with the value.
    """
    values = {each.location: each.value for each in resource.sites}
    for decision in decisions:
        location = decision.location
        if (
            decision.value == site.value
            and not decision.is_exempt
            and values.get(location) != decision.value
            and _INDEX.sub("[]", location) == _INDEX.sub("[]", site.location)
        ):
            return decision
    return None


def _patterns(image: ExaminedImage) -> frozenset[str]:
    """The patterns of exemptions that an image falls under, and needs."""
    if image.decision is not None and image.decision.is_final:
        return image.decision.patterns
    subjects = map(compared_with_patterns, image.outcomes)
    return image.policy.exempt.patterns_for(each for each in subjects if each is not None)
