"""The pipeline: find -> evaluate -> resolve -> rewrite -> report, over plain data.

What it is given are resources as plain property trees; what it gives back are the same trees with
pinned images, findings for people, and records for the report. Only the resolver and the reader
of SSM parameters, which are handed in, touch the network.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from pinned_images.acknowledgements import UNPINNED_IMAGE, VERSION_CONSISTENCY, rule_id
from pinned_images.cloudformation.catalog import Catalog
from pinned_images.cloudformation.evaluation import text_of
from pinned_images.cloudformation.outcomes import (
    Choice,
    Evaluation,
    ExemptByRule,
    Known,
    Leaf,
    NeedsParameters,
    Several,
    SsmParameter,
    Unknown,
    leaves,
    missing_parameters,
)
from pinned_images.cloudformation.rewriting import Refused, pin_site
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.cloudformation.sites import Site, evaluate_site, find_sites
from pinned_images.cloudformation.trees import path_text, replace_at
from pinned_images.errors import PinnedImagesError, PlatformMismatch
from pinned_images.exemptions import ExemptionPatterns
from pinned_images.platforms import platform_of
from pinned_images.reference import Digest, ImageReference, Platform, Style
from pinned_images.report.records import ResolvedBy, SiteRecord
from pinned_images.resolution import (
    Outcome,
    PlatformMode,
    Resolution,
    ResolutionRequest,
    Resolver,
)

VersionConsistency = Literal["pin", "respect"]

#: Reads SSM parameters: a value for each, or why it could not be read.
ParameterReader = Callable[[Iterable[SsmParameter]], Mapping[SsmParameter, str | Unknown]]

# AWS Lambda developer guide, "Create a Lambda function using a container image": no index.
_SINGLE_PLATFORM_TYPES = frozenset({"AWS::Lambda::Function", "AWS::Serverless::Function"})


@dataclass(frozen=True, slots=True)
class Policy:
    """What the user decided about pinning.

    Attributes:
        catalog: Which properties hold images.
        style: ``digest`` to leave tags out everywhere; else what each service takes.
        platforms: ``verify`` checks that the image runs on the workload's platform, ``select``
            pins that platform's own manifest, ``ignore`` does neither.
        version_consistency: Whether containers with ECS' ``versionConsistency: disabled`` are
            pinned (with a warning) or left as they are.
        exempt: Images that stay unpinned.
        today: The day (in UTC) on which exemptions are measured.
    """

    catalog: Catalog
    today: date
    style: Style | None = None
    platforms: PlatformMode = "verify"
    version_consistency: VersionConsistency = "pin"
    exempt: ExemptionPatterns = field(default_factory=ExemptionPatterns)


@dataclass(frozen=True, slots=True, eq=False)
class ImageResource:
    """A resource of the app that may hold images.

    Attributes:
        resource_type: Its CloudFormation type.
        properties: Those of its properties that matter, as plain data.
        scope: The template that it stands in.
        stack: The construct path of its stack.
        construct_path: Its own construct path.
        acknowledged: Why its images stay unpinned, where the user said so.
        acknowledged_containers: The same by the name of a container.
    """

    resource_type: str
    properties: Mapping[str, Any]
    scope: TemplateScope
    stack: str
    construct_path: str
    acknowledged: str | None = None
    acknowledged_containers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the user should know of one image.

    Attributes:
        severity: An error ends the synth.
        rule: A rule without the plugin's name.
        message: What, where in the resource, and what to do.
        location: The path of the property: ``ContainerDefinitions[0].Image``.
    """

    severity: Literal["error", "warning"]
    rule: str
    message: str
    location: str


@dataclass(frozen=True, slots=True, eq=False)
class PinnedResource:
    """A resource after pinning.

    Attributes:
        resource: The resource as it was.
        properties: Its properties with pinned images.
        findings: What the user should know.
        records: One record for each image.
    """

    resource: ImageResource
    properties: Mapping[str, Any]
    findings: tuple[Finding, ...]
    records: tuple[SiteRecord, ...]

    @property
    def settled(self) -> frozenset[str]:
        """Locations of images that are exempt or have an error: nothing more is to be said."""
        wrong = {finding.location for finding in self.findings if finding.severity == "error"}
        exempt = {
            record.property_path.partition(" ")[0]
            for record in self.records
            if record.resolved_by in ("exempt", "asset")
        }
        return frozenset(wrong | exempt)


