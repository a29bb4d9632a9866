"""Digest rewriting: values with digests that keep the user's spelling and functions.

What is written is evaluated again and compared, so a rewritten value never names another image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pinned_images.cloudformation.catalog import ExemptRule
from pinned_images.cloudformation.dynamic_references import masked
from pinned_images.cloudformation.evaluation import Assumptions, evaluate
from pinned_images.cloudformation.fragments import Fragment, Fragments, LiteralText, Token
from pinned_images.cloudformation.intermediate import NeedsCondition
from pinned_images.cloudformation.interpreter import MAXIMUM_DEPTH, Interpreter
from pinned_images.cloudformation.intrinsics import if_arguments, intrinsic_of
from pinned_images.cloudformation.kubernetes import Manifest, evaluate_manifest, read_manifest
from pinned_images.cloudformation.kubernetes_kinds import KindPath
from pinned_images.cloudformation.outcomes import (
    Choice,
    Condition,
    Evaluation,
    Known,
    NeedsParameters,
    Several,
    leaves,
)
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.cloudformation.sites import Site
from pinned_images.problem import Problem
from pinned_images.reference import Digest, ImageReference, Style

BY_HAND = "Write the image with its digest in the code, or exempt it with a reason."


class Pin(NamedTuple):
    """An image before and after pinning."""

    before: ImageReference
    after: ImageReference


@dataclass(frozen=True, slots=True)
class Rewriter:
    """Writer of pinned images into values.

    Attributes:
        scope: The template that the values are in.
        pins: The pin of each string.
        exempt_rule: The rule for values that are no references to a registry.
    """

    scope: TemplateScope
    pins: Mapping[str, Pin]
    exempt_rule: ExemptRule | None

    def rewrite(
        self, value: Any, evaluation: Evaluation, assumptions: dict[Condition, bool]
    ) -> Any | Problem:
        """The value with its images pinned; the very same object where nothing changes.

        Args:
            value: The value.
            evaluation: Its evaluation under the assumptions.
            assumptions: Answers to conditions.
        """
        changed = [leaf for leaf in leaves(evaluation) if self._changes(leaf)]
        if not changed:
            return value
        intrinsic = intrinsic_of(value)
        if intrinsic is not None and intrinsic.name == "Fn::If":
            return self._rewrite_if(intrinsic.argument, assumptions)
        if isinstance(evaluation, Known):
            return self._end(value, evaluation.text, assumptions)
        additions = {self._addition(leaf) for leaf in leaves(evaluation)}
        if len(additions) == 1 and None not in additions:
            return _ended(value, None, str(additions.pop()), {})
        if isinstance(evaluation, Choice):
            return self._distribute(value, evaluation.condition, assumptions)
        return Problem("The value holds several images.", BY_HAND)

    def _changes(self, leaf: Evaluation) -> bool:
        return isinstance(leaf, Known) and leaf.text in self.pins

    def _rewrite_if(self, argument: Any, assumptions: dict[Condition, bool]) -> Any | Problem:
        """The ``Fn::If`` with each possible branch rewritten on its own."""
        branches = if_arguments(argument)
        if branches is None:
            return Problem("Fn::If is not written as CloudFormation takes it.", BY_HAND)
        condition = Condition(branches.condition, self.scope.stack)
        rewritten = []
        for answer, branch in ((True, branches.when_true), (False, branches.when_false)):
            if assumptions.get(condition, answer) is answer:
                rewritten.append(self._under(branch, {**assumptions, condition: answer}))
            else:
                rewritten.append(branch)
        for branch in rewritten:
            if isinstance(branch, Problem):
                return branch
        return {"Fn::If": [branches.condition, *rewritten]}

    def _under(self, value: Any, assumptions: dict[Condition, bool]) -> Any | Problem:
        evaluation = evaluate(
            value, self.scope, exempt_rule=self.exempt_rule, assumptions=assumptions
        )
        return self.rewrite(value, evaluation, assumptions)

    def _addition(self, leaf: Evaluation) -> str | None:
        """The addition to a string, where nothing but its end changes."""
        if not isinstance(leaf, Known) or leaf.text not in self.pins:
            return None
        after = str(self.pins[leaf.text].after)
        return after[len(leaf.text) :] if after.startswith(leaf.text) else None

    def _distribute(
        self, value: Any, condition: Condition, assumptions: dict[Condition, bool]
    ) -> Any | Problem:
        """One ``Fn::If`` around the whole, since its sides get different ends."""
        if condition.stack != self.scope.stack:
            return Problem(
                f"Which image it is depends on the condition {condition.name!r} of another "
                "template, and the digests differ.",
                BY_HAND,
            )
        sides = [
            self._under(
                _assuming(value, condition.name, answer=answer),
                {**assumptions, condition: answer},
            )
            for answer in (True, False)
        ]
        for side in sides:
            if isinstance(side, Problem):
                return side
        return {"Fn::If": [condition.name, *sides]}

    def _end(self, value: Any, text: str, assumptions: dict[Condition, bool]) -> Any | Problem:
        """The value of one image, with another end."""
        addition = self._addition(Known(text))
        if addition is not None:
            return _ended(value, None, addition, assumptions, self.scope)
        written = Interpreter(assumptions).text(value, self.scope)
        if isinstance(written, NeedsCondition):
            return self._distribute(value, written.condition, assumptions)
        without_holes = masked(str(written))
        tag_at = without_holes.find(":", without_holes.rfind("/") + 1)
        if not isinstance(written, str) or tag_at < 0:
            return Problem(
                "The tag is part of an SSM parameter's value, and this property takes a digest "
                "in the tag's place.",
                BY_HAND,
            )
        after = self.pins[text].after
        return _ended(value, tag_at, f"@{after.digest}", assumptions, self.scope)


def _ended(
    value: Any,
    keep: int | None,
    addition: str,
    assumptions: Assumptions,
    scope: TemplateScope | None = None,
) -> Any:
    """The value with only so many characters of its string kept, and an addition at the end."""
    fragments = Fragments.of(value)
    row = list(fragments.row)
    if keep is not None and scope is not None:
        row = _first(row, keep, assumptions, scope)
    last = row[-1] if row else None
    if isinstance(last, LiteralText) and not last.is_delimiter:
        row[-1] = LiteralText(last.reads + addition, last.written + addition, last.element)
    else:
        row.append(LiteralText(addition, addition))
    return fragments.put_together(row)


def _first(
    row: list[Fragment], keep: int, assumptions: Assumptions, scope: TemplateScope
) -> list[Fragment]:
    """The beginning of a row, of a number of characters."""
    kept: list[Fragment] = []
    for fragment in row:
        if keep <= 0:
            break
        if isinstance(fragment, LiteralText):
            text = fragment.reads
            kept.append(fragment.cut(0, keep))
        else:
            text = str(Interpreter(assumptions).text(fragment.value, scope))
            kept.append(fragment if len(text) <= keep else _first_of_token(fragment, text, keep))
        keep -= len(text)
    return kept


def _first_of_token(token: Token, text: str, keep: int) -> Token:
    """The part of a token before the tag: split at the colon, which works for any tag."""
    delimiter = ":" if ":" not in text[:keep] else text[keep:]
    return Token({"Fn::Select": [0, {"Fn::Split": [delimiter, token.value]}]})


def _assuming(value: Any, condition: str, *, answer: bool, depth: int = 0) -> Any:
    """The value with one condition's ``Fn::If`` replaced by one of its sides."""
    if depth > 2 * MAXIMUM_DEPTH:
        return value
    intrinsic = intrinsic_of(value)
    if intrinsic is not None and intrinsic.name == "Fn::If":
        arguments = if_arguments(intrinsic.argument)
        if arguments is not None and arguments.condition == condition:
            taken = arguments.when_true if answer else arguments.when_false
            return _assuming(taken, condition, answer=answer, depth=depth + 1)
    if isinstance(value, Mapping):
        items = value.items()
        return _folded(
            {key: _assuming(each, condition, answer=answer, depth=depth + 1) for key, each in items}
        )
    if isinstance(value, list):
        return [_assuming(each, condition, answer=answer, depth=depth + 1) for each in value]
    return value


