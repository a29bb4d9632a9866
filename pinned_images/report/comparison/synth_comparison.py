"""The comparison of two synths of an app: which images changed, and how, as plain data."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pinned_images.report.comparison.image_state import ImageState
from pinned_images.report.comparison.paired_records import paired
from pinned_images.report.summary import Status
from pinned_images.report.synth_report import SiteRecord, SynthReport

COMPARISON_VERSION = 1

#: What changed, the most important first: a change may be several of them.
Kind = Literal[
    "failed",
    "no-longer-failed",
    "exempt",
    "no-longer-exempt",
    "exemption-reason",
    "replaced",
    "tag",
    "digest",
    "rebuilt",
    "platform",
    "added",
    "removed",
    "moved",
    "more-places",
    "fewer-places",
]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a template that names an image.

    Attributes:
        stack: Name of the stack.
        construct_path: Path of the construct in the app.
        property_path: Path in the resource's properties.
        container: The name of the container that runs the image, where it is known.
    """

    stack: str
    construct_path: str
    property_path: str
    container: str | None = None


@dataclass(frozen=True, slots=True)
class ImageChange:
    """A change of one image, with all places where the same happened.

    Attributes:
        kinds: What changed, the most important first.
        before: The image before; None where it was added.
        after: The image now; None where it was removed.
        places: The places now; those before, where it was removed.
        moved_from: The stacks that it was in before, where it is in another one.
        platforms: The platforms of the workloads in these places, as far as they are known.
    """

    kinds: tuple[Kind, ...]
    before: ImageState | None
    after: ImageState | None
    places: tuple[Place, ...]
    moved_from: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()

    @property
    def current(self) -> ImageState:
        """The image now, or before it was removed."""
        state = self.after or self.before
        assert state is not None  # noqa: S101 - a change has one of them
        return state

    @property
    def stacks(self) -> tuple[str, ...]:
        """The stacks of the places, each once."""
        return tuple(dict.fromkeys(place.stack for place in self.places))

    @property
    def lost_platforms(self) -> tuple[str, ...]:
        """The platforms that the image had before and lacks now."""
        return _lacking(self.before, self.after)

    @property
    def new_platforms(self) -> tuple[str, ...]:
        """The platforms that the image lacked before and has now."""
        return _lacking(self.after, self.before)


def _lacking(one: ImageState | None, other: ImageState | None) -> tuple[str, ...]:
    """Platforms of one image that another one lacks; none where those of one are not known."""
    if one is None or other is None or not one.platforms or not other.platforms:
        return ()
    return tuple(each for each in one.platforms if each not in other.platforms)


@dataclass(frozen=True, slots=True)
class SynthComparison:
    """What changed between two synths.

    Attributes:
        changes: The changes, the most important first.
        unchanged: The number of places that name the same image as before.

    Example:
        >>> record = SiteRecord(
        ...     "Shop", "Shop/Web", "AWS::ECS::TaskDefinition", "ContainerDefinitions[0].Image",
        ...     "nginx:1.25", "registry", digest="sha256:" + "0" * 64,
        ... )
        >>> comparison = SynthComparison.of(SynthReport(), SynthReport.of([record]))
        >>> comparison.changes[0].kinds, comparison.changes[0].stacks
        (('added',), ('Shop',))
    """

    changes: tuple[ImageChange, ...]
    unchanged: int

    @classmethod
    def of(cls, before: SynthReport, after: SynthReport) -> SynthComparison:
        """Compare the records of two synths of one app.

        Args:
            before: The earlier synth.
            after: The later one.
        """
        pairs, removed, added = paired(before.records, after.records)
        changed: list[_Use] = [
            use for one, other in pairs if (use := _Use.of_pair(one, other)).kinds
        ]
        unchanged = len(pairs) - len(changed)
        known = {ImageState.of(record).identity for record in before.records}
        now = {ImageState.of(record).identity for record in after.records}
        changed += [_Use.added(record, known) for record in added]
        changed += [_Use.removed(record, now) for record in removed]
        return cls(tuple(_grouped(changed)), unchanged)

    def to_plain(self) -> dict[str, Any]:
        """The comparison as plain values, for JSON."""
        return {
            "version": COMPARISON_VERSION,
            "changed": bool(self.changes),
            "unchangedPlaces": self.unchanged,
            "changes": list(map(_plain_change, self.changes)),
        }

    def to_json(self) -> str:
        """The comparison as JSON in ASCII; the same records give the same bytes."""
        return json.dumps(self.to_plain(), indent=2) + "\n"


