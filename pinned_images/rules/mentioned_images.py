"""Images that a resource mentions outside of known image properties, with their places.

Strings are evaluated as image properties are, so that own repositories are seen in them. The
properties, the metadata that sets up instances (``AWS::CloudFormation::Init``), strings of
Kubernetes objects and files that properties name are searched.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pinned_images.cloud_assembly.assembly_json import compact_json
from pinned_images.cloudformation.catalog import Catalog
from pinned_images.cloudformation.display import display
from pinned_images.cloudformation.fragments import Fragments, LiteralText
from pinned_images.cloudformation.image_mentions import (
    UNKNOWN,
    Mention,
    is_unpinned_image,
    mentions_in,
)
from pinned_images.cloudformation.image_signs import may_mention_image, says_image
from pinned_images.cloudformation.interpreter import Interpreter
from pinned_images.cloudformation.intrinsics import intrinsic_of
from pinned_images.cloudformation.kubernetes import manifest_texts
from pinned_images.cloudformation.outcomes import Condition
from pinned_images.cloudformation.property_paths import Path, is_written_path, path_text
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.files.dockerfile import Dockerfile
from pinned_images.printable import printable
from pinned_images.rules.rule import ExaminedResource
from pinned_images.rules.unpinned_image import STAND_IN

_INIT = "AWS::CloudFormation::Init"
_SUBSTITUTIONS = "DefinitionSubstitutions"
#: Functions whose arguments stay in place: their parts are searched.
_CONTAINERS = ("Fn::Base64", "Fn::If", "Fn::Transform")
#: Custom resources, whose handlers take a transport before an image.
_CUSTOM = ("Custom::", "AWS::CloudFormation::CustomResource")
_MAXIMUM_DEPTH = 60
_MAXIMUM_FILE = 1_000_000
_LONGEST_PATH = 120
#: The prefix of a repository's URI of which nothing else is known.
_SOME_REGISTRY = "000000000000.dkr.ecr.region.amazonaws.com/"
_STAND_IN = re.compile(rf"{re.escape(STAND_IN)}[0-9]+")
_PRIVATE = re.compile(f"[{chr(UNKNOWN[0])}-{chr(UNKNOWN[-1])}]")
_INDEX = re.compile(r"\[[0-9]+\]")
_VARIABLE = re.compile(r"\$\{([A-Za-z0-9_]+)\}")
_FROM = re.compile(r"^[ \t]*FROM[ \t]", re.IGNORECASE | re.MULTILINE)
_KEY = re.compile(r"[A-Za-z0-9_@-]+")


class MentionedImage(NamedTuple):
    """An image that is mentioned.

    Attributes:
        image: The image, with placeholders for unknown parts.
        shown: The image for display.
        place: Where it is, for display.
        owner: The resource type, or the kind of Kubernetes objects, that `PinImages` could pin it
            in; empty where it cannot.
        path: The path that it would take.
    """

    image: str
    shown: str
    place: str
    owner: str = ""
    path: str = ""


def images_mentioned_by(resource: ExaminedResource) -> Iterable[MentionedImage]:
    """The images that a resource mentions; each place once, for any answers to conditions."""
    init = resource.metadata.get(_INIT)
    found: dict[tuple[str, str], MentionedImage] = {}
    for answer in (True, False):
        texts = _Texts(resource.scope, set(resource.listed), answer=answer)
        for each in (
            *_in_properties(resource, texts),
            *_in_init(init, texts),
            *_in_manifests(resource, texts),
            *_in_files(resource),
        ):
            found.setdefault((each.place, each.shown), each)
        if not texts.has_conditions:
            break
    return found.values()


def _in_properties(resource: ExaminedResource, texts: _Texts) -> Iterator[MentionedImage]:
    """Images in properties that are no image properties."""
    plain = _substituted(texts.of(resource.properties, ()))
    has_substitutions = _SUBSTITUTIONS in resource.properties
    for mention in mentions_in(plain):
        if not _is_looked_at_elsewhere(resource, mention):
            is_known = not _PRIVATE.search(mention.image) and mention.place not in texts.by_default
            is_known = is_known and not (has_substitutions and mention.inside)
            path = _own_property(mention, resource.resource_type) if is_known else ""
            owner = resource.resource_type if path else ""
            place = _place(path_text(mention.place), mention.inside)
            yield MentionedImage(mention.image, texts.shown(mention.image), place, owner, path)
    for at, text in _dockerfiles_in(plain, ()):
        for image in Dockerfile.parse(text.encode("utf-8", "replace")).images():
            if image.image is not None and is_unpinned_image(image.image, is_sure=True):
                yield MentionedImage(image.image, printable(image.image), path_text(at))


def _dockerfiles_in(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Strings under keys that say Dockerfile, such as the template of a container recipe."""
    if isinstance(value, str):
        key = path[-1] if path else ""
        if "dockerfile" in str(key).lower() and _FROM.search(value):
            yield path, value
    elif isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _dockerfiles_in(inner, (*path, key))


