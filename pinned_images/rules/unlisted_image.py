"""The rule `unlisted-image`: an image where none are looked for.

It may stand in a custom resource, an environment variable, user data, or in the text of a state
machine. Texts are evaluated as image properties are, so that own repositories are seen in them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pinned_images.cloudformation.catalog import Catalog
from pinned_images.cloudformation.display import display
from pinned_images.cloudformation.fragments import Fragments, LiteralText
from pinned_images.cloudformation.image_mentions import (
    UNKNOWN,
    Mention,
    is_unpinned_image,
    may_mention_image,
    mentions_in,
    says_image,
)
from pinned_images.cloudformation.interpreter import Interpreter
from pinned_images.cloudformation.intrinsics import intrinsic_of
from pinned_images.cloudformation.kubernetes import manifest_texts
from pinned_images.cloudformation.outcomes import Condition
from pinned_images.cloudformation.property_paths import Path, path_text
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.errors import InvalidReference
from pinned_images.printable import printable
from pinned_images.problem import Problem
from pinned_images.reference import ImageReference
from pinned_images.rules.rule import ExaminedResource, Rule
from pinned_images.rules.unpinned_image import STAND_IN

_INIT = "AWS::CloudFormation::Init"
_SUBSTITUTIONS = "DefinitionSubstitutions"
#: Functions that keep what they are given where it is: its parts are looked at.
_CONTAINERS = ("Fn::Base64", "Fn::If", "Fn::Transform")
#: Policies name actions, such as ``ecr:BatchGetImage``, and run nothing.
_NO_IMAGES = "AWS::IAM::"
_MAXIMUM_DEPTH = 60
_MOST_SHOWN = 3
_LONGEST_IMAGE, _LONGEST_PLACE = 200, 120
#: Stands before a repository's URI of which nothing is known but that it is one.
_SOME_REGISTRY = "000000000000.dkr.ecr.region.amazonaws.com/"
_STAND_IN = re.compile(rf"{re.escape(STAND_IN)}[0-9]+")
_PRIVATE = re.compile(f"[{chr(UNKNOWN[0])}-{chr(UNKNOWN[-1])}]")
_INDEX = re.compile(r"\[[0-9]+\]")
_WRITE_IT = "write the digest where the image is written"


class _UnlistedImage(Rule):
    id = "unlisted-image"
    severity = "warning"

    def look_at_resource(self, resource: ExaminedResource) -> Iterator[Problem]:
        """The images of a resource that stand in none of the properties that are known.

        What a nested stack holds are parameters, which count where they are used.
        """
        if resource.is_nested_stack or resource.resource_type.startswith(_NO_IMAGES):
            return
        found = [each for each in _found(resource) if not _is_exempt(each, resource)]
        if found:
            yield _problem(found)


class _Found(NamedTuple):
    """An image that is mentioned.

    Attributes:
        image: The image, with marks for what is not known.
        shown: The image for people.
        place: Where it is, for people.
        owner: The resource type, or the kind of Kubernetes objects, that `PinImages` could pin it
            in; empty where it cannot.
        path: The path that it would take.
    """

    image: str
    shown: str
    place: str
    owner: str = ""
    path: str = ""


def _found(resource: ExaminedResource) -> Iterable[_Found]:
    """What a resource mentions; each place once, whatever its conditions will say."""
    init = resource.metadata.get(_INIT)
    data = (resource.properties, init)
    if not may_mention_image(json.dumps(data, default=str)):
        return ()
    found: dict[tuple[str, str], _Found] = {}
    for answer in (True, False):
        texts = _Texts(resource.scope, set(resource.listed), answer=answer)
        for each in (
            *_in_properties(resource, texts),
            *_in_init(init, texts),
            *_in_manifests(resource, texts),
        ):
            found.setdefault((each.place, each.shown), each)
        if not texts.has_conditions:
            break
    return found.values()


def _in_properties(resource: ExaminedResource, texts: _Texts) -> Iterator[_Found]:
    """Images in the properties in which none are looked for."""
    for mention in mentions_in(_substituted(texts.of(resource.properties, ()))):
        if not _is_looked_at_elsewhere(resource, mention):
            path = _own_property(mention)
            owner = resource.resource_type if path else ""
            place = _place(path_text(mention.place), mention.inside)
            yield _Found(mention.image, texts.shown(mention.image), place, owner, path)


def _in_init(init: Any, texts: _Texts) -> Iterator[_Found]:
    """Images in the metadata from which an instance is set up."""
    for mention in mentions_in(texts.of(init, ()), place=("Metadata", _INIT)):
        place = _place(path_text(mention.place), mention.inside)
        yield _Found(mention.image, texts.shown(mention.image), place)


def _in_manifests(resource: ExaminedResource, texts: _Texts) -> Iterator[_Found]:
    """Images in Kubernetes objects, outside of the places where they are pinned."""
    for site in resource.sites:
        if site.image_property.holds != "kubernetes-manifest":
            continue
        for text in manifest_texts(site.value, site.image_property.kind_paths):
            value = texts.of(text.value, ())
            if not isinstance(value, str):
                continue
            place = _place(site.location, text.path)
            if text.says_image and is_unpinned_image(value.strip()):
                owner = text.kind if text.property_path else ""
                image = value.strip()
                path = _INDEX.sub("[]", text.property_path)
                yield _Found(image, texts.shown(image), place, owner, path)
                continue
            for mention in mentions_in(value):
                inner = _place(place, mention.inside)
                yield _Found(mention.image, texts.shown(mention.image), inner)


def _place(outer: str, inside: Path) -> str:
    return f"{outer} {path_text(inside)}" if inside else outer


def _is_looked_at_elsewhere(resource: ExaminedResource, mention: Mention) -> bool:
    place = path_text(mention.place)
    is_template = any(f"{place}.".startswith(f"{each}.") for each in resource.templates)
    path = _INDEX.sub("[]", place)
    return is_template or Catalog.is_something_else(resource.resource_type, path)


class _Always(Mapping[Condition, bool]):
    """The same answer to every condition; remembers whether there was one."""

    def __init__(self, *, answer: bool) -> None:
        self._answer = answer
        self.is_asked = False

    def __getitem__(self, condition: Condition) -> bool:
        self.is_asked = True
        return self._answer

    def __iter__(self) -> Iterator[Condition]:
        return iter(())

    def __len__(self) -> int:
        return 0


class _Texts:
    """Properties as plain data: functions evaluated, and marks for what is not known."""

    def __init__(self, scope: TemplateScope, listed: Collection[Path], *, answer: bool) -> None:
        self._scope = scope
        self._listed = listed
        self._answers = _Always(answer=answer)
        self._unknown: list[str] = []

    @property
    def has_conditions(self) -> bool:
        """Whether other answers to conditions could give other texts."""
        return self._answers.is_asked

    def of(self, value: Any, path: Path) -> Any:
        """The plain data of a value; None in the place of what is looked at elsewhere."""
        if path in self._listed or len(path) > _MAXIMUM_DEPTH:
            return None
        if isinstance(value, str):
            return _PRIVATE.sub(" ", value)
        intrinsic = intrinsic_of(value)
        if intrinsic is not None and intrinsic.name not in _CONTAINERS:
            return self._text(value) if _is_worth_evaluating(value, path) else None
        if isinstance(value, Mapping):
            return {str(key): self.of(inner, (*path, str(key))) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.of(inner, (*path, index)) for index, inner in enumerate(value)]
        return value

    def shown(self, image: str) -> str:
        """An image for people, with names in the place of what is not known."""
        text = _PRIVATE.sub(lambda match: self._name(match[0]), image)
        return printable(text.removeprefix(_SOME_REGISTRY))

    def _text(self, value: Any) -> str:
        return "".join(
            _PRIVATE.sub(" ", fragment.reads)
            if isinstance(fragment, LiteralText)
            else self._evaluated(fragment.value)
            for fragment in Fragments.of(value).row
        )

    def _evaluated(self, value: Any) -> str:
        text = Interpreter(self._answers, symbolic=True).text(value, self._scope)
        if isinstance(text, str):
            plain = _PRIVATE.sub(" ", text)
            return _STAND_IN.sub(lambda _: self._mark(value), plain)
        mark = self._mark(value)
        return f"{_SOME_REGISTRY}{mark}" if self._is_repository_uri(value) else mark

    def _is_repository_uri(self, value: Any) -> bool:
        match intrinsic_of(value):
            case ("Fn::GetAtt", [str(name), "RepositoryUri"]):
                resource = self._scope.entry("Resources", name)
                return resource is not None and resource.get("Type") == "AWS::ECR::Repository"
        return False

    def _mark(self, value: Any) -> str:
        self._unknown.append(display(value))
        return chr(UNKNOWN[min(len(self._unknown), len(UNKNOWN)) - 1])

    def _name(self, mark: str) -> str:
        index = ord(mark) - UNKNOWN[0]
        return self._unknown[index] if index < len(self._unknown) else "${...}"


def _is_worth_evaluating(value: Any, path: Path) -> bool:
    """Evaluating takes longer than to tell that no image can be in most values."""
    keys = (key for key in reversed(path) if isinstance(key, str) and not key.startswith("Fn::"))
    key = next(keys, "")
    is_named = key.lower() == "value" or says_image(key)
    return is_named or may_mention_image(json.dumps(value, default=str))


def _substituted(properties: Any) -> Any:
    """The properties of a state machine, with its substitutions in its definition."""
    match properties:
        case {"DefinitionSubstitutions": Mapping() as values, "DefinitionString": str(text)}:
            pass
        case _:
            return properties
    known = {str(name): value for name, value in values.items() if isinstance(value, str)}
    replaced = _VARIABLE.sub(lambda match: known.get(match[1], match[0]), text)
    return {**properties, "DefinitionString": replaced, _SUBSTITUTIONS: None}


_VARIABLE = re.compile(r"\$\{([A-Za-z0-9_]+)\}")


def _is_exempt(found: _Found, resource: ExaminedResource) -> bool:
    try:
        reference = ImageReference.parse(found.image)
    except InvalidReference:
        return False
    policy = resource.coverage.policy
    matched = policy.exempt.match(reference)
    if matched is None:
        return False
    resource.patterns.add(matched[0])
    return policy.exempt.ended(reference, policy.today) is None


def _problem(found: list[_Found]) -> Problem:
    """One problem for all images of a resource, each image once."""
    places: dict[str, list[str]] = {}
    for each in found:
        places.setdefault(each.shown, []).append(each.place)
    told = [
        f"{_cut(image, _LONGEST_IMAGE)} at {_shown_places(some)}"
        for image, some in list(places.items())[:_MOST_SHOWN]
    ]
    if len(places) == 1:
        what = f"The image {told[0]} is not pinned: it stands where no images are looked for."
    else:
        more = f" and {len(places) - _MOST_SHOWN} more" if len(places) > _MOST_SHOWN else ""
        what = (
            f"{len(places)} images are not pinned, for they stand where none are looked for: "
            f"{', '.join(told)}{more}."
        )
    return Problem(what, _fix(found))


def _shown_places(places: list[str]) -> str:
    more = f" (and {len(places) - 1} more places)" if len(places) > 1 else ""
    return f"{_cut(printable(places[0]), _LONGEST_PLACE)}{more}"


def _fix(found: list[_Found]) -> str:
    """What to do: name the properties that `PinImages` could pin, and write the other digests."""
    paths: dict[str, dict[str, None]] = {}
    for each in found:
        if each.owner and sum(map(len, paths.values())) < _MOST_SHOWN:
            paths.setdefault(each.owner, {})[each.path] = None
    ways = []
    if paths:
        named = {owner: list(some) for owner, some in paths.items()}
        ways.append(f"name the property for PinImages to pin it, as in properties={named!r}")
    if not all(each.owner for each in found):
        ways.append(f"{_WRITE_IT} (name:tag@sha256:...)")
    text = "; ".join((*ways, "or acknowledge it with a reason"))
    return f"{text[0].upper()}{text[1:]}."


def _own_property(mention: Mention) -> str:
    """The path that `PinImages` takes for an image that is the whole of a property; or empty."""
    path = tuple(_without_choices(mention.place))
    if not mention.is_whole or mention.inside or not path:
        return ""
    keys = [key for key in path if isinstance(key, str)]
    if keys[-1].lower() == "value" or not all(map(_KEY.fullmatch, keys)):
        return ""
    text = _INDEX.sub("[]", path_text(path))
    return text if len(text) <= _LONGEST_PLACE and "[][]" not in text else ""


def _without_choices(path: Path) -> Iterator[str | int]:
    """A path without ``Fn::If``, on both sides of which `PinImages` looks."""
    keys = iter(path)
    for key in keys:
        if key == "Fn::If":
            next(keys, None)
        else:
            yield key


_KEY = re.compile(r"[A-Za-z0-9_@-]+")


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}..."


UNLISTED_IMAGE = _UnlistedImage()
