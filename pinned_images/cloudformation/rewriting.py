"""Giving a value its digests, in the user's own spelling and with the user's own functions.

What is written is evaluated again before it is given out: it has to come to exactly the pinned
reference, or the rewriting is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pinned_images.cloudformation.catalog import LeaveRule
from pinned_images.cloudformation.evaluation import Assumptions, evaluate
from pinned_images.cloudformation.intrinsics import intrinsic_of
from pinned_images.cloudformation.kubernetes import evaluate_manifest, read_manifest
from pinned_images.cloudformation.outcomes import (
    Choice,
    Condition,
    Evaluation,
    Known,
    NeedsParameters,
    leaves,
)
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.cloudformation.sites import Site
from pinned_images.cloudformation.spelling import BY_HAND, Pin, Rewriter
from pinned_images.problem import Problem
from pinned_images.reference import Digest, ImageReference, Style

__all__ = ["DigestOf", "Pin", "Rewritten", "pin", "pin_manifest", "pin_site"]

#: The digest of an image, or None to leave the image as it is.
DigestOf = Callable[[ImageReference], Digest | None]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A value that carries its digests.

    Attributes:
        value: The new value; the very same object where there was nothing to change.
        pins: What was pinned, each image once, in order.
    """

    value: Any
    pins: tuple[Pin, ...] = ()


def pin(
    value: Any,
    scope: TemplateScope,
    digest_of: DigestOf,
    style: Style = "tag-and-digest",
    *,
    leave: LeaveRule | None = None,
    assumptions: Assumptions | None = None,
    maximum_length: int | None = None,
    evaluated: Evaluation | None = None,
) -> Rewritten | Problem:
    """Give every image in a value its digest.

    Args:
        value: The value of an image property.
        scope: The template that it stands in, and what is known around it.
        digest_of: Asked for each image that has no digest; None leaves that image as it is.
        style: ``tag-and-digest``, or ``digest`` to put it in the tag's place.
        leave: The rule for values of this property that are no references to a registry.
        assumptions: Answers to conditions that hold where the value stands.
        maximum_length: How long a pinned reference may be.
        evaluated: What the value means, where that is known already.

    Example:
        >>> digest = Digest("sha256:" + "0" * 64)
        >>> pinned = pin("nginx:1.25", TemplateScope(), lambda image: digest)
        >>> pinned.value[:25]
        'nginx:1.25@sha256:0000000'
    """
    before = evaluated or evaluate(value, scope, leave=leave, assumptions=assumptions)
    if (obstacle := _obstacle(before)) is not None:
        return obstacle
    pins = _pins(before, digest_of, style)
    if (refusal := _too_long(pins, maximum_length)) is not None:
        return refusal
    rewriter = Rewriter(scope, pins, leave)
    rewritten = rewriter.rewrite(value, before, dict(assumptions or {}))
    if isinstance(rewritten, Problem):
        return rewritten
    after = evaluate(rewritten, scope, leave=leave, assumptions=assumptions)
    if after != _expected(before, pins):
        return Problem(
            "The digest cannot be put into these functions without changing what they come to.",
            BY_HAND,
        )
    return Rewritten(rewritten, tuple(pins.values()))


def pin_site(
    site: Site,
    scope: TemplateScope,
    digest_of: DigestOf,
    style: Style = "tag-and-digest",
    *,
    evaluated: Evaluation | None = None,
) -> Rewritten | Problem:
    """Give what stands at a site its digests; the new value belongs at the site's path.

    Args:
        site: One of `find_sites`.
        scope: The template that it stands in, and what is known around it.
        digest_of: Asked for each image that has no digest; None leaves that image as it is.
        style: The style that the app asks for; where the service takes `digest` alone, that is
            taken.
        evaluated: What `evaluate_site` has said of it, where that is known already.
    """
    if site.obstacle is not None:
        return site.obstacle
    if site.image_property.style == "digest":
        style = "digest"
    if site.image_property.holds == "kubernetes-manifest":
        return pin_manifest(
            site.value,
            scope,
            digest_of,
            style,
            assumptions=site.assumed(scope),
            evaluated=evaluated,
        )
    return pin(
        site.value,
        scope,
        digest_of,
        style,
        leave=site.image_property.leave,
        assumptions=site.assumed(scope),
        maximum_length=site.image_property.maximum_length,
        evaluated=evaluated,
    )


