"""Evaluation outcomes of template values, as plain data.

::

    Evaluation
    ├── Known            an image reference
    ├── ExemptByRule     a value that needs no digest, and the rule that says so
    ├── Absent           AWS::NoValue: the property is not there
    ├── NeedsParameters  an image once the named SSM parameters have been read
    ├── Problem          nothing that can be known before the deployment, and what to do
    ├── Choice           one of two, by a condition of the template
    └── Several          a string that holds several images (Kubernetes objects)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from pinned_images.problem import Problem
from pinned_images.reference import ImageReference

ExemptRule = Literal[
    "codebuild-curated",
    "content-addressed-asset",
    "digest-in-place",
    "image-archive",
    "imagebuilder-managed",
    "istio-injected",
    "kubernetes-template",
    "kubernetes-variable",
    "lightsail-stored",
    "tag-only",
]


class SsmParameter(NamedTuple):
    """A parameter of the Systems Manager Parameter Store that a template reads.

    Attributes:
        name: Its name: ``/aws/service/aws-for-fluent-bit/stable``.
        version: The version that the template names; None means the latest.
        account: The account of the stack, where it is known.
        region: The region of the stack, where it is known.
    """

    name: str
    version: int | None = None
    account: str | None = None
    region: str | None = None

    @property
    def is_public(self) -> bool:
        """Whether AWS publishes it, with the same value, to all accounts.

        Systems Manager user guide, "Working with public parameters".
        """
        return self.name.startswith("/aws/service/")

    def __str__(self) -> str:
        """The name, with the version if there is one."""
        return self.name if self.version is None else f"{self.name}:{self.version}"


class Condition(NamedTuple):
    """A condition of a template; the same name in another template is another condition."""

    name: str
    stack: str = ""

    def __str__(self) -> str:
        """The name."""
        return self.name


class Known(Struct, frozen=True, dict=True):
    """An image reference as a string; it is one that `ImageReference.parse` takes."""

    text: str

    @cached_property
    def reference(self) -> ImageReference:
        """The reference."""
        return ImageReference.parse(self.text)


class ExemptByRule(Struct, frozen=True):
    """A value that is exempt, because it needs no digest from a registry.

    Attributes:
        text: The value. Where account or region are unknown it reads ``${AWS::AccountId}``, and
            ``...`` means what is known at deployment only.
        rule: The rule's name.
        reason: Why it needs no digest, as a sentence.
    """

    text: str
    rule: ExemptRule
    reason: str


class Absent(Struct, frozen=True):
    """``AWS::NoValue``: the property is not there."""


class NeedsParameters(Struct, frozen=True):
    """A value that waits for these parameters in the scope's `parameter_values`."""

    parameters: frozenset[SsmParameter]


class Choice(Struct, frozen=True):
    """One of two outcomes, which a condition of the template chooses at deployment."""

    condition: Condition
    when_true: Evaluation
    when_false: Evaluation


class PlacedImage(NamedTuple):
    """An image that is one of several.

    Attributes:
        place: Its path in the string, for display: ``[0].spec.containers[0].image``.
        value: The image as it is written; None where it cannot be seen.
        evaluation: Its evaluation.
        container: The name of the container that runs it, where that is written.
    """

    place: str
    value: Any
    evaluation: Evaluation
    container: str | None = None


@dataclass(frozen=True, slots=True)
class Several:
    """The images in one string.

    Attributes:
        images: The images, in their order.
        read: The parsed string, kept for writing.
    """

    images: tuple[PlacedImage, ...]
    read: Any = field(default=None, compare=False, repr=False)


Leaf = Known | ExemptByRule | Absent | NeedsParameters | Problem
Evaluation = Leaf | Choice | Several


def leaves(evaluation: Evaluation) -> Iterator[Leaf]:
    """The single outcomes in an evaluation, from left to right."""
    if isinstance(evaluation, Choice):
        yield from leaves(evaluation.when_true)
        yield from leaves(evaluation.when_false)
    elif isinstance(evaluation, Several):
        for image in evaluation.images:
            yield from leaves(image.evaluation)
    else:
        yield evaluation


def missing_parameters(evaluation: Evaluation) -> frozenset[SsmParameter]:
    """The parameters whose values an evaluation waits for."""
    return frozenset().union(
        *(leaf.parameters for leaf in leaves(evaluation) if isinstance(leaf, NeedsParameters))
    )
