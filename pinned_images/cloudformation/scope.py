"""The evaluation scope of a template: its sections, its environment and the app's others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from pinned_images.cloudformation.deployers import Deployer
from pinned_images.cloudformation.outcomes import SsmParameter
from pinned_images.option_syntax import ARGUMENTS, OptionSyntax
from pinned_images.problem import Problem

Template = Mapping[str, Any]


class AssetImage(NamedTuple):
    """A Docker image asset that the app itself builds and pushes, from a cloud assembly's manifest.

    Attributes:
        repository: The repository's name; ``${AWS::AccountId}`` and ``${AWS::Region}`` may be
            in it.
        tag: The tag, which ends with the hash of the asset's source.
    """

    repository: str
    tag: str


AssetImages = frozenset[AssetImage]


class TemplateScope(Struct, frozen=True, eq=False, dict=True):
    """One template and its environment.

    Attributes:
        template: The rendered template, or a function that renders it when it is first needed.
        account: The account that the stack is deployed to, where it is known.
        region: The region that the stack is deployed to, where it is known.
        stack: The name that the stack is deployed under.
        app: The app's other templates, for cross-stack references.
        parameter_values: Values of SSM parameters. It is read at each evaluation, so a caller
            may fill it between two of them; an `Problem` says why a value could not be read.
        use_parameter_defaults: Take a CloudFormation parameter's default for its value, although
            a deployment can override it.
        option_syntax: How the advice of problems writes options.
        asset_images: The Docker image assets of the app, or a function that finds them when they
            are first needed. Those in CDK's own bootstrap repository are recognised without them.
        deployer: The service that deploys the template, if not the app itself; then the account,
            the region and the name of the stack are unknown.

    Example:
        >>> scope = TemplateScope({"Resources": {}}, account="123456789012", region="eu-west-1")
    """

    template: Template | Callable[[], Template] = {}
    account: str | None = None
    region: str | None = None
    stack: str = ""
    app: AppTemplates | None = None
    parameter_values: Mapping[SsmParameter, str | Problem] = {}
    use_parameter_defaults: bool = False
    option_syntax: OptionSyntax = ARGUMENTS
    asset_images: AssetImages | Callable[[], AssetImages] = frozenset()
    deployer: Deployer | None = None
    parent: TemplateScope | None = None
    logical_id_in_parent: str = ""
    nested: dict[str, TemplateScope] = {}

    def __post_init__(self) -> None:
        """Register the scope with the app's templates."""
        if self.app is not None:
            self.app.add(self)

    def detached(
        self, stack: str, template: Template | Callable[[], Template], deployer: Deployer
    ) -> TemplateScope:
        """The scope of a template that another service deploys.

        Args:
            stack: The template's name in messages.
            template: The template.
            deployer: The service that deploys it.
        """
        return replace(
            self,
            template=template,
            account=None,
            region=None,
            stack=stack,
            app=AppTemplates(),
            deployer=deployer,
            parent=None,
            logical_id_in_parent="",
            nested={},
        )

    def nest(self, logical_id: str, template: Template | Callable[[], Template]) -> TemplateScope:
        """The scope of a nested stack, which gets its parameters from this one.

        Args:
            logical_id: The ``AWS::CloudFormation::Stack`` resource in this template.
            template: The nested stack's template.
        """
        scope = replace(
            self,
            template=template,
            stack=f"{self.stack}/{logical_id}",
            parent=self,
            logical_id_in_parent=logical_id,
            nested={},
        )
        self.nested[logical_id] = scope
        return scope

    @cached_property
    def _rendered(self) -> Any:
        return self.template() if callable(self.template) else self.template

    @cached_property
    def known_asset_images(self) -> AssetImages:
        """The Docker image assets of the app."""
        return self.asset_images() if callable(self.asset_images) else self.asset_images

    def section(self, name: str) -> Mapping[str, Any]:
        """A section of the template, such as ``Resources``; empty where it has none."""
        rendered = self._rendered
        section = rendered.get(name) if isinstance(rendered, Mapping) else None
        return section if isinstance(section, Mapping) else {}

    def entry(self, section: str, name: str) -> Mapping[str, Any] | None:
        """One object of a section, such as a resource; None where there is none."""
        entry = self.section(section).get(name)
        return entry if isinstance(entry, Mapping) else None

    def resource_properties(self, logical_id: str) -> Mapping[str, Any]:
        """The properties of a resource; empty where it has none."""
        properties = (self.entry("Resources", logical_id) or {}).get("Properties")
        return properties if isinstance(properties, Mapping) else {}


