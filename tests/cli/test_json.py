"""The JSON of every command against its published schema, and what it says of unknowns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import ValidationError

from pinned_images.cli.application import application
from pinned_images.cli.schema import TYPES, generated, published
from pinned_images.options import DATA_OPTIONS, context_name
from pinned_images.report import SiteRecord, SynthReport
from pinned_images.testing.registry_server import RegistryServer
from tests.cli.conftest import LockedFolder, Run
from tests.cli.schemas import validate
from tests.cli.test_exit_codes import commands
from tests.cli.workplace import GONE, workplace
from tests.documentation import example, page

__all__ = ["workplace"]


def document(run: Run, words: str, schema: str) -> dict[str, Any]:
    """The valid document that a command prints; its exit code is that of what is in it."""
    result = run(*words.split())
    found: dict[str, Any] = json.loads(result.stdout)
    validate(schema, found)
    assert found["version"] == 1
    if "unknown" in found:
        expected = (
            1 if found.get("problems") or found.get("lacking") else 3 if found["unknown"] else 0
        )
        if any(each["kind"] == "invalid" for each in found.get("problems", [])):
            expected = 2
        assert result.exit_code in (expected, 1 if "--exit-code" in words else expected)
    return found


@pytest.mark.parametrize(
    ("words", "schema"),
    [
        ("check good --json", "check"),
        ("pin down --json", "check"),
        ("list . --json", "list"),
        ("lock --lock-file both.lock.json --json", "lock-file"),
        ("lock --lock-file good.lock.json --check --app synth --json", "lock-check"),
        ("lock --lock-file empty.lock.json --check --app synth --json", "lock-check"),
        ("lock prune --lock-file both.lock.json --app synth --dry-run --json", "lock-prune"),
        ("lock update --lock-file both.lock.json --json", "lock-update"),
        ("lock verify --lock-file good.lock.json --json", "lock-verify"),
        ("lock verify --lock-file both.lock.json --json", "lock-verify"),
        ("lock verify --lock-file down.lock.json --json", "lock-verify"),
        ("outdated --lock-file both.lock.json --json", "outdated"),
        ("pin good.Dockerfile both.Dockerfile --json", "pin"),
        ("pin both.Dockerfile --dry-run --json", "pin"),
        ("pin both.Dockerfile --check --json", "pin-check"),
        ("update both.Dockerfile --all --resolve-digest --json", "pin"),
        ("update good.Dockerfile --image-reference nginx:2 --json", "pin"),
        ("report synth --json", "record"),
        ("report synth --compare base --json", "report-compare"),
        ("resolve nginx:1 nginx:2 quay.io/a/b:1 No:1 --json", "resolve"),
        ("lifecycle policy.json --images images.json --json", "lifecycle"),
    ],
)
def test_the_json_of_a_command_is_as_its_schema_says(
    run: Run, workplace: Path, words: str, schema: str
) -> None:
    document(run, words, schema)


def test_every_command_that_gives_data_has_json() -> None:
    without = {
        name
        for name, command in commands(application).items()
        if not any("--json" in parameter.opts for parameter in command.params)
    }
    assert without == {"demo", "run", "schema", "serve"}


def test_what_a_dead_mirror_leaves_open_is_in_the_document(run: Run, workplace: Path) -> None:
    for words in (
        "outdated --lock-file down.lock.json --json",
        "lock verify --lock-file down.lock.json --json",
        "lock update --lock-file down.lock.json --dry-run --json",
        "pin down.Dockerfile --json",
    ):
        found = document(run, words, words.split(" --")[0].replace(" ", "-").split("-down")[0])
        [unknown] = found["unknown"]
        assert unknown["image"] == "quay.io/a/b:1"
        assert unknown["kind"] == "unavailable"
        assert "127.0.0.1:1" in unknown["reason"]
        assert found["problems"] == []


def test_the_example_of_the_page_is_real(run: Run, folder: Path) -> None:
    key = "quay.io/prometheus/prometheus:v3.1.0"
    lock = {"version": 1, "images": {key: {"digest": f"sha256:{GONE}"}}}
    Path("pinned-images.lock.json").write_text(json.dumps(lock))
    result = run("outdated", "--json", "--mirror", "quay.io=https://127.0.0.1:1")
    assert result.exit_code == 3
    assert result.stdout == example("scripts.md", "unknown")


@pytest.mark.parametrize(
    ("words", "schema"),
    [
        ("list --repository nothing --json", "list"),
        ("pin --repository nothing --json", "pin"),
        ("pin --repository nothing --check --json", "pin-check"),
        ("update --all --repository nothing --commit x --json", "pin"),
    ],
)
def test_a_repository_that_cannot_be_cloned_is_in_the_document(
    run: Run, folder: Path, words: str, schema: str
) -> None:
    result = run(*words.split())
    assert result.exit_code == 3
    found = json.loads(result.stdout)
    validate(schema, found)
    [unknown] = found["unknown"]
    assert unknown["kind"] == "git"
    assert "git clone failed" in unknown["reason"]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_json_stays_json_where_the_stream_lacks_letters(folder: Path, encoding: str) -> None:
    record = SiteRecord("Größe", "S/\u4e2d\U0001f600", "A::B::C", "Image", "a:1", "registry")
    Path("cdk.out").mkdir()
    SynthReport.of([record]).write("cdk.out")
    result = subprocess.run(
        [sys.executable, "-m", "pinned_images", "report", "--json"],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=True,
    )
    [image] = json.loads(result.stdout.decode(encoding))["images"]
    assert (image["stack"], image["constructPath"]) == ("Größe", "S/\u4e2d\U0001f600")


def test_the_rule_of_a_table_is_of_hyphens_where_the_stream_has_no_lines(folder: Path) -> None:
    record = SiteRecord("Größe", "S/Task", "A::B::C", "Image", "a:1", "registry")
    Path("cdk.out").mkdir()
    SynthReport.of([record]).write("cdk.out")
    result = subprocess.run(
        [sys.executable, "-m", "pinned_images", "report"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    stack, _, rule, *_ = result.stdout.decode("ascii").splitlines()
    assert stack == r"Gr\xf6\xdfe"
    assert set(rule) == {"-"}


def test_the_kind_of_an_error_is_a_word(run: Run, workplace: Path) -> None:
    words = "resolve nginx:1 nginx:2 quay.io/a/b:1 No:1 --json"
    found = document(run, words, "resolve")
    assert [each["kind"] for each in found["problems"]] == ["not-found", "invalid"]
    assert [each["kind"] for each in found["unknown"]] == ["unavailable"]
    violations = document(run, "pin both --json", "check")["violations"]
    assert sorted(each["kind"] for each in violations) == ["not-found", "unavailable"]


def test_pin_as_json_lists_changes_and_changes_the_files(run: Run, workplace: Path) -> None:
    planned = document(run, "pin good.Dockerfile --dry-run --json", "pin")
    assert Path("good.Dockerfile").read_text() == "FROM nginx:1\n"
    done = document(run, "pin good.Dockerfile --json", "pin")
    assert planned == {**done, "dryRun": True, "files": []}
    [change] = done["changes"]
    assert change["reference"] == "nginx:1"
    assert Path("good.Dockerfile").read_text() == f"FROM {change['new']}\n"
    assert (change["file"], change["line"], change["column"]) == ("good.Dockerfile", 1, 6)
    assert done["files"] == ["good.Dockerfile"]


def test_a_file_that_cannot_be_edited_is_a_problem(run: Run, folder: Path) -> None:
    template = (
        "Mappings: {M: {a: {b: '3.1.0'}}}\nResources:\n  T:\n    Type: AWS::ECS::TaskDefinition\n"
        "    Properties:\n      ContainerDefinitions:\n        - Image: !Join ['', "
        "[a/b, ':', !FindInMap [M, a, b]]]\n"
    )
    Path("template.yaml").write_text(template)
    found = document(run, "update . --image-reference a/b:4 --json", "pin")
    [problem] = found["problems"]
    assert (problem["kind"], problem["file"]) == ("not-editable", "template.yaml")
    assert found["changes"] == []


def test_a_dry_run_of_lock_update_shows_what_would_change_and_writes_nothing(
    run: Run, lock: LockedFolder, registry: RegistryServer
) -> None:
    registry.push("team/web:1")
    image = f"{registry.host}/team/web:1"
    lock.add(image)
    before, old = lock.text, lock.digest(image)
    assert run("lock", "update", "--dry-run").stderr == "0 of 1 image moved.\n"
    new = registry.move_tag("team/web:1")
    result = run("lock", "update", "--dry-run")
    assert result.exit_code == 0
    assert (old.short in result.stdout, new.short in result.stdout) == (True, True)
    assert "Nothing was written" in result.stderr
    planned = document(run, "lock update --dry-run --json", "lock-update")
    assert lock.text == before
    done = document(run, "lock update --json", "lock-update")
    assert done["moved"] == [{"image": image, "locked": old, "now": new}]
    assert planned == {**done, "dryRun": True}
    assert lock.digest(image) == new


@pytest.mark.parametrize("name", TYPES)
def test_a_published_schema_is_that_of_its_type(run: Run, name: str) -> None:
    assert json.loads(published(name)) == generated(name), "run: python -m tools.json_schemas"
    assert run("schema", name).stdout == published(name)


def test_there_are_no_other_schemas_and_the_page_names_them_all(run: Run) -> None:
    names = {path.name for path in (files("pinned_images") / "schemas").iterdir()}
    assert names == {f"{name}.json" for name in TYPES}
    assert run("schema").stdout.split() == list(TYPES)
    for name in TYPES:
        assert f"| `{name}` |" in page("scripts.md")


def test_the_schema_of_the_context_has_every_option_and_takes_the_example() -> None:
    assert set(generated("context")["properties"]) == set(map(context_name, DATA_OPTIONS))
    context = json.loads(example("configuration.md", "cdk.json"))["context"]["pinned-images"]
    validate("context", context)
    validate("context", {"lock-file": False, "deadline": 0.5})
    names = ({"lockfile": "x"}, {"update": "sometimes"}, {"mirrors": "x"}, {"lock-file": True})
    for wrong in (*names, {"deadline": 0}, {"deadline": 604_801}):
        with pytest.raises(ValidationError):
            validate("context", wrong)


def test_the_schema_of_the_record_has_every_field_of_it() -> None:
    properties = generated("record")["$defs"]["RecordedImage"]["properties"]
    written = {name.replace("_", "") for name in SiteRecord.__dataclass_fields__}
    assert set(map(str.lower, properties)) == written


def test_a_mistyped_schema_names_the_nearest(run: Run) -> None:
    result = run("schema", "outdatet")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Did you mean 'outdated'?" in result.stderr


def test_an_option_of_the_group_that_a_command_would_not_see_is_wrong_use(
    run: Run, workplace: Path
) -> None:
    result = run("lock", "--lock-file", "good.lock.json", "--json", "verify")
    assert result.exit_code == 2
    assert "lock verify --json" in result.stderr
