"""Known kinds of Kubernetes objects, from `kubernetes_kinds.json`.

A kind is written ``group/Kind``: its ``apiVersion`` without the version. Kinds of the core group,
whose ``apiVersion`` is the version alone, are written with it: ``v1/ConfigMap``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from pinned_images.cloudformation.property_paths import steps_of

#: What the objects of a kind hold: images that run, the values of a Helm chart, what describes
#: other objects (a policy, a template), a schema, or nothing that a cluster runs (a tool's
#: configuration).
Content = Literal["images", "values", "template", "schema", "nothing"]

#: The route from an object to an image: keys, ``[]`` into a list, ``{}`` for every key of a map.
Route = tuple[str, ...]

#: The end of a route to an image that has to stay at its tag.
BY_TAG: Route = ("!",)

#: The end of a route to what a template or a policy creates as it is.
WORKLOAD: Route = ("*",)


#: In the place of a kind: a path in any text, whatever objects it holds.
ANY_TEXT = ""


class KindPath(NamedTuple):
    """A place in the objects of a kind that holds an image.

    Attributes:
        kind: ``monitoring.coreos.com/Prometheus``; or `ANY_TEXT`.
        path: Keys joined by dots, as in the catalog of image properties: ``spec.image``.
    """

    kind: str
    path: str


class Description(NamedTuple):
    """The description of a kind.

    Attributes:
        content: What its objects hold.
        what: Its noun, for display: ``a Kyverno policy``.
    """

    content: Content = "images"
    what: str = ""


_WORKLOAD = Description()


class KubernetesKinds(Struct, frozen=True):
    """The known kinds, and paths of the user's own.

    Example:
        >>> kinds = KubernetesKinds.known()
        >>> kinds.routes("postgresql.cnpg.io/ImageCatalog")[0]
        ('spec', 'images', '[]', 'image')
        >>> kinds.description("constraints.gatekeeper.sh/K8sAllowedRepos").what
        'a Gatekeeper policy'
    """

    _routes: Mapping[str, tuple[Route, ...]]
    _descriptions: Mapping[str, Description]

    @classmethod
    def known(cls, own: tuple[KindPath, ...] = ()) -> KubernetesKinds:
        """All known kinds, with some paths of the user's own."""
        return _known(own)

    def routes(self, kind: str) -> tuple[Route, ...]:
        """The routes to the images in the objects of a kind."""
        return self._routes.get(kind, ())

    def description(self, kind: str) -> Description:
        """The description of a kind; a workload where nothing else is known."""
        found = self._descriptions.get(kind)
        group = kind.rpartition("/")[0]
        while found is None and group:
            found = self._descriptions.get(f"{group}/*")
            group = group.partition(".")[2]
        return found or _WORKLOAD


def kind_of(api_version: str, kind: str) -> str:
    """A kind in the form ``group/Kind``.

    Example:
        >>> kind_of("monitoring.coreos.com/v1", "Prometheus"), kind_of("v1", "ConfigMap")
        ('monitoring.coreos.com/Prometheus', 'v1/ConfigMap')
    """
    group, _, version = api_version.rpartition("/")
    return f"{group or version}/{kind}"


@lru_cache(maxsize=64)
def _known(own: tuple[KindPath, ...]) -> KubernetesKinds:
    data = _data()
    descriptions = {
        kind: Description(content, entry["what"])
        for key, content in _CONTENTS.items()
        for entry in data[key]
        for kind in entry["kinds"]
    }
    listed = _by_kind([*_listed(data["places"]), *own])
    routes = dict(listed)
    for section, end in (("by_tag", BY_TAG), ("workloads", WORKLOAD)):
        for kind, some in _by_kind(_listed(data[section])).items():
            routes[kind] = (*routes.get(kind, ()), *((*route, *end) for route in some))
    return KubernetesKinds(routes, descriptions)


def _listed(entries: Iterable[Any]) -> Iterator[KindPath]:
    for entry in entries:
        for kind in entry["kinds"]:
            for path in entry["paths"]:
                yield KindPath(kind, path)


_CONTENTS: Mapping[str, Content] = {
    "templates": "template",
    "configurations": "nothing",
    "schemas": "schema",
    "values": "values",
}


def _by_kind(places: Iterable[KindPath]) -> dict[str, tuple[Route, ...]]:
    routes: dict[str, dict[Route, None]] = {}
    for place in places:
        steps = steps_of(place.path)
        route = (part for step in steps for part in step if part)
        routes.setdefault(place.kind, {})[tuple(route)] = None
    return {kind: tuple(each) for kind, each in routes.items()}


@cache
def _data() -> Any:
    file = files("pinned_images.cloudformation").joinpath("kubernetes_kinds.json")
    return json.loads(file.read_text("utf-8"))
