"""Sites: the places in a resource's properties where images are, and their evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from pinned_images.cloudformation.catalog import Catalog, ImageProperty
from pinned_images.cloudformation.evaluation import Assumptions, evaluate
from pinned_images.cloudformation.exempt_rules import exempt_tag_only
from pinned_images.cloudformation.intermediate import kind_of
from pinned_images.cloudformation.interpreter import Interpreter
from pinned_images.cloudformation.intrinsics import (
    NO_VALUE,
    function_among,
    if_arguments,
    intrinsic_of,
)
from pinned_images.cloudformation.kubernetes import evaluate_manifest
from pinned_images.cloudformation.kubernetes_kinds import ANY_TEXT, KindPath
from pinned_images.cloudformation.outcomes import Absent, Condition, Evaluation
from pinned_images.cloudformation.property_paths import (
    Path,
    Step,
    matching_keys,
    path_text,
    spellings,
    value_of,
)
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.problem import Problem

_MAXIMUM_DEPTH = 60


class Site(Struct, frozen=True):
    """One place in the properties of one resource where an image is.

    Attributes:
        path: The keys and indices that lead there in the given properties, for `replace_at`.
        value: The value: a string or intrinsic functions.
        image_property: The property of the catalog.
        container: The object that holds the image, to read its other keys; None where the image
            is a property of the resource itself.
        obstacle: Why no image can be found here although one may be here; None where `value`
            is the image.
        assumptions: The answers to the template's conditions that lead here, by name.
    """

    path: Path
    value: Any
    image_property: ImageProperty
    container: Mapping[str, Any] | None = None
    obstacle: Problem | None = None
    assumptions: tuple[tuple[str, bool], ...] = ()

    @property
    def location(self) -> str:
        """The written path, with CloudFormation's names for its keys."""
        names = _names_by_spelling(self.image_property.steps)
        return path_text(tuple(names.get(key, key) for key in self.path))

    def assumed(self, scope: TemplateScope) -> Assumptions:
        """The assumptions, as conditions of the template that the site is in."""
        return {Condition(name, scope.stack): answer for name, answer in self.assumptions}

    def setting(self, name: str) -> Any:
        """Another key of the object that holds the image, in either case; None without it.

        Example:
            >>> container = {"image": "nginx", "name": "web"}
            >>> image = Catalog.default().properties_of("AWS::ECS::TaskDefinition")[0]
            >>> Site(("image",), "nginx", image, container).setting("Name")
            'web'
        """
        return value_of(self.container, name)


@cache
def _names_by_spelling(steps: tuple[Step, ...]) -> Mapping[str | int, str]:
    return {key: step.name for step in reversed(steps) for key in spellings(step.name)}


def find_sites(resource_type: str, properties: Any, catalog: Catalog | None = None) -> list[Site]:
    """Every place in a resource's properties where an image is, or may be.

    Args:
        resource_type: The CloudFormation type of the resource.
        properties: Its properties; the first letter of a key may be of either case, as in
            templates and in CDK's L1 constructs.
        catalog: Which properties hold images; all that are known if left out.

    Example:
        >>> sites = find_sites("AWS::Lambda::Function", {"Code": {"ImageUri": "app:v1"}})
        >>> [(site.location, site.value) for site in sites]
        [('Code.ImageUri', 'app:v1')]
    """
    catalog = Catalog.default() if catalog is None else catalog
    sites: list[Site] = []
    image_properties = catalog.properties_of(resource_type)
    if not image_properties:
        return sites
    for image_property in image_properties:
        sites.extend(_walk(_Position(image_property, properties), image_property.steps))
    return _each_once(sites)


def evaluate_site(site: Site, scope: TemplateScope) -> Evaluation:
    """The evaluation of a site: as `evaluate`, or the `Problem` that is its obstacle.

    Args:
        site: One of `find_sites`.
        scope: The template that it is in, and its environment.
    """
    interpreter = Interpreter({})
    for name, assumed in site.assumptions:
        if interpreter.answer_by_defaults(name, scope) is (not assumed):
            return Absent()  # in a branch that is never taken
    if site.obstacle is not None:
        return site.obstacle
    if site.image_property.holds == "kubernetes-manifest":
        return evaluate_manifest(
            site.value, scope, site.assumed(scope), site.image_property.kind_paths
        )
    evaluation = evaluate(
        site.value,
        scope,
        exempt_rule=site.image_property.exempt_rule,
        assumptions=site.assumed(scope),
    )
    if site.image_property.style == "tag":
        return exempt_tag_only(evaluation, site.image_property)
    return evaluation


