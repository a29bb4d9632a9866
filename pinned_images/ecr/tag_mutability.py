"""Tag mutability of ECR repositories, as CloudFormation sets it.

A repository is as in the ECR user guide, "Preventing image tags from being overwritten": with
``IMMUTABLE_WITH_EXCLUSION`` all tags stay but those that a filter matches.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pinned_images.errors import ConfigurationError
from pinned_images.printable import quoted

REPOSITORY = "AWS::ECR::Repository"
CREATION_TEMPLATE = "AWS::ECR::RepositoryCreationTemplate"
#: The resource types that set it.
RESOURCE_TYPES = (REPOSITORY, CREATION_TEMPLATE)

MUTABILITY = "ImageTagMutability"
FILTERS = "ImageTagMutabilityExclusionFilters"

_IMMUTABLE = frozenset({"IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION"})

#: ECR API reference, PutImageTagMutability: imageTagMutabilityExclusionFilters.
_MOST_FILTERS = 5
#: ECR API reference, ImageTagMutabilityExclusionFilter: filter.
_FILTER = re.compile(r"[0-9a-zA-Z._*-]{1,128}")
#: ECR refuses more ("Image tag mutability exclusion filter can contain a maximum of 2 wildcards").
_MOST_WILDCARDS = 2


def parse_filters(mutable_tags: object) -> tuple[str, ...]:
    """Filters for tags that stay mutable, checked as ECR checks them.

    Args:
        mutable_tags: Tags, or patterns of them in which ``*`` matches any characters.

    Raises:
        ConfigurationError: There are too many, or one is not of ECR's form.

    Example:
        >>> parse_filters(["latest", "3.*"])
        ('latest', '3.*')
    """
    if mutable_tags is None:
        return ()
    if isinstance(mutable_tags, (str, bytes)) or not isinstance(mutable_tags, Iterable):
        raise ConfigurationError(
            f"The option mutable_tags must be a list of tags, such as ['latest']: "
            f"{quoted(mutable_tags)}."
        )
    filters: list[str] = []
    for each in mutable_tags:
        if not isinstance(each, str) or _FILTER.fullmatch(each) is None:
            raise ConfigurationError(
                f"The option mutable_tags has {quoted(each)}: write a tag of up to 128 letters, "
                "digits, '.', '_' and '-', or a pattern with '*'."
            )
        if each.count("*") > _MOST_WILDCARDS:
            raise ConfigurationError(
                f"The option mutable_tags has {quoted(each)}: ECR takes {_MOST_WILDCARDS} "
                "wildcards in a filter at most."
            )
        if each not in filters:
            filters.append(each)
    if len(filters) > _MOST_FILTERS:
        raise ConfigurationError(
            f"The option mutable_tags has {len(filters)} filters: ECR takes {_MOST_FILTERS} of a "
            "repository at most."
        )
    return tuple(filters)


def immutable_properties(filters: Iterable[str]) -> dict[str, Any]:
    """The properties that make tags immutable, except those that filters match.

    Example:
        >>> immutable_properties([])
        {'ImageTagMutability': 'IMMUTABLE'}
    """
    excluded = [
        {
            "ImageTagMutabilityExclusionFilterType": "WILDCARD",
            "ImageTagMutabilityExclusionFilterValue": each,
        }
        for each in filters
    ]
    if not excluded:
        return {MUTABILITY: "IMMUTABLE"}
    return {MUTABILITY: "IMMUTABLE_WITH_EXCLUSION", FILTERS: excluded}


def is_immutable(properties: Mapping[str, Any]) -> bool:
    """Whether the properties of a resource surely make its tags immutable."""
    value = properties.get(MUTABILITY)
    return isinstance(value, str) and value in _IMMUTABLE


def is_set(properties: Mapping[str, Any]) -> bool:
    """Whether the properties of a resource set its tags' mutability."""
    return MUTABILITY in properties or FILTERS in properties