def _folded(value: dict[str, Any]) -> Any:
    """A join of literal strings only, as the joined string."""
    match value:
        case {"Fn::Join": [str(delimiter), [*elements]]} if all(
            isinstance(element, str) for element in elements
        ):
            return delimiter.join(elements)
    return value


__all__ = ["DigestOf", "Pin", "Rewritten", "pin", "pin_manifest", "pin_site"]

#: The digest of an image, or None to keep the image unchanged.
DigestOf = Callable[[ImageReference], Digest | None]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A value with its digests.

    Attributes:
        value: The new value; the very same object where there was nothing to change.
        pins: The pinned images, each once, in order.
    """

    value: Any
    pins: tuple[Pin, ...] = ()


def pin(
    value: Any,
    scope: TemplateScope,
    digest_of: DigestOf,
    style: Style = "tag-and-digest",
    *,
    exempt_rule: ExemptRule | None = None,
    assumptions: Assumptions | None = None,
    maximum_length: int | None = None,
    evaluated: Evaluation | None = None,
    partly: bool = False,
) -> Rewritten | Problem:
    """Write the digest of every image in a value.

    Args:
        value: The value of an image property.
        scope: The template that it is in, and its environment.
        digest_of: Called with each image that has no digest; None keeps that image unchanged.
        style: ``tag-and-digest``, or ``digest`` to put it in the tag's place.
        exempt_rule: The rule for values of this property that are no references to a registry.
        assumptions: Answers to conditions that hold at the value's place.
        maximum_length: How long a pinned reference may be.
        evaluated: The evaluation of the value, where it was made already.
        partly: Pin the images that can be pinned where others in the value cannot.

    Example:
        >>> digest = Digest("sha256:" + "0" * 64)
        >>> pinned = pin("nginx:1.25", TemplateScope(), lambda image: digest)
        >>> pinned.value[:25]
        'nginx:1.25@sha256:0000000'
    """
    before = evaluated or evaluate(value, scope, exempt_rule=exempt_rule, assumptions=assumptions)
    pins = _pins(before, digest_of, style)
    if not (partly and pins) and (obstacle := _obstacle(before)) is not None:
        return obstacle
    if (refusal := _too_long(pins, maximum_length)) is not None:
        return refusal
    rewriter = Rewriter(scope, pins, exempt_rule)
    rewritten = rewriter.rewrite(value, before, dict(assumptions or {}))
    if isinstance(rewritten, Problem):
        return rewritten
    after = evaluate(rewritten, scope, exempt_rule=exempt_rule, assumptions=assumptions)
    if after != _expected(before, pins):
        return Problem(
            "The digest cannot be put into these functions without another change of their values.",
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
    partly: bool = False,
) -> Rewritten | Problem:
    """Write the digests of the value at a site; the new value belongs at the site's path.

    Args:
        site: One of `find_sites`.
        scope: The template that it is in, and its environment.
        digest_of: Called with each image that has no digest; None keeps that image unchanged.
        style: The style that the app sets; where the service takes `digest` alone, that is
            taken.
        evaluated: The result of `evaluate_site`, where it was made already.
        partly: Pin the images that can be pinned where others in the value cannot.
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
            kind_paths=site.image_property.kind_paths,
            partly=partly,
        )
    return pin(
        site.value,
        scope,
        digest_of,
        style,
        exempt_rule=site.image_property.exempt_rule,
        assumptions=site.assumed(scope),
        maximum_length=site.image_property.maximum_length,
        evaluated=evaluated,
        partly=partly,
    )