def pin_manifest(
    value: Any,
    scope: TemplateScope,
    digest_of: DigestOf,
    style: Style = "tag-and-digest",
    *,
    assumptions: Assumptions | None = None,
    evaluated: Evaluation | None = None,
) -> Rewritten | Problem:
    """Give every image in Kubernetes objects its digest; the rest of their text stays as it is.

    Args:
        value: The value of a ``Manifest`` property; both sides of an ``Fn::If`` are pinned.
        scope: The template that it stands in, and what is known around it.
        digest_of: Asked for each image that has no digest; None leaves that image as it is.
        style: ``tag-and-digest``, or ``digest`` to put it in the tag's place.
        assumptions: Answers to conditions that hold where the value stands.
        evaluated: What the value means, where that is known already.
    """
    before = evaluated or evaluate_manifest(value, scope, assumptions)
    if (obstacle := _obstacle(before)) is not None:
        return obstacle
    intrinsic = intrinsic_of(value)
    if intrinsic is not None and intrinsic.name == "Fn::If":
        return _pin_either(intrinsic.argument, scope, digest_of, style, dict(assumptions or {}))
    manifest = read_manifest(value)
    if isinstance(manifest, Problem):
        return Rewritten(value)
    values = []
    pins: dict[Pin, None] = {}
    for image in manifest.images:
        rewritten = pin(image.value, scope, digest_of, style, assumptions=assumptions)
        if isinstance(rewritten, Problem):
            return rewritten
        values.append(rewritten.value)
        pins.update(dict.fromkeys(rewritten.pins))
    return Rewritten(manifest.with_images(values), tuple(pins)) if pins else Rewritten(value)


def _pin_either(
    argument: Any,
    scope: TemplateScope,
    digest_of: DigestOf,
    style: Style,
    assumptions: dict[Condition, bool],
) -> Rewritten | Problem:
    """Both sides of an ``Fn::If`` that chooses between manifests."""
    name, *sides = argument
    condition = Condition(name, scope.stack)
    pins: dict[Pin, None] = {}
    for index, answer in enumerate((True, False)):
        if assumptions.get(condition, answer) is answer:
            assumed = {**assumptions, condition: answer}
            rewritten = pin_manifest(sides[index], scope, digest_of, style, assumptions=assumed)
            if isinstance(rewritten, Problem):
                return rewritten
            sides[index] = rewritten.value
            pins.update(dict.fromkeys(rewritten.pins))
    return Rewritten({"Fn::If": [name, *sides]} if pins else {"Fn::If": argument}, tuple(pins))


def _obstacle(evaluation: Evaluation) -> Problem | None:
    for leaf in leaves(evaluation):
        if isinstance(leaf, Problem):
            return leaf
        if isinstance(leaf, NeedsParameters):
            names = ", ".join(sorted(str(parameter) for parameter in leaf.parameters))
            return Problem(
                f"The image is read from SSM ({names}), which has not been asked.",
                "Synthesize with AWS credentials that may read it, or exempt it with a reason.",
            )
    return None


def _pins(evaluation: Evaluation, digest_of: DigestOf, style: Style) -> dict[str, Pin]:
    """What becomes of each text."""
    pins: dict[str, Pin] = {}
    for leaf in leaves(evaluation):
        if isinstance(leaf, Known) and leaf.reference.digest is None and leaf.text not in pins:
            digest = digest_of(leaf.reference)
            if digest is not None:
                pins[leaf.text] = Pin(leaf.reference, leaf.reference.with_digest(digest, style))
    return pins


def _too_long(pins: Mapping[str, Pin], maximum_length: int | None) -> Problem | None:
    for pinned in pins.values():
        length = len(str(pinned.after))
        if maximum_length is not None and length > maximum_length:
            return Problem(
                f"{str(pinned.before)!r} has {length} characters with its digest, and this "
                f"property takes at most {maximum_length}.",
                "Give the repository or the tag a shorter name, or exempt it with a reason.",
            )
    return None


def _expected(evaluation: Evaluation, pins: Mapping[str, Pin]) -> Evaluation:
    """What the rewritten value has to come to."""
    if isinstance(evaluation, Choice):
        when_true = _expected(evaluation.when_true, pins)
        when_false = _expected(evaluation.when_false, pins)
        if when_true == when_false:
            return when_true
        return Choice(evaluation.condition, when_true, when_false)
    if isinstance(evaluation, Known) and evaluation.text in pins:
        return Known(str(pins[evaluation.text].after))
    return evaluation
