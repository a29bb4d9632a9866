"""The pairing of the records of two synths.

A use of an image before is paired with one after, from the most to the least alike: in the same
container or place, then in the same construct, then in the same stack, then in another stack, then
a changed one in a stack with another name, at last another image in the same container. So neither
a container that is added in front of others nor a construct with another name is a change of an
image. What cannot be paired was added or removed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence

from pinned_images.report.comparison.image_state import ImageState, name_and_tag
from pinned_images.report.synth_report import SiteRecord

Pairs = list[tuple[SiteRecord, SiteRecord]]
_Key = Callable[[SiteRecord], Hashable]


def paired(
    before: Iterable[SiteRecord], after: Iterable[SiteRecord]
) -> tuple[Pairs, list[SiteRecord], list[SiteRecord]]:
    """The pairs of records, the records without a partner before, and those without one after."""
    pairs: Pairs = []
    old, new = list(before), list(after)
    for key in _KEYS:
        if not old or not new:
            break
        waiting: dict[Hashable, deque[SiteRecord]] = {}
        for record in new:
            if (found := key(record)) is not None:
                waiting.setdefault(found, deque()).append(record)
        left = []
        taken: set[int] = set()
        for record in old:
            found = key(record)
            candidates = None if found is None else waiting.get(found)
            if candidates:
                partner = candidates.popleft()
                taken.add(id(partner))
                pairs.append((record, partner))
            else:
                left.append(record)
        old, new = left, [record for record in new if id(record) not in taken]
    return pairs, old, new


def _exact(record: SiteRecord) -> Hashable:
    return record.stack, record.construct_path, record.property_path


def _container(record: SiteRecord) -> Hashable:
    """The container, whose index may have changed; None where its name is not known."""
    if record.container is None:
        return None
    return record.stack, record.construct_path, record.container


def _name_in_container(record: SiteRecord) -> Hashable:
    return None if record.container is None else (_container(record), _name(record))


def _same(record: SiteRecord) -> Hashable:
    return *ImageState.of(record).identity, record.platform


def _name_in_stack(record: SiteRecord) -> Hashable:
    # All assets of an app are in one repository, whose name says nothing.
    if record.resolved_by == "asset":
        return None
    return _name(record), record.stack


def _name_below_stack(record: SiteRecord) -> Hashable:
    """The construct without its stack, which may have got another name, or another Stage."""
    below = record.construct_path.removeprefix(f"{record.stack}/")
    if below == record.construct_path:
        return None
    return _name(record), below, record.container or record.property_path


def _name(record: SiteRecord) -> str:
    return name_and_tag(record)[0]


_KEYS: Sequence[_Key] = (
    lambda record: (_exact(record), record.container, _same(record)),
    _name_in_container,
    lambda record: (_exact(record), _same(record)),
    lambda record: (record.stack, record.construct_path, _same(record)),
    lambda record: (_exact(record), _name(record)),
    lambda record: (record.stack, record.construct_path, _name(record)),
    lambda record: (record.stack, _same(record)),
    _name_in_stack,
    _same,
    _name_below_stack,
    lambda record: _exact(record) if record.container is None else _container(record),
)