@dataclass(frozen=True, slots=True, eq=False)
class _Image:
    """A site with all that is known of it before registries are asked."""

    resource: ImageResource
    site: Site
    location: str
    evaluation: Evaluation
    platform: Platform | None
    credentials_parameter: str | None
    exemption: str | None


def pin_images(
    resources: Sequence[ImageResource],
    policy: Policy,
    resolver: Resolver,
    read_parameters: ParameterReader,
    parameter_values: MutableMapping[SsmParameter, str | Unknown],
) -> list[PinnedResource]:
    """Pin every image of some resources, all digests being asked for at once.

    Args:
        resources: The resources, in any order.
        policy: What the user decided.
        resolver: Who knows digests.
        read_parameters: Who knows SSM parameters; asked at most once.
        parameter_values: What the resources' scopes read parameters from; what is read is put in.

    Returns:
        One result for each resource, in their order.

    Raises:
        PinnedImagesError: Nothing can be resolved at all, a broken lock file for instance.
    """
    images = [
        _image(resource, site, policy)
        for resource in resources
        for site in find_sites(resource.resource_type, resource.properties, policy.catalog)
    ]
    images = _with_parameters(images, read_parameters, parameter_values)
    outcomes = resolver.resolve(_requests(images, policy))
    by_resource: dict[int, list[_Image]] = {}
    for image in images:
        by_resource.setdefault(id(image.resource), []).append(image)
    return [
        _rewritten(resource, by_resource.get(id(resource), []), policy, outcomes)
        for resource in resources
    ]


def _with_parameters(
    images: list[_Image],
    read_parameters: ParameterReader,
    parameter_values: MutableMapping[SsmParameter, str | Unknown],
) -> list[_Image]:
    """The images, those that wait for SSM parameters evaluated again when these are read."""
    missing = [
        missing_parameters(image.evaluation) if image.resource.acknowledged is None else frozenset()
        for image in images
    ]
    wanted = frozenset().union(*missing)
    if not wanted:
        return images
    parameter_values.update(read_parameters(sorted(wanted, key=str)))
    return [
        replace(image, evaluation=evaluate_site(image.site, image.resource.scope))
        if waits
        else image
        for image, waits in zip(images, missing, strict=True)
    ]


def _image(resource: ImageResource, site: Site, policy: Policy) -> _Image:
    return _Image(
        resource,
        site,
        location_of(site),
        evaluate_site(site, resource.scope),
        None
        if policy.platforms == "ignore"
        else platform_of(resource.resource_type, resource.properties),
        _credentials_parameter(resource, site),
        _exemption(resource, site, policy),
    )


def location_of(site: Site) -> str:
    """The path with CloudFormation's names, which CDK's L1 constructs write with small letters."""
    names = {step.name[:1].lower() + step.name[1:]: step.name for step in site.image_property.steps}
    return path_text(
        tuple(names.get(key, key) if isinstance(key, str) else key for key in site.path)
    )


def _credentials_parameter(resource: ImageResource, site: Site) -> str | None:
    """The ECS ``repositoryCredentials`` of a container, where their ARN or name is known."""
    credentials = site.setting("RepositoryCredentials")
    if not isinstance(credentials, Mapping):
        return None
    value = credentials.get("CredentialsParameter", credentials.get("credentialsParameter"))
    text = text_of(value, resource.scope, {}) if value is not None else None
    return text if isinstance(text, str) else None


def _exemption(resource: ImageResource, site: Site, policy: Policy) -> str | None:
    if resource.acknowledged is not None:
        return resource.acknowledged
    name = site.setting("Name")
    if isinstance(name, str) and name in resource.acknowledged_containers:
        return resource.acknowledged_containers[name]
    if policy.version_consistency == "respect" and asks_for_floating_tag(site):
        return "The container asks for a floating tag: its versionConsistency is disabled."
    return None


def asks_for_floating_tag(site: Site) -> bool:
    """Whether an ECS container has switched version consistency off."""
    return bool(site.setting("VersionConsistency") == "disabled")


