from __future__ import annotations

from typing import Any

import pytest

from pinned_images.cloudformation.evaluation import evaluate
from pinned_images.cloudformation.outcomes import (
    Absent,
    Choice,
    Condition,
    ExemptByRule,
    Known,
    NeedsParameters,
    SsmParameter,
    leaves,
    missing_parameters,
)
from pinned_images.cloudformation.scope import AppTemplates, AssetImage, TemplateScope
from pinned_images.cloudformation.sites import evaluate_site, find_sites
from pinned_images.problem import Problem

ACCOUNT = "123456789012"
REGION = "eu-west-1"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
HASH = "250c4bd2c110b496b4d693329276cbdcdc3b7eb6452e29254178f70ee40cd0f0"
TEMPLATE: dict[str, Any] = {
    "Parameters": {
        "Tag": {"Type": "String", "Default": "v7"},
        "Bare": {"Type": "String"},
        "Secret": {"Type": "String", "Default": "hush", "NoEcho": True},
        "Count": {"Type": "Number", "Default": 7},
        "Parts": {"Type": "CommaDelimitedList", "Default": "nginx, 1.25"},
        "Router": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/router/image"},
        "Listed": {
            "Type": "AWS::SSM::Parameter::Value<List<String>>",
            "Default": "/listed/images",
        },
    },
    "Mappings": {
        "Images": {REGION: {"web": "nginx:1.25", "parts": ["nginx", "1.25"], "port": 8080}},
    },
    "Resources": {
        "Named": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "team/app"}},
        "Nameless": {"Type": "AWS::ECR::Repository"},
        "Cache": {
            "Type": "AWS::ECR::PullThroughCacheRule",
            "Properties": {"EcrRepositoryPrefix": "hub"},
        },
        "Written": {"Type": "AWS::SSM::Parameter", "Properties": {"Value": "nginx:1.25"}},
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "Selfish": {
            "Type": "AWS::ECR::Repository",
            "Properties": {"RepositoryName": {"Ref": "Selfish"}},
        },
    },
}


def scope(**changes: Any) -> TemplateScope:
    known: dict[str, Any] = {
        "template": TEMPLATE,
        "account": ACCOUNT,
        "region": REGION,
        "stack": "Web",
    }
    return TemplateScope(**(known | changes))


def join(*elements: Any, delimiter: str = "") -> dict[str, Any]:
    return {"Fn::Join": [delimiter, list(elements)]}


def sub(text: str, **variables: Any) -> dict[str, Any]:
    return {"Fn::Sub": [text, variables] if variables else text}


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def part(index: int, delimiter: str, value: Any) -> dict[str, Any]:
    return {"Fn::Select": [index, {"Fn::Split": [delimiter, value]}]}


NAMED_ARN = {"Fn::GetAtt": ["Named", "Arn"]}
CDK_REPOSITORY_URI = join(
    part(4, ":", NAMED_ARN),
    ".dkr.ecr.",
    part(3, ":", NAMED_ARN),
    ".",
    ref("AWS::URLSuffix"),
    "/",
    ref("Named"),
    ":v2",
)

