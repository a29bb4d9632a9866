"""Images in the Kubernetes objects that CDK writes as text into templates.

They are in ``KubernetesManifest`` resources, and as patches in ``KubernetesPatch`` resources.
The text is JSON, mostly as ``Fn::Join`` with tokens in between. Which of its strings are images
is said in `kubernetes_images.py`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from msgspec import Struct

from pinned_images.cloudformation import json_text
from pinned_images.cloudformation.display import display
from pinned_images.cloudformation.evaluation import MAXIMUM_CONDITIONS, Assumptions, evaluate
from pinned_images.cloudformation.fragment_row import (
    FragmentRow,
    length_of,
    written_in_json,
)
from pinned_images.cloudformation.fragments import Fragment, Fragments
from pinned_images.cloudformation.interpreter import Interpreter
from pinned_images.cloudformation.intrinsics import NO_VALUE, if_arguments, intrinsic_of
from pinned_images.cloudformation.json_text import InvalidJson
from pinned_images.cloudformation.kubernetes_images import (
    FoundImage,
    FoundStrings,
    FoundText,
    KubernetesExemptRule,
    find_images,
)
from pinned_images.cloudformation.kubernetes_kinds import ANY_TEXT, KindPath
from pinned_images.cloudformation.outcomes import (
    Absent,
    Choice,
    Condition,
    Evaluation,
    ExemptByRule,
    PlacedImage,
    Several,
)
from pinned_images.cloudformation.property_paths import Path, is_written_path, path_text
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.problem import Problem

_EXEMPT_BECAUSE: dict[KubernetesExemptRule, str] = {
    "istio-injected": "A placeholder, which Istio's sidecar injection replaces by its proxy.",
    "kubernetes-template": "It is part of {what}, which runs no image itself.",
    "kubernetes-variable": "It names a variable that the object's controller fills in.",
}

_INDEX = re.compile(r"\[[0-9]+\]")

_BY_HAND = (
    "Write the manifest as JSON with tokens inside its strings only, as KubernetesManifest does, "
    "or exempt it with a reason."
)


class ManifestImage(NamedTuple):
    """One image in a manifest.

    Attributes:
        place: Its path in the objects, for display: ``[0].spec.containers[0].image``.
        value: The image: a text, or functions as plain data; a `Problem` where there
            may be one that cannot be seen.
        exempt: The rule that exempts it from pinning.
        container: The name of the container that runs it, where that is written.
    """

    place: str
    value: Any
    exempt: ExemptByRule | None = None
    container: str | None = None


class ManifestText(NamedTuple):
    """A string of a manifest that is no image to pin, and may mention one.

    Attributes:
        path: Where it is in the objects.
        value: What it reads: a text, or functions as plain data.
        says_image: Whether its key says that it is an image.
        kind: The kind of the object that it is in, as ``group/Kind``; empty where that is unknown.
        property_path: Where it is in that object, as `PinImages` takes it among its `properties`
            by kind; empty where it cannot be named.
    """

    path: Path
    value: Any
    says_image: bool
    kind: str
    property_path: str


class Manifest(Struct, frozen=True):
    """A manifest that has been read.

    Example:
        >>> manifest = read_manifest('{"kind": "Pod", "spec": {"containers": [{"image": "a"}]}}')
        >>> manifest.images
        (ManifestImage(place='spec.containers[0].image', value='a', exempt=None, container=None),)
        >>> manifest.with_images(["b"])
        '{"kind": "Pod", "spec": {"containers": [{"image": "b"}]}}'
    """

    images: tuple[ManifestImage, ...]
    _row: FragmentRow
    _found: FoundStrings
    _kind_paths: tuple[KindPath, ...]

    def with_images(self, values: Sequence[Any]) -> Any | Problem:
        """The manifest with other images, one for each; the rest of the text stays as it is."""
        row: list[Fragment] = []
        position = 0
        changes: list[tuple[int, int]] = []
        for found, image, value in zip(self._found.images, self.images, values, strict=True):
            if found.span is None or value is image.value:
                continue
            start, end = found.span
            row += self._row.between(position, start)
            written = written_in_json(value, self._row.between(start, end))
            row += written
            changes.append((end, length_of(written) - (end - start)))
            position = end
        row += self._row.between(position, None)
        value = self._row.fragments.put_together(row)
        wanted, fragments = FragmentRow.of(self._row.fragments, row), Fragments.of(value)
        if not wanted.reads_as(FragmentRow.of(fragments, fragments.row)):
            return Problem(
                "The digests cannot be put into this manifest without changing the rest of it.",
                "Write the images with their digests in the code, or exempt them with a reason.",
            )
        _CACHE.put(wanted, self._kind_paths, _moved(self._found, changes))
        return value

    def texts(self) -> Iterator[ManifestText]:
        """The strings that are no images to pin and may mention one, in the order of the text.

        They hold a colon or a function, or their key says that they are images.
        """
        for found in self._found.texts:
            value = found.text if found.span is None else self._row.value(*found.span)
            yield ManifestText(
                found.path, value, found.says_image, found.kind, _property_path(found)
            )


def evaluate_manifest(
    value: Any,
    scope: TemplateScope,
    assumptions: Assumptions | None = None,
    kind_paths: tuple[KindPath, ...] = (),
) -> Evaluation:
    """The evaluation of a manifest: its images with their places, for both sides of ``Fn::If``.

    Args:
        value: The value of the ``Manifest`` property.
        scope: The template that it is in, and its environment.
        assumptions: Answers to conditions that hold at the value's place.
        kind_paths: The user's own places in Kubernetes objects.
    """
    return _evaluate(value, _Setting(scope, kind_paths), dict(assumptions or {}), 0)


class _Setting(NamedTuple):
    scope: TemplateScope
    kind_paths: tuple[KindPath, ...]


def _evaluate(value: Any, setting: _Setting, assumptions: Assumptions, depth: int) -> Evaluation:
    if value == NO_VALUE:
        return Absent()
    intrinsic = intrinsic_of(value)
    if intrinsic is not None and intrinsic.name == "Fn::If":
        return _either(intrinsic.argument, setting, assumptions, depth + 1)
    manifest = read_manifest(value, setting.kind_paths)
    if isinstance(manifest, Problem):
        return manifest
    meanings: dict[str, Evaluation] = {}
    placed = [_placed(image, setting.scope, assumptions, meanings) for image in manifest.images]
    return Several(tuple(placed), manifest)


def _placed(
    image: ManifestImage,
    scope: TemplateScope,
    assumptions: Assumptions,
    meanings: dict[str, Evaluation],
) -> PlacedImage:
    """An image with its evaluation; equal literal strings are evaluated once."""
    value = image.value
    if isinstance(value, Problem):
        return PlacedImage(image.place, None, value)
    if image.exempt is not None:
        return PlacedImage(image.place, value, image.exempt, image.container)
    evaluation = meanings.get(value) if isinstance(value, str) else None
    if evaluation is None:
        evaluation = evaluate(value, scope, assumptions=assumptions)
        if isinstance(value, str):
            meanings[value] = evaluation
    return PlacedImage(image.place, value, evaluation, image.container)


def _either(argument: Any, setting: _Setting, assumptions: Assumptions, depth: int) -> Evaluation:
    branches = if_arguments(argument)
    if branches is None or depth > MAXIMUM_CONDITIONS:
        return Problem(
            "The Kubernetes manifest is chosen by an Fn::If that cannot be followed.", _BY_HAND
        )
    condition = Condition(branches.condition, setting.scope.stack)
    known = assumptions.get(condition)
    if known is None:
        known = Interpreter(assumptions).answer_by_defaults(condition.name, setting.scope)
    if known is not None:
        taken = branches.when_true if known else branches.when_false
        return _evaluate(taken, setting, assumptions, depth)
    return Choice(
        condition,
        _evaluate(branches.when_true, setting, {**assumptions, condition: True}, depth),
        _evaluate(branches.when_false, setting, {**assumptions, condition: False}, depth),
    )


def read_manifest(value: Any, kind_paths: tuple[KindPath, ...] = ()) -> Manifest | Problem:
    """Read a manifest, as far as its text is written in the template.

    Each text is parsed once, however often it is read.

    Args:
        value: A text, ``Fn::Join`` or ``Fn::Sub``.
        kind_paths: The user's own places in Kubernetes objects.
    """
    fragments = Fragments.of(value)
    if fragments.form == "token":
        return Problem(
            f"{_noun(kind_paths)} is not written in the template, so its images cannot be seen.",
            _BY_HAND,
        )
    try:
        row = FragmentRow.of(fragments, fragments.row)
        found = _CACHE.find(row, kind_paths)
        images = tuple(_image(row, each) for each in found.images)
    except InvalidJson as error:
        return Problem(f"{_noun(kind_paths)} is not JSON: {error}.", _BY_HAND)
    return Manifest(images, row, found, kind_paths)


def _noun(kind_paths: tuple[KindPath, ...]) -> str:
    is_any = any(path.kind == ANY_TEXT for path in kind_paths)
    return "The text" if is_any else "The Kubernetes manifest"


def manifest_texts(value: Any, kind_paths: tuple[KindPath, ...] = ()) -> Iterator[ManifestText]:
    """The strings of a manifest that are no images to pin and may mention one.

    Args:
        value: The value of the ``Manifest`` property; both sides of an ``Fn::If`` are read.
        kind_paths: The user's own places in Kubernetes objects, which are pinned.

    Example:
        >>> [text.value for text in manifest_texts('{"data": {"image": "nginx", "tag": "1"}}')]
        ['nginx']
    """
    pending = [value]
    while pending:
        value = pending.pop()
        intrinsic = intrinsic_of(value)
        if intrinsic is not None and intrinsic.name == "Fn::If":
            branches = if_arguments(intrinsic.argument)
            pending += (branches.when_false, branches.when_true) if branches is not None else ()
            continue
        manifest = read_manifest(value, kind_paths)
        if isinstance(manifest, Manifest):
            yield from manifest.texts()


def _image(row: FragmentRow, found: FoundImage) -> ManifestImage:
    place = path_text(found.path)
    if found.span is None:
        return ManifestImage(place, _hidden(place))
    value = row.value(*found.span)
    if found.exempt_rule is None:
        return ManifestImage(place, value, container=found.container)
    reason = _EXEMPT_BECAUSE[found.exempt_rule].format(what=found.what)
    exempt = ExemptByRule(display(value), found.exempt_rule, reason)
    return ManifestImage(place, value, exempt, found.container)


def _hidden(place: str) -> Problem:
    return Problem(
        f"A token is the whole of {place or 'a Kubernetes object'}, and images may be in it.",
        _BY_HAND,
    )


def _property_path(found: FoundText) -> str:
    if not found.kind or found.span is None:
        return ""
    keys = [key for key in found.below if isinstance(key, str)]
    if any("." in key or not is_written_path(key) for key in keys):
        return ""
    return _INDEX.sub("[]", path_text(found.below))


class _TextKey(NamedTuple):
    """The cache key of a text; a text itself may be a megabyte."""

    digest: bytes
    mark: str
    kind_paths: tuple[KindPath, ...]


class ManifestCache:
    """A bounded cache of what was found in texts, oldest evicted first.

    Args:
        most: The number of strings in the cache.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._found: OrderedDict[_TextKey, FoundStrings] = OrderedDict()

    def find(self, row: FragmentRow, kind_paths: tuple[KindPath, ...]) -> FoundStrings:
        """The strings of a text, which is parsed if it is not in the cache."""
        key = _key(row, kind_paths)
        found = self._found.get(key)
        if found is None:
            document = json_text.parse(row.text, row.mark)
            found = find_images(document.root, document.span, row.mark, kind_paths)
            self._put(key, found)
        return found

    def put(self, row: FragmentRow, kind_paths: tuple[KindPath, ...], found: FoundStrings) -> None:
        """Add a text that has been written."""
        self._put(_key(row, kind_paths), found)

    def _put(self, key: _TextKey, found: FoundStrings) -> None:
        if key in self._found:
            return
        self._found[key] = found
        self._size += found.count
        while self._size > self._most and len(self._found) > 1:
            self._size -= self._found.popitem(last=False)[1].count


_CACHE = ManifestCache(most=200_000)


def _key(row: FragmentRow, kind_paths: tuple[KindPath, ...]) -> _TextKey:
    from hashlib import sha256  # noqa: PLC0415  loads OpenSSL

    encoded = row.text.encode("utf-8", "surrogatepass")
    return _TextKey(sha256(encoded).digest(), row.mark, kind_paths)


def _moved(found: FoundStrings, changes: Sequence[tuple[int, int]]) -> FoundStrings:
    """The strings of a text, moved to their positions after some have become longer.

    Args:
        found: The strings.
        changes: Where strings that have changed end, and by how much they have become longer.
    """
    places = [place for place, _ in changes]
    growth = [0, *accumulate(longer for _, longer in changes)]

    def moved(span: tuple[int, int] | None) -> tuple[int, int] | None:
        if span is None:
            return None
        start, end = span
        return start + growth[bisect_right(places, start)], end + growth[bisect_right(places, end)]

    return FoundStrings(
        tuple(image._replace(span=moved(image.span)) for image in found.images),
        tuple(text._replace(span=moved(text.span)) for text in found.texts),
    )