def _in_init(init: Any, texts: _Texts) -> Iterator[MentionedImage]:
    """Images in the metadata from which an instance is set up."""
    for mention in mentions_in(texts.of(init, ()), place=("Metadata", _INIT)):
        place = _place(path_text(mention.place), mention.inside)
        yield MentionedImage(mention.image, texts.shown(mention.image), place)


def _in_manifests(resource: ExaminedResource, texts: _Texts) -> Iterator[MentionedImage]:
    """Images in Kubernetes objects outside of the places that are pinned."""
    for site in resource.sites:
        image_property = site.image_property
        if image_property.holds != "kubernetes-manifest" or image_property.leads_into_text:
            continue
        for text in manifest_texts(site.value, image_property.kind_paths):
            value = texts.of(text.value, ())
            if not isinstance(value, str):
                continue
            place = _place(site.location, text.path)
            if text.says_image and is_unpinned_image(value.strip()):
                owner = text.kind if text.property_path else ""
                image = value.strip()
                path = _INDEX.sub("[]", text.property_path)
                yield MentionedImage(image, texts.shown(image), place, owner, path)
                continue
            for mention in mentions_in(value):
                inner = _place(place, mention.inside)
                yield MentionedImage(mention.image, texts.shown(mention.image), inner)


def _in_files(resource: ExaminedResource) -> Iterator[MentionedImage]:
    """Images in the files that properties name: the definition of a state machine, a script."""
    for key, value in resource.properties.items() if not resource.templates else ():
        for content_hash, file in resource.files_named_in(compact_json(value).decode()):
            try:
                with file.open(encoding="utf-8") as opened:
                    text = opened.read(_MAXIMUM_FILE)
            except (OSError, UnicodeDecodeError):
                continue
            shown = file.name.replace(content_hash, f"{content_hash[:8]}...")
            for mention in mentions_in(_PRIVATE.sub(" ", text)):
                place = _place(f"{key} ({shown})", mention.inside)
                yield MentionedImage(mention.image, mention.image, place)


def _place(outer: str, inside: Path) -> str:
    return f"{outer} {path_text(inside)}" if inside else outer


def _is_looked_at_elsewhere(resource: ExaminedResource, mention: Mention) -> bool:
    place = path_text(mention.place)
    is_template = any(f"{place}.".startswith(f"{each}.") for each in resource.templates)
    path = _INDEX.sub("[]", place)
    return is_template or Catalog.is_something_else(resource.resource_type, path)


def _own_property(mention: Mention, resource_type: str) -> str:
    """The path that `PinImages` takes for an image that is the whole of a string; or empty.

    It may lead into the JSON of a property, but not into the JSON of a string in that.
    """
    outer = tuple(_without_choices(mention.place))
    is_custom = resource_type.startswith(_CUSTOM) and not mention.inside
    if not mention.is_whole or not outer or mention.nesting > 1:
        return ""
    if mention.transport and not is_custom:
        return ""
    path = (*outer, *mention.inside)
    last = path[-1]
    names_its_value = isinstance(last, str) and last.lower().endswith("value")
    if names_its_value or (mention.inside and not isinstance(mention.inside[0], str)):
        return ""
    text = _written(path)
    return text if len(text) <= _LONGEST_PATH and is_written_path(text) else ""


def _written(path: Path) -> str:
    """A path for `PinImages`: indices as ``[]``, and keys that cannot be written as ``{}``.

    It is empty where it would begin with one of them.
    """
    parts: list[str] = []
    for key in path:
        if isinstance(key, str) and _KEY.fullmatch(key):
            parts.append(key)
        elif not parts:
            return ""
        else:
            parts[-1] += "[]" if isinstance(key, int) else "{}"
    return ".".join(parts)