@dataclass(frozen=True, slots=True)
class _Use:
    """A change of one use of an image."""

    kinds: tuple[Kind, ...]
    before: ImageState | None
    after: ImageState | None
    place: Place
    moved_from: str | None = None

    @classmethod
    def of_pair(cls, before: SiteRecord, after: SiteRecord) -> _Use:
        old, new = ImageState.of(before), ImageState.of(after)
        moved_from = before.stack if before.stack != after.stack else None
        kinds = _kinds(old, new, is_moved=moved_from is not None)
        return cls(kinds, old, new, _place(after), moved_from)

    @classmethod
    def added(cls, record: SiteRecord, known: set[tuple[Hashable, ...]]) -> _Use:
        state = ImageState.of(record)
        if state.identity in known:
            return cls(("more-places",), state, state, _place(record))
        also: dict[Status, tuple[Kind, ...]] = {"failed": ("failed",), "exempt": ("exempt",)}
        return cls((*also.get(state.status, ()), "added"), None, state, _place(record))

    @classmethod
    def removed(cls, record: SiteRecord, now: set[tuple[Hashable, ...]]) -> _Use:
        state = ImageState.of(record)
        if state.identity in now:
            return cls(("fewer-places",), state, state, _place(record))
        return cls(("removed",), state, None, _place(record))

    @property
    def group(self) -> Hashable:
        """The grouping key: uses with an equal one are one change, on whatever platforms."""
        states = [None if state is None else state.identity for state in (self.before, self.after)]
        changed_platforms = [
            state.platform if state is not None and "platform" in self.kinds else None
            for state in (self.before, self.after)
        ]
        return self.kinds, *states, *changed_platforms


def _kinds(before: ImageState, after: ImageState, *, is_moved: bool) -> tuple[Kind, ...]:
    found = _kinds_of_status(before, after)
    if before.name != after.name:
        found.add("replaced")
    elif before.tag != after.tag:
        found.add("rebuilt" if before.status == after.status == "asset" else "tag")
    if before.digest != after.digest and before.digest and after.digest:
        found.add("digest")
    if before.platform != after.platform and before.platform and after.platform:
        found.add("platform")
    if before.identity != after.identity and not found:
        found.add("digest")
    if is_moved:
        found.add("moved")
    return tuple(kind for kind in KINDS if kind in found)


def _kinds_of_status(before: ImageState, after: ImageState) -> set[Kind]:
    if before.status == after.status == "exempt" and before.reason != after.reason:
        return {"exemption-reason"}
    if before.status == after.status:
        return set()
    became: dict[Status, Kind] = {"failed": "failed", "exempt": "exempt"}
    ceased: dict[Status, Kind] = {"failed": "no-longer-failed", "exempt": "no-longer-exempt"}
    return {
        kind for kind in (became.get(after.status), ceased.get(before.status)) if kind is not None
    }


def _place(record: SiteRecord) -> Place:
    return Place(record.stack, record.construct_path, record.property_path, record.container)


def _grouped(uses: Iterable[_Use]) -> list[ImageChange]:
    groups: dict[Hashable, list[_Use]] = {}
    for use in uses:
        groups.setdefault(use.group, []).append(use)
    return sorted(map(_change, groups.values()), key=_order)


def _change(uses: Sequence[_Use]) -> ImageChange:
    first = uses[0]
    states = [use.after or use.before for use in uses]
    platforms = {state.platform for state in states if state is not None and state.platform}
    moved_from = {use.moved_from for use in uses if use.moved_from is not None}
    places = sorted({use.place for use in uses}, key=_place_order)
    return ImageChange(
        first.kinds,
        first.before,
        first.after,
        tuple(places),
        tuple(sorted(moved_from)),
        tuple(sorted(platforms)),
    )


def _place_order(place: Place) -> tuple[str, ...]:
    return place.stack, place.construct_path, place.property_path, place.container or ""


def _order(change: ImageChange) -> tuple[Any, ...]:
    state = change.current
    return (
        KINDS.index(change.kinds[0]),
        state.name,
        state.tag or "",
        str(state.digest),
        tuple(map(_place_order, change.places[:1])),
        change.kinds,
    )


def _plain_change(change: ImageChange) -> dict[str, Any]:
    plain = {
        "kinds": list(change.kinds),
        "image": change.current.name,
        "before": _plain_state(change.before),
        "after": _plain_state(change.after),
        "stacks": list(change.stacks),
        "movedFrom": list(change.moved_from),
        "platforms": list(change.platforms),
        "places": [
            {
                "stack": place.stack,
                "constructPath": place.construct_path,
                "propertyPath": place.property_path,
                **({} if place.container is None else {"container": place.container}),
            }
            for place in change.places
        ],
    }
    return {name: value for name, value in plain.items() if value != [] or name == "stacks"}


def _plain_state(state: ImageState | None) -> dict[str, Any] | None:
    if state is None:
        return None
    plain = {
        "reference": state.reference,
        "tag": state.tag,
        "digest": None if state.digest is None else str(state.digest),
        "status": state.status,
        "reason": state.reason,
        "platform": state.platform,
        "platforms": list(state.platforms),
    }
    return {name: value for name, value in plain.items() if value not in (None, [])}
