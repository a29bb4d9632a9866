"""Services that deploy templates for the app, into accounts and regions unknown at synth."""

from __future__ import annotations

from typing import NamedTuple

from pinned_images.cloudformation.outcomes import SsmParameter
from pinned_images.option_syntax import OptionSyntax
from pinned_images.problem import Problem

_WRITE_IT_OUT = (
    "Write the account and the region of the image's repository as text, as in "
    "ContainerImage.from_registry('123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:1'), or "
    "exempt it with a reason."
)


class Deployer(NamedTuple):
    """A service that deploys a template which the app writes.

    Attributes:
        name: The service: ``AWS Service Catalog``.
        place: Where it deploys the template, as the end of a sentence.
    """

    name: str
    place: str

    def unknown(self, what: str) -> Problem:
        """The problem of a template value that is unknown at synth.

        Args:
            what: What the image depends on: ``AWS::AccountId``.
        """
        return Problem(
            f"The image depends on {what}, and {self.name} deploys this template {self.place}, "
            "which is not known at synth.",
            _WRITE_IT_OUT,
        )

    def unknown_parameter(self, parameter: SsmParameter, syntax: OptionSyntax) -> Problem:
        """The problem of an SSM parameter that is unknown at synth.

        Args:
            parameter: The parameter.
            syntax: How options are written.
        """
        return Problem(
            f"The image is read from the SSM parameter {parameter} where {self.name} deploys this "
            f"template: {self.place}, which is not known at synth.",
            f"Write the image as text, give its value with "
            f"{syntax.written('ssm_parameters', {str(parameter): ...})} if it is the same "
            "everywhere, or exempt it with a reason.",
        )


SERVICE_CATALOG = Deployer(
    "AWS Service Catalog", "in the account and region where the product is launched"
)
STACK_SETS = Deployer(
    "AWS CloudFormation StackSets", "in each account and region that the stack set targets"
)
#: The unknown deployer of a template that the app only writes.
NOT_THE_APP = Deployer("something other than this app", "in an account and region of its choice")

#: By the type of the resource that names the template.
DEPLOYERS = {
    "AWS::CloudFormation::StackSet": STACK_SETS,
    "AWS::ServiceCatalog::CloudFormationProduct": SERVICE_CATALOG,
}