def _without_choices(path: Path) -> Iterator[str | int]:
    """A path without ``Fn::If``, on both sides of which `PinImages` looks."""
    keys = iter(path)
    for key in keys:
        if key == "Fn::If":
            next(keys, None)
        else:
            yield key


class _Always(Mapping[Condition, bool]):
    """The same answer to every condition; it records whether there was one."""

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
    """Properties as plain data: functions evaluated, with placeholders for unknown parts."""

    def __init__(self, scope: TemplateScope, listed: Collection[Path], *, answer: bool) -> None:
        self._scope = scope
        self._listed = listed
        self._answers = _Always(answer=answer)
        self._unknown: list[str] = []
        #: Places of strings in which defaults of parameters are, which a deployment may change.
        self.by_default: set[Path] = set()

    @property
    def has_conditions(self) -> bool:
        """Whether other answers to conditions could give other strings."""
        return self._answers.is_asked

    def of(self, value: Any, path: Path) -> Any:
        """The plain data of a value; None in place of parts that are examined elsewhere."""
        if path in self._listed or len(path) > _MAXIMUM_DEPTH:
            return None
        if isinstance(value, str):
            return _PRIVATE.sub(" ", value)
        intrinsic = intrinsic_of(value)
        if intrinsic is not None and intrinsic.name not in _CONTAINERS:
            return self._text(value, path) if _is_worth_evaluating(value, path) else None
        if isinstance(value, Mapping):
            return {str(key): self.of(inner, (*path, str(key))) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.of(inner, (*path, index)) for index, inner in enumerate(value)]
        return value

    def shown(self, image: str) -> str:
        """An image for display, with names in place of unknown parts."""
        text = _PRIVATE.sub(lambda match: self._name(match[0]), image)
        return printable(text.removeprefix(_SOME_REGISTRY))

    def _text(self, value: Any, path: Path) -> str:
        return "".join(
            _PRIVATE.sub(" ", fragment.reads)
            if isinstance(fragment, LiteralText)
            else self._evaluated(fragment.value, path)
            for fragment in Fragments.of(value).row
        )

    def _evaluated(self, value: Any, path: Path) -> str:
        text = Interpreter(self._answers, symbolic=True).text(value, self._scope)
        if isinstance(text, str):
            plain = _PRIVATE.sub(" ", text)
            return _STAND_IN.sub(lambda _: self._mark(value), plain)
        default = self._default_of(value)
        if default is not None:
            self.by_default.add(path)
            return _PRIVATE.sub(" ", default)
        mark = self._mark(value)
        return f"{_SOME_REGISTRY}{mark}" if self._is_repository_uri(value) else mark

    def _is_repository_uri(self, value: Any) -> bool:
        match intrinsic_of(value):
            case ("Fn::GetAtt", [str(name), "RepositoryUri"]):
                resource = self._scope.entry("Resources", name)
                return resource is not None and resource.get("Type") == "AWS::ECR::Repository"
        return False

    def _default_of(self, value: Any) -> str | None:
        """The default of a parameter that is not hidden, if a deployment gives no other value."""
        match intrinsic_of(value):
            case ("Ref", str(name)):
                parameter = self._scope.entry("Parameters", name) or {}
                default = parameter.get("Default")
                is_shown = parameter.get("Type") == "String" and "NoEcho" not in parameter
                return default if is_shown and isinstance(default, str) else None
        return None

    def _mark(self, value: Any) -> str:
        self._unknown.append(display(value))
        return chr(UNKNOWN[min(len(self._unknown), len(UNKNOWN)) - 1])

    def _name(self, mark: str) -> str:
        index = ord(mark) - UNKNOWN[0]
        return self._unknown[index] if index < len(self._unknown) else "${...}"


def _is_worth_evaluating(value: Any, path: Path) -> bool:
    """Whether an image may be in a value; this is cheaper than evaluating it."""
    keys = (key for key in reversed(path) if isinstance(key, str) and not key.startswith("Fn::"))
    key = next(keys, "")
    is_named = key.lower().endswith("value") or says_image(key)
    return is_named or may_mention_image(compact_json(value).decode())


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