def _requests(images: Iterable[_Image], policy: Policy) -> list[ResolutionRequest]:
    wanted = (
        _request(image, leaf.reference, policy)
        for image in images
        if image.exemption is None
        for leaf in leaves(image.evaluation)
        if isinstance(leaf, Known) and _wants_digest(leaf.reference, policy)
    )
    return list(dict.fromkeys(wanted))


def _wants_digest(reference: ImageReference, policy: Policy) -> bool:
    return reference.digest is None and policy.exempt.match(reference) is None


def _request(image: _Image, reference: ImageReference, policy: Policy) -> ResolutionRequest:
    return ResolutionRequest(
        reference,
        image.platform,
        policy.platforms == "select" and image.platform is not None,
        image.credentials_parameter,
    )


def _rewritten(
    resource: ImageResource,
    images: list[_Image],
    policy: Policy,
    outcomes: Mapping[ResolutionRequest, Outcome],
) -> PinnedResource:
    properties: Any = resource.properties
    findings: list[Finding] = []
    records: list[SiteRecord] = []
    for image in images:
        judge = _Judge(image, policy, outcomes)
        value, refusal = judge.rewrite()
        if value is not image.site.value:
            properties = replace_at(properties, image.site.path, value)
        findings.extend(judge.findings(refusal))
        records.extend(judge.records(refusal))
    return PinnedResource(resource, properties, tuple(findings), tuple(records))


