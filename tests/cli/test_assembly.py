"""``pinned-images pin`` and ``check`` on the output of a synth, and on a template."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from pinned_images.report import SiteRecord, SynthReport
from pinned_images.testing import RegistryServer
from tests.cloud_assembly.assemblies import Assembly, Stack, Template
from tests.cloud_assembly.consistency import assert_consistent, contents

Run = Callable[..., Result]

YAML = """
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions:
        - {Name: app, Image: !Sub "ghcr.io/org/${Name}:1"}
Parameters:
  Name: {Type: String, Default: app, AllowedValues: [app]}
"""


@pytest.fixture
def assembly(folder: Path) -> Path:
    inner = Template(("ghcr.io/org/app:1",))
    Assembly((Stack(Template(("ghcr.io/org/app:1",), (inner,)), "default"),)).write(
        folder / "cdk.out"
    )
    return folder / "cdk.out"


@pytest.fixture
def mirror(registry: RegistryServer) -> tuple[str, str]:
    registry.push("ghcr.io/org/app:1", platforms=("linux/amd64", "linux/arm64"))
    return "--mirror", f"ghcr.io={registry.mirrors['ghcr.io']}"


def test_an_assembly_is_pinned_as_a_whole_and_again_from_the_lock_file(
    run: Run, assembly: Path, mirror: tuple[str, str], tmp_path: Path
) -> None:
    shutil.copytree(assembly, tmp_path / "plain")
    result = run("pin", "cdk.out", "--lock-file", "images.lock.json", *mirror)
    assert (result.exit_code, result.stdout) == (0, ""), result.stderr
    assert result.stderr.endswith("0 errors, 0 warnings.\n")
    assert_consistent(tmp_path / "plain", assembly)
    first = contents(assembly)

    shutil.rmtree(assembly)
    shutil.copytree(tmp_path / "plain", assembly)
    result = run("pin", "cdk.out", "--lock-file", "images.lock.json", "--frozen")
    assert result.exit_code == 0, result.stderr
    assert contents(assembly) == first
    assert run("check").exit_code == 0


@pytest.mark.parametrize(
    "arguments", [["check"], ["check", "cdk.out"], ["pin", "--check", "cdk.out"]]
)
def test_what_has_no_digest_is_a_table_and_nothing_is_written(
    run: Run, assembly: Path, arguments: list[str]
) -> None:
    before = contents(assembly)
    result = run(*arguments)
    assert result.exit_code == 1
    assert "Construct" in result.stdout
    assert result.stdout.count("The image ghcr.io/org/app:1 at") == 2
    assert "error pinned-images::unpinned-image" in result.stdout
    assert result.stderr.endswith("2 errors, 0 warnings.\n")
    assert contents(assembly) == before
    found = json.loads(run(*arguments, "--json").stdout)["violations"]
    assert [each["rule"] for each in found] == ["pinned-images::unpinned-image"] * 2
    exempt = run(*arguments, "--exempt", "ghcr.io/org/*=Built later.")
    assert (exempt.exit_code, exempt.stdout) == (0, "")


def test_an_image_that_was_exempt_in_the_synth_has_advice_of_its_own(
    run: Run, assembly: Path
) -> None:
    found = json.loads(run("check", "--json").stdout)["violations"]
    exempt = SiteRecord(
        "Shop",
        found[0]["construct"],
        "AWS::ECS::TaskDefinition",
        "ContainerDefinitions[0].Image",
        "ghcr.io/org/app:1",
        "exempt",
        reason="Built later.",
    )
    SynthReport.of([exempt]).write(assembly)
    result = run("check")
    assert result.exit_code == 1
    assert result.stdout.count("The synth left it exempt") == 1
    assert result.stderr.endswith("2 errors, 0 warnings.\n")


def test_images_that_cannot_be_resolved_are_errors(
    run: Run, assembly: Path, registry: RegistryServer
) -> None:
    registry.push("ghcr.io/org/other:1")
    result = run("pin", "cdk.out", "--mirror", f"ghcr.io={registry.mirrors['ghcr.io']}")
    assert result.exit_code == 1
    assert "ghcr.io/org/app:1" in result.stdout
    assert "Traceback" not in result.output
    assert run("pin", "cdk.out", "--lock-file", "no.lock.json", "--frozen").exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["cdk.out", "other"],
        ["cdk.out", "--dry-run"],
        ["cdk.out", "--frozen"],
    ],
)
def test_what_makes_no_sense_for_an_assembly_is_wrong_use(
    run: Run, assembly: Path, arguments: list[str]
) -> None:
    before = contents(assembly)
    assert run("pin", *arguments).exit_code == 2
    assert contents(assembly) == before


def test_where_nothing_could_be_pinned_the_record_says_why_and_keeps_no_image_from_use(
    run: Run, assembly: Path, folder: Path
) -> None:
    (folder / "pinned-images.lock.json").write_text("{", "utf-8")
    assert run("pin", "cdk.out").exit_code == 2
    (folder / "pinned-images.lock.json").write_text('{"version": 1, "images": {}}', "utf-8")
    assert "The synth failed" in run("report", "cdk.out").stdout
    for command in ("lock prune", "release --app cdk.out", "check-deployed --app cdk.out"):
        refused = run(*command.split())
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert "failed, so its images are not known (Lock file" in refused.stderr


@pytest.mark.parametrize(
    "broken", ["", "{", "[]", "{}", '{"name": "A web app"}', '{"version": "1", "manifest": 3}']
)
def test_a_broken_assembly_is_one_sentence_and_no_file_of_it_is_edited(
    run: Run, assembly: Path, broken: str
) -> None:
    (assembly / "manifest.json").write_text(broken, "utf-8")
    before = contents(assembly)
    for command in ("pin", "check"):
        result = run(command, "cdk.out")
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert contents(assembly) == before


@pytest.mark.parametrize("name", ["web.yaml", "web.yml", "web.template", "web.json"])
def test_a_template_is_checked_by_the_same_rules(run: Run, folder: Path, name: str) -> None:
    text = YAML
    if name == "web.json":
        task = {"ContainerDefinitions": [{"Name": "app", "Image": "ghcr.io/org/app:1"}]}
        resource = {"Type": "AWS::ECS::TaskDefinition", "Properties": task}
        text = json.dumps({"Resources": {"Task": resource}})
    Path(name).write_text(text, "utf-8")
    result = run("check", name)
    assert result.exit_code == 1
    assert f"{name}/Task" in result.stdout
    assert "ghcr.io/org/" in result.stdout
    assert run("check", name, "--exempt", "ghcr.io/*=Built later.").exit_code == 0
    [found] = json.loads(run("check", name, "--json").stdout)["violations"]
    assert (found["resource"], found["severity"]) == ("Task", "error")
    assert Path(name).read_text("utf-8") == text


@pytest.mark.parametrize("text", ["", "[]", "a: 1", "{", "a: [", "\0", "services: {a: {image: b}}"])
def test_what_is_no_template_is_one_sentence(run: Run, folder: Path, text: str) -> None:
    Path("web.yaml").write_text(text, "utf-8")
    result = run("check", "web.yaml")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "is no CloudFormation template" in result.stderr


def test_a_template_whose_aliases_make_it_too_large_is_one_sentence(run: Run, folder: Path) -> None:
    doubled = "".join(f"X{n}: &x{n} [*x{n - 1}, *x{n - 1}]\n" for n in range(1, 30))
    Path("web.yaml").write_text(
        f"X0: &x0 [a]\n{doubled}Resources: {{A: {{Type: A::B, P: *x29}}}}\n"
    )
    result = run("check", "web.yaml")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "with its aliases written out" in result.stderr
