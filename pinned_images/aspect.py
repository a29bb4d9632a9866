"""`PinImages`, the Aspect that pins every container image of an app."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
from aws_cdk import IAspect, Stage
from constructs import IConstruct

from pinned_images.cdk.constructs import ConstructMap, is_synthesized, stages_below
from pinned_images.errors import ConfigurationError, PinnedImagesError
from pinned_images.options import Options, PinImagesOptions

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from pinned_images.synth.synthesis import Synthesis


@jsii.implements(IAspect)
class PinImages:
    """Pins every container image below a construct to its digest, whenever the app is synthesized.

    Args:
        resolver: The source of digests; the registries themselves if left out.
        style: ``tag-and-digest`` or ``digest``, for all images; what each service takes if left
            out.
        platforms: ``verify``, which is the default, makes an image that does not run on its task's
            platform an error, ``select`` pins that platform's own manifest, ``ignore`` does
            neither. A service that takes one image and no index, as AWS Lambda does, gets that of
            its platform always.
        verify_digests: Verify digests that the app writes itself, which is the default: one that is
            gone, or is of an image for another platform, is an error. False trusts them.
        version_consistency: What to do with containers that have switched ECS' version consistency
            off: ``pin`` them with a warning, which is the default, or ``respect`` that and leave
            them.
        require_immutable_tags: Make an ECR repository of the app whose tags can be moved an error
            (the rule ``mutable-repository``); not done if left out.
        exempt: Images that stay unpinned: shell patterns on normalized references
            (``docker.io/library/*:*``), each with a reason or an `Exemption`.
        mirrors: Registry host to the URL of the mirror that is used in its place.
        mirror_fallback: Use the registry itself where its mirror fails; not done if left out.
        insecure_registries: Hosts that are reached over plain http; loopback always is.
        ecr_roles: Account id to the ARN of the role that reads its private ECR repositories, in
            place of the CDK's lookup role.
        lock_file: The file that keeps digests between synths; ``pinned-images.lock.json`` in the
            working directory, where it exists, if left out, but not together with a resolver. None
            uses none.
        update: ``missing``, which is the default, ``always`` or ``never``: what is resolved
            besides the lock file.
        resource_types: The resource types to look at; all that are known if left out.
        properties: Image properties of further resource types: ``{"Custom::Thing": ["Image"]}``;
            also of kinds of Kubernetes objects: ``{"example.com/App": ["spec.image"]}``.
        ssm_parameters: Values of SSM parameters that need not be read from AWS.
        use_parameter_defaults: Take a CloudFormation parameter's default for its value, although a
            deployment can override it; not done if left out.
        record_in: ``metadata`` or ``outputs``: the place in each stack's template that records the
            pinned images, to be read from the deployed stack; none if left out.
        deadline: Seconds in which all images of a synth must be resolved; 120 if left out.
        summary: Whether a synth prints a line on the error stream about what it did; if left out,
            it does where the CDK CLI has started the app, and not in unit tests.

    Raises:
        ConfigurationError: An argument, a context value or an environment variable cannot be used.

    Example:
        In an app, when all stacks and Stages are made:

        >>> from aws_cdk import App, Aspects
        >>> app = App()
        >>> PinImages.apply_to(app)

        As an Aspect, which CDK does not apply to nested Stages:

        >>> Aspects.of(app).add(PinImages())
    """

    def __init__(self, **options: Unpack[PinImagesOptions]) -> None:
        """Create the Aspect; the arguments are those of the class."""
        from pinned_images.sources import Sources  # noqa: PLC0415  for an app that pins

        self._options = Options.of(options)
        self._sources = Sources()
        self._syntheses: ConstructMap[Stage, Synthesis] = ConstructMap()
        self._visiting: Synthesis | None = None
        self._refused = False

    @classmethod
    def apply_to(cls, scope: IConstruct, **options: Unpack[PinImagesOptions]) -> None:
        """Pin every image below a construct, in the Stages below it too.

        Call it when all Stages are made, and before one is added to a pipeline. It costs less
        than the Aspect, which CDK shows every construct of the app.

        Args:
            scope: An App, a Stage, a stack or any construct in one.
            **options: The arguments of `PinImages`.

        Raises:
            ConfigurationError: An option cannot be used, the scope is no construct or in no App
                or Stage, or the App has been synthesized already.
        """
        pinning = cls(**options)
        if not hasattr(scope, "__jsii_ref__") or not hasattr(scope, "node"):
            raise ConfigurationError(
                f"PinImages.apply_to cannot be given a {type(scope).__name__}: give it an App, a "
                "Stage, a stack or a construct in one."
            )
        if is_synthesized(scope):
            raise ConfigurationError(
                "PinImages.apply_to was called after app.synth(), so nothing would be pinned: "
                "call it before."
            )
        path = scope.node.path
        for each in (scope, *stages_below(scope)):
            pinning._pin(each, path)

    def visit(self, node: IConstruct) -> None:
        """Called by CDK for every construct below those that the Aspect was added to.

        The first one is one that it was added to; the work is done after all Aspects.
        """
        if self._visiting is not None and self._visiting.is_expected:
            self._visiting.collection.visit(node)
            return
        if not self._refused:
            self._visiting = self._pin(node, node.node.path)
            self._refused = self._visiting is None

    def _pin(self, scope: IConstruct, applied_at: str) -> Synthesis | None:
        from pinned_images.synth.roots import Root  # noqa: PLC0415  all of a synth

        stage = scope if isinstance(scope, Stage) else Stage.of(scope)
        if stage is None:
            raise ConfigurationError(
                f"PinImages cannot be applied to {scope.node.path or 'a construct'}: "
                "it is in no App or Stage."
            )
        synthesis = self._syntheses.get(stage)
        if synthesis is None:
            root = Root.of(stage)
            try:
                synthesis = root.pin(scope, applied_at, self._options, self._sources)
            except PinnedImagesError as error:
                root.fail(str(error))
                return None
            self._syntheses[stage] = synthesis
        synthesis.expect()
        return synthesis
