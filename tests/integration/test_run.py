"""``pinned-images run`` in front of an app that knows nothing of pinning, by the real CDK CLI."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
from moto.server import ThreadedMotoServer

from pinned_images.assembly import pin_assembly
from pinned_images.options import Options
from pinned_images.report import SynthReport
from pinned_images.testing import RegistryServer, SynthesizedApp
from tests.integration.cdk import CDK, cdk_synth, environment_of_a_synth
from tools.example_network import mirrors_variable

RUN = f"{sys.executable} -m pinned_images run"
IMAGES = ("ghcr.io/org/app:1", "ghcr.io/org/jobs:2")
PLATFORMS = ("linux/amd64", "linux/arm64")

APP = """
import sys
import aws_cdk as cdk

def task(scope, name, image):
    containers = [{"Name": "app", "Image": image}]
    properties = {"ContainerDefinitions": containers}
    return cdk.CfnResource(scope, name, type="AWS::ECS::TaskDefinition", properties=properties)

def fill(stack):
    task(stack, "Task", "ghcr.io/org/app:1")
    task(cdk.NestedStack(stack, "Nested"), "Task", "ghcr.io/org/jobs:2")
    task(stack, "Left", "ghcr.io/org/left:1").add_metadata(
        "pinned-images", {"acknowledge": {"unpinned-image": "Follows the vendor's tag."}}
    )

