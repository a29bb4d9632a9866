"""Constructs by their paths, and paths by what templates have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from aws_cdk import CfnResource
from constructs import IConstruct


def paths_of_templates(app: IConstruct) -> Callable[[str], Mapping[str, str]]:
    """Construct paths by logical id, for the file name of a template.

    Apps can keep them out of the metadata (``aws:cdk:disable-logicalId-metadata``). It costs
    several crossings into Node.js for each resource, so nothing is asked until it is needed.

    Args:
        app: The root of the construct tree, which has been synthesized.
    """

    @cache
    def by_template() -> Mapping[str, Mapping[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for construct in app.node.find_all():
            if isinstance(construct, CfnResource):
                stack = construct.stack
                paths = found.setdefault(stack.template_file, {})
                paths[str(stack.resolve(construct.logical_id))] = construct.node.path
        return found

    return lambda template_file: by_template().get(template_file, {})


def constructs_down_to(app: IConstruct, path: str) -> list[IConstruct]:
    """The constructs from an app down to the one at a path, as far as there are any."""
    found = [app]
    for identifier in path.split("/"):
        child = found[-1].node.try_find_child(identifier)
        if child is None:
            break
        found.append(child)
    return found


def container_name_at(app: IConstruct, path: str) -> str:
    """The name of the container that is a construct; the construct's own id for any other.

    Args:
        app: The root of the construct tree.
        path: The construct's path.
    """
    construct = constructs_down_to(app, path)[-1]
    return str(getattr(construct, "container_name", path.rpartition("/")[2]))
