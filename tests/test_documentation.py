"""Every block of code of the documentation is complete, and is run or parsed by a test.

A block with a title (``<!-- example: TITLE -->`` above it) is run by the test that names the title;
all others are run or parsed here.
"""

from __future__ import annotations

import ast
import builtins
import json
import re
import shlex
import subprocess
import symtable
from collections.abc import Callable, Iterator
from importlib.metadata import metadata
from pathlib import Path
from types import ModuleType

import botocore.session
import click
import pytest
import yaml
from botocore.model import OperationNotFoundError

import pinned_images.errors
import pinned_images.testing
from pinned_images.cli.application import application
from tests.documentation import PROJECT, Block, all_blocks, page

BLOCKS = all_blocks()
SHELLS = ("sh", "console", "indented")
#: What is no code: output, differences, directives of the site. The other languages have tests of
#: their own.
OTHERS = ("", "text", "diff", "typescript", "javascript", "java", "go", "csharp", "powershell")

#: Blocks that are neither run nor parsed here, each with the reason.
EXCEPTIONS = {
    (
        "docs/testing.md",
        "def ",
    ): "a test of the user's project: tests/testing/test_documentation.py",
}


def in_language(*languages: str) -> pytest.MarkDecorator:
    chosen = [block for block in BLOCKS if block.language in languages]
    return pytest.mark.parametrize("block", chosen, ids=str)


def is_excepted(block: Block) -> bool:
    return any(block.page == name and part in block.text for name, part in EXCEPTIONS)


def test_every_exception_is_needed() -> None:
    for name, part in EXCEPTIONS:
        assert any(block.page == name and part in block.text for block in BLOCKS)


def test_every_language_is_looked_at() -> None:
    known = {"python", "json", "yaml", *SHELLS, *OTHERS}
    found = {block.language for block in BLOCKS if not block.language.startswith("{")}
    assert found <= known
    assert {"python", "json", "yaml", "sh"} <= found
    hidden = [str(each) for each in BLOCKS if each.language == "text" and "import " in each.text]
    assert hidden == []


# The reference


@pytest.mark.parametrize(
    "module", [pinned_images, pinned_images.testing], ids=lambda of: of.__name__
)
def test_every_public_name_is_in_the_reference(module: ModuleType) -> None:
    text = page("reference.md")
    assert ".. automodule:: pinned_images.errors\n   :members:" in text
    documented = set(re.findall(r"auto(?:class|data|function):: (\w+)", text))
    errors = vars(pinned_images.errors).keys()
    assert set(module.__all__) - documented - errors - {"__version__"} == set()


# Titles


def constants(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {node.value for node in nodes if isinstance(node.value, str)}


@pytest.fixture(scope="module")
def texts_of_tests() -> list[set[str]]:
    """The strings of each test file that reads pages."""
    files = (path for path in (PROJECT / "tests").rglob("*.py") if path != Path(__file__))
    return [constants(path) for path in files if "documentation" in path.read_text("utf-8")]


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.title], ids=str)
def test_a_block_with_a_title_is_used_by_a_test(
    block: Block, texts_of_tests: list[set[str]]
) -> None:
    name = block.page.removeprefix("docs/")
    assert any({name, block.title} <= texts for texts in texts_of_tests)


# Python


def undefined(source: str) -> set[str]:
    """The names that a module takes from nowhere."""
    top = symtable.symtable(source, "a block", "exec")

    def used(table: symtable.SymbolTable) -> Iterator[str]:
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (table is top or symbol.is_global()):
                yield symbol.get_name()
        for child in table.get_children():
            yield from used(child)

    symbols = top.get_symbols()
    made = {each.get_name() for each in symbols if each.is_assigned() or each.is_imported()}
    return set(used(top)) - made - set(dir(builtins))


def test_a_name_from_nowhere_is_found() -> None:
    assert undefined("def f(b):\n    return [(a, b, d) for d in e]") == {"a", "e"}
    assert undefined("class A: pass\nx: A = A()\nprint(x, f'{y}')") == {"y"}


@in_language("python")
def test_a_block_of_python_is_complete(block: Block) -> None:
    assert undefined(block.text) == set()


@in_language("python")
def test_a_block_of_python_runs(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if block.title or is_excepted(block):
        return
    does_something = [
        node
        for node in ast.parse(block.text).body
        if not isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef))
    ]
    assert does_something, "nothing calls this: give it a title, and write a test that does"
    monkeypatch.chdir(tmp_path)
    exec(compile(block.text, block.page, "exec"), {"__name__": "block"})  # noqa: S102