app = cdk.App()
env = cdk.Environment(account="123456789012", region="eu-west-1")
fill(cdk.Stack(app, "Web", env=env))
fill(cdk.Stack(cdk.Stage(app, "Production", env=env), "Web"))
app.synth()
print("the app has spoken", file=sys.stderr)
"""

#: An app that "synthesizes" in no time: what `APP` writes, to where the CDK CLI wants it.
COPY = """
import os, shutil
out = os.environ["CDK_OUTDIR"]
shutil.copytree({plain!r}, out, copy_function=shutil.copyfile, dirs_exist_ok=True)
"""


class Synth(NamedTuple):
    """A synth of `APP` by the CDK CLI, with ``pinned-images run`` in front.

    Attributes:
        folder: Where the app is, its lock file, and its pinned cloud assembly in ``cdk.out``.
        plain: The cloud assembly as the app itself wrote it.
        finished: What the CLI printed.
    """

    folder: Path
    plain: Path
    finished: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def synth(tmp_path_factory: pytest.TempPathFactory) -> Synth:
    folder = tmp_path_factory.mktemp("app")
    (folder / "app.py").write_text(APP, encoding="utf-8")
    configure(folder, **{"pinned-images:lock-file": "pinned-images.lock.json"})
    copying = f"""sh -c '{sys.executable} app.py && cp -r "$CDK_OUTDIR" plain.out'"""
    with RegistryServer() as registry:
        for image in IMAGES:
            registry.push(image, platforms=PLATFORMS)
        finished = cdk_synth(
            folder,
            "--app",
            f"{RUN} -- {copying}",
            PINNED_IMAGES_MIRRORS=mirrors_variable(registry.mirrors),
            DOCKER_CONFIG=str(folder),
        )
    assert finished.returncode == 0, finished.stderr
    for lock in (folder / "plain.out").glob("*.lock"):  # of the CLI, while the app runs
        lock.unlink()
    return Synth(folder, folder / "plain.out", finished)


@pytest.fixture
def plain(synth: Synth) -> Path:
    return synth.plain


@pytest.fixture
def folder(tmp_path: Path, plain: Path, registry: RegistryServer) -> Path:
    """A folder whose app copies `plain`, and its images in the registry."""
    (tmp_path / "app.py").write_text(COPY.format(plain=str(plain)), encoding="utf-8")
    for image in IMAGES:
        registry.push(image, platforms=PLATFORMS)
    return tmp_path


def configure(folder: Path, **context: Any) -> None:
    settings = {"app": f"{RUN} -- {sys.executable} app.py", "context": context}
    (folder / "cdk.json").write_text(json.dumps(settings), "utf-8")


def keys(folder: Path) -> dict[str, str]:
    """The object of each template in the bucket, as the asset manifests of an assembly name it."""
    return {
        asset["source"]["path"]: destination["objectKey"]
        for manifest in folder.rglob("*.assets.json")
        for asset in json.loads(manifest.read_text("utf-8"))["files"].values()
        for destination in asset["destinations"].values()
    }


def test_templates_are_pinned_and_uploaded_under_new_keys(synth: Synth) -> None:
    assert "the app has spoken" in synth.finished.stderr
    output = synth.folder / "cdk.out"
    text = json.dumps(SynthesizedApp.read(output).templates)
    assert text.count("ghcr.io/org/app:1@sha256:") == text.count("ghcr.io/org/jobs:2@sha256:") == 2
    assert text.count('"ghcr.io/org/left:1"') == 2
    report = SynthReport.read(output)
    assert {each.resolved_by for each in report.records} == {"mirror", "exempt"}
    before, after = keys(synth.plain), keys(output)
    assert before.keys() == after.keys()
    assert len(before) == 4
    assert not set(before.values()) & set(after.values())
    for parent in output.rglob("*.template.json"):
        for path, key in before.items():
            assert key not in parent.read_text("utf-8"), path


def test_the_lock_file_next_to_the_app_is_used_without_being_named(
    synth: Synth, folder: Path
) -> None:
    shutil.copy(synth.folder / "pinned-images.lock.json", folder)
    locked = (folder / "pinned-images.lock.json").read_text("utf-8")
    context = json.dumps({"pinned-images:update": "never"})
    again = run(folder, sys.executable, "app.py", CDK_CONTEXT_JSON=context, CDK_OUTDIR="cdk.out")
    assert again.returncode == 0, again.stderr
    assert (
        again.stderr.count("pinned-images: 2 images pinned (2 lock file), 1 exempt; lock file") == 1
    )
    assert templates(folder / "cdk.out") == templates(synth.folder / "cdk.out")
    assert (folder / "pinned-images.lock.json").read_text("utf-8") == locked


def test_errors_are_those_of_the_cdk_cli(folder: Path, registry: RegistryServer) -> None:
    registry.delete("ghcr.io/org/jobs:2")
    configure(folder)
    mirrors = mirrors_variable(registry.mirrors)
    finished = cdk_synth(folder, PINNED_IMAGES_MIRRORS=mirrors, DOCKER_CONFIG=str(folder))
    output = finished.stdout + finished.stderr
    assert finished.returncode == 1
    assert "ERROR " in output
    assert "ghcr.io/org/jobs:2 at " in output
    assert "Acknowledge with 'pinned-images::unpinned-image'" in output
    assert "Web/Nested/Task" in output
    assert "Traceback" not in output
    assert "ghcr.io/org/app:1@sha256:" in (folder / "cdk.out" / "Web.template.json").read_text()


def run(
    folder: Path, *command: str, options: tuple[str, ...] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    """``pinned-images run`` without the CDK CLI."""
    return subprocess.run(
        [sys.executable, "-m", "pinned_images", "run", *options, "--", *command],
        cwd=folder,
        env=environment_of_a_synth(DOCKER_CONFIG=str(folder), **environment),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_cli_that_reads_no_report_gets_errors_and_an_exit_code(
    folder: Path, registry: RegistryServer
) -> None:
    registry.delete("ghcr.io/org/jobs:2")
    mirrors = mirrors_variable(registry.mirrors)
    finished = run(
        folder, sys.executable, "app.py", PINNED_IMAGES_MIRRORS=mirrors, CDK_CLI_VERSION="2.1000.0"
    )
    assert finished.returncode == 1
    [error] = [line for line in finished.stderr.splitlines() if line.startswith("ERROR")]
    assert "ghcr.io/org/jobs:2" in error
    assert "pinned-images::unpinned-image" in error


def test_exemptions_can_be_given_in_front_of_the_app(
    folder: Path, registry: RegistryServer
) -> None:
    registry.delete("ghcr.io/org/jobs:2")
    options = ("--exempt", "ghcr.io/org/jobs:*=Built later.")
    mirrors = mirrors_variable(registry.mirrors)
    finished = run(folder, sys.executable, "app.py", options=options, PINNED_IMAGES_MIRRORS=mirrors)
    assert finished.returncode == 0, finished.stderr
    reasons = {each.reason for each in SynthReport.read(folder / "cdk.out").exempt}
    assert reasons == {"Built later.", "Follows the vendor's tag."}


NO_STACKS = '{"version": "36.0.0", "artifacts": {}}'


@pytest.mark.parametrize("code", [0, 1, 3, 42])
def test_the_exit_code_of_the_app_is_that_of_the_command(tmp_path: Path, code: int) -> None:
    script = (
        "import os, sys, pathlib; out = pathlib.Path(os.environ['CDK_OUTDIR']); out.mkdir(); "
        f"(out / 'manifest.json').write_text({NO_STACKS!r}); print('out'); "
        f"print('err', file=sys.stderr); sys.exit({code})"
    )
    finished = run(tmp_path, sys.executable, "-c", script)
    assert (finished.returncode, finished.stdout, finished.stderr) == (code, "out\n", "err\n")


def test_an_app_that_writes_no_assembly_is_one_line(tmp_path: Path) -> None:
    finished = run(tmp_path, sys.executable, "-c", "")
    assert finished.returncode == 2
    assert finished.stderr.startswith("Error: The command ")
    assert "wrote no cloud assembly into 'cdk.out'" in finished.stderr
    assert finished.stderr.count("\n") == 1


def test_the_assembly_of_an_earlier_run_is_not_taken_for_one_of_the_command(
    tmp_path: Path,
) -> None:
    """As where ``run -- npx tsc && npx tsx app.ts`` leaves the app itself to the shell."""
    assembly = tmp_path / "cdk.out"
    assembly.mkdir()
    (assembly / "manifest.json").write_text(NO_STACKS)
    finished = run(tmp_path, sys.executable, "-c", "")
    assert (finished.returncode, finished.stderr.count("\n")) == (2, 1)
    assert "wrote no cloud assembly into 'cdk.out'" in finished.stderr
    assert [path.name for path in assembly.iterdir()] == ["manifest.json"]
    script = (
        "import os, pathlib; path = pathlib.Path('cdk.out/manifest.json'); "
        "text, known = path.read_text(), path.stat(); path.write_text(text); "
        "os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))"  # as `cp --archive` does
    )
    assert run(tmp_path, sys.executable, "-c", script).returncode == 0


def test_a_command_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    finished = run(tmp_path, "no-such-program")
    assert (finished.returncode, finished.stderr.count("\n")) == (127, 1)
    assert "no-such-program" in finished.stderr


def test_context_that_is_missing_leaves_the_assembly_to_the_cli(tmp_path: Path) -> None:
    manifest = {
        "version": "36.0.0",
        "missing": [{"key": "x", "provider": "ami", "props": {}}],
        "artifacts": {
            "Web": {
                "type": "aws:cloudformation:stack",
                "environment": "aws://123456789012/eu-west-1",
                "properties": {"templateFile": "Web.template.json"},
            }
        },
    }
    template = {"Resources": {"Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {}}}}
    script = (
        "import pathlib; out = pathlib.Path('cdk.out'); out.mkdir(); "
        f"(out / 'manifest.json').write_text({json.dumps(manifest)!r}); "
        f"(out / 'Web.template.json').write_text({json.dumps(template)!r})"
    )
    finished = run(tmp_path, sys.executable, "-c", script)
    assert finished.returncode == 0, finished.stderr
    assert sorted(path.name for path in (tmp_path / "cdk.out").iterdir()) == [
        "Web.template.json",
        "manifest.json",
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_reach_the_app(tmp_path: Path, number: signal.Signals) -> None:
    script = (
        "import signal, sys, time\n"
        "def stop(*_): print('stopped', flush=True); sys.exit(7)\n"
        "signal.signal(signal.SIGINT, stop); signal.signal(signal.SIGTERM, stop)\n"
        "print('ready', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-m", "pinned_images", "run", "--", sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment_of_a_synth(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.read() == "stopped\n"
        assert process.wait() == 7


def test_a_crash_between_two_files_is_finished_by_the_next_run(
    folder: Path, plain: Path, registry: RegistryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at a replacement of a file: the CLI refuses what is half done, a rerun ends it."""
    mirrors = mirrors_variable(registry.mirrors)
    environment = environment_of_a_synth(PINNED_IMAGES_MIRRORS=mirrors, DOCKER_CONFIG=str(folder))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    options = Options.of({}).with_settings({}, environment)
    assembly = folder / "cdk.out"
    shutil.copytree(plain, assembly)
    pin_assembly(assembly, options)
    wanted = templates(assembly)
    assert wanted != templates(plain)
    for deaths in (8, 24):
        shutil.rmtree(assembly)
        shutil.copytree(plain, assembly)
        died = subprocess.run(
            [sys.executable, "-c", CRASH.format(deaths=deaths)],
            cwd=folder,
            env=environment,
            check=False,
        ).returncode
        assert died == 9
        if (assembly / "manifest.json").exists():
            assert templates(assembly) in (templates(plain), wanted)
        pin_assembly(assembly, options)
        assert templates(assembly) == wanted
        assert not list(assembly.rglob(".*pinned-images*"))