@dataclass(frozen=True, slots=True, eq=False)
class _Judge:
    """What becomes of one site, now that registries have answered."""

    image: _Image
    policy: Policy
    outcomes: Mapping[ResolutionRequest, Outcome]

    def rewrite(self) -> tuple[Any, Refused | None]:
        """The value to render, and why it could not be written with a digest."""
        if self.image.exemption is not None:
            return self.image.site.value, None
        rewritten = pin_site(
            self.image.site, self.image.resource.scope, self._digest_of, self._style
        )
        if isinstance(rewritten, Refused):
            return self.image.site.value, rewritten
        return rewritten.value, None

    @property
    def _style(self) -> Style:
        """Where a service takes a digest in the tag's place only, that is what it gets."""
        styles = (self.policy.style, self.image.site.image_property.style)
        return "digest" if "digest" in styles else "tag-and-digest"

    def _digest_of(self, reference: ImageReference) -> Digest | None:
        outcome = self._outcome(reference)
        return outcome.digest if isinstance(outcome, Resolution) else None

    def _outcome(self, reference: ImageReference) -> Resolution | PinnedImagesError | None:
        """What is known of a reference; None where no digest is wanted."""
        if reference.digest is not None:
            return None
        matched = self.policy.exempt.match(reference)
        if matched is not None:
            pattern, exemption = matched
            if exemption.expired(self.policy.today):
                return PinnedImagesError(
                    f"The exemption of {reference} by the pattern {pattern!r} ended on "
                    f"{exemption.expires}: take the pattern out, or give it a later day."
                )
            return None
        outcome = self.outcomes[_request(self.image, reference, self.policy)]
        if isinstance(outcome, Resolution) and self._too_many_platforms(outcome):
            platforms = ", ".join(map(str, outcome.platforms))
            return PlatformMismatch(
                f"{reference} is an image for several platforms ({platforms}), which "
                f"{self.image.resource.resource_type} does not run: push one for a single "
                'platform, or use PinImages(platforms="select").'
            )
        return outcome

    def _too_many_platforms(self, resolution: Resolution) -> bool:
        return (
            self.policy.platforms == "verify"
            and self.image.resource.resource_type in _SINGLE_PLATFORM_TYPES
            and len(resolution.platforms) > 1
        )

    def findings(self, refusal: Refused | None) -> list[Finding]:
        """What the user should know."""
        if self.image.exemption is not None:
            return []
        found = [
            self._error(leaf, problem)
            for leaf in leaves(self.image.evaluation)
            if (problem := self._problem(leaf)) is not None
        ]
        if refusal is not None and not found:
            found.append(self._error(None, str(refusal)))
        if not found and asks_for_floating_tag(self.image.site):
            found.append(self._version_consistency())
        return list(dict.fromkeys(found))

    def _problem(self, leaf: Leaf) -> str | None:
        if isinstance(leaf, Unknown):
            return str(leaf)
        if isinstance(leaf, NeedsParameters):
            names = ", ".join(sorted(map(str, leaf.parameters)))
            return f"The value of the SSM parameter {names} could not be read."
        if isinstance(leaf, Known):
            outcome = self._outcome(leaf.reference)
            return str(outcome) if isinstance(outcome, PinnedImagesError) else None
        return None

    def _error(self, leaf: Leaf | None, problem: str) -> Finding:
        written = leaf.text if isinstance(leaf, Known) else _as_written(self.image.site.value)
        message = (
            f"The image {written} at {self.image.location} cannot be pinned. {problem} "
            f"To leave it unpinned, acknowledge {rule_id(UNPINNED_IMAGE)} with a reason."
        )
        return Finding("error", UNPINNED_IMAGE, message, self.image.location)

    def _version_consistency(self) -> Finding:
        message = (
            f"The container at {self.image.location} disables versionConsistency to follow a "
            "moving tag, and is pinned all the same: remove the setting, or use "
            'PinImages(version_consistency="respect") to leave such images unpinned.'
        )
        return Finding("warning", VERSION_CONSISTENCY, message, self.image.location)

    def records(self, refusal: Refused | None) -> list[SiteRecord]:
        """One record for each image that the site can hold."""
        return [
            record
            for place, leaf in _places(self.image.evaluation)
            if (record := self._record(place, leaf, refusal)) is not None
        ]

    def _record(self, place: str, leaf: Leaf, refusal: Refused | None) -> SiteRecord | None:
        location = f"{self.image.location} {place}".strip()
        if isinstance(leaf, Known):
            return self._known_record(location, leaf.reference, refusal)
        if isinstance(leaf, ExemptByRule):
            by_asset = leaf.rule == "content-addressed-asset"
            return self._plain_record(
                location, leaf.text, "asset" if by_asset else "exempt", leaf.reason
            )
        if isinstance(leaf, (Unknown, NeedsParameters)):
            written = _as_written(self.image.site.value)
            if self.image.exemption is not None:
                return self._plain_record(location, written, "exempt", self.image.exemption)
            return self._plain_record(location, written, "failed", self._problem(leaf))
        return None

    def _known_record(
        self, location: str, reference: ImageReference, refusal: Refused | None
    ) -> SiteRecord:
        text = str(reference)
        if reference.digest is not None:
            return self._plain_record(location, text, "already-pinned", None, reference)
        if self.image.exemption is not None:
            return self._plain_record(location, text, "exempt", self.image.exemption)
        outcome = self._outcome(reference)
        if isinstance(outcome, PinnedImagesError) or refusal is not None:
            return self._plain_record(location, text, "failed", str(refusal or outcome))
        if outcome is None:
            matched = self.policy.exempt.match(reference)
            return self._plain_record(
                location, text, "exempt", matched[1].reason if matched else None
            )
        request = _request(self.image, reference, self.policy)
        pinned = reference.with_digest(outcome.digest, self._style)
        return replace(
            self._plain_record(location, text, outcome.source, None, pinned),
            media_type=outcome.media_type,
            platforms=tuple(map(str, outcome.platforms)),
            platform=None if request.platform is None else str(request.platform),
            selected=request.select,
            origin=outcome.origin,
        )

    def _plain_record(
        self,
        location: str,
        written: str,
        resolved_by: ResolvedBy,
        reason: str | None,
        pinned: ImageReference | None = None,
    ) -> SiteRecord:
        return SiteRecord(
            stack=self.image.resource.stack,
            construct_path=self.image.resource.construct_path,
            resource_type=self.image.resource.resource_type,
            property_path=location,
            reference=written,
            resolved_by=resolved_by,
            pinned=None if pinned is None else str(pinned),
            digest=None if pinned is None or pinned.digest is None else str(pinned.digest),
            reason=reason,
        )


def _places(evaluation: Evaluation, place: str = "") -> Iterable[tuple[str, Leaf]]:
    """Each leaf, with where it stands inside the site."""
    if isinstance(evaluation, Choice):
        yield from _places(evaluation.when_true, f"{place} if {evaluation.condition}".strip())
        yield from _places(evaluation.when_false, f"{place} unless {evaluation.condition}".strip())
    elif isinstance(evaluation, Several):
        for inner, image in evaluation.images:
            yield from _places(image, f"{place} {inner}".strip())
    else:
        yield place, evaluation


def _as_written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str, sort_keys=True)
