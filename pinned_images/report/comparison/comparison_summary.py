"""The words of a comparison that all renderers share."""

from __future__ import annotations

from collections import Counter

from pinned_images.report.comparison.image_state import ImageState
from pinned_images.report.comparison.synth_comparison import ImageChange, Kind, SynthComparison
from pinned_images.report.summary import parsed_reference, some_platforms
from pinned_images.wording import counted

#: What a change means for the app, in the order in which they are counted.
GROUPS = ("changed", "added", "removed", "moved")

_WORDS: dict[Kind, str] = {
    "failed": "not pinned",
    "no-longer-failed": "pinned again",
    "exempt": "exempt now",
    "no-longer-exempt": "no longer exempt",
    "exemption-reason": "other reason",
    "replaced": "other image",
    "tag": "new tag",
    "digest": "new digest",
    "rebuilt": "rebuilt",
    "platform": "other platform",
    "added": "added",
    "removed": "removed",
    "moved": "in another stack",
    "more-places": "in more places",
    "fewer-places": "in fewer places",
}


def comparison_headline(comparison: SynthComparison) -> str:
    """A sentence with the number of changes, and of places without one.

    Example:
        >>> comparison_headline(SynthComparison((), 14))
        'No image changed: 14 places name the same image as before.'
    """
    places = f"{counted(comparison.unchanged, 'place')} "
    places += "names" if comparison.unchanged == 1 else "name"
    same = f"{places} the same image as before."
    if not comparison.changes:
        return f"No image changed: {same}" if comparison.unchanged else "No container images."
    found = Counter(map(group_of, comparison.changes))
    parts = [f"{found[group]} {group}" for group in GROUPS if found[group]]
    totals = f"{counted(len(comparison.changes), 'change')}: {', '.join(parts)}."
    return f"{totals} {same}" if comparison.unchanged else totals


def group_of(change: ImageChange) -> str:
    """Whether an image was added, removed, moved to another stack, or changed."""
    if change.before is None:
        return "added"
    if change.after is None:
        return "removed"
    return "moved" if change.kinds == ("moved",) else "changed"


def kind_words(change: ImageChange) -> str:
    """What changed, in a few words."""
    words = [_WORDS[kind] for kind in change.kinds]
    if change.kinds[0] == "tag" and "digest" not in change.kinds and _has_digests(change):
        words.insert(1, "same digest")
    if change.kinds[0] == "replaced" and "digest" not in change.kinds and _has_digests(change):
        words.insert(1, "same digest")
    return ", ".join(words)


def _has_digests(change: ImageChange) -> bool:
    return all(state is not None and state.digest for state in (change.before, change.after))


def shown_name(state: ImageState) -> str:
    """The name of an image as it was spelled, without tag and digest."""
    reference = parsed_reference(state.reference)
    return state.name if reference is None else reference.spelled_name


def short_tag(state: ImageState) -> str | None:
    """The tag; the first twelve digits of an asset's hash."""
    if state.status == "asset" and state.tag is not None:
        return f"{state.tag[:12]}…"
    return state.tag


def status_words(state: ImageState) -> str | None:
    """Why an image has no digest; None where it has one or needs none."""
    if state.status == "exempt":
        return f"exempt: {state.reason or 'no reason'}"
    if state.status == "failed":
        return f"not pinned: {state.reason or 'no reason was given'}"
    return "asset" if state.status == "asset" else None


def platform_words(change: ImageChange) -> list[str]:
    """The platforms of the workloads or else of the image, and those that the image lost or got."""
    if "platform" in change.kinds and change.before is not None and change.after is not None:
        first = f"{change.before.platform} → {change.after.platform}"
    else:
        first = some_platforms(change.platforms or change.current.platforms)
    words = [first] if first else []
    if change.lost_platforms:
        words.append(f"without {some_platforms(change.lost_platforms)}")
    if change.new_platforms:
        words.append(f"new: {some_platforms(change.new_platforms)}")
    return words