KNOWN = {
    "literal": ("nginx:1.25", "nginx:1.25"),
    "join": (join("nginx", ":", "1.25"), "nginx:1.25"),
    "join-with-a-delimiter": (join("nginx", "1.25", delimiter=":"), "nginx:1.25"),
    "join-of-a-number": (join("nginx:", 7), "nginx:7"),
    "join-of-a-parameter-list": (
        {"Fn::Join": [":", {"Fn::Split": ["/", "nginx/1.25"]}]},
        "nginx:1.25",
    ),
    "nested-joins": (join("a/", join("b", ":1")), "a/b:1"),
    "sub": (sub(f"{ACCOUNT}.dkr.ecr.${{AWS::Region}}.${{AWS::URLSuffix}}/a:1"), f"{HOST}/a:1"),
    "sub-with-variables": (sub("${Name}:${Tag}", Name="nginx", Tag=join("1", ".25")), "nginx:1.25"),
    "sub-variable-before-parameter": (sub("nginx:${Tag}", Tag="mine"), "nginx:mine"),
    "sub-of-an-attribute": (sub("${Named.RepositoryUri}:v2"), f"{HOST}/team/app:v2"),
    "sub-in-a-list-of-one": ({"Fn::Sub": ["nginx:1.25"]}, "nginx:1.25"),
    "select-from-a-list": ({"Fn::Select": [1, ["a", "nginx:1.25"]]}, "nginx:1.25"),
    "select-by-a-text": ({"Fn::Select": ["0", ["nginx:1.25", ref("Bare")]]}, "nginx:1.25"),
    "select-of-split": (part(1, "|", "a|nginx:1.25|c"), "nginx:1.25"),
    "find-in-map": ({"Fn::FindInMap": ["Images", ref("AWS::Region"), "web"]}, "nginx:1.25"),
    "find-in-map-of-a-list": (
        {"Fn::Join": [":", {"Fn::FindInMap": ["Images", REGION, "parts"]}]},
        "nginx:1.25",
    ),
    "find-in-map-with-default": (
        {"Fn::FindInMap": ["Images", "mars-1", "web", {"DefaultValue": "nginx:1.24"}]},
        "nginx:1.24",
    ),
    "repository-as-cdk-renders-it": (CDK_REPOSITORY_URI, f"{HOST}/team/app:v2"),
    "repository-uri": (
        join({"Fn::GetAtt": ["Named", "RepositoryUri"]}, ":v2"),
        f"{HOST}/team/app:v2",
    ),
    "attribute-as-text": (
        join({"Fn::GetAtt": "Named.RepositoryUri"}, ":v2"),
        f"{HOST}/team/app:v2",
    ),
    "pull-through-cache": (
        join(f"{HOST}/", ref("Cache"), "/library/nginx"),
        f"{HOST}/hub/library/nginx",
    ),
    "ssm-parameter-in-the-template": ({"Fn::GetAtt": ["Written", "Value"]}, "nginx:1.25"),
    "stack-name": (sub("nginx:${AWS::StackName}"), "nginx:Web"),
    "same-on-both-sides": ({"Fn::If": ["C", "nginx:1", join("nginx", ":1")]}, "nginx:1"),
}


@pytest.mark.parametrize(("value", "text"), KNOWN.values(), ids=KNOWN)
def test_values_that_are_known_at_synth(value: Any, text: str) -> None:
    assert evaluate(value, scope()) == Known(text)


@pytest.mark.parametrize(
    ("region", "partition", "suffix"),
    [
        ("us-east-1", "aws", "amazonaws.com"),
        ("mx-central-1", "aws", "amazonaws.com"),
        ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
        ("us-iso-east-1", "aws-iso", "c2s.ic.gov"),
        ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
        ("eu-isoe-west-1", "aws-iso-e", "cloud.adc-e.uk"),
        ("us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov"),
        ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
    ],
)
def test_partition_and_url_suffix_follow_the_region(
    region: str, partition: str, suffix: str
) -> None:
    value = sub("${AWS::URLSuffix}/${AWS::Partition}:1")
    assert evaluate(value, scope(region=region)) == Known(f"{suffix}/{partition}:1")


def test_the_template_is_rendered_only_when_a_name_in_it_is_needed() -> None:
    def render() -> dict[str, Any]:
        raise AssertionError("rendered")

    assert evaluate(sub("nginx:${AWS::Region}"), scope(template=render)) == Known("nginx:eu-west-1")


class TestConditions:
    def test_each_side_is_evaluated(self) -> None:
        value = {"Fn::If": ["IsProd", "nginx:1", join("nginx", ":2")]}
        assert evaluate(value, scope()) == Choice(
            Condition("IsProd", "Web"), Known("nginx:1"), Known("nginx:2")
        )

    def test_a_condition_inside_a_join_gives_two_images(self) -> None:
        value = join("nginx:", {"Fn::If": ["IsProd", "1", "2"]})
        assert evaluate(value, scope()) == Choice(
            Condition("IsProd", "Web"), Known("nginx:1"), Known("nginx:2")
        )

    def test_the_same_condition_is_answered_once(self) -> None:
        value = join({"Fn::If": ["C", "a", "b"]}, ":", {"Fn::If": ["C", "1", "2"]})
        assert evaluate(value, scope()) == Choice(Condition("C", "Web"), Known("a:1"), Known("b:2"))

    def test_a_side_may_be_absent(self) -> None:
        value = {"Fn::If": ["C", "nginx:1", ref("AWS::NoValue")]}
        assert list(leaves(evaluate(value, scope()))) == [Known("nginx:1"), Absent()]

    def test_an_unknown_side_does_not_hide_the_other(self) -> None:
        value = {"Fn::If": ["C", "nginx:1", ref("Bare")]}
        known, unknown = leaves(evaluate(value, scope()))
        assert known == Known("nginx:1")
        assert isinstance(unknown, Problem)

    def test_assumptions_answer_a_condition(self) -> None:
        value = {"Fn::If": ["C", "nginx:1", "nginx:2"]}
        assert evaluate(value, scope(), assumptions={Condition("C", "Web"): False}) == Known(
            "nginx:2"
        )

    def test_too_many_conditions_are_refused(self) -> None:
        value = join("nginx:", *({"Fn::If": [f"C{n}", "1", "2"]} for n in range(20)))
        assert "conditions" in str(next(leaves(evaluate(value, scope()))))


