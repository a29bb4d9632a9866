"""The rule `record`: the pinned images cannot be recorded in a stack's outputs."""

from __future__ import annotations

from pinned_images.option_syntax import OptionSyntax
from pinned_images.rules.rule import Rule, Violation

#: CloudFormation user guide, "Understand CloudFormation quotas".
MOST_OUTPUTS = 200


class _Record(Rule):
    id = "record"
    severity = "error"

    def too_many_outputs(
        self, stack: str, total: int, of_images: int, syntax: OptionSyntax
    ) -> Violation:
        """The violation of a stack that would have more outputs than CloudFormation takes."""
        return self.violation(
            f"The images of {stack} cannot be recorded in its outputs: it would have {total}, "
            f"{of_images} of them for images, and CloudFormation takes {MOST_OUTPUTS}.",
            f"Use {syntax.written('record_in', 'metadata')}.",
        )


RECORD = _Record()
