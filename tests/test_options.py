"""What a user decides in several places at once, and which of them counts."""

from __future__ import annotations

import ast
import inspect
import itertools
import json
import re
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click
import pytest
from aws_cdk import App
from hypothesis import given
from hypothesis import strategies as st

from pinned_images import PinImages, PinnedImagesGate
from pinned_images.cli.application import application
from pinned_images.cli.configuration import COMMAND_OPTIONS
from pinned_images.errors import ConfigurationError
from pinned_images.exemptions import Exemption
from pinned_images.options import (
    DATA_OPTIONS,
    GateOptions,
    Options,
    PinImagesOptions,
    context_name,
    variable_name,
)
from pinned_images.testing import FixedResolver
from tests.documentation import example, page

LOCKED = Options.of({"lock_file": "pinned-images.lock.json", "update": "always"})


def surrounded(
    options: Options, context: dict[str, Any] | None = None, **environment: str
) -> Options:
    return options.with_settings(context or {}, environment)


@pytest.mark.parametrize(
    ("context", "environment", "mode"),
    [
        pytest.param(None, {}, "always", id="argument"),
        pytest.param("missing", {}, "missing", id="context-before-argument"),
        pytest.param(
            "missing", {"PINNED_IMAGES_UPDATE": "never"}, "never", id="variable-before-context"
        ),
        pytest.param("missing", {"PINNED_IMAGES_UPDATE": ""}, "missing", id="empty-variable"),
        pytest.param("missing", {"CDK_LOOKUPS": "false"}, "never", id="no-lookups"),
        pytest.param("missing", {"CDK_LOOKUPS": "0"}, "never", id="no-lookups-as-a-number"),
        pytest.param("missing", {"CDK_LOOKUPS": "true"}, "missing", id="lookups"),
        pytest.param(
            None,
            {"CDK_LOOKUPS": "false", "PINNED_IMAGES_UPDATE": "always"},
            "always",
            id="own-variable-before-the-CLI-s",
        ),
    ],
)
def test_how_to_update_is_said_by_the_environment_then_context_then_the_argument(
    context: str | None, environment: dict[str, str], mode: str
) -> None:
    found = surrounded(LOCKED, {"pinned-images:update": context}, **environment)
    assert found.update == mode


def test_without_a_lock_file_images_are_resolved_although_cdk_makes_no_lookups() -> None:
    assert surrounded(Options(), CDK_LOOKUPS="false").update is None


def test_a_lock_file_of_the_context_is_frozen_too() -> None:
    context = {"pinned-images:lock-file": "other.json"}
    found = surrounded(Options(), context, CDK_LOOKUPS="false")
    assert (found.lock_file, found.update) == (Path("other.json"), "never")


@pytest.mark.parametrize(
    ("context", "environment"),
    [
        pytest.param({"pinned-images:update": "sometimes"}, {}, id="context"),
        pytest.param({"pinned-images:update": True}, {}, id="no-text"),
        pytest.param({}, {"PINNED_IMAGES_UPDATE": "sometimes"}, id="variable"),
    ],
)
def test_a_mode_that_is_none_is_refused(
    context: dict[str, Any], environment: dict[str, str]
) -> None:
    with pytest.raises(ConfigurationError):
        surrounded(LOCKED, context, **environment)


SECRET = "https://user:secret@mirror.example"