class TestParameters:
    def test_a_default_counts_only_where_the_scope_says_so(self) -> None:
        value = join("nginx:", ref("Tag"))
        refused = evaluate(value, scope())
        assert isinstance(refused, Problem)
        assert "another value than its default 'v7'" in refused.what
        assert evaluate(value, scope(use_parameter_defaults=True)) == Known("nginx:v7")

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            pytest.param(join("nginx:", ref("Count")), "nginx:7", id="number"),
            pytest.param({"Fn::Join": [":", ref("Parts")]}, "nginx:1.25", id="list"),
        ],
    )
    def test_defaults_of_other_types(self, value: Any, text: str) -> None:
        assert evaluate(value, scope(use_parameter_defaults=True)) == Known(text)

    def test_a_secret_parameter_is_never_looked_into(self) -> None:
        refused = evaluate(join("nginx:", ref("Secret")), scope(use_parameter_defaults=True))
        assert isinstance(refused, Problem)
        assert "hush" not in str(refused)

    def test_an_ssm_parameter_is_asked_for_and_then_known(self) -> None:
        router = SsmParameter("/router/image", None, ACCOUNT, REGION)
        values: dict[SsmParameter, str | Problem] = {}
        asking = scope(parameter_values=values)
        assert evaluate(ref("Router"), asking) == NeedsParameters(frozenset({router}))
        values[router] = "public.ecr.aws/router:2"
        assert evaluate(ref("Router"), asking) == Known("public.ecr.aws/router:2")

    def test_a_list_in_ssm(self) -> None:
        listed = SsmParameter("/listed/images", None, ACCOUNT, REGION)
        value = {"Fn::Select": [1, ref("Listed")]}
        assert evaluate(value, scope(parameter_values={listed: "a:1,b:2"})) == Known("b:2")

    def test_all_parameters_of_a_value_are_asked_for_at_once(self) -> None:
        value = join("{{resolve:ssm:/name:3}}", ":", "{{resolve:ssm:/tag}}")
        assert missing_parameters(evaluate(value, scope())) == {
            SsmParameter("/name", 3, ACCOUNT, REGION),
            SsmParameter("/tag", None, ACCOUNT, REGION),
        }
        both = missing_parameters(evaluate(join(ref("Router"), ref("Listed")), scope()))
        assert {parameter.name for parameter in both} == {"/router/image", "/listed/images"}

    def test_dynamic_references_are_filled_in(self) -> None:
        tag = SsmParameter("/tag", None, ACCOUNT, REGION)
        value = join("nginx:", "{{resolve:ssm:/tag}}")
        assert evaluate(value, scope(parameter_values={tag: "1.25"})) == Known("nginx:1.25")

    def test_a_parameter_that_could_not_be_read_says_why(self) -> None:
        router = SsmParameter("/router/image", None, ACCOUNT, REGION)
        why = Problem("There is no SSM parameter '/router/image'.", "Create it.")
        assert evaluate(ref("Router"), scope(parameter_values={router: why})) == why


