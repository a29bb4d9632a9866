"""Trees of intrinsic functions, built together with what they mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import Any

from hypothesis import strategies as st

from pinned_images.cloudformation.outcomes import Choice, Condition, Evaluation, Leaf, Several
from pinned_images.cloudformation.scope import AppTemplates, TemplateScope

CONDITIONS = ("First", "Second")
ASSIGNMENTS = [
    dict(zip(CONDITIONS, answers, strict=True)) for answers in product((True, False), repeat=2)
]

#: What a value means under each of the assignments; None where that cannot be known.
Meaning = tuple[str | None, ...]

ACCOUNT, REGION = "123456789012", "eu-west-1"


@dataclass
class Tree:
    """A value, the template that it stands in, and what it means there."""

    value: Any
    meaning: Meaning
    scope: TemplateScope


@dataclass
class Builder:
    """Writes values of a given meaning, and puts what they refer to into templates.

    This is the reference model: it goes from the meaning to the functions, and so knows nothing
    of how functions are evaluated.
    """

    draw: Any
    template: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {"Parameters": {}, "Mappings": {}, "Resources": {}}
    )
    exports: dict[str, Any] = field(default_factory=dict)

    def scope(self) -> TemplateScope:
        app = AppTemplates()
        outputs = {
            name: {"Value": value, "Export": {"Name": f"Producer:{name}"}}
            for name, value in self.exports.items()
        }
        environment = {"account": ACCOUNT, "region": REGION}
        TemplateScope({"Outputs": outputs}, stack="Producer", app=app, **environment)  # type: ignore[arg-type]
        return TemplateScope(
            self.template,
            account=ACCOUNT,
            region=REGION,
            stack="Web",
            app=app,
            use_parameter_defaults=True,
        )

    def express(self, meaning: Meaning, live: frozenset[int], depth: int) -> Any:
        """A value that means `meaning` under the assignments that are live."""
        texts = {meaning[index] for index in live}
        if not texts:
            return self.draw(st.sampled_from(["never", {"Ref": "Nobody"}, {"Fn::Join": 7}]))
        forms = [self.join, self.sub, self.select, self.split, self.if_]
        if len(texts) == 1:
            (text,) = texts
            if text is None:
                return self.draw(st.sampled_from([{"Ref": "Nobody"}, {"Fn::Base64": "x"}]))
            forms += [self.constant, self.constant]
            if depth <= 0:
                return text
        elif depth <= 0:
            return self.if_(meaning, live, depth)
        return self.draw(st.sampled_from(forms))(meaning, live, depth - 1)

    def constant(self, meaning: Meaning, live: frozenset[int], depth: int) -> Any:
        text = meaning[min(live)]
        assert text is not None
        name = f"N{len(self.template['Parameters']) + len(self.exports)}"
        form = self.draw(st.sampled_from(["text", "ref", "map", "default", "import", "colons"]))
        if form == "ref":
            self.template["Parameters"][name] = {"Type": "String", "Default": text}
            return {"Ref": name}
        if form == "map":
            mappings = self.template["Mappings"]
            mappings.setdefault("Map", {}).setdefault("top", {})[name] = text
            self.template["Parameters"][name] = {"Type": "String", "Default": name}
            key = self.draw(st.sampled_from([name, {"Ref": name}]))
            return {"Fn::FindInMap": ["Map", "top", key]}
        if form == "default":
            value = self.express(meaning, live, depth)
            return {"Fn::FindInMap": ["Map", "none", "none", {"DefaultValue": value}]}
        if form == "import":
            self.exports[name] = text
            return {"Fn::ImportValue": f"Producer:{name}"}
        if form == "colons":
            return {"Fn::Join": [":", text.split(":")]}
        return text

    def join(self, meaning: Meaning, live: frozenset[int], depth: int) -> Any:
        parts = [self.express(part, live, depth) for part in self.cut(meaning)]
        return {"Fn::Join": ["", parts]}

    def sub(self, meaning: Meaning, live: frozenset[int], depth: int) -> Any:
        text, variables = "", {}
        for index, part in enumerate(self.cut(meaning)):
            known = {part[each] for each in live}
            if len(known) == 1 and None not in known and self.draw(st.booleans()):
                text += str(part[min(live)])
            else:
                variables[f"V{index}"] = self.express(part, live, depth)
                text += f"${{V{index}}}"
        return {"Fn::Sub": [text, variables] if variables else text}

    def select(self, meaning: Meaning, live: frozenset[int], depth: int) -> Any:
        elements = [{"Ref": "Nobody"}, "other"]
        index = self.draw(st.integers(0, 2))
        elements.insert(index, self.express(meaning, live, depth))
        return {"Fn::Select": [self.draw(st.sampled_from([index, str(index)])), elements]}

    def split(self, meaning: Meaning, live: frozenset[int], depth: int) -> Any:
        source = {"Fn::Join": ["|", ["x", self.express(meaning, live, depth), "y"]]}
        return {"Fn::Select": [1, {"Fn::Split": ["|", source]}]}

    def if_(self, meaning: Meaning, live: frozenset[int], depth: int) -> Any:
        undecided = [
            name for name in CONDITIONS if len({ASSIGNMENTS[index][name] for index in live}) > 1
        ]
        name = self.draw(st.sampled_from(undecided or list(CONDITIONS)))
        sides = [
            frozenset(index for index in live if ASSIGNMENTS[index][name] is answer)
            for answer in (True, False)
        ]
        return {"Fn::If": [name, *(self.express(meaning, side, depth) for side in sides)]}

    def cut(self, meaning: Meaning) -> list[Meaning]:
        """The meaning in two or three parts, one behind the other."""
        parts = []
        rest = meaning
        for _ in range(self.draw(st.integers(1, 2))):
            at = self.draw(st.integers(0, 12))
            parts.append(tuple(None if text is None else text[:at] for text in rest))
            rest = tuple("" if text is None else text[at:] for text in rest)
        return [*parts, rest]


@st.composite
def trees(draw: Any, texts: st.SearchStrategy[str | None]) -> Tree:
    """A value that means one of some texts under each assignment of the conditions."""
    choices = draw(st.lists(texts, min_size=1, max_size=2))
    meaning = tuple(draw(st.sampled_from(choices)) for _ in ASSIGNMENTS)
    builder = Builder(draw)
    value = builder.express(meaning, frozenset(range(len(ASSIGNMENTS))), draw(st.integers(0, 3)))
    return Tree(value, meaning, builder.scope())


def taken(evaluation: Evaluation, assignment: dict[str, bool]) -> Leaf:
    """What an evaluation says under an assignment of all conditions."""
    while isinstance(evaluation, Choice):
        answer = assignment[evaluation.condition.name]
        evaluation = evaluation.when_true if answer else evaluation.when_false
    assert not isinstance(evaluation, Several)
    return evaluation


def assumptions(assignment: dict[str, bool]) -> dict[Condition, bool]:
    return {Condition(name, "Web"): answer for name, answer in assignment.items()}


FUNCTIONS = [
    "Ref",
    "Fn::Base64",
    "Fn::FindInMap",
    "Fn::ForEach::Loop",
    "Fn::GetAtt",
    "Fn::GetStackOutput",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
    "Fn::Transform",
]
WORDS = [
    *("A", "B", "A.Arn", "B.Outputs.A", "AWS::Region", "AWS::AccountId", "AWS::NoValue"),
    *("nginx", "nginx:1", "", ":", "/", "${A}", "${!A}", "${B.Arn}", "${}", "{{resolve:ssm:a}}"),
    *(
        "{{resolve:",
        "aws/codebuild/standard:7.0",
        ":a.b.1",
        '{"containers": [{"image": "a"}]}',
        "[{",
    ),
]
KEYS = [
    *("Image", "image", "ContainerDefinitions", "containerDefinitions", "ImageUri", "Code"),
    *("Manifest", "StackName", "OutputName", "DefaultValue", "Type", "Properties", "Default"),
]

_leaves = st.one_of(
    st.sampled_from(WORDS),
    st.text(max_size=8),
    st.none(),
    st.booleans(),
    st.integers(-2, 3),
    st.floats(allow_nan=False),
)


def _grown(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.lists(children, max_size=4),
        st.dictionaries(st.sampled_from([*KEYS, *FUNCTIONS]), children, max_size=3),
        st.builds(lambda name, argument: {name: argument}, st.sampled_from(FUNCTIONS), children),
        st.builds(lambda a, b: {"Fn::If": ["C", a, b]}, children, children),
        st.builds(lambda parts: {"Fn::Join": ["", parts]}, st.lists(children, max_size=3)),
        st.builds(lambda index, parts: {"Fn::Select": [index, parts]}, st.integers(0, 2), children),
    )


#: Any JSON, with a liking for what CloudFormation gives a meaning to.
values: st.SearchStrategy[Any] = st.recursive(_leaves, _grown, max_leaves=12)

_resources = st.fixed_dictionaries(
    {
        "Type": st.sampled_from(
            [
                "AWS::ECR::Repository",
                "AWS::CloudFormation::Stack",
                "AWS::SSM::Parameter",
                "Custom::CrossRegionExportReader",
                "AWS::S3::Bucket",
            ]
        ),
        "Properties": st.one_of(
            values,
            st.dictionaries(st.sampled_from(["RepositoryName", "Name", "Value"]), values),
        ),
    }
)
_parameters = st.fixed_dictionaries(
    {
        "Type": st.sampled_from(
            ["String", "CommaDelimitedList", "AWS::SSM::Parameter::Value<String>"]
        ),
        "Default": values,
    }
)


def _section(entries: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(values, st.dictionaries(st.sampled_from(["A", "B"]), entries))


#: Templates that may be anything, and often are nearly right.
templates: st.SearchStrategy[Any] = st.one_of(
    values,
    st.fixed_dictionaries(
        {},
        optional={
            "Resources": _section(_resources),
            "Parameters": _section(_parameters),
            "Mappings": values,
            "Outputs": _section(
                st.fixed_dictionaries(
                    {"Value": values, "Export": st.fixed_dictionaries({"Name": values})}
                )
            ),
        },
    ),
)