# Data


@in_language("json")
def test_a_block_of_json_is_json(block: Block) -> None:
    json.loads(block.text)


class Loader(yaml.SafeLoader):
    """YAML with the short forms of CloudFormation and GitLab."""


Loader.add_multi_constructor("!", lambda _loader, tag, node: (tag, node.value))


@in_language("yaml")
def test_a_block_of_yaml_is_yaml(block: Block) -> None:
    assert all(isinstance(each, (dict, list)) for each in yaml.load_all(block.text, Loader))


# Commands


def script(block: Block) -> str:
    """The commands of a block, without what they print."""
    if block.language != "console":
        return block.text
    lines = [line for line in block.text.splitlines() if line.startswith("$ ")]
    return "\n".join(line.removeprefix("$ ") for line in lines)


def commands(text: str) -> Iterator[list[str]]:
    """Each command with its arguments, without variables, redirections and comments."""
    lexer = shlex.shlex(text.replace("\\\n", " "), posix=True, punctuation_chars=";&|<>\n")
    lexer.whitespace = " \t"
    lexer.commenters = ""
    words: list[str] = []
    for word in (*lexer, ";"):
        if not word.strip(";&|<>\n"):
            if words:
                yield words
            words = []
        elif words or not re.match(r"[A-Za-z_]\w*=", word):
            words.append(word)


def without_comments(text: str) -> str:
    return re.sub(r"(^|\s)#.*", "", text)


def check_own(arguments: list[str]) -> None:
    """Refuses commands, options and values that are none."""
    command: click.Command = application
    while isinstance(command, click.Group) and arguments and arguments[0] in command.commands:
        name, *arguments = arguments
        command = command.commands[name]
    if isinstance(command, click.Group):
        parser = command.make_parser(click.Context(command))
        assert parser.parse_args(list(arguments))[1] == []
        return
    try:
        command.make_context("pinned-images", list(arguments))
    except click.BadParameter as error:  # the page's files are not here
        if not (error.param and isinstance(error.param.type, (click.File, click.Path))):
            raise


def check_aws(arguments: list[str]) -> None:
    """Refuses operations and parameters that AWS does not have."""
    service, operation, *rest = arguments
    model = botocore.session.get_session().get_service_model(service)
    shape = model.operation_model("".join(map(str.title, operation.split("-")))).input_shape
    members = {name.lower() for name in shape.members} if shape else set()
    options = {each.lstrip("-").replace("-", "") for each in rest if each.startswith("--")}
    assert options <= members | {"query", "output", "region", "profile"}


def check_make(arguments: list[str]) -> None:
    makefile = (PROJECT / "Makefile").read_text("utf-8")
    for target in (each for each in arguments if "=" not in each):
        assert re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE)


def check_pip(arguments: list[str]) -> None:
    extras = set(metadata("pinned-images").get_all("Provides-Extra") or ())
    for name in arguments:
        if own := re.fullmatch(r"pinned-images\[(.*)\]", name):
            assert set(own[1].split(",")) <= extras


CHECKS: dict[str, Callable[[list[str]], None]] = {
    "pinned-images": check_own,
    "aws": check_aws,
    "make": check_make,
    "pip": check_pip,
}


def check(text: str) -> None:
    for program, *arguments in commands(text):
        if program in CHECKS:
            CHECKS[program](arguments)


@in_language(*SHELLS)
def test_a_block_of_commands_is_one(block: Block) -> None:
    text = without_comments(script(block))
    parsed = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    assert parsed.returncode == 0, parsed.stderr
    assert block.language != "indented", "put it between fences, with its language"
    check(text)


def test_the_page_of_commands_begins_with_all_of_them() -> None:
    listed = re.findall(r"\[`([a-z-]+)`\]\(#pinned-images-([a-z-]+)\)", page("commands.md"))
    assert sorted(name for name, _ in listed) == sorted(application.commands)
    assert all(name == anchor for name, anchor in listed)


def test_a_wrong_command_is_found() -> None:
    wrong = {
        "pinned-images lock refresh": AssertionError,
        "pinned-images check-deployed --fail-on nothing": click.BadParameter,
        "A=1 pinned-images pin --frosen . > x": click.NoSuchOption,
        "true && pinned-images pni": AssertionError,
        "aws ecs list-serbices": OperationNotFoundError,
        "aws ecs list-services \\\n --clutser x": AssertionError,
        "make snyth": AssertionError,
        "pip install 'pinned-images[ckd]'": AssertionError,
    }
    for line, error in wrong.items():
        with pytest.raises(error):
            check(line)