class TestAssets:
    SHAPE = (
        "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/"
        "cdk-hnb659fds-container-assets-${AWS::AccountId}-${AWS::Region}:" + HASH
    )

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({}, id="known-environment"),
            pytest.param({"account": None, "region": None}, id="unknown-environment"),
            pytest.param({"account": None}, id="unknown-account"),
        ],
    )
    def test_an_asset_in_the_bootstrap_repository_is_exempt_by_rule(
        self, changes: dict[str, Any]
    ) -> None:
        outcome = evaluate(sub(self.SHAPE), scope(**changes))
        assert isinstance(outcome, ExemptByRule)
        assert outcome.rule == "content-addressed-asset"

    def test_an_asset_that_the_manifest_names_is_exempt_by_rule(self) -> None:
        value = sub(f"{HOST}/staging-${{AWS::Region}}/web:v-{HASH}")
        assert isinstance(evaluate(value, scope()), Known)
        asset = AssetImage("staging-${AWS::Region}/web", f"v-{HASH}")
        outcome = evaluate(value, scope(asset_images=frozenset({asset})))
        assert isinstance(outcome, ExemptByRule)

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(
                f"evil.example.com/cdk-hnb659fds-container-assets-{ACCOUNT}-{REGION}:{HASH}",
                id="another-host",
            ),
            pytest.param(
                f"{HOST}/cdk-hnb659fds-container-assets-999999999999-{REGION}:{HASH}",
                id="another-account",
            ),
            pytest.param(
                f"{HOST}/cdk-hnb659fds-container-assets-{ACCOUNT}-{REGION}:latest",
                id="a-tag-that-is-no-hash",
            ),
            pytest.param(f"{HOST}/mine:{HASH}", id="another-repository"),
        ],
    )
    def test_what_only_looks_like_an_asset_is_an_image(self, text: str) -> None:
        assert evaluate(text, scope()) == Known(text)


DIGEST = "sha256:" + "d" * 64


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(join(ref("Nameless"), f"@{DIGEST}"), id="repository-without-a-name"),
        pytest.param(join(ref("Nameless"), ":v1@", DIGEST), id="digest-in-fragments"),
        pytest.param(sub(f"${{Nameless}}@{DIGEST}"), id="sub"),
        pytest.param(join(ref("Nameless"), "@", part(0, "|", DIGEST)), id="digest-in-a-function"),
        pytest.param(join(ref("Router"), f"@{DIGEST}"), id="ssm-parameter"),
        pytest.param(f"{{{{resolve:secretsmanager:image}}}}@{DIGEST}", id="secret"),
    ],
)
def test_an_image_that_is_pinned_by_hand_is_pinned_whatever_its_name(value: Any) -> None:
    outcome = evaluate(value, scope())
    assert isinstance(outcome, ExemptByRule)
    assert (outcome.rule, outcome.text) == ("digest-in-place", f"...@{DIGEST}")


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(join(ref("Nameless"), "@sha256:beef"), id="no-digest"),
        pytest.param(join(ref("Nameless"), f"@{DIGEST}", ref("Nameless")), id="not-at-the-end"),
        pytest.param(join(ref("Nameless"), f"@{DIGEST}-a"), id="more-behind-it"),
    ],
)
def test_what_only_looks_like_a_digest_does_not_count(value: Any) -> None:
    assert isinstance(evaluate(value, scope()), Problem)