CRASH = """
import os, pathlib
from pinned_images.assembly import pin_assembly
from pinned_images.options import Options
left = [{deaths}]
def dying(function):
    def replaced(*arguments, **options):
        if left[0] == 0:
            os._exit(9)
        left[0] -= 1
        return function(*arguments, **options)
    return replaced
pathlib.Path.replace = dying(pathlib.Path.replace)
pathlib.Path.unlink = dying(pathlib.Path.unlink)
pin_assembly(pathlib.Path("cdk.out"), Options.of({{}}).with_settings({{}}, os.environ))
"""


def templates(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for pattern in ("*.template.json", "*.assets.json", "manifest.json")
        for path in folder.rglob(pattern)
    }


def test_a_deployment_uploads_the_pinned_templates_under_their_new_keys(
    folder: Path, registry: RegistryServer
) -> None:
    """The CDK CLI against moto, which stops at the change set: it does not read the template."""
    bucket = "cdk-hnb659fds-assets-123456789012-eu-west-1"
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        environment = environment_of_a_synth(
            AWS_ENDPOINT_URL=f"http://{host}:{port}",
            AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE",
            AWS_SECRET_ACCESS_KEY="example",
            AWS_REGION="eu-west-1",
            PINNED_IMAGES_MIRRORS=mirrors_variable(registry.mirrors),
            DOCKER_CONFIG=str(folder),
        )
        aws = {
            "endpoint_url": environment["AWS_ENDPOINT_URL"],
            "region_name": "eu-west-1",
            "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
        }
        create: Any = boto3.client
        s3 = create("s3", **aws)
        s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        name = "/cdk-bootstrap/hnb659fds/version"
        create("ssm", **aws).put_parameter(Name=name, Value="30", Type="String")
        configure(folder)
        for command in (["diff", "Web"], ["deploy", "Web", "--require-approval", "never"]):
            finished = subprocess.run(
                [str(CDK), *command, "--no-notices"],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            output = finished.stdout + finished.stderr
            assert (finished.returncode == 0) is (command[0] == "diff"), output
        assert "creating CloudFormation changeset" in output
        uploaded = {each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]}
        own = {
            key
            for path, key in keys(folder / "cdk.out").items()
            if not path.startswith("Production")
        }
        assert len(own) == 2
        assert uploaded == own
        for key in uploaded:
            body = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
            assert "@sha256:" in body
    finally:
        server.stop()
