"""Images in Kubernetes objects: which strings are images, exempt, or may mention some.

An image is

- the ``image`` of a pod's containers, and the ``reference`` of its image volumes (Kubernetes API
  reference, "PodSpec"), wherever in an object they are; also where a custom resource has its
  ``containers`` as a map by name,
- the value at a place of the object's kind that is known (`kubernetes_kinds.json`), or that the
  user has named,
- ``image`` next to keys that only containers have (`kubernetes_signs.py`), if it names a tag,
- the value of an environment variable ``RELATED_IMAGE_*``, if it names a tag: Operator Lifecycle
  Manager has images of operators there, and wants them pinned.

In the values of Helm charts the last two do not count, since charts take strings apart. Policies
and templates are no workloads: their images are compared with others, or filled in
later. Nothing is looked for under ``status``, in the configuration of tools, and in schemas.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from pinned_images.cloudformation.json_text import (
    MAXIMUM_DEPTH,
    PLACEHOLDER,
    InvalidJson,
    Members,
)
from pinned_images.cloudformation.kubernetes_kinds import (
    ANY_TEXT,
    BY_TAG,
    WORKLOAD,
    Content,
    KindPath,
    KubernetesKinds,
    Route,
    kind_of,
)
from pinned_images.cloudformation.kubernetes_signs import (
    CONTAINERS,
    OTHER_IMAGES,
    PAIRED,
    TARGET,
    has_variable,
    is_container,
    is_custom_kind,
    is_in_parts,
    is_other_image,
    is_pod_image,
    is_reference,
    key_says_image,
    may_hold_a_pod,
    names_tag,
    patched_path,
    says_image,
)
from pinned_images.cloudformation.property_paths import Path

#: The rules that exempt an image; `kubernetes.py` has the reason for each.
KubernetesExemptRule = Literal["istio-injected", "kubernetes-template", "kubernetes-variable"]

_OPERATOR_IMAGE = "RELATED_IMAGE_"
_ISTIO_PLACEHOLDER = "auto"
_NO_TEXTS = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})


class FoundImage(NamedTuple):
    """An image, or a placeholder that may hide some.

    Attributes:
        path: Where it is in the objects.
        span: Where its string is in the text; None where a placeholder takes the place of a value.
        exempt_rule: The rule that exempts it from pinning.
        what: The object that it is in, for display, where that is the reason: ``a Kyverno policy``.
        container: The name of the container that runs it, where that is written.
    """

    path: Path
    span: tuple[int, int] | None
    exempt_rule: KubernetesExemptRule | None = None
    what: str = ""
    container: str | None = None


class FoundText(NamedTuple):
    """A string that is no image to pin, and may mention one.

    Attributes:
        path: Where it is in the objects.
        span: Where it is in the text; None where `text` is made of several strings.
        text: What it reads, where `span` is None.
        says_image: Whether its key says that it is an image.
        kind: The kind of the object that it is in, as ``group/Kind``; empty where that is unknown.
        below: Where it is in that object; empty where no image can be pinned there.
    """

    path: Path
    span: tuple[int, int] | None
    text: str
    says_image: bool
    kind: str
    below: Path = ()


class FoundStrings(Struct, frozen=True):
    """The strings found in a manifest, in the order of its text."""

    images: tuple[FoundImage, ...]
    texts: tuple[FoundText, ...]

    @property
    def count(self) -> int:
        """The number of strings, and one for the manifest."""
        return 1 + len(self.images) + len(self.texts)


class _Context(NamedTuple):
    """The object around a string.

    Attributes:
        kind: Its kind; empty where it has none.
        root: Where it is.
        content: The kind of its content.
        what: Its noun, for display.
        has_variables: Whether it is of a custom kind, or inside of one: these fill in variables.
    """

    kind: str = ""
    root: Path = ()
    content: Content = "images"
    what: str = ""
    has_variables: bool = False


#: The rest of the routes to the known places of a kind; the empty one is at such a place.
_Routes = tuple[Route, ...]
_ARRIVED: Route = ()


def find_images(
    root: Any,
    span_of: Callable[[int], tuple[int, int]],
    mark: str = "",
    kind_paths: Sequence[KindPath] = (),
) -> FoundStrings:
    """Search Kubernetes objects, or a patch of one.

    Args:
        root: The objects, as `json_text` reads them.
        span_of: Gives the place of a string by its number, in the order of the text.
        mark: The character that marks placeholders in strings; empty where there are none.
        kind_paths: The user's own places.

    Raises:
        InvalidJson: They are nested too deep.

    Example:
        >>> from pinned_images.cloudformation.json_text import parse
        >>> document = parse('{"spec": {"containers": [{"image": "nginx"}]}}')
        >>> [image.path for image in find_images(document.root, document.span).images]
        [('spec', 'containers', 0, 'image')]
    """
    search = _Search(span_of, mark, KubernetesKinds.known(tuple(kind_paths)))
    search.value(root, (), _Context(), search.kinds.routes(ANY_TEXT))
    return FoundStrings(tuple(search.images), tuple(search.texts))


class _Search(Struct):
    """One walk through the objects; `number` is that of the next string."""

    span_of: Callable[[int], tuple[int, int]]
    mark: str
    kinds: KubernetesKinds
    number: int = 0
    images: list[FoundImage] = []
    texts: list[FoundText] = []

    def value(self, value: Any, path: Path, context: _Context, routes: _Routes) -> None:
        """A value that is no member of an object, or no string."""
        kind = type(value)
        if kind is Members:
            self._object(value, path, context, routes)
        elif kind is list:
            self._list(value, path, context, routes)
        elif kind is str:
            self.number += 1
            self._string(value, path, context, routes, _NO_FIELDS)
        elif value is PLACEHOLDER:
            self._placeholder(path, context, routes, _NO_FIELDS)

    def _list(self, elements: list[Any], path: Path, context: _Context, routes: _Routes) -> None:
        if len(path) > MAXIMUM_DEPTH:
            raise _too_deep()
        routes = routes and _rest_of(routes, "[]")
        for index, element in enumerate(elements):
            below = (*path, index)
            self.value(element, below, context if path else _Context(root=below), routes)

    def _object(  # noqa: C901 - one loop: a call for each member would double its time
        self, members: Members, path: Path, context: _Context, routes: _Routes
    ) -> None:
        if len(path) > MAXIMUM_DEPTH:
            raise _too_deep()
        fields = dict(members)
        if "kind" in fields:
            context, routes = self._entered(fields, path, context, routes)
        patched = patched_path(fields) if "op" in fields else None
        looks = bool(routes) or (bool(path) and "mage" in str(path[-1]))
        mark = self.mark
        for key, value in members:
            self.number += 1
            kind = type(value)
            if patched is not None and key == "value":
                self._patch_value(value, patched, context)
            elif kind is str:
                self.number += 1
                if looks or "mage" in key or "MAGE" in key or key in _KEYS_TO_LOOK_AT:
                    rest = routes and _rest_of(routes, key)
                    self._string(value, (*path, key), context, rest, fields)
                elif ":" in value or (mark and mark in value):
                    self._text(value, (*path, key), context)
            elif kind is Members or kind is list:
                below = (*path, key)
                inside = context
                if key in _KEYS_OF_CONTEXTS:
                    inside = _inside(key, path, context)
                elif "mage" in key and kind is Members:
                    self._image_in_parts(value, below, context)
                rest = routes and _rest_of(routes, key)
                if rest and WORKLOAD in rest:
                    inside = context._replace(content="images")
                walk = self._object if kind is Members else self._list
                walk(value, below, inside, rest)
            elif value is PLACEHOLDER:
                self._placeholder((*path, key), context, routes and _rest_of(routes, key), fields)

    def _patch_value(self, value: Any, path: Path, context: _Context) -> None:
        """The value that an operation of a JSON patch writes, at its place."""
        content: Content = "nothing" if path[:1] == ("status",) else context.content
        self.value(value, path, context._replace(root=(), content=content), ())

    def _entered(
        self, fields: Mapping[str, Any], path: Path, context: _Context, routes: _Routes
    ) -> tuple[_Context, _Routes]:
        """The context inside of an object, if it is one of Kubernetes'."""
        kind, api_version = fields["kind"], fields.get("apiVersion")
        if not isinstance(kind, str) or not (isinstance(api_version, str) or "spec" in fields):
            return context, routes
        name = kind_of(api_version, kind) if isinstance(api_version, str) else ""
        content, what = self.kinds.description(name)
        if context.content != "images":
            content, what = context.content, context.what
        inside = _Context(
            name, path, content, what, context.has_variables or is_custom_kind(api_version)
        )
        return inside, (*routes, *self.kinds.routes(name))

    def _string(
        self,
        value: str,
        path: Path,
        context: _Context,
        routes: _Routes,
        fields: Mapping[str, Any],
    ) -> None:
        """A string that may be an image for its key or its place; its number was the last."""
        verdict = self._verdict(value, path, context, routes, fields)
        if verdict is None:
            by_tag = BY_TAG in routes
            is_paired = path[-1:] != () and path[-1] in PAIRED
            is_whole = not (by_tag or is_paired or is_in_parts(fields))
            self._text(
                value,
                path,
                context,
                says_image=by_tag or says_image(path, fields),
                below=path[len(context.root) :] if is_whole else (),
            )
        elif verdict != "nothing":
            exempt_rule = None if verdict == "image" else verdict
            what = context.what if exempt_rule else ""
            container = self._container(path, fields)
            self.images.append(FoundImage(path, self._span(), exempt_rule, what, container))

    def _container(self, path: Path, fields: Mapping[str, Any]) -> str | None:
        """The name of the container whose image is at a path."""
        match path:
            case (*_, field_of_pod, int(), "image") if field_of_pod in CONTAINERS:
                name = fields.get("name")
                return name if isinstance(name, str) and not self._has_placeholder(name) else None
            case (*_, field_of_pod, str(name), "image") if field_of_pod in CONTAINERS:
                return name
        return None

    def _verdict(
        self,
        value: str,
        path: Path,
        context: _Context,
        routes: _Routes,
        fields: Mapping[str, Any],
    ) -> KubernetesExemptRule | Literal["image", "nothing"] | None:
        """The verdict on a string; None where it is no image."""
        is_known = _ARRIVED in routes
        if not is_known and (BY_TAG in routes or context.content in ("nothing", "schema")):
            return None
        is_pod = not is_known and is_pod_image(path)
        is_taken_apart = context.content == "values"
        if not (is_known or is_pod) and (
            is_taken_apart or not self._is_surely_image(value, path, fields)
        ):
            return None
        fills_in = context.has_variables or not is_pod
        rules: tuple[tuple[bool, KubernetesExemptRule | Literal["nothing"]], ...] = (
            (not value or value.isspace(), "nothing"),
            (context.content == "template" and not is_known, "kubernetes-template"),
            (is_pod and value == _ISTIO_PLACEHOLDER, "istio-injected"),
            (fills_in and has_variable(value), "kubernetes-variable"),
        )
        return next((rule for applies, rule in rules if applies), "image")

    def _is_surely_image(self, value: str, path: Path, fields: Mapping[str, Any]) -> bool:
        match path:
            case (*_, "env", int(), "value"):
                name = fields.get("name")
                is_image = isinstance(name, str) and name.startswith(_OPERATOR_IMAGE)
            case (*_, field_of_pod, str(), "image") if field_of_pod in CONTAINERS:
                is_image = not is_in_parts(fields)
                return is_image and (self._has_placeholder(value) or is_reference(value))
            case (*_, parent, "image") if parent in OTHER_IMAGES or parent == TARGET:
                return False
            case (*_, "image"):
                is_image = is_container(fields) and not is_in_parts(fields)
            case _:
                return False
        if not is_image:
            return False
        return has_variable(value) or self._has_placeholder(value) or names_tag(value)

    def _placeholder(
        self, path: Path, context: _Context, routes: _Routes, fields: Mapping[str, Any]
    ) -> None:
        """A function in the place of a value, which may give an image or an object with images."""
        is_image = any(route[-1:] not in (BY_TAG, WORKLOAD) for route in routes) or (
            context.content in ("images", "values")
            and (
                is_pod_image(path)
                or may_hold_a_pod(path)
                or (path[-1:] == ("image",) and is_container(fields))
            )
        )
        if is_image:
            self.images.append(FoundImage(path, None))

    def _text(
        self,
        value: str,
        path: Path,
        context: _Context,
        *,
        says_image: bool = False,
        below: Path = (),
    ) -> None:
        key = path[-1] if path else ""
        looks = context.content in ("images", "values")
        if not looks and (context.content, key) != ("schema", "default"):
            return
        looks_so = ":" in value or self._has_placeholder(value)
        if not (says_image or looks_so) or key in _NO_TEXTS or is_other_image(path):
            return
        self.texts.append(FoundText(path, self._span(), "", says_image, context.kind, below))

    def _image_in_parts(self, members: Members, path: Path, context: _Context) -> None:
        """An image whose repository and tag are strings of their own, as in values of charts."""
        fields = dict(members)
        if not key_says_image(str(path[-1])):
            return
        match fields:
            case {"repository": str(repository), "tag": str(tag)} if context.content in (
                "images",
                "values",
            ):
                registry = fields.get("registry")
                host = f"{registry}/" if isinstance(registry, str) and registry else ""
                text = f"{host}{repository}:{tag}"
                if tag and repository and not self._has_placeholder(text):
                    found = FoundText(path, None, text, says_image=True, kind=context.kind)
                    self.texts.append(found)

    def _has_placeholder(self, value: str) -> bool:
        return self.mark != "" and self.mark in value

    def _span(self) -> tuple[int, int]:
        return self.span_of(self.number - 1)


_KEYS_TO_LOOK_AT = frozenset({"default", "reference", "value"})
_KEYS_OF_CONTEXTS = frozenset({"openAPIV3Schema", "status"})
_NO_FIELDS: Mapping[str, Any] = {}


def _too_deep() -> InvalidJson:
    return InvalidJson(f"it is nested more than {MAXIMUM_DEPTH} levels deep")


def _rest_of(routes: _Routes, key: str) -> _Routes:
    """The rest of routes after a key, or inside of a list."""
    anything = "[]" if key == "[]" else "{}"
    return tuple(route[1:] for route in routes if route and route[0] in (key, anything))


def _inside(key: str, path: Path, context: _Context) -> _Context:
    """The context below one of `_KEYS_OF_CONTEXTS`."""
    if key == "openAPIV3Schema":
        return context._replace(content="schema")
    return context._replace(content="nothing") if path == context.root else context