class TestNeighbours:
    def test_an_import_of_an_export_in_the_same_app(self) -> None:
        app = AppTemplates()
        outputs = {
            "Arn": {"Value": NAMED_ARN, "Export": {"Name": sub("${AWS::StackName}:Arn")}},
            "Name": {"Value": ref("Named"), "Export": {"Name": "Producer:Name"}},
        }
        scope(template=TEMPLATE | {"Outputs": outputs}, stack="Producer", app=app)
        arn = {"Fn::ImportValue": "Producer:Arn"}
        name = {"Fn::ImportValue": sub("${Stack}:Name", Stack="Producer")}
        value = join(
            part(4, ":", arn), ".dkr.ecr.", part(3, ":", arn), ".amazonaws.com/", name, ":v2"
        )
        consumer = scope(template={}, stack="Consumer", app=app)
        assert evaluate(value, consumer) == Known(f"{HOST}/team/app:v2")

    def test_exports_are_of_one_account_and_region(self) -> None:
        app = AppTemplates()
        for region in ("eu-west-1", "us-east-1"):
            output = {"Value": f"nginx:{region}", "Export": {"Name": "Image"}}
            scope(template={"Outputs": {"O": output}}, region=region, app=app)
        consumer = scope(template={}, region="us-east-1", app=app)
        assert evaluate({"Fn::ImportValue": "Image"}, consumer) == Known("nginx:us-east-1")

    def test_an_export_that_two_stacks_have_is_never_guessed(self) -> None:
        app = AppTemplates()
        for stack in ("One", "Two"):
            output = {"Value": f"nginx:{stack}", "Export": {"Name": "Image"}}
            scope(template={"Outputs": {"O": output}}, stack=stack, app=app)
        refused = evaluate({"Fn::ImportValue": "Image"}, scope(app=app))
        assert isinstance(refused, Problem)
        assert "2 stacks" in refused.what

    def test_a_nested_stack_gets_its_parameters_from_its_parent(self) -> None:
        stack = {
            "Type": "AWS::CloudFormation::Stack",
            "Properties": {"Parameters": {"Uri": {"Fn::GetAtt": ["Named", "RepositoryUri"]}}},
        }
        parent = scope(template={"Resources": TEMPLATE["Resources"] | {"Nested": stack}})
        nested = parent.nest("Nested", {"Parameters": {"Uri": {"Type": "String"}}})
        assert evaluate(sub("${Uri}:v2"), nested) == Known(f"{HOST}/team/app:v2")

    def test_an_output_of_a_nested_stack(self) -> None:
        parent = scope(template={"Resources": {"Nested": {"Type": "AWS::CloudFormation::Stack"}}})
        parent.nest("Nested", TEMPLATE | {"Outputs": {"Name": {"Value": ref("Named")}}})
        value = join({"Fn::GetAtt": ["Nested", "Outputs.Name"]}, ":v2")
        assert evaluate(value, parent) == Known("team/app:v2")

    def test_a_cross_region_reference_of_cdk(self) -> None:
        app = AppTemplates()
        writer = {
            "Type": "Custom::CrossRegionExportWriter",
            "Properties": {
                "WriterProps": {
                    "region": "us-east-1",
                    "exports": {"/cdk/exports/C/x": ref("Named")},
                }
            },
        }
        scope(template={"Resources": TEMPLATE["Resources"] | {"W": writer}}, app=app)
        reader = {
            "Type": "Custom::CrossRegionExportReader",
            "Properties": {"ReaderProps": {"region": "us-east-1", "imports": {}}},
        }
        consumer = scope(template={"Resources": {"R": reader}}, region="us-east-1", app=app)
        value = join({"Fn::GetAtt": ["R", "/cdk/exports/C/x"]}, ":v2")
        assert evaluate(value, consumer) == Known("team/app:v2")

    def test_an_output_of_another_stack(self) -> None:
        app = AppTemplates()
        outputs = {"Outputs": {"Image": {"Value": sub("nginx:${AWS::Region}")}}}
        scope(template=outputs, stack="Producer", region="us-east-1", app=app)
        value = {
            "Fn::GetStackOutput": {
                "StackName": "Producer",
                "Region": "us-east-1",
                "OutputName": "Image",
            }
        }
        assert evaluate(value, scope(app=app)) == Known("nginx:us-east-1")


