"""Which construct each resource of each template is, asked of the construct tree."""

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
