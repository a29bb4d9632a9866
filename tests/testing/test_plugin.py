"""The pytest plugin as a user's test run sees it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parent.parent / "conftest.py"


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A user's project; from a folder of sources the plugin is registered as this suite does it."""
    monkeypatch.setenv("PYTHONPATH", str(CONFTEST.parent.parent))
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    pytester.makeconftest(CONFTEST.read_text(encoding="utf-8"))
    return pytester


def test_a_run_that_uses_no_fixture_imports_nothing_heavy() -> None:
    script = "import sys, pinned_images.testing.plugin; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in run.stdout.split()}
    assert "pinned_images" in loaded
    assert not loaded & {"aws_cdk", "jsii", "boto3", "syrupy", "yaml", "urllib3", "http"}


def test_fixtures_are_listed_with_what_they_are(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess("--fixtures")
    for fixture in ("registry", "fixed_resolver", "synthesize", "template_snapshot"):
        result.stdout.re_match_lines_random([rf"{fixture}\b.* -- .*plugin\.py:\d+"])


def test_the_registry_is_empty_for_each_test(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("turn", [1, 2])
        def test_registry(registry, turn):
            assert registry.mirrors == {}
            registry.push("docker.io/library/nginx:1.25")
            assert registry.url.startswith("http://127.0.0.1:")
        """
    )
    project.runpytest_subprocess().assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("PINNED_IMAGES_UPDATE", "never"), ("PINNED_IMAGES_MIRRORS", "docker.io=http://127.0.0.1:9")],
)
def test_what_is_set_for_synths_of_the_machine_leads_no_test_elsewhere(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    project.makepyfile(
        """
        from aws_cdk import App, Stack
        from aws_cdk import aws_ecs as ecs
        from pinned_images import PinImages
        from pinned_images.testing import assert_pinned

        def test_app(synthesize, registry):
            registry.push("docker.io/library/nginx:1.27", platforms=("linux/amd64",))
            app = App()
            task = ecs.FargateTaskDefinition(Stack(app, "Web"), "Task")
            task.add_container("web", image=ecs.ContainerImage.from_registry("nginx:1.27"))
            PinImages.apply_to(app, mirrors=registry.mirrors)
            assert len(assert_pinned(synthesize(app))) == 1
        """
    )
    project.runpytest_subprocess().assert_outcomes(passed=1)


def test_snapshots_are_written_one_file_each_and_compared(project: pytest.Pytester) -> None:
    test = project.makepyfile(
        test_web="""
        def test_template(template_snapshot):
            assert {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}} == template_snapshot
        """
    )
    project.runpytest_subprocess("--snapshot-update").assert_outcomes(passed=1)
    file = project.path / "__snapshots__" / "test_web" / "test_template.yaml"
    assert file.read_text(encoding="utf-8") == "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n"
    project.runpytest_subprocess().assert_outcomes(passed=1)

    test.write_text(test.read_text(encoding="utf-8").replace("SQS::Queue", "SNS::Topic"))
    result = project.runpytest_subprocess("--snapshot-no-colors")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*-     Type: AWS::SQS::Queue*", "*+     Type: AWS::SNS::Topic*"])
