"""An assertion that every image of a template carries a digest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from os import PathLike
from pathlib import Path
from typing import Any

from pinned_images.cloudformation.display import display
from pinned_images.cloudformation.fragments import Fragments, LiteralText
from pinned_images.cloudformation.outcomes import Known, NeedsParameters, leaves
from pinned_images.cloudformation.scope import AppTemplates, TemplateScope
from pinned_images.cloudformation.sites import Site, evaluate_site, find_sites
from pinned_images.errors import InvalidReference
from pinned_images.problem import Problem
from pinned_images.reference import Digest, ImageReference
from pinned_images.testing._templates import as_data
from pinned_images.testing.synthesized import SynthesizedApp

# Whether an image is pinned does not depend on where the template is deployed.
_ANY_ACCOUNT = "123456789012"
_ANY_REGION = "us-east-1"


def assert_pinned(template: Any, *, exempt: Iterable[str] = ()) -> list[ImageReference]:
    """Fail unless every container image carries a digest.

    Args:
        template: A `Template` of `aws_cdk.assertions`, a template as a dict, the path of one in
            JSON; or a whole app, as a `SynthesizedApp` or the path of a cloud assembly.
        exempt: What may be unpinned: shell patterns on normalized references
            (``docker.io/library/*:*``), or logical ids of resources.

    Returns:
        The pinned images, each once, so that a test can assert that there are some.

    Raises:
        AssertionError: Images are not pinned; the message names all of them.
        ConfigurationError: The argument is no template.

    Example:
        >>> template = {"Resources": {"Function": {
        ...     "Type": "AWS::Lambda::Function",
        ...     "Properties": {"Code": {"ImageUri": "app:v1@sha256:" + "0" * 64}},
        ... }}}
        >>> [image.tag for image in assert_pinned(template)]
        ['v1']
    """
    __tracebackhide__ = True  # pytest then shows the line of the test
    patterns = (exempt,) if isinstance(exempt, str) else tuple(exempt)
    found = [
        image
        for scope in _scopes(template)
        for image in _images(scope)
        if not image.matches(patterns)
    ]
    unpinned = [image for image in found if not image.pinned]
    if unpinned:
        counted = "1 image is" if len(unpinned) == 1 else f"{len(unpinned)} images are"
        listed = "".join(f"\n  {image}" for image in dict.fromkeys(map(str, unpinned)))
        raise AssertionError(
            f"{counted} not pinned:{listed}\n"
            "Pin the app with PinImages, or name what may stay unpinned in exempt."
        )
    return list(dict.fromkeys(image.reference for image in found if image.reference))


@dataclass(frozen=True, slots=True)
class _Image:
    """One outcome of one site."""

    stack: str
    logical_id: str
    site: Site
    leaf: Known | Problem | NeedsParameters

    @property
    def reference(self) -> ImageReference | None:
        return self.leaf.reference if isinstance(self.leaf, Known) else None

    @property
    def pinned(self) -> bool:
        if self.reference is not None:
            return self.reference.digest is not None
        return _ends_with_a_digest(self.site.value)

    def matches(self, patterns: Iterable[str]) -> bool:
        """Whether it is unpinned and exempt."""
        names = [self.logical_id]
        if self.reference is not None:
            names.append(self.reference.normalized)
        return not self.pinned and any(
            fnmatchcase(name, pattern) for name in names for pattern in patterns
        )

    def __str__(self) -> str:
        place = f"{self.stack} {self.logical_id} Properties.{self.site.location}".strip()
        written = display(self.site.value)
        if isinstance(self.leaf, Problem):
            return f"{place}: {written} ({self.leaf.what})"
        return f"{place}: {written}"


def _templates(given: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(given, str | PathLike) and Path(given).is_dir():
        given = SynthesizedApp.read(Path(given))
    if isinstance(given, SynthesizedApp):
        yield from given.templates.items()
    else:
        yield "", as_data(given)


def _scopes(given: Any) -> list[TemplateScope]:
    """The scopes of templates, with the exports of each for the others."""
    app = AppTemplates()
    return [
        TemplateScope(template, account=_ANY_ACCOUNT, region=_ANY_REGION, stack=stack, app=app)
        for stack, template in _templates(given)
    ]


def _images(scope: TemplateScope) -> Iterator[_Image]:
    for logical_id, resource in scope.section("Resources").items():
        kind = resource.get("Type", "") if isinstance(resource, Mapping) else ""
        for site in find_sites(kind, scope.resource_properties(logical_id)):
            for leaf in leaves(evaluate_site(site, scope)):
                if isinstance(leaf, Known | Problem | NeedsParameters):
                    yield _Image(scope.stack, logical_id, site, leaf)


def _ends_with_a_digest(value: Any) -> bool:
    """Whether a value that cannot be evaluated as a whole ends with a digest."""
    last = Fragments.of(value).row[-1:]
    if not last or not isinstance(last[0], LiteralText):
        return False
    _, at, digest = last[0].reads.rpartition("@")
    try:
        return bool(at and Digest(digest))
    except InvalidReference:
        return False
