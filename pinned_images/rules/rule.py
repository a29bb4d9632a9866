"""Rules of the gate: their base class, their input, and violations.

A rule is a class in a module of its own, which sets its id and its severity and overrides the one
method that is called with what it looks at; `pinned_images.rules.RULES` names them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any, ClassVar, Literal

from pinned_images.cloud_assembly import AssemblyStack, ImageAsset
from pinned_images.cloudformation.property_paths import Path
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.cloudformation.sites import Site, evaluate_site
from pinned_images.pinning import DecidedOutcome, Decision, ImageOutcome, Policy, outcomes_of
from pinned_images.problem import Problem
from pinned_images.rules.coverage import Coverage

_HASH = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")

#: A warning does not end the synth, the others do; what is fatal cannot be acknowledged: CDK
#: suppresses no such violation.
Severity = Literal["fatal", "error", "warning"]

#: The folder that an image asset is a copy of, where that is known.
SourceOf = Callable[[ImageAsset], FilePath | None]


@dataclass(frozen=True, eq=False)
class ExaminedResource:
    """A resource in a finished template.

    Attributes:
        resource_type: Its CloudFormation type.
        properties: Its properties.
        logical_id: Its logical id.
        construct_path: The path of its construct.
        coverage: The part of the app that it is in.
        sites: The sites of images in it.
        metadata: Its metadata.
        templates: The properties whose templates are examined on their own.
        text_files: The files of text that the app uploads, by the hash that names them.
        make_scope: Makes the scope of its template, called at the first evaluation.
        patterns: The patterns of exemptions that images fall under, and need; rules add theirs.
        is_nested_stack: Whether it is a nested stack whose template is examined.
        is_in_construct: Whether it is in a stack of the app, and not in a template that one names.
    """

    resource_type: str
    properties: Mapping[str, Any]
    logical_id: str
    construct_path: str
    coverage: Coverage
    sites: Sequence[Site]
    metadata: Mapping[str, Any]
    templates: Collection[str]
    text_files: Callable[[], Mapping[str, FilePath]]
    make_scope: Callable[[], TemplateScope]
    patterns: set[str]
    is_nested_stack: bool = False
    is_in_construct: bool = True

    def files_named_in(self, text: str) -> list[tuple[str, FilePath]]:
        """The files of text, with their hashes, whose hashes are in a string."""
        hashes = _HASH.findall(text)
        files = self.text_files() if hashes else {}
        return [(each, files[each]) for each in dict.fromkeys(hashes) if each in files]

    @property
    def scope(self) -> TemplateScope:
        """The scope that its values are evaluated in."""
        return self.make_scope()

    @property
    def listed(self) -> Collection[Path]:
        """The paths of the properties that are image properties as a whole."""
        return [site.path for site in self.sites if not site.image_property.leads_into_text]


@dataclass(frozen=True, eq=False)
class ExaminedImage:
    """An image in a finished template.

    Attributes:
        resource: The resource that it is in.
        site: Its site there.
        scope: The template.
        decision: The decision from pinning; None without one, or where another value is in the
            template now.
    """

    resource: ExaminedResource
    site: Site
    scope: TemplateScope
    decision: Decision | None = None

    @property
    def policy(self) -> Policy:
        """The user's decisions about pinning."""
        return self.resource.coverage.policy

    @property
    def decided(self) -> Sequence[DecidedOutcome]:
        """The decisions from pinning about each image that the value may be."""
        return () if self.decision is None else self.decision.outcomes

    @cached_property
    def outcomes(self) -> tuple[ImageOutcome, ...]:
        """The outcomes that the value in the template may have.

        Those are left out whose decision is final: the image could not be pinned, or need not be.
        """
        final: frozenset[str] = frozenset()
        if self.decision is not None and self.decision.is_final:
            final = self.decision.final_places
            if final >= {each.outcome.location for each in self.decided}:
                return ()
        evaluation = evaluate_site(self.site, self.scope)
        found = tuple(dict.fromkeys(outcomes_of(evaluation, self.site, self.scope)))
        if not final <= {each.location for each in found}:
            return ()  # the same images are at other places now that some of them are pinned
        return tuple(each for each in found if each.location not in final)


@dataclass(frozen=True, slots=True, eq=False)
class ExaminedApp:
    """All finished templates of an app.

    Attributes:
        stacks: The top-level stacks.
        coverages: The parts of the app; the first that holds a construct decides about it.
        patterns: The patterns of exemptions that images fall under, and need; rules add theirs.
        source_of: The folder that an image asset is a copy of, where that is known.
    """

    stacks: Sequence[AssemblyStack]
    coverages: Sequence[Coverage]
    patterns: set[str]
    source_of: SourceOf = lambda _: None


class Rule:
    """A rule of the gate; by default it finds nothing.

    Attributes:
        id: Its id without the plugin's name.
        severity: The severity of a violation.
    """

    id: ClassVar[str]
    severity: ClassVar[Severity]

    def check_image(self, image: ExaminedImage, /) -> Iterable[Problem]:  # noqa: ARG002 - a hook
        """The problems of an image."""
        return ()

    def check_resource(
        self,
        resource: ExaminedResource,  # noqa: ARG002 - a hook
        /,
    ) -> Iterable[Problem]:
        """The problems of a resource, with or without images."""
        return ()

    def check_template(
        self,
        stack: AssemblyStack,  # noqa: ARG002 - a hook
        /,
    ) -> Iterable[tuple[str, Problem]]:
        """The problems of a template, each with a logical id, or with "" for the whole."""
        return ()

    def check_app(
        self,
        app: ExaminedApp,  # noqa: ARG002 - a hook
        /,
    ) -> Iterable[tuple[str, Problem]]:
        """The problems of the app, each with a construct path, or with "" for the whole."""
        return ()

    def violation(self, what: str, fix: str | None = None) -> Violation:
        """A violation at the whole app."""
        return Violation(self, Problem(what, fix))


@dataclass(frozen=True, slots=True)
class Violation:
    """A violation of a rule, with its cause and place.

    Attributes:
        rule: The rule.
        problem: What is wrong, and what to do.
        construct_path: The construct that it is reported at, and acknowledged at or above; empty
            for the app.
        template_path: The template's file.
        logical_id: The resource.
        location: Where in the resource, as CDK writes locations.
        stack: The construct path of the top-level stack.
    """

    rule: Rule
    problem: Problem
    construct_path: str = ""
    template_path: str = ""
    logical_id: str = ""
    location: str = ""
    stack: str = ""

    @property
    def subject(self) -> tuple[str, ...]:
        """The rule and the place, without the problem."""
        return (
            self.rule.id,
            self.construct_path,
            self.template_path,
            self.logical_id,
            self.location,
        )
