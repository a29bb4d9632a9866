"""Which Python objects are the same construct.

For a construct that was made in JavaScript, such as the L1 inside an L2, jsii makes a new Python
object each time that it is asked for, so neither ``is`` nor a dict tells that it is the same one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping
from typing import TypeVar

from constructs import IConstruct

C = TypeVar("C", bound=IConstruct)
V = TypeVar("V")


def is_same(one: IConstruct, other: IConstruct) -> bool:
    """Whether two Python objects are the same construct."""
    return _key(one) == _key(other)


def is_same_value(one: object, other: object) -> bool:
    """Whether two values of a property are the same text, or the same token."""
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
    """The name of the JavaScript object; jsii keeps it on this side, so nothing is asked."""
    key: str = construct.__jsii_ref__.ref  # type: ignore[attr-defined]
    return key
