"""The rule `failure`: no image was pinned, or the templates could not be read."""

from __future__ import annotations

from pinned_images.rules.rule import Rule, Violation


class _Failure(Rule):
    id = "failure"
    severity = "fatal"

    def nothing_pinned(self, why: str) -> Violation:
        """The violation of an app, or a part of it, in which nothing could be pinned."""
        return self.violation(f"No image was pinned. {why}")

    def nothing_seen(self, why: str) -> Violation:
        """The violation of an app whose templates could not be read."""
        return self.violation(
            f"The templates could not be looked at, so images may be without a digest. {why}"
        )


FAILURE = _Failure()
