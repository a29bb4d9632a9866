"""Images in templates that the app writes, which neither it nor another service deploys.

No gate reads such a template: it is in no manifest, and no resource names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from pinned_images.cloudformation.deployers import NOT_THE_APP
from pinned_images.cloudformation.outcomes import leaves
from pinned_images.cloudformation.scope import AppTemplates
from pinned_images.cloudformation.sites import evaluate_site, find_sites
from pinned_images.examination import Examination
from pinned_images.options import Options
from pinned_images.pinning import PinnedResource
from pinned_images.problem import Problem
from pinned_images.rules import UNPINNED_IMAGE, Violation
from pinned_images.synth.synthesis import Synthesis


def problems_of_undeployed(
    syntheses: Iterable[Synthesis], examination: Examination
) -> Iterator[Violation]:
    """The problems of pinned images that no gate has examined.

    Args:
        syntheses: The pinnings of an app.
        examination: The findings of the gate.
    """
    for synthesis in syntheses:
        for result in synthesis.results():
            path = result.resource.construct_path
            if path not in examination.resources:
                for problem in result.problems or _looked_up_here(result, synthesis.options):
                    yield UNPINNED_IMAGE.violation(f"{path}: {problem.what}", problem.fix)


def _looked_up_here(result: PinnedResource, options: Options) -> Iterator[Problem]:
    """The images whose digests were looked up in the account and region of this synth."""
    resource, catalog = result.resource, options.catalog()
    known = resource.scope.parameter_values
    scope = replace(
        resource.scope,
        account=None,
        region=None,
        app=AppTemplates(),
        deployer=NOT_THE_APP,
        parameter_values={
            parameter._replace(account=None, region=None): (
                value
                if str(parameter) in options.ssm_parameters
                else NOT_THE_APP.unknown_parameter(parameter, options.syntax)
            )
            for parameter, value in known.items()
        },
    )
    exempt = {decision.location for decision in result.decisions if decision.is_exempt}
    for site in find_sites(resource.resource_type, resource.properties, catalog):
        for leaf in leaves(evaluate_site(site, scope)) if site.location not in exempt else ():
            if isinstance(leaf, Problem):
                what = f"The image at {site.location} cannot be pinned. {leaf.what}"
                yield Problem(what, leaf.fix)
