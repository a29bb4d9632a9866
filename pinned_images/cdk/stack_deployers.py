"""Deployers of stacks that the app does not deploy itself."""

from __future__ import annotations

from aws_cdk import (
    CfnResource,
    CliCredentialsStackSynthesizer,
    ConstructSelector,
    DefaultStackSynthesizer,
    LegacyStackSynthesizer,
    Stack,
)

from pinned_images.cloudformation.deployers import (
    DEPLOYERS,
    NOT_THE_APP,
    SERVICE_CATALOG,
    STACK_SETS,
    Deployer,
)

#: By the name that a class has in jsii; to import the class itself would cost its whole module.
_BY_CLASS = {
    "aws-cdk-lib.aws_servicecatalog.ProductStack": SERVICE_CATALOG,
    "cdk-stacksets.StackSetStack": STACK_SETS,
}
#: CDK's other synthesizers of stacks that an app deploys are derived from these.
_DEPLOYING = (
    CliCredentialsStackSynthesizer,
    DefaultStackSynthesizer,
    LegacyStackSynthesizer,
)


def deployer_of(stack: Stack) -> Deployer | None:
    """The deployer of a stack that is nested in no other; None for the app itself.

    CDK's stacks of products and of stack sets have a synthesizer that writes the template and adds
    no stack to the cloud assembly. So has a class of an app that is modelled on them: a stack in
    another one, with a synthesizer that is neither CDK's own nor that of the other one.
    """
    for each in type(stack).__mro__:
        deployer = _BY_CLASS.get(vars(each).get("__jsii_type__", ""))
        if deployer is not None:
            return deployer
    synthesizer = stack.synthesizer
    if isinstance(synthesizer, _DEPLOYING):
        return None
    outer = [each for each in stack.node.scopes[:-1] if isinstance(each, Stack)]
    if not outer or type(outer[-1].synthesizer) is type(synthesizer):
        return None
    return _named_in(outer[-1])


def _named_in(outer: Stack) -> Deployer:
    """The deployer of a stack of an app's own class, by the resources next to it."""
    resources = ConstructSelector.resources_of_type(*DEPLOYERS).select(outer)
    found = {
        DEPLOYERS[each.cfn_resource_type] for each in resources if isinstance(each, CfnResource)
    }
    return found.pop() if len(found) == 1 else NOT_THE_APP