def pin_manifest(
    value: Any,
    scope: TemplateScope,
    digest_of: DigestOf,
    style: Style = "tag-and-digest",
    *,
    assumptions: Assumptions | None = None,
    evaluated: Evaluation | None = None,
    kind_paths: tuple[KindPath, ...] = (),
    partly: bool = False,
) -> Rewritten | Problem:
    """Write the digest of every image in Kubernetes objects; the rest of their text stays.

    Args:
        value: The value of a ``Manifest`` property; both sides of an ``Fn::If`` are pinned.
        scope: The template that it is in, and its environment.
        digest_of: Called with each image that has no digest; None keeps that image unchanged.
        style: ``tag-and-digest``, or ``digest`` to put it in the tag's place.
        assumptions: Answers to conditions that hold at the value's place.
        evaluated: The evaluation of the value, where it was made already.
        partly: Pin the images that can be pinned where others in the value cannot.
        kind_paths: The user's own places in Kubernetes objects.
    """
    before = evaluated or evaluate_manifest(value, scope, assumptions, kind_paths)
    obstacle = None if partly and _pins(before, digest_of, style) else _obstacle(before)
    if obstacle is not None:
        return obstacle
    intrinsic = intrinsic_of(value)
    if intrinsic is not None and intrinsic.name == "Fn::If":

        def pin_side(
            side: Any, meaning: Evaluation, assumed: dict[Condition, bool]
        ) -> Rewritten | Problem:
            if partly and not _pins(meaning, digest_of, style):
                return Rewritten(side)
            return pin_manifest(
                side,
                scope,
                digest_of,
                style,
                assumptions=assumed,
                evaluated=meaning,
                kind_paths=kind_paths,
                partly=partly,
            )

        return _pin_either(intrinsic.argument, before, dict(assumptions or {}), scope, pin_side)
    if not isinstance(before, Several):
        return Rewritten(value)
    manifest = before.read if before.read is not None else read_manifest(value, kind_paths)
    if not isinstance(manifest, Manifest):
        return Rewritten(value)

    def pin_image(image: Any, meaning: Evaluation) -> Rewritten | Problem:
        if partly and not _pins(meaning, digest_of, style):
            return Rewritten(image)
        return pin(
            image,
            scope,
            digest_of,
            style,
            assumptions=assumptions,
            evaluated=meaning,
            partly=partly,
        )

    return _pin_several(value, manifest, before, pin_image)