UNKNOWN = {
    "bare-parameter": (join("nginx:", ref("Bare")), "'Bare' gets its value at deployment"),
    "nameless-repository": (join(ref("Nameless"), ":v2"), "'Nameless' has no RepositoryName"),
    "other-resource": (join(ref("Bucket"), ":v2"), "AWS::S3::Bucket 'Bucket'"),
    "other-attribute": ({"Fn::GetAtt": ["Bucket", "Arn"]}, "attribute Arn"),
    "nothing-of-that-name": (ref("Nobody"), "neither a parameter nor a resource of the template"),
    "foreign-export": ({"Fn::ImportValue": "Elsewhere"}, "is of no stack in this app"),
    "missing-mapping": ({"Fn::FindInMap": ["Images", "x", "y"]}, "no mapping value Images / x / y"),
    "transform": ({"Fn::Transform": {"Name": "Macro"}}, "Fn::Transform"),
    "base64": ({"Fn::Base64": "nginx"}, "Fn::Base64"),
    "notification-arns": (sub("nginx:${AWS::StackId}"), "AWS::StackId"),
    "refers-to-itself": (ref("Selfish"), "refers to itself"),
    "secret": ("{{resolve:secretsmanager:image}}", "read from a secret"),
    "secure-string": ("{{resolve:ssm-secure:image}}", "read from a secret"),
    "malformed-dynamic-reference": ("{{resolve:ssm:a b}}", "no dynamic reference"),
    "unclosed-dynamic-reference": ("nginx:{{resolve:ssm:x", "no dynamic reference"),
    "invalid-reference": ("NGINX:1", "must be lower case"),
    "empty": ("", "it is empty"),
    "long": ("n" * 3000, "3000 characters"),
    "float": (join("python:", 3.1), "3.1 is where a string belongs"),
    "null": (None, "Nothing (null) is where a string belongs"),
    "list": (["nginx"], "list is where a string belongs"),
    "object": ({"name": "nginx"}, "object is where a string belongs"),
    "join-of-no-value": (join("nginx", ref("AWS::NoValue")), "AWS::NoValue is joined"),
    "malformed-join": ({"Fn::Join": "nginx"}, "Fn::Join is not written"),
    "malformed-sub": ({"Fn::Sub": 7}, "Fn::Sub is not written"),
    "malformed-if": ({"Fn::If": ["C", "nginx"]}, "Fn::If is not written"),
    "malformed-select": ({"Fn::Select": ["one", ["nginx"]]}, "Fn::Select is not written"),
    "select-past-the-end": ({"Fn::Select": [3, ["nginx"]]}, "element 3 of a list of 1"),
    "malformed-split": ({"Fn::Split": ["", "nginx"]}, "Fn::Split is not written"),
    "malformed-get-att": ({"Fn::GetAtt": ["Named"]}, "Fn::GetAtt is not written"),
    "malformed-find-in-map": ({"Fn::FindInMap": []}, "Fn::FindInMap is not written"),
    "malformed-stack-output": ({"Fn::GetStackOutput": "x"}, "Fn::GetStackOutput is not written"),
}


@pytest.mark.parametrize(("value", "reason"), UNKNOWN.values(), ids=UNKNOWN)
def test_values_that_cannot_be_known_say_why_and_what_to_do(value: Any, reason: str) -> None:
    outcome = evaluate(value, scope())
    assert isinstance(outcome, Problem)
    assert reason in outcome.what
    assert outcome.what.endswith((".", "..."))
    assert str(outcome.fix).endswith(".")


@pytest.mark.parametrize(
    ("value", "what"),
    [
        pytest.param(sub("${AWS::AccountId}/a:1"), "the stack's account", id="account"),
        pytest.param(sub("${AWS::URLSuffix}/a:1"), "the stack's region", id="url-suffix"),
    ],
)
def test_an_unknown_environment_is_explained(value: Any, what: str) -> None:
    outcome = evaluate(value, scope(account=None, region=None))
    assert isinstance(outcome, Problem)
    assert what in outcome.what
    assert "env=Environment(" in str(outcome.fix)


DEFAULTS: dict[str, Any] = {
    "Parameters": {
        "Stage": {"Type": "String", "Default": "test"},
        "Size": {"Type": "Number", "Default": 2},
        "Bare": {"Type": "String"},
    },
    "Conditions": {
        "IsTest": {"Fn::Equals": [{"Ref": "Stage"}, "test"]},
        "IsLarge": {"Fn::Equals": [{"Ref": "Size"}, "10"]},
        "IsNotLarge": {"Fn::Not": [{"Condition": "IsLarge"}]},
        "Both": {"Fn::And": [{"Condition": "IsTest"}, {"Condition": "IsNotLarge"}]},
        "Open": {"Fn::Equals": [{"Ref": "Bare"}, "x"]},
        "OneIsEnough": {"Fn::Or": [{"Condition": "Open"}, {"Condition": "IsTest"}]},
        "OneIsFalse": {"Fn::And": [{"Condition": "Open"}, {"Condition": "IsLarge"}]},
        "Undecided": {"Fn::And": [{"Condition": "Open"}, {"Condition": "IsTest"}]},
        "Circle": {"Fn::Not": [{"Condition": "Circle"}]},
        "Selfish": {"Fn::Equals": [{"Fn::If": ["Selfish", "a", "b"]}, "a"]},
        "Malformed": {"Fn::Equals": "x"},
        "NoList": {"Fn::And": "x"},
    },
}


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ("IsTest", True),
        ("IsLarge", False),
        ("IsNotLarge", True),
        ("Both", True),
        ("OneIsEnough", True),
        ("OneIsFalse", False),
        ("Open", None),
        ("Undecided", None),
        ("Circle", None),
        ("Selfish", None),
        ("Malformed", None),
        ("NoList", None),
        ("Absent", None),
    ],
)
def test_a_condition_that_defaults_decide_has_one_side(condition: str, answer: bool | None) -> None:  # noqa: FBT001
    value = {"Fn::If": [condition, "nginx:1", {"Ref": "Bare"}]}
    found = evaluate(value, TemplateScope(DEFAULTS, use_parameter_defaults=True))
    if answer is None:
        assert isinstance(found, Choice)
    else:
        assert (found == Known("nginx:1")) is answer
    assert isinstance(evaluate(value, TemplateScope(DEFAULTS)), Choice)