WRONG: dict[str, tuple[dict[str, Any], list[str]]] = {
    "name": ({"lockfile": "x"}, ["no option 'lockfile'", "Did you mean 'lock_file'?"]),
    "name of context": ({"lock-file": "x"}, ["Did you mean 'lock_file'?"]),
    "far name": ({"colour": SECRET}, ["no option 'colour'", "deadline"]),
    "mirrors list": ({"mirrors": [SECRET]}, ["mirrors cannot be of the type list"]),
    "mirrors key": ({"mirrors": {3: SECRET}}, ["mirrors cannot be of the type int"]),
    "mirrors value": ({"mirrors": {"docker.io": [SECRET]}}, ["mirrors['docker.io']", "list"]),
    "mirrors nonsense": ({"mirrors": {"docker.io": "nonsense"}}, ["'docker.io' is no URL"]),
    "mirrors credentials": ({"mirrors": {"docker.io": SECRET}}, ["docker login mirror.example"]),
    "mirrors host": (
        {"mirrors": {"https://docker.io": "https://mirror.example"}},
        ["mirrors['https://docker.io']", "no registry host"],
    ),
    "mirrors twice": (
        {"mirrors": {"docker.io": "https://a.example", "index.docker.io": "https://b.example"}},
        ["'docker.io' twice"],
    ),
    "insecure text": ({"insecure_registries": SECRET}, ["insecure_registries", "a list"]),
    "insecure None": ({"insecure_registries": None}, ["insecure_registries", "NoneType"]),
    "insecure URL": ({"insecure_registries": ["http://x/y"]}, ["insecure_registries[0]", "host"]),
    "insecure dict": ({"insecure_registries": {"x": "y"}}, ["insecure_registries", "dict"]),
    "types text": ({"resource_types": "AWS::ECS::TaskDefinition"}, ["a list"]),
    "types number": ({"resource_types": [3]}, ["resource_types[0]"]),
    "no types": ({"resource_types": []}, ["no image would be pinned", "leave it out"]),
    "types unknown": (
        {"resource_types": ["AWS::ECS::TaskDefinitions"]},
        ["Did you mean 'AWS::ECS::TaskDefinition'?"],
    ),
    "properties list": ({"properties": ["Custom::Thing"]}, ["properties"]),
    "properties text": ({"properties": {"Custom::Thing": "Image"}}, ["a list"]),
    "properties number": ({"properties": {"Custom::Thing": [3]}}, ["['Custom::Thing'][0]"]),
    "properties None": ({"properties": {"Custom::Thing": None}}, ["['Custom::Thing']"]),
    "properties type": ({"properties": {"Thing": ["Image"]}}, ["no CloudFormation resource type"]),
    "properties path": ({"properties": {"Custom::Thing": ["a..b"]}}, ["no path"]),
    "roles value": ({"ecr_roles": {"123456789012": None}}, ["ecr_roles['123456789012']"]),
    "roles account": ({"ecr_roles": {"1": "x"}}, ["ecr_roles['1']", "12 digits"]),
    "roles ARN": ({"ecr_roles": {"123456789012": SECRET}}, ["ARN of an IAM role"]),
    "ssm value": ({"ssm_parameters": {"/x": 3}}, ["ssm_parameters['/x']"]),
    "ssm name": ({"ssm_parameters": {"": "x"}}, ["ssm_parameters['']", "blanks"]),
    "exempt list": ({"exempt": ["nginx:*"]}, ["exempt"]),
    "exempt number": ({"exempt": {"nginx:*": 3}}, ["exempt['nginx:*']", "reason"]),
    "exempt blank reason": ({"exempt": {"nginx:*": " "}}, ["reason"]),
    "exempt blank pattern": ({"exempt": {" ": "why"}}, ["pattern"]),
    "lock file number": ({"lock_file": 3}, ["lock_file", "int"]),
    "lock file bytes": ({"lock_file": b"x"}, ["lock_file", "bytes"]),
    "lock file switch": ({"lock_file": True}, ["lock_file", "bool", "or None for none"]),
    "lock file off": ({"lock_file": False}, ["lock_file", "bool", "or None for none"]),
    "lock file word": ({"lock_file": "False"}, ["lock_file", "no file", "write None"]),
    "lock file empty": ({"lock_file": ""}, ["lock_file", "no file"]),
    "deadline text": ({"deadline": "10"}, ["deadline cannot be of the type str"]),
    "deadline switch": ({"deadline": True}, ["deadline cannot be of the type bool"]),
    "deadline zero": ({"deadline": 0}, ["deadline: It is 0"]),
    "deadline nan": ({"deadline": float("nan")}, ["deadline: It is nan"]),
    "deadline infinite": ({"deadline": float("inf")}, ["deadline: It is inf", "at most"]),
    "deadline None": ({"deadline": None}, ["deadline", "NoneType"]),
    "switch text": (
        {"use_parameter_defaults": "false"},
        ["use_parameter_defaults cannot be of the type str: write True or False"],
    ),
    "switch number": ({"mirror_fallback": 1}, ["mirror_fallback", "True or False"]),
    "switch None": ({"mirror_fallback": None}, ["mirror_fallback", "True or False"]),
    "choice near": ({"platforms": "verfy"}, ["'verfy'. Did you mean 'verify'?"]),
    "choice case": ({"update": "Never"}, ["Did you mean 'never'?"]),
    "choice far": ({"style": "name"}, ["'tag-and-digest' or 'digest'"]),
    "choice None": ({"platforms": None}, ["platforms", "NoneType"]),
    "choice list": ({"record_in": ["outputs"]}, ["record_in", "list"]),
    "choice of a service": ({"version_consistency": "respekt"}, ["Did you mean 'respect'?"]),
    "resolver dict": ({"resolver": {"nginx:1": SECRET}}, ["resolver", "FixedResolver"]),
    "resolver class": ({"resolver": FixedResolver}, ["resolver", "FixedResolver"]),
}


