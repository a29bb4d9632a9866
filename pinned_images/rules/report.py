"""The rule `report`: the report of the synth could not be written."""

from __future__ import annotations

from pinned_images.rules.rule import Rule, Violation


class _Report(Rule):
    id = "report"
    severity = "warning"

    def not_written(self, why: str) -> Violation:
        """The violation of an app whose report could not be written."""
        return self.violation(f"The report was not written. {why}")


REPORT = _Report()