def _pin_several(
    value: Any,
    manifest: Manifest,
    before: Several,
    pin_image: Callable[[Any, Evaluation], Rewritten | Problem],
) -> Rewritten | Problem:
    """Pin the images of one manifest; equal literal strings are rewritten once."""
    written: dict[Any, Rewritten] = {}
    values = []
    for image, placed in zip(manifest.images, before.images, strict=True):
        key = image.value if isinstance(image.value, str) else id(image)
        if image.exempt is None and key not in written:
            rewritten = pin_image(image.value, placed.evaluation)
            if isinstance(rewritten, Problem):
                return rewritten
            written[key] = rewritten
        changes = image.exempt is None and bool(written[key].pins)
        values.append(written[key].value if changes else image.value)
    pins = tuple(dict.fromkeys(pin for each in written.values() for pin in each.pins))
    if not pins:
        return Rewritten(value)
    pinned = manifest.with_images(values)
    return pinned if isinstance(pinned, Problem) else Rewritten(pinned, pins)


def _pin_either(
    argument: Any,
    before: Evaluation,
    assumptions: dict[Condition, bool],
    scope: TemplateScope,
    pin_side: Callable[[Any, Evaluation, dict[Condition, bool]], Rewritten | Problem],
) -> Rewritten | Problem:
    """Pin both sides of an ``Fn::If`` that chooses between manifests."""
    name, *sides = argument
    condition = Condition(name, scope.stack)
    known = assumptions.get(condition)
    if known is None:
        known = Interpreter(assumptions).answer_by_defaults(name, scope)
    pins: dict[Pin, None] = {}
    for index, answer in enumerate((True, False)):
        if known in (None, answer):
            side = before
            if isinstance(before, Choice):
                side = before.when_true if answer else before.when_false
            rewritten = pin_side(sides[index], side, {**assumptions, condition: answer})
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
    """The pin of each string."""
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
            return Problem.about(
                str(pinned.before),
                repr(str(pinned.before)),
                f"has {length} characters with its digest, and this property takes at most "
                f"{maximum_length}.",
                "Give the repository or the tag a shorter name, or exempt it with a reason.",
            )
    return None


def _expected(evaluation: Evaluation, pins: Mapping[str, Pin]) -> Evaluation:
    """The evaluation that the rewritten value must have."""
    if isinstance(evaluation, Choice):
        when_true = _expected(evaluation.when_true, pins)
        when_false = _expected(evaluation.when_false, pins)
        if when_true == when_false:
            return when_true
        return Choice(evaluation.condition, when_true, when_false)
    if isinstance(evaluation, Known) and evaluation.text in pins:
        return Known(str(pins[evaluation.text].after))
    return evaluation