def test_an_image_in_a_branch_that_is_never_taken_is_none() -> None:
    containers = {"Fn::If": ["IsLarge", [{"Image": {"Ref": "Bare"}}], [{"Image": "nginx:1"}]]}
    sites = find_sites("AWS::ECS::TaskDefinition", {"ContainerDefinitions": containers})
    known = TemplateScope(DEFAULTS, use_parameter_defaults=True)
    assert [evaluate_site(site, known) for site in sites] == [Absent(), Known("nginx:1")]


@pytest.mark.parametrize(
    "image",
    [
        "aws/codebuild/standard:7.0",
        "aws/codebuild/amazonlinux-x86_64-standard:5.0-24.10.29",
        "aws/codebuild/ami/amazonlinux-x86_64-base:latest",
        "aws/codebuild/ami/windows-base/2022:1.0",
    ],
)
def test_images_that_codebuild_curates_need_no_digest(image: str) -> None:
    found = evaluate(image, scope(), exempt_rule="codebuild-curated")
    assert isinstance(found, ExemptByRule)
    assert found.rule == "codebuild-curated"


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:imagebuilder:eu-west-1:aws:image/amazon-linux-x86-latest/x.x.x",
        sub("arn:${AWS::Partition}:imagebuilder:${AWS::Region}:aws:image/al2023/x.x.x"),
        sub("arn:aws:imagebuilder:${AWS::Region}:${AWS::AccountId}:image/own/1.0.0"),
    ],
)
def test_images_that_image_builder_manages_need_no_digest_wherever_they_are(arn: Any) -> None:
    for known in (scope(), TemplateScope()):
        found = evaluate(arn, known, exempt_rule="imagebuilder-managed")
        assert isinstance(found, ExemptByRule)
        assert found.rule == "imagebuilder-managed"


@pytest.mark.parametrize(
    ("image", "parameter"),
    [
        ("dummy-value-for-/shop/web", "/shop/web"),
        ("dummy-value-for-web", "web"),
        ({"Fn::Sub": "${Named.RepositoryUri}:dummy-value-for-/shop/tag"}, "/shop/tag"),
        (f"{HOST}/shop:dummy-value-for-tag", "tag"),
    ],
    ids=["image", "image that could be one", "tag", "tag that could be one"],
)
def test_a_value_that_the_cdk_cli_has_not_looked_up_yet_is_no_image(
    image: Any, parameter: str
) -> None:
    found = evaluate(image, scope())
    assert isinstance(found, Problem)
    assert f"The SSM parameter {parameter!r} has not been looked up yet" in found.what
    assert "cdk.context.json" in str(found.fix)


def test_a_digest_behind_a_colon_is_explained() -> None:
    template = {"Parameters": {"Digest": {"Type": "String", "Default": f"sha256:{HASH}"}}}
    value = join(f"{HOST}/team/app:", ref("Digest"))
    found = evaluate(value, TemplateScope(template, use_parameter_defaults=True))
    assert isinstance(found, Problem)
    assert "':' before it in place of '@'" in found.what
    assert "repository_uri}@{digest}" in str(found.fix)


@pytest.mark.parametrize("name", ["Tag", "Bare"])
def test_the_advice_on_a_parameter_is_what_can_still_be_done(name: str) -> None:
    found = evaluate(join("nginx:", ref(name)), scope())
    assert isinstance(found, Problem)
    assert f"CfnInclude(..., parameters={{'{name}': ...}})" in str(found.fix)
    assert "use_parameter_defaults=True" in str(found.fix)


def test_defaults_that_count_already_are_no_advice() -> None:
    found = evaluate(join("nginx:", ref("Bare")), scope(use_parameter_defaults=True))
    assert isinstance(found, Problem)
    assert "use_parameter_defaults" not in str(found.fix)
    assert "give the parameter a default" in str(found.fix)
