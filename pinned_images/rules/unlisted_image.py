"""The rule `unlisted-image`: an image outside of known image properties.

It may be in a custom resource, an environment variable, user data, or in the text of a state
machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pinned_images.cloud_assembly.assembly_json import compact_json
from pinned_images.cloudformation.image_signs import may_mention_image
from pinned_images.cloudformation.property_paths import replace_at, value_at
from pinned_images.errors import InvalidReference
from pinned_images.option_syntax import OptionSyntax
from pinned_images.printable import printable
from pinned_images.problem import Problem
from pinned_images.reference import ImageReference
from pinned_images.rules.rule import ExaminedResource, Rule

if TYPE_CHECKING:
    from pinned_images.rules.mentioned_images import MentionedImage

#: Policies name actions, such as ``ecr:BatchGetImage``, and run nothing.
_NO_IMAGES = "AWS::IAM::"
_MOST_SHOWN, _MOST_PATHS = 3, 8
_LONGEST_IMAGE, _LONGEST_PLACE = 200, 120
_WRITE_IT = "write the digest where the image is written"


class _UnlistedImage(Rule):
    id = "unlisted-image"
    severity = "warning"

    def check_resource(self, resource: ExaminedResource) -> Iterator[Problem]:
        """The images of a resource that are in none of the properties that are known.

        What a nested stack holds are parameters, which count where they are used.
        """
        if resource.is_nested_stack or resource.resource_type.startswith(_NO_IMAGES):
            return
        text = compact_json((_unlisted(resource), resource.metadata)).decode()
        if not may_mention_image(text) and not resource.files_named_in(text):
            return
        from pinned_images.rules.mentioned_images import (  # noqa: PLC0415 - most apps have none
            images_mentioned_by,
        )

        found = [each for each in images_mentioned_by(resource) if not _is_exempt(each, resource)]
        if found:
            yield _problem(found, resource.coverage.policy.option_syntax)


def _unlisted(resource: ExaminedResource) -> Mapping[str, Any]:
    """The properties without those that are images as a whole, whose keys speak of images too."""
    properties: Mapping[str, Any] = resource.properties
    for site in resource.sites:
        above, key = site.path[:-1], site.path[-1] if site.path else None
        is_image = site.image_property.holds == "image" and not site.image_property.leads_into_text
        if is_image and isinstance(key, str):
            holder = value_at(properties, above)
            rest = {name: holder[name] for name in holder if name != key}
            properties = replace_at(properties, above, rest)
    return properties


def _is_exempt(found: MentionedImage, resource: ExaminedResource) -> bool:
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


def _problem(found: list[MentionedImage], syntax: OptionSyntax) -> Problem:
    """One problem for all images of a resource, each image once."""
    places: dict[str, list[str]] = {}
    for each in found:
        places.setdefault(each.shown, []).append(each.place)
    shown = [
        f"{_cut(image, _LONGEST_IMAGE)} at {_shown_places(some)}"
        for image, some in list(places.items())[:_MOST_SHOWN]
    ]
    if len(places) == 1:
        what = f"The image {shown[0]} is not pinned: images are not looked for there."
    else:
        more = f" and {len(places) - _MOST_SHOWN} more" if len(places) > _MOST_SHOWN else ""
        what = (
            f"{len(places)} images are not pinned, for images are not looked for where they are: "
            f"{', '.join(shown)}{more}."
        )
    return Problem(what, _fix(found, syntax))


def _shown_places(places: list[str]) -> str:
    more = f" (and {len(places) - 1} more places)" if len(places) > 1 else ""
    return f"{_cut(printable(places[0]), _LONGEST_PLACE)}{more}"


def _fix(found: list[MentionedImage], syntax: OptionSyntax) -> str:
    """The fix: name the properties that `PinImages` could pin, and write the other digests."""
    paths: dict[str, dict[str, None]] = {}
    for each in found:
        if each.owner and sum(map(len, paths.values())) < _MOST_PATHS:
            paths.setdefault(each.owner, {})[each.path] = None
    ways = []
    if paths:
        named = {owner: list(some) for owner, some in paths.items()}
        if syntax.is_for_app:
            ways.append(f"name the property for PinImages to pin it, as in properties={named!r}")
        else:
            ways.append(f"name the property, as in {syntax.written('properties', named)}")
    if not all(each.owner for each in found):
        ways.append(f"{_WRITE_IT} (name:tag@sha256:...)")
    text = "; ".join((*ways, "or acknowledge it with a reason"))
    return f"{text[0].upper()}{text[1:]}."


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}..."


UNLISTED_IMAGE = _UnlistedImage()