class _Position(Struct, frozen=True):
    """A position on the walk along a path."""

    image_property: ImageProperty
    value: Any
    path: Path = ()
    container: Mapping[str, Any] | None = None
    assumptions: tuple[tuple[str, bool], ...] = ()

    def down(self, key: str | int, value: Any) -> _Position:
        container = self.value if isinstance(self.value, Mapping) else self.container
        return _Position(self.image_property, value, (*self.path, key), container, self.assumptions)

    def branches(self) -> Iterator[_Position] | None:
        """The branches of an ``Fn::If`` that can be taken here; None where there is no such."""
        intrinsic = intrinsic_of(self.value)
        if intrinsic is None or intrinsic.name != "Fn::If":
            return None
        arguments = if_arguments(intrinsic.argument)
        return None if arguments is None else self._branches(*arguments)

    def _branches(self, condition: str, when_true: Any, when_false: Any) -> Iterator[_Position]:
        decided = dict(self.assumptions).get(condition)
        for answer, index, value in ((True, 1, when_true), (False, 2, when_false)):
            if decided is None or decided is answer:
                path = (*self.path, "Fn::If", index)
                assumptions = dict(self.assumptions) | {condition: answer}
                yield _Position(
                    self.image_property, value, path, self.container, tuple(assumptions.items())
                )

    def site(self, obstacle: Problem | None = None) -> Site:
        return Site(
            self.path, self.value, self.image_property, self.container, obstacle, self.assumptions
        )

    def in_text(self, steps: tuple[Step, ...]) -> Site:
        """The site of a string whose JSON the rest of a path leads into.

        Its service may refuse a digest next to a tag, which is not known: what takes a digest
        takes it in the tag's place.
        """
        path = ".".join(f"{step.name}{step.collection}" for step in steps)
        holds = replace(
            self.image_property,
            style="digest",
            holds="kubernetes-manifest",
            kind_paths=(KindPath(ANY_TEXT, path),),
        )
        return replace(self.site(), image_property=holds)

    def blocked_by(self, function: str) -> Site:
        return self.site(
            Problem(
                f"The value of {function} is known at deployment only, and an image may be in it.",
                "Write the object out in the template, or exempt it with a reason.",
            )
        )


def _walk(position: _Position, steps: tuple[Step, ...], depth: int = 0) -> Iterator[Site]:
    if not steps:
        if position.value is not None and position.value != NO_VALUE:
            yield position.site()
        return
    if position.value is None or position.value == NO_VALUE:
        return
    branches = position.branches()
    if depth > _MAXIMUM_DEPTH:
        yield position.blocked_by("so many functions in one another")
    elif branches is not None:
        for branch in branches:
            yield from _walk(branch, steps, depth + 1)
    else:
        yield from _walk_object(position, steps, depth)


def _walk_object(position: _Position, steps: tuple[Step, ...], depth: int) -> Iterator[Site]:
    value = position.value
    intrinsic = intrinsic_of(value)
    is_text = isinstance(value, str) or (
        intrinsic is not None and intrinsic.name in ("Fn::Join", "Fn::Sub")
    )
    if is_text and position.path and position.image_property.is_own:
        yield position.in_text(steps)
        return
    if intrinsic is not None:
        yield position.blocked_by(intrinsic.name)
        return
    if not isinstance(value, Mapping):
        yield _not_an(position, "object")
        return
    function = function_among(value)
    if function is not None:
        yield position.blocked_by(function)
    step, *rest = steps
    for key in matching_keys(value, step.name):
        below = position.down(key, value[key])
        if step.collection:
            yield from _walk_collection(below, step, tuple(rest), depth + 1)
        else:
            yield from _walk(below, tuple(rest), depth + 1)


def _walk_collection(
    position: _Position, step: Step, rest: tuple[Step, ...], depth: int
) -> Iterator[Site]:
    value = position.value
    branches = position.branches()
    intrinsic = intrinsic_of(value)
    if value is None or value == NO_VALUE:
        return
    if depth > _MAXIMUM_DEPTH:
        yield position.blocked_by("so many functions in one another")
    elif branches is not None:
        for branch in branches:
            yield from _walk_collection(branch, step, rest, depth + 1)
    elif intrinsic is not None:
        yield position.blocked_by(intrinsic.name)
    elif step.collection == "[]" and isinstance(value, (list, tuple)):
        for index, element in enumerate(value):
            yield from _walk(position.down(index, element), rest, depth + 1)
    elif isinstance(value, Mapping):
        yield from _walk_mapping(position, value, step, rest, depth)
    else:
        yield _not_an(position, "list" if step.collection == "[]" else "map")


def _walk_mapping(
    position: _Position,
    value: Mapping[str, Any],
    step: Step,
    rest: tuple[Step, ...],
    depth: int,
) -> Iterator[Site]:
    """The values of a map; or one object in place of a list, which means a list of it."""
    function = function_among(value)
    if function is not None:
        yield position.blocked_by(function)
    if step.collection == "[]":
        yield from _walk(position, rest, depth + 1)
        return
    for key, element in value.items():
        if not str(key).startswith("Fn::"):
            yield from _walk(position.down(key, element), rest, depth + 1)


def _not_an(position: _Position, expected: str) -> Site:
    article = "an" if expected == "object" else "a"
    return position.site(
        Problem(
            f"{kind_of(position.value)} is where CloudFormation takes {article} {expected}.",
            f"Write the {expected} out, or exempt it with a reason.",
        )
    )


def _each_once(sites: list[Site]) -> list[Site]:
    """The sites, each once: paths may end at the same obstacle, or in the same string."""
    by_path: dict[Path, Site] = {}
    for site in sites:
        other = by_path.setdefault(site.path, site)
        if other is not site and site.image_property.kind_paths and other.obstacle is None:
            by_path[site.path] = _with_paths(other, site.image_property.kind_paths)
    return list(by_path.values())


def _with_paths(site: Site, kind_paths: tuple[KindPath, ...]) -> Site:
    paths = (*site.image_property.kind_paths, *kind_paths)
    return replace(site, image_property=replace(site.image_property, kind_paths=paths))