class CrossStackReference(NamedTuple):
    """A value that one stack exports to others, and its scope."""

    value: Any
    scope: TemplateScope


class ComputedExport(NamedTuple):
    """An export whose name is made by functions."""

    name: Any
    value: CrossStackReference


class Exports(Struct, frozen=True, eq=False):
    """The exports of some templates: by name where it is literal, and the others."""

    by_name: Mapping[str, Sequence[CrossStackReference]]
    computed: Sequence[ComputedExport]

    @classmethod
    def of(cls, scopes: Iterable[TemplateScope]) -> Exports:
        """Collect the exports."""
        by_name: dict[str, list[CrossStackReference]] = {}
        computed: list[ComputedExport] = []
        for scope in scopes:
            for output in scope.section("Outputs").values():
                match output:
                    case {"Export": {"Name": str(name)}, "Value": value}:
                        by_name.setdefault(name, []).append(CrossStackReference(value, scope))
                    case {"Export": {"Name": name}, "Value": value}:
                        computed.append(ComputedExport(name, CrossStackReference(value, scope)))
        return cls(by_name, computed)


class AppTemplates(Struct, eq=False, weakref=True):
    """The templates of one app and the cross-stack references between them.

    Attributes:
        scopes: The scopes of its top-level stacks, as far as they were needed.
        make_others: Makes the scopes of all its other stacks.

    Example:
        >>> app = AppTemplates()
        >>> producer = TemplateScope({}, stack="Producer", app=app)
        >>> consumer = TemplateScope({}, stack="Consumer", app=app)
        >>> [scope.stack for scope in app.scopes]
        ['Producer', 'Consumer']
    """

    scopes: list[TemplateScope] = []
    make_others: Callable[[], None] | None = None
    _exports: dict[tuple[str | None, str | None], Exports] = {}

    def all_scopes(self) -> Iterator[TemplateScope]:
        """Each stack's scope, and those of the stacks nested in it."""
        pending = list(reversed(self.scopes))
        while pending:
            scope = pending.pop()
            yield scope
            pending.extend(reversed(scope.nested.values()))

    def add(self, scope: TemplateScope) -> None:
        """Add a scope; scopes call this themselves."""
        if scope.parent is None:
            self.scopes.append(scope)
        self._exports.clear()

    def add_others(self) -> bool:
        """Add the app's other stacks; False where that has been done."""
        make_others, self.make_others = self.make_others, None
        if make_others is not None:
            make_others()
        return make_others is not None

    def exports(self, account: str | None, region: str | None) -> Exports:
        """The exports of the stacks of an environment; collected again after stacks were added."""
        environment = (account, region)
        if environment not in self._exports:
            self._exports[environment] = Exports.of(
                scope for scope in self.all_scopes() if (scope.account, scope.region) == environment
            )
        return self._exports[environment]

    def stack_output(
        self, stack: str, region: str | None, output: str
    ) -> list[CrossStackReference]:
        """The outputs of that name, of the stacks of that name in a region."""
        found = []
        for scope in self.scopes:
            if scope.stack == stack and scope.region == region:
                entry = scope.entry("Outputs", output)
                if entry is not None and "Value" in entry:
                    found.append(CrossStackReference(entry["Value"], scope))
        return found

    def cross_region_export(self, name: str, region: str | None) -> list[CrossStackReference]:
        """The values of CDK's ``Custom::CrossRegionExportWriter`` under a name in a region."""
        found = []
        for scope in self.all_scopes():
            for resource in scope.section("Resources").values():
                written = _cross_region_exports(resource, region)
                if name in written:
                    found.append(CrossStackReference(written[name], scope))
        return found


def _cross_region_exports(resource: Any, region: str | None) -> Mapping[str, Any]:
    match resource:
        case {
            "Type": "Custom::CrossRegionExportWriter",
            "Properties": {"WriterProps": {"region": to, "exports": Mapping() as exports}},
        } if to == region:
            return exports
    return {}
