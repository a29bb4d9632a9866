"""``pinned-images lock`` and ``outdated``, against a registry whose tags move and vanish."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from pinned_images.lockfile import LockFile, LockKey
from pinned_images.media_types import OCI_INDEX, OCI_MANIFEST
from pinned_images.reference import ImageReference, Platform
from pinned_images.registry.resolver import RegistryResolver
from pinned_images.report import SiteRecord, SynthReport
from pinned_images.resolution import Resolution, ResolutionRequest
from pinned_images.testing.registry_server import RegistryServer

Run = Callable[..., Result]

BOTH = ("linux/amd64", "linux/arm64")


@pytest.fixture
def web(registry: RegistryServer) -> str:
    registry.push("team/web:1", platforms=BOTH)
    return f"{registry.host}/team/web:1"


@pytest.fixture
def jobs(registry: RegistryServer) -> str:
    registry.push("team/jobs:2")
    return f"{registry.host}/team/jobs:2"


def record(image: str, **changes: object) -> SiteRecord:
    return SiteRecord("S", "S/T", "AWS::ECS::TaskDefinition", "Image", image, "registry", **changes)  # type: ignore[arg-type]


def test_lock_shows_images_digests_and_platforms(run: Run, lock: Any, web: str) -> None:
    lock.add(web, platform="linux/arm64")
    result = run("lock")
    assert result.exit_code == 0
    assert web in result.stdout
    assert lock.digest(web).short in result.stdout
    assert "linux/amd64, linux/arm64" in result.stdout
    assert "1 image in pinned-images.lock.json" in result.stdout


def test_lock_as_json_is_what_the_file_holds(run: Run, lock: Any, web: str, folder: Path) -> None:
    lock.add(web)
    assert run("lock", "--json").stdout == lock.text


def test_a_lock_file_that_is_not_there_is_an_error_with_the_next_step(run: Run) -> None:
    result = run("lock")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: There is no lock file 'pinned-images.lock.json'")


def test_a_lock_file_in_a_folder_above_is_named(
    run: Run, lock: Any, web: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock.add(web)
    (folder / "stacks" / "web").mkdir(parents=True)
    monkeypatch.chdir(folder / "stacks" / "web")
    result = run("outdated")
    assert result.exit_code == 2
    assert f"but one in '{folder}': run the command there" in result.stderr


def test_a_broken_lock_file_is_one_sentence_with_its_line(run: Run, folder: Path) -> None:
    (folder / "pinned-images.lock.json").write_text('{\n"version": 1,\n')
    result = run("lock", "update")
    assert result.exit_code == 2
    assert "Error: Lock file 'pinned-images.lock.json', line 3: " in result.stderr


@pytest.mark.parametrize("how", ["group", "command", "variable"])
def test_the_lock_file_is_named_by_option_or_variable(
    run: Run, lock: Any, web: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock.add(web)
    lock.path.rename("other.json")
    option = ["--lock-file", "other.json"]
    arguments = {
        "group": ["lock", *option, "verify"],
        "command": ["lock", "verify", *option],
        "variable": ["lock", "verify"],
    }[how]
    if how == "variable":
        monkeypatch.setenv("PINNED_IMAGES_LOCK_FILE", "other.json")
    result = run(*arguments)
    assert (result.exit_code, result.stderr) == (0, "1 of 1 image verified.\n")


def test_update_prints_old_and_new_and_changes_what_moved(
    run: Run, lock: Any, registry: RegistryServer, web: str, jobs: str
) -> None:
    lock.add(web, jobs)
    old, same = lock.digest(web), lock.digest(jobs)
    new = registry.move_tag("team/web:1")
    result = run("lock", "update")
    assert result.exit_code == 0
    (row,) = [line for line in result.stdout.splitlines() if line.startswith(web)]
    assert row.split() == [web, old.short, new.short]
    assert jobs not in result.stdout
    assert result.stderr == "1 of 2 images moved.\n"
    assert (lock.digest(web), lock.digest(jobs)) == (new, same)


@pytest.mark.parametrize("pattern", ["*/team/web:*", "{host}/team/web:1", "{host}/team/web:?"])
def test_update_with_a_pattern_leaves_other_images_alone(
    run: Run, lock: Any, registry: RegistryServer, pattern: str
) -> None:
    for image in ("team/web:1", "team/jobs:2"):
        registry.push(image)
        lock.add(f"{registry.host}/{image}")
    old = lock.digest(f"{registry.host}/team/jobs:2")
    new = registry.move_tag("team/web:1")
    registry.move_tag("team/jobs:2")
    run("lock", "update", pattern.format(host=registry.host))
    assert lock.digest(f"{registry.host}/team/web:1") == new
    assert lock.digest(f"{registry.host}/team/jobs:2") == old


@pytest.mark.parametrize("pattern", ["nginx:1.25", "nginx", "ngin?:*"])
def test_update_understands_short_names(
    run: Run, lock: Any, registry: RegistryServer, folder: Path, pattern: str
) -> None:
    registry.push("docker.io/library/nginx:1.25")
    lock.add(f"{registry.host}/docker.io/library/nginx:1.25")
    lock.path.write_text(lock.text.replace(f"{registry.host}/", ""))
    new = registry.move_tag("docker.io/library/nginx:1.25")
    run("lock", "update", pattern, "--mirror", f"docker.io={registry.mirrors['docker.io']}")
    assert lock.digest("docker.io/library/nginx:1.25") == new


def test_a_pattern_that_matches_nothing_is_an_error_and_changes_nothing(
    run: Run, lock: Any, registry: RegistryServer, web: str
) -> None:
    lock.add(web)
    old = lock.digest(web)
    registry.move_tag("team/web:1")
    result = run("lock", "update", web, "nginx:1.25")
    assert result.exit_code == 2
    assert "Error: No image of the lock file is 'nginx:1.25'" in result.stderr
    assert lock.digest(web) == old
    near = f"{registry.host}/team/wep"
    assert f"Did you mean '{registry.host}/team/web'?" in run("lock", "update", near).stderr


@pytest.fixture
def synthesized(folder: Path) -> Callable[..., None]:
    """Write the report of a synth."""

    def synthesized(*records: SiteRecord) -> None:
        (folder / "cdk.out").mkdir(exist_ok=True)
        SynthReport.of(records).write(folder / "cdk.out")

    return synthesized


def test_check_is_content_where_the_file_has_every_image_of_the_app(
    run: Run, lock: Any, web: str, jobs: str, synthesized: Any
) -> None:
    lock.add(web)
    lock.add(jobs, platform="linux/amd64")
    asset = SiteRecord("S", "S/A", "AWS::ECS::TaskDefinition", "Image", "asset:1", "asset")
    synthesized(record(web), asset, record(jobs, platform="linux/amd64", selected=True))
    result = run("lock", "--check")
    assert (result.exit_code, result.stderr) == (0, "2 of 2 images locked.\n")


def test_check_names_what_the_file_lacks_and_exits_with_1(
    run: Run, lock: Any, web: str, jobs: str, synthesized: Any
) -> None:
    lock.add(web)
    parameter = "123456789012 eu-west-1 /shop/image"
    failed = SiteRecord(
        "S", "S/P", "AWS::ECS::TaskDefinition", "Image", "{}", "failed", parameters=(parameter,)
    )
    given = record(web, parameters=("123456789012 eu-west-1 /given/as/an/option",))
    synthesized(given, record(jobs), failed)
    result = run("lock", "--check")
    assert result.exit_code == 1
    assert result.stdout == f"{jobs}\n{parameter}\n"
    assert "1 of 2 images, 0 of 1 parameter locked: run" in result.stderr
    assert "cdk synth" in result.stderr
    assert json.loads(lock.text)["images"].keys() == {web}


def test_check_counts_platforms_that_a_frozen_synth_verifies(
    run: Run, lock: Any, web: str, jobs: str, synthesized: Any
) -> None:
    lock.add(web, jobs)
    lock.add(jobs, platform="linux/amd64")
    synthesized(record(web, platform="linux/arm64"), record(jobs, platform="linux/amd64"))
    result = run("lock", "--check")
    assert (result.exit_code, result.stdout) == (1, f"{web}\n")
    assert f"does not say on which platforms {web} runs" in result.stderr
    lock.add(web, platform="linux/arm64")
    assert run("lock", "--check").exit_code == 0


def test_check_does_not_know_where_a_synth_failed_for_an_image_without_a_name(
    run: Run, lock: Any, web: str, jobs: str, synthesized: Any
) -> None:
    lock.add(web)
    unknown = SiteRecord(
        "S", "S/U", "AWS::ECS::TaskDefinition", "Image", "{}", "failed", reason="It is a list."
    )
    synthesized(record(web), unknown)
    result = run("lock", "--check")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "Error: S/U: It is a list." in result.stderr
    found = json.loads(run("lock", "--check", "--json").stdout)
    assert (found["complete"], found["lacking"], len(found["unknown"])) == (False, [], 1)
    synthesized(record(web), record(jobs), unknown)
    assert run("lock", "--check").exit_code == 1


def test_check_passes_over_digests_that_the_app_writes_itself(
    run: Run, lock: Any, web: str, synthesized: Any
) -> None:
    lock.add(web)
    written = f"{web}@{lock.digest(web)}"
    by_hand = SiteRecord("S", "S/T", "AWS::ECS::TaskDefinition", "Image", written, "already-pinned")
    synthesized(record(web), by_hand)
    assert run("lock", "--check").exit_code == 0


def test_check_counts_an_image_that_a_frozen_synth_did_not_find(
    run: Run, lock: Any, web: str, jobs: str, synthesized: Any
) -> None:
    lock.add(web)
    synthesized(
        record(web), SiteRecord("S", "S/T", "AWS::ECS::TaskDefinition", "Image", jobs, "failed")
    )
    result = run("lock", "--check")
    assert (result.exit_code, result.stdout) == (1, f"{jobs}\n")


def test_update_keeps_platforms_known_and_says_which_were_lost(
    run: Run, lock: Any, registry: RegistryServer, web: str, folder: Path
) -> None:
    lock.add(web, platform="linux/arm64")
    registry.push("team/web:1", platforms=("linux/amd64",))
    result = run("lock", "update")
    assert result.exit_code == 0
    assert "Warning: " in result.stderr
    assert "nothing for linux/arm64" in result.stderr
    images = json.loads(lock.text)["images"]
    assert images[web]["platforms"] == ["linux/amd64"]


def test_update_of_a_selected_platform_asks_for_that_platform(
    run: Run, lock: Any, registry: RegistryServer, web: str
) -> None:
    lock.add(web, platform="linux/arm64", select=True)
    old = lock.digest(f"{web} linux/arm64")
    index = registry.move_tag("team/web:1")
    assert run("lock", "update", web).exit_code == 0
    assert lock.digest(f"{web} linux/arm64") not in (old, index)


def test_an_image_that_cannot_be_refreshed_keeps_its_digest_and_exits_with_1(
    run: Run, lock: Any, registry: RegistryServer, web: str, jobs: str
) -> None:
    lock.add(web, jobs)
    old = lock.digest(jobs)
    new = registry.move_tag("team/web:1")
    registry.delete("team/jobs:2")
    result = run("lock", "update")
    assert result.exit_code == 1
    assert f"Error: The image '{jobs}' could not be resolved" in result.stderr
    assert (lock.digest(web), lock.digest(jobs)) == (new, old)


def test_verify_passes_where_a_tag_has_moved_but_the_digest_still_exists(
    run: Run, lock: Any, registry: RegistryServer, web: str
) -> None:
    lock.add(web)
    registry.move_tag("team/web:1")
    result = run("lock", "verify")
    assert (result.exit_code, result.stderr) == (0, "1 of 1 image verified.\n")


def test_verify_names_a_digest_that_is_gone_and_exits_with_1(
    run: Run, lock: Any, registry: RegistryServer, web: str, jobs: str
) -> None:
    lock.add(web, jobs)
    registry.delete(f"team/web@{lock.digest(web)}")
    result = run("lock", "verify")
    assert result.exit_code == 1
    assert f"Error: The image '{web}@{lock.digest(web)}' could not be resolved" in result.stderr
    assert "1 of 2 images verified." in result.stderr


def test_verify_asks_by_head_only(
    run: Run, lock: Any, registry: RegistryServer, web: str, jobs: str
) -> None:
    lock.add(web, jobs, platform="linux/amd64")
    before = registry.requests
    run("lock", "verify")
    assert registry.requests - before == {"HEAD manifest": 2}


def test_verify_platforms_finds_a_digest_changed_to_an_image_that_lacks_one(
    run: Run, lock: Any, registry: RegistryServer, web: str, folder: Path
) -> None:
    lock.add(web, platform="linux/arm64")
    amd64_only = registry.push("team/web:2", platforms=("linux/amd64",))
    lock.path.write_text(lock.text.replace(lock.digest(web), amd64_only))
    assert run("lock", "verify").exit_code == 0
    result = run("lock", "verify", "--platforms")
    assert result.exit_code == 1
    assert "nothing for linux/arm64" in result.stderr


def test_an_image_that_is_gone_is_one_error_whatever_platforms_it_had(
    run: Run, lock: Any, registry: RegistryServer, web: str
) -> None:
    lock.add(web, platform="linux/arm64")
    registry.delete(f"team/web@{lock.digest(web)}")
    assert run("lock", "verify", "--platforms").stderr.count("Error: ") == 1


def test_prune_drops_what_the_app_does_not_use(
    run: Run, lock: Any, web: str, jobs: str, folder: Path
) -> None:
    lock.add(web, jobs)
    lock.add(web, platform="linux/arm64", select=True)
    (folder / "cdk.out").mkdir()
    SynthReport.of([record(web)]).write(folder / "cdk.out")
    result = run("lock", "prune")
    assert result.stdout.split("\n") == [jobs, f"{web} linux/arm64", ""]
    assert result.stderr == "2 entries dropped.\n"
    assert list(json.loads(run("lock", "--json").stdout)["images"]) == [web]


def test_prune_keeps_a_selected_platform_and_asks_all_apps(
    run: Run, lock: Any, web: str, jobs: str, folder: Path
) -> None:
    lock.add(web, platform="linux/arm64", select=True)
    lock.add(jobs)
    before = lock.text
    records = (record(jobs), record(web, platform="linux/arm64", selected=True))
    for name, one in zip(("a.out", "b.out"), records, strict=True):
        (folder / name).mkdir()
        SynthReport.of([one]).write(folder / name)
    result = run("lock", "prune", "--app", "a.out", "--app", "b.out")
    assert (result.exit_code, result.stdout) == (0, "")
    assert lock.text == before


def test_prune_keeps_what_answers_for_a_selected_platform_and_written_digests(
    run: Run, lock: Any, web: str, jobs: str, folder: Path
) -> None:
    lock.add(jobs, platform="linux/amd64")
    assert LockFile.read(lock.path).answering(LockKey.parse(f"{jobs} linux/amd64"))
    lock.add(web)
    written = f"{web}@{lock.digest(web)}"
    lock.add(written)
    records = [
        record(jobs, platform="linux/amd64", selected=True),
        SiteRecord("S", "S/T", "AWS::ECS::TaskDefinition", "Image", written, "already-pinned"),
    ]
    (folder / "cdk.out").mkdir()
    SynthReport.of(records).write(folder / "cdk.out")
    assert run("lock", "prune").stdout == f"{web}\n"
    assert sorted(json.loads(lock.text)["images"]) == sorted([jobs, written])


def test_prune_dry_run_drops_nothing(run: Run, lock: Any, web: str, folder: Path) -> None:
    lock.add(web)
    SynthReport().write(folder)
    before = lock.text
    result = run("lock", "prune", "--app", ".", "--dry-run")
    assert (result.stdout, result.stderr) == (f"{web}\n", "1 entry would be dropped.\n")
    assert lock.text == before


@pytest.mark.parametrize("report", ["none", "failed", "failed as a whole"])
def test_prune_drops_nothing_where_what_is_used_is_not_known(
    run: Run, lock: Any, web: str, folder: Path, report: str
) -> None:
    lock.add(web)
    (folder / "cdk.out").mkdir()
    if report == "failed":
        failed = SiteRecord("S", "S/T", "AWS::ECS::TaskDefinition", "Image", "x:1", "failed")
        SynthReport.of([failed]).write(folder / "cdk.out")
    elif report == "failed as a whole":
        SynthReport(failure="The lock file is broken.").write(folder / "cdk.out")
        for command in (("lock", "--check"), ("report", "--compare", "cdk.out")):
            refused = run(*command)
            assert (refused.exit_code, refused.stdout) == (2, "")
            assert "(The lock file is broken): correct that" in refused.stderr
    result = run("lock", "prune")
    assert result.exit_code == 2
    assert "synthesize" in result.stderr
    assert lock.digest(web)


def test_outdated_shows_tags_that_moved_and_changes_nothing(
    run: Run, lock: Any, registry: RegistryServer, web: str, jobs: str
) -> None:
    lock.add(web, jobs)
    old = lock.digest(web)
    new = registry.move_tag("team/web:1")
    result = run("outdated")
    (row,) = [line for line in result.stdout.splitlines() if line.startswith(web)]
    assert row.split() == [web, old.short, new.short]
    assert (result.exit_code, result.stderr) == (0, "1 of 2 images moved.\n")
    assert lock.digest(web) == old
    answer = json.loads(run("outdated", "--json").stdout)
    assert answer == {
        "version": 1,
        "moved": [{"image": web, "locked": old, "now": new}],
        "changed": [],
        "problems": [],
        "unknown": [],
    }


@pytest.fixture
def grown(run: Run, lock: Any, registry: RegistryServer, web: str) -> str:
    """An image that has got a platform more, and is the same for the others."""
    lock.add(web, platform="linux/arm64")
    registry.push("team/web:1", platforms=(*BOTH, "linux/s390x"))
    assert registry.digest("team/web:1") != lock.digest(web)
    return web


def test_outdated_tells_of_an_image_that_moved_and_is_the_same_where_it_runs(
    run: Run, grown: str
) -> None:
    result = run("outdated")
    assert "the same on linux/amd64, linux/arm64" in result.stdout
    assert result.stderr == "1 of 1 image moved, 1 of them the same where they run.\n"
    [row] = json.loads(run("outdated", "--json").stdout)["moved"]
    assert row["sameOn"] == list(BOTH)
    assert run("outdated", "--exit-code").exit_code == 1


def test_outdated_and_update_can_leave_out_what_is_the_same_where_it_runs(
    run: Run, lock: Any, grown: str
) -> None:
    before = lock.text
    assert run("outdated", "--moved-only", "--exit-code").exit_code == 0
    assert json.loads(run("outdated", "--moved-only", "--json").stdout)["moved"] == []
    result = run("lock", "update", "--moved-only")
    assert (result.exit_code, result.stdout, lock.text) == (0, "", before)
    assert run("lock", "update").exit_code == 0
    assert lock.text != before


def manifest_of(image: str, platform: str) -> str:
    """The digest of what an index has for a platform."""
    request = ResolutionRequest(ImageReference.parse(image), Platform.parse(platform), select=True)
    answer = RegistryResolver().resolve([request])[request]
    assert isinstance(answer, Resolution)
    return answer.digest


def test_the_platforms_that_count_can_be_named(
    run: Run, lock: Any, registry: RegistryServer, web: str
) -> None:
    """One that nobody runs may have another manifest."""
    lock.add(web, platform="linux/arm64")
    same = manifest_of(web, "linux/amd64")
    registry.move_tag("team/web:1")
    entries = [("amd64", same), ("arm64", manifest_of(web, "linux/arm64"))]
    index = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [
            {
                "mediaType": OCI_MANIFEST,
                "digest": digest,
                "size": 1,
                "platform": {"os": "linux", "architecture": architecture},
            }
            for architecture, digest in entries
        ],
    }
    registry.push_manifest("team/web:1", json.dumps(index).encode(), OCI_INDEX)
    listed = {
        platform: json.loads(run("outdated", "--moved-only", "--json", *option).stdout)["moved"]
        for platform, option in {
            "all": (),
            "amd64": ("--platform", "linux/amd64"),
            "arm64": ("--platform", "linux/arm64"),
        }.items()
    }
    assert {name: len(rows) for name, rows in listed.items()} == {
        "all": 1,
        "amd64": 0,
        "arm64": 1,
    }
    assert run("outdated", "--platform", "amd64").exit_code == 2


def test_an_old_index_that_is_gone_counts_as_moved(
    run: Run, lock: Any, registry: RegistryServer, grown: str
) -> None:
    registry.delete(f"team/web@{lock.digest(grown)}")
    [row] = json.loads(run("outdated", "--moved-only", "--json").stdout)["moved"]
    assert "sameOn" not in row


def test_outdated_with_exit_code_tells_by_it(
    run: Run, lock: Any, registry: RegistryServer, web: str
) -> None:
    lock.add(web)
    assert run("outdated", "--exit-code").exit_code == 0
    registry.move_tag("team/web:1")
    assert run("outdated", "--exit-code").exit_code == 1


def test_outdated_exits_with_1_where_it_could_not_ask(
    run: Run, lock: Any, registry: RegistryServer, web: str, jobs: str
) -> None:
    lock.add(web, jobs)
    registry.delete("team/web:1")
    result = run("outdated")
    assert result.exit_code == 1
    assert "Error: The image" in result.stderr
    assert result.stderr.endswith("\n0 of 2 images moved (1 unknown).\n")


@pytest.mark.parametrize(
    ("option", "words"),
    [
        pytest.param(["--mirror", "nonsense"], "--mirror is not of the form", id="mirror"),
        pytest.param(["--ecr-role", "x=y"], "is no ACCOUNT=ARN", id="role"),
        pytest.param(["--timeout", "0"], "--timeout", id="timeout"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused_before_anything_is_asked(
    run: Run, lock: Any, web: str, option: list[str], words: str
) -> None:
    lock.add(web)
    result = run("lock", "verify", *option)
    assert result.exit_code == 2
    assert words in result.stderr


@pytest.fixture
def unreachable(lock: Any, registry: RegistryServer, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Options of a command for whom ghcr.io and quay.io cannot be reached, and docker.io can."""
    for name in ("NO_PROXY", "no_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    images = [f"ghcr.io/org/app{number}:1" for number in range(5)]
    images += ["quay.io/org/a:1", "quay.io/org/b:2", "docker.io/org/web:1"]
    for image in images:
        registry.push(image)
    lock.add(*(f"{registry.host}/{image}" for image in images))
    lock.path.write_text(lock.text.replace(f"{registry.host}/", ""))
    monkeypatch.setenv("HTTPS_PROXY", "ftp://proxy.example")
    return ["--mirror", f"docker.io={registry.mirrors['docker.io']}"]


@pytest.mark.parametrize("command", ["lock verify", "lock update", "outdated"])
def test_a_registry_that_cannot_be_reached_is_one_error_for_all_its_images(
    run: Run, unreachable: list[str], command: str
) -> None:
    result = run(*command.split(), *unreachable)
    assert result.exit_code == 3
    ghcr, quay = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert ghcr.startswith(
        "Error: 5 images (ghcr.io/org/app0:1, ghcr.io/org/app1:1, ghcr.io/org/app2:1 and 2 more) "
        "could not be resolved at the registry ghcr.io: the proxy "
    )
    assert quay.startswith(
        "Error: 2 images (quay.io/org/a:1, quay.io/org/b:2) could not be resolved at the registry "
        "quay.io: the proxy "
    )
    summary = {
        "lock verify": "1 of 8 images verified.",
        "lock update": "0 of 8 images moved (7 unknown).",
        "outdated": "0 of 8 images moved (7 unknown).",
    }[command]
    assert summary in result.stderr
    assert ("7 entries left as locked." in result.stderr) is (command == "lock update")


def test_images_that_are_gone_are_an_error_each(
    run: Run, lock: Any, registry: RegistryServer
) -> None:
    """Each is named, though they have one digest and the registry says the same of both."""
    gone, other = registry.push("team/web:1"), registry.push("team/web:2")
    images = [f"{registry.host}/team/web:{tag}" for tag in ("1", "2")]
    lock.add(*images)
    lock.path.write_text(lock.text.replace(other, gone))
    registry.delete(f"team/web@{gone}")
    errors = run("lock", "verify").stderr.splitlines()[:-1]
    assert [error.partition(" could not be resolved")[0] for error in errors] == [
        f"Error: The image '{image}@{gone}'" for image in images
    ]
