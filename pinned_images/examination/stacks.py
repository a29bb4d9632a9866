"""Every image in the templates of an app, and what the rules say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from pinned_images.cloud_assembly import AssemblyStack
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.cloudformation.sites import Site, find_sites
from pinned_images.cloudformation.trees import Path
from pinned_images.examination.coverage import Coverage
from pinned_images.examination.rules import Judgement, judgement_on
from pinned_images.examination.scopes import scopes_of
from pinned_images.examination.unlisted import unlisted_images
from pinned_images.examination.unseen import unseen_templates
from pinned_images.examination.violations import Complaint, Violation


def _last_part(path: str) -> str:
    return path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found.

    Attributes:
        violations: What breaks a rule.
        patterns: The patterns of exemptions that images fall under, and need.
    """

    violations: list[Violation] = field(default_factory=list)
    patterns: set[str] = field(default_factory=set)


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
    examination = Examination()
    scopes = cache(lambda coverage: scopes_of(stacks, coverage))
    for top in stacks:
        for stack in top.with_nested():
            looker = _Looker(
                stack,
                top.construct_path,
                coverages,
                lambda part, one: scopes(part)[one],
                container_name,
            )
            examination.violations.extend(looker.violations(examination.patterns))
    return examination


@dataclass(frozen=True, slots=True)
class _Looker:
    """Looks at one template."""

    stack: AssemblyStack
    top: str
    coverages: Sequence[Coverage]
    scope_of: Callable[[Coverage, AssemblyStack], TemplateScope]
    container_name: Callable[[str], str]

    def violations(self, patterns: set[str]) -> Iterator[Violation]:
        """What breaks a rule; adds the patterns that images fall under."""
        nested = {stack.logical_id_in_parent for stack in self.stack.nested}
        for logical_id, resource_type, properties in self.stack.resources():
            path = self.stack.construct_path_of(logical_id)
            coverage = self._coverage_of(path)
            if coverage is None:
                continue
            sites = find_sites(resource_type, properties, coverage.policy.catalog)
            for site in sites:
                judgement = self._judgement(site, path, coverage)
                patterns |= judgement.patterns
                for complaint in judgement.complaints:
                    at = self._reported_at(path, site)
                    yield self._violation(complaint, at, logical_id, site.path)
            listed = [site.path for site in sites]
            unlisted = unlisted_images(resource_type, properties, listed, coverage.policy)
            if unlisted is not None and logical_id not in nested:
                yield self._violation(unlisted, path, logical_id)
        yield from self._unseen()

    def _judgement(self, site: Site, path: str, coverage: Coverage) -> Judgement:
        verdict = coverage.verdicts.get((path, site.location))
        return judgement_on(site, self.scope_of(coverage, self.stack), coverage, verdict)

    def _unseen(self) -> Iterator[Violation]:
        for logical_id, complaint in unseen_templates(self.stack):
            whole = self.stack.construct_path
            path = self.stack.construct_path_of(logical_id) if logical_id else whole
            if self._coverage_of(path) is not None:
                yield self._violation(complaint, path, logical_id)

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

    def _violation(
        self, complaint: Complaint, path: str, logical_id: str, location: Path = ()
    ) -> Violation:
        return Violation(
            complaint,
            path,
            str(self.stack.template_path),
            logical_id,
            "/".join(("Properties", *map(str, location))) if location else "",
            self.top,
        )
