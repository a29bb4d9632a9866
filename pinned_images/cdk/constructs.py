"""Constructs: their identity, their classes, their paths, and the Stages below them.

For a construct that was made in JavaScript, such as the L1 inside an L2, jsii makes a new Python
object at each access, so neither ``is`` nor a dict finds that it is the same one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from functools import cache
from pathlib import Path
from typing import TypeVar

from aws_cdk import AssetStaging, CfnElement, CfnResource, Stage
from constructs import Construct, IConstruct

from pinned_images.cloud_assembly import AssemblyStack, ImageAsset

C = TypeVar("C", bound=IConstruct)
V = TypeVar("V")


def is_same(one: IConstruct, other: IConstruct) -> bool:
    """Whether two Python objects are the same construct."""
    return _key(one) == _key(other)


def is_same_value(one: object, other: object) -> bool:
    """Whether two values of a property are the same string, or the same token."""
    if hasattr(one, "__jsii_ref__") and hasattr(other, "__jsii_ref__"):
        return _key(one) == _key(other)
    return one == other


class ConstructMap(MutableMapping[C, V]):
    """A dict whose keys are constructs."""

    def __init__(self) -> None:
        self._items: dict[str, tuple[C, V]] = {}

    @classmethod
    def of(cls, constructs: Iterable[C]) -> ConstructMap[C, None]:
        """Some constructs, each once, in their order."""
        found: ConstructMap[C, None] = ConstructMap()
        found.update((construct, None) for construct in constructs)
        return found

    def __getitem__(self, construct: C) -> V:
        return self._items[_key(construct)][1]

    def __setitem__(self, construct: C, value: V) -> None:
        key = _key(construct)
        first = self._items[key][0] if key in self._items else construct
        self._items[key] = (first, value)

    def __delitem__(self, construct: C) -> None:
        del self._items[_key(construct)]

    def __iter__(self) -> Iterator[C]:
        return (construct for construct, _ in self._items.values())

    def __len__(self) -> int:
        return len(self._items)


def _key(construct: object) -> str:
    """The name of the JavaScript object; jsii keeps it in Python, so it costs no crossing."""
    key: str = construct.__jsii_ref__.ref  # type: ignore[attr-defined]
    return key


_TYPE_NAME = "CFN_RESOURCE_TYPE_NAME"


@cache
def type_of(kind: type[CfnResource]) -> str | None:
    """The CloudFormation type of a class; None for a `CfnResource` of any type.

    Example:
        >>> from aws_cdk.aws_ecs import CfnTaskDefinition
        >>> type_of(CfnTaskDefinition)
        'AWS::ECS::TaskDefinition'
    """
    if any(_TYPE_NAME in vars(each) for each in kind.mro()):
        return str(getattr(kind, _TYPE_NAME))
    return None


@cache
def attribute_name(property_name: str) -> str:
    """The Python attribute of an L1 construct for a CloudFormation property.

    Example:
        >>> attribute_name("ContainerDefinitions")
        'container_definitions'
    """
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", property_name)
    return re.sub(r"([A-Z])([A-Z][a-z])", r"\1_\2", words).lower()


def has_attribute(resource: CfnResource, property_name: str) -> bool:
    """Whether the resource is a typed L1 that has the property as an attribute of its own."""
    attribute = getattr(type(resource), attribute_name(property_name), None)
    return isinstance(attribute, property) and attribute.fset is not None


def paths_of_templates(app: IConstruct) -> Callable[[str], Mapping[str, str]]:
    """Construct paths by logical id, for the file name of a template.

    Apps can keep them out of the metadata (``aws:cdk:disable-logicalId-metadata``). It costs
    several crossings into Node.js for each resource, so it is read when it is first needed.

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
    """The constructs from an app down to the one at a path; it ends where there is none."""
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


def source_of_asset(
    app: IConstruct, stacks: Iterable[AssemblyStack], asset: ImageAsset
) -> Path | None:
    """The user's folder that an image asset is a copy of; None where that is not known.

    An asset's name in the manifest is its construct's path in its stack
    (`Names.stackRelativeConstructPath`), unless the app has given it another name.

    Args:
        app: The root of the construct tree, which has been synthesized.
        stacks: The top-level stacks.
        asset: The asset.
    """
    for top in stacks:
        for stack in top.with_nested() if top.template_path.name == asset.template else ():
            path = "/".join(filter(None, (stack.construct_path, asset.name, "Staging")))
            staging = constructs_down_to(app, path)[-1]
            if isinstance(staging, AssetStaging) and staging.asset_hash == asset.content_hash:
                return Path(staging.source_path)
    return None


#: What CDK has for the services of AWS; its Stages, stacks and Apps are in `aws_cdk` itself.
_SERVICES = "aws_cdk."


def stages_below(scope: IConstruct) -> Iterator[Stage]:
    """The Stages strictly below a construct, where apps put them.

    It does not search the constructs that CDK has for services. These hold most of an app, and
    access to a construct that was made in JavaScript makes Python import the module of its
    service.
    """
    for child in scope.node.children:
        if isinstance(child, Stage):
            yield child
        if not isinstance(child, CfnElement) and not type(child).__module__.startswith(_SERVICES):
            yield from stages_below(child)


def all_stages_below(scope: IConstruct) -> list[Stage]:
    """The Stages strictly below a construct, wherever they are."""
    return [
        child
        for child in scope.node.find_all()
        if isinstance(child, Stage) and not is_same(child, scope)
    ]


def is_synthesized(construct: IConstruct) -> bool:
    """Whether the App of a construct has been synthesized: CDK adds its tree metadata first."""
    tree = construct.node.root.node.try_find_child("Tree")
    return type(tree) is Construct and not tree.node.children