@pytest.mark.parametrize(("arguments", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_argument_is_named_at_once_and_its_value_is_not_shown(
    arguments: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Options.of(arguments)
    for each in words:
        assert each in str(caught.value)
    assert "secret" not in str(caught.value)


def test_what_may_be_left_out_may_be_none() -> None:
    dicts = dict.fromkeys(["exempt", "mirrors", "ecr_roles", "properties", "ssm_parameters"])
    others = dict.fromkeys(["resolver", "style", "update", "resource_types"])
    assert Options.of({**dicts, **others, "record_in": None}) == Options()


def test_collections_of_any_kind_are_taken_and_read_once() -> None:
    options = Options.of(
        {
            "insecure_registries": (each for each in ["One.example", "two.example:5000"]),
            "resource_types": {"AWS::ECS::TaskDefinition": None}.keys(),
            "properties": MappingProxyType({"Custom::Thing": ("Image",)}),
            "deadline": 5,
        }
    )
    assert options.insecure_registries == ("one.example", "two.example:5000")
    assert options.resource_types == ("AWS::ECS::TaskDefinition",)
    assert options.properties == {"Custom::Thing": ("Image",)}
    assert options.deadline == 5.0


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates(),
    lambda some: (
        st.lists(some)
        | st.dictionaries(st.text() | st.integers(), some)
        | st.sampled_from([object(), Options, len])
    ),
    max_leaves=8,
)
NAMES = st.sampled_from([*PinImagesOptions.__annotations__, "other"])


def assert_taken_or_refused(make: Callable[[], Options]) -> None:
    refusal = ""
    try:
        make()
    except ConfigurationError as error:
        refusal = str(error)
    assert len(refusal) < 2_500
    assert refusal.isprintable()


@given(st.dictionaries(NAMES, ANYTHING, max_size=4))
def test_whatever_is_given_is_taken_or_refused_in_one_bounded_line(
    arguments: dict[str, Any],
) -> None:
    assert_taken_or_refused(lambda: Options.of(arguments))


@given(values=st.dictionaries(NAMES, ANYTHING, max_size=4), as_one_object=st.booleans())
def test_whatever_context_holds_is_taken_or_refused_in_one_bounded_line(
    *, values: dict[str, Any], as_one_object: bool
) -> None:
    context: dict[str, Any] = {
        f"pinned-images:{context_name(name)}": values[name] for name in values
    }
    if as_one_object:
        context = {"pinned-images": {context_name(name): values[name] for name in values}}
    assert_taken_or_refused(lambda: surrounded(Options(), context))


@given(st.sampled_from(DATA_OPTIONS), st.text())
def test_whatever_a_variable_holds_is_taken_or_refused_in_one_bounded_line(
    name: str, text: str
) -> None:
    assert_taken_or_refused(lambda: surrounded(Options(), None, **{variable_name(name): text}))


EXPIRING = {"reason": "why", "expires": "2027-03-31"}

#: An option, its value as JSON, the same as text, and what it is taken for.
WRITTEN: dict[str, tuple[str, Any, str, Any]] = {
    "choice": ("style", "digest", "digest", "digest"),
    "switch on": ("mirror_fallback", True, "TRUE", True),
    "switch off": ("use_parameter_defaults", False, "false", False),
    "number": ("deadline", 60, "60", 60.0),
    "file": ("lock_file", "a/b.json", "a/b.json", Path("a/b.json")),
    "list": (
        "resource_types",
        ["AWS::ECS::TaskDefinition", "AWS::Lambda::Function"],
        "AWS::ECS::TaskDefinition, AWS::Lambda::Function",
        ("AWS::ECS::TaskDefinition", "AWS::Lambda::Function"),
    ),
    "list as JSON": ("insecure_registries", ["a.example"], '["a.example"]', ("a.example",)),
    "dict": (
        "mirrors",
        {"docker.io": "https://a.example", "ghcr.io": "https://b.example/x"},
        "docker.io=https://a.example,ghcr.io=https://b.example/x",
        {"docker.io": "https://a.example", "ghcr.io": "https://b.example/x"},
    ),
    "dict as JSON": (
        "ssm_parameters",
        {"/image": "nginx:1"},
        '{"/image": "nginx:1"}',
        {"/image": "nginx:1"},
    ),
    "dict of lists": (
        "properties",
        {"Custom::Thing": ["Image"]},
        "Custom::Thing=Image",
        {"Custom::Thing": ("Image",)},
    ),
    "reasons": ("exempt", {"a:*": "why"}, "a:*=why", {"a:*": Exemption("why")}),
    "days": (
        "exempt",
        {"a:*": EXPIRING},
        json.dumps({"a:*": EXPIRING}),
        {"a:*": Exemption("why", date(2027, 3, 31))},
    ),
}


@pytest.mark.parametrize(("name", "value", "text", "expected"), WRITTEN.values(), ids=WRITTEN)
def test_each_option_is_written_as_json_or_as_text(
    name: str, value: Any, text: str, expected: Any
) -> None:
    key = f"pinned-images:{context_name(name)}"
    ways = [
        surrounded(Options(), {key: value}),
        surrounded(Options(), {key: text}),
        surrounded(Options(), {"pinned-images": {context_name(name): value}}),
        surrounded(Options(), {"pinned-images": json.dumps({context_name(name): value})}),
        surrounded(Options(), None, **{variable_name(name): text}),
    ]
    assert [getattr(way, name) for way in ways] == [expected] * len(ways)


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ({"pinned-images:platforms": "verfy"}, ["pinned-images:platforms", "'verify'?"]),
        ({"pinned-images:deadline": "soon"}, ["pinned-images:deadline", "number of seconds"]),
        (
            {"pinned-images:mirror-fallback": "maybe"},
            ["pinned-images:mirror-fallback", "true or f"],
        ),
        ({"pinned-images:mirrors": "docker.io"}, ["Entry 1 of pinned-images:mirrors"]),
        ({"pinned-images:mirrors": '{"docker.io"'}, ["pinned-images:mirrors", "JSON"]),
        ({"pinned-images:mirrors": {"docker.io": 3}}, ["pinned-images:mirrors['docker.io']"]),
        (
            {"pinned-images:mirrors": "docker.io=http://mirror.example"},
            ["'mirror.example' among the insecure registries"],
        ),
        ({"pinned-images:exempt": {"a": {"reason": 3}}}, ["exempt['a']['reason']"]),
        ({"pinned-images:exempt": {"a": {"expires": "2027-03-31"}}}, ["exempt['a']", "reason"]),
        (
            {"pinned-images:exempt": {"a": {"reason": "x", "expire": "2027-03-31"}}},
            ["Did you mean 'expires'?"],
        ),
        (
            {"pinned-images:exempt": {"a": {"reason": "x", "expires": "soon"}}},
            ["exempt['a']['expires']", "2027-03-31"],
        ),
        ({"pinned-images:lock-file": True}, ["bool", "or false for none"]),
        ({"pinned-images:lock-file": "off"}, ["pinned-images:lock-file: It names no file"]),
        ({"pinned-images:resolver": "x"}, ["no context key 'pinned-images:resolver'"]),
        ({"pinned-images:lockfile": "x"}, ["Did you mean 'pinned-images:lock-file'?"]),
        ({"pinned-images:lock_file": "x"}, ["Did you mean 'pinned-images:lock-file'?"]),
        ({"pinned-images:Update": "x"}, ["Did you mean 'pinned-images:update'?"]),
        ({"pinned_images:update": "never"}, ["Did you mean 'pinned-images:update'?"]),
        ({"pinnedImages": {}}, ["Did you mean 'pinned-images'?"]),
        ({"pinnd-images": {}}, ["Did you mean 'pinned-images'?"]),
        ({"pinned-images.lock-file": "x"}, ["Did you mean 'pinned-images:lock-file'?"]),
        ({"pinned-images/update ": "x"}, ["Did you mean 'pinned-images:update'?"]),
        ({"pinned-images:summary": "yes"}, ["pinned-images:summary cannot be used", "true or f"]),
        ({"pinned-images:exempt": {"a": None}}, ["of the type null", '"expires": "2027-03-31"}']),
        ({"pinned-images": {"lockFile": "x"}}, ["Did you mean 'lock-file'?"]),
        ({"pinned-images": ["lock-file"]}, ["pinned-images cannot be of the type list"]),
        ({"pinned-images": {"update": "nevr"}}, ["pinned-images['update']", "'never'?"]),
    ],
)
def test_wrong_context_is_refused_and_its_key_is_named(
    context: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        surrounded(Options(), context)
    for each in words:
        assert each in str(caught.value)


@pytest.mark.parametrize(
    "context",
    [
        {"insecure-registries": ["user:hunter2@registry.example"]},
        {"mirrors": {"user:hunter2@docker.io": "https://mirror.example"}},
        {"mirrors": {"https://user:hunter2@docker.io/": "https://mirror.example"}},
        {"mirrors": {"docker.io": "https://mirror.example/?token=hunter2"}},
        {"mirrors": {"docker.io": "https://mirror.example/#hunter2"}},
    ],
)
def test_errors_show_no_credentials_of_hosts_and_mirrors(context: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        surrounded(Options(), {"pinned-images": context})
    assert "hunter2" not in str(caught.value)


def test_context_of_others_is_no_concern() -> None:
    others = {
        "pinned-images-of-mine": 1,
        "pinned-image-tag": 2,
        "pinning-images": 3,
        "@aws-cdk/core:x": True,
        "x:lock-file": 2,
    }
    assert surrounded(Options(), others) == Options()


def test_a_mistyped_variable_is_refused_and_one_of_the_users_own_is_not() -> None:
    assert surrounded(Options(), None, PINNED_IMAGES_BUCKET="x") == Options()
    with pytest.raises(ConfigurationError, match="Did you mean 'PINNED_IMAGES_LOCK_FILE'"):
        surrounded(Options(), None, PINNED_IMAGES_LOCKFILE="x")
    for name in ("PINNED_IMAGE_UPDATE", "pinned_images_update", "PINED_IMAGES_UPDATE"):
        with pytest.raises(ConfigurationError, match="Did you mean 'PINNED_IMAGES_UPDATE'"):
            surrounded(Options(), None, **{name: "never"})
    others = dict.fromkeys(("PINNED_IMAGE", "PINNED_IMAGE_TAG", "PIN", "PINNED_IMAGES"), "x")
    assert surrounded(Options(), None, **others) == Options()


def test_the_environment_counts_before_keys_these_before_the_object_and_that_before_arguments() -> (
    None
):
    options = Options.of({"deadline": 1, "style": "digest", "platforms": "select"})
    context = {
        "pinned-images": {"deadline": 2, "lock-file": "b.json", "style": "tag-and-digest"},
        "pinned-images:deadline": 3,
        "pinned-images:lock-file": "c.json",
    }
    found = surrounded(options, context, PINNED_IMAGES_DEADLINE="4")
    assert found.deadline == 4.0
    assert found.lock_file == Path("c.json")
    assert found.style == "tag-and-digest"
    assert found.platforms == "select"


def test_dicts_are_merged_and_what_counts_more_comes_first() -> None:
    options = Options.of({"exempt": {"a": "argument", "b": "argument"}})
    context = {"pinned-images:exempt": {"b": "context", "c": "context"}}
    found = surrounded(options, context, PINNED_IMAGES_EXEMPT="c=variable,d=variable")
    assert [(pattern, each.reason) for pattern, each in found.exempt.items()] == [
        ("c", "variable"),
        ("d", "variable"),
        ("b", "context"),
        ("a", "argument"),
    ]


def test_hosts_for_plain_http_may_be_named_in_context() -> None:
    options = Options.of({"mirrors": {"docker.io": "http://mirror.example"}})
    surrounded(options, {"pinned-images:insecure-registries": ["mirror.example"]})
    with pytest.raises(ConfigurationError, match="insecure"):
        surrounded(options)


@pytest.mark.parametrize("last", ["2027-03-31", datetime(2027, 3, 31)], ids=["text", "datetime"])  # noqa: DTZ001 - as users write it
def test_the_last_day_of_an_exemption_is_a_day(last: Any) -> None:
    Exemption("why", expires=date(2027, 3, 31))
    with pytest.raises(ConfigurationError, match=r"date\(2027, 3, 31\)"):
        Exemption("why", expires=last)


PAGE = "configuration.md"


def documented() -> dict[str, list[str]]:
    """The context key, the variable and the option of commands in the table, by argument."""
    rows = re.findall(r"^\| (`[a-z_]+`(?:<br>`.*`)*) \| .+ \|$", page(PAGE), re.MULTILINE)
    names = ([name.strip("`") for name in row.split("<br>")] for row in rows)
    return {argument: others for argument, *others in names}


def test_the_table_has_every_option_with_its_key_and_its_variable() -> None:
    table = documented()
    assert set(table) == set(PinImagesOptions.__annotations__)
    assert {name: table[name][:2] for name in DATA_OPTIONS} == {
        name: [f"pinned-images:{context_name(name)}", variable_name(name)] for name in DATA_OPTIONS
    }


def options_of_commands(group: click.Group) -> dict[str, set[str]]:
    """The options of each command, by the names that are typed."""
    found: dict[str, set[str]] = {}
    for name, command in group.commands.items():
        found[name] = {option for each in command.params for option in each.opts}
        if isinstance(command, click.Group):
            below = options_of_commands(command)
            found.update({f"{name} {each}": options for each, options in below.items()})
    return found


def test_the_table_has_every_option_of_a_command_that_is_an_option_of_synths_too() -> None:
    told = {name: others[2] for name, others in documented().items() if len(others) > 2}
    assert told == {name: COMMAND_OPTIONS[name] for name in DATA_OPTIONS if name in COMMAND_OPTIONS}
    commands = options_of_commands(application)
    assert set(COMMAND_OPTIONS.values()) <= set().union(*commands.values())
    # An option with the name of one of PinImages is in the table.
    typed = {f"--{context_name(name)}" for name in DATA_OPTIONS}
    known = set(COMMAND_OPTIONS.values())
    for command, options in commands.items():
        assert options & typed <= known | {"--platforms"}, command


def test_the_page_says_which_commands_read_what() -> None:
    commands = options_of_commands(application)
    registries = {name for name, options in commands.items() if "--mirror" in options}
    aws = {name for name, options in commands.items() if "--ecr-role" in options} - registries
    told = {
        row.group(1): set(re.findall("`([a-z -]+)`", row.group(2)))
        for row in re.finditer(r"^\| ([A-Za-z ]+) \| (`.*`) \|$", page(PAGE), re.MULTILINE)
    }
    assert told == {"registries and AWS": registries, "AWS alone": aws}


def test_what_the_page_shows_of_files_and_variables_is_taken() -> None:
    context = json.loads(example(PAGE, "cdk.json"))["context"]
    lines = example(PAGE, "variables").splitlines()
    variables = dict(line.split("=", 1) for line in lines)
    found = surrounded(Options(), context)
    assert found.exempt["ghcr.io/acme/agent:*"].expires == date(2027, 3, 31)
    assert surrounded(Options(), None, **variables).insecure_registries == (
        "registry.acme.example:5000",
        "10.0.0.7",
    )


def test_the_errors_on_the_page_are_as_they_are() -> None:
    wrong: list[dict[str, Any]] = [
        {"lockfile": "x"},
        {"platforms": "verfy"},
        {"use_parameter_defaults": "false"},
        {"ecr_roles": {"1": "x"}},
    ]
    for arguments, line in zip(wrong, example(PAGE, "errors").splitlines(), strict=True):
        with pytest.raises(ConfigurationError) as caught:
            Options.of(arguments)
        assert str(caught.value) == line


def attribute_docstrings(kind: type) -> dict[str, str]:
    """What stands below each key of a TypedDict, as editors show it."""
    [definition] = ast.parse(inspect.getsource(kind)).body
    assert isinstance(definition, ast.ClassDef)
    return {
        key.target.id: " ".join(text.value.value.split())
        for key, text in itertools.pairwise(definition.body)
        if isinstance(key, ast.AnnAssign)
        and isinstance(key.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


@pytest.mark.parametrize(
    ("documented_in", "kinds"),
    [(PinImages, (GateOptions, PinImagesOptions)), (PinnedImagesGate, (GateOptions,))],
)
def test_editors_show_the_same_of_an_argument_as_of_its_class(
    documented_in: type, kinds: tuple[type, ...]
) -> None:
    names = {name: text for kind in kinds for name, text in attribute_docstrings(kind).items()}
    assert set(names) == set(kinds[-1].__annotations__)
    words = " ".join((documented_in.__doc__ or "").split())
    for name, text in names.items():
        assert f"{name}: {text}" in words


def test_the_options_of_the_page_are_handed_on() -> None:
    names: dict[str, Any] = {}
    exec(example(PAGE, "options.py"), names)  # noqa: S102  what the page shows
    app = App()
    names["pin"](app, deadline=5)
    with pytest.raises(ConfigurationError, match="deadline"):
        names["pin"](app, deadline=-1)
