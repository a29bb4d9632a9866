"""The pytest plugin as a user's test run sees it."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]

# From a folder of sources the plugin is registered as this suite does it.
CONFTEST = """
from pinned_images.testing import plugin

def pytest_configure(config):
    if not config.pluginmanager.has_plugin("pinned_images"):
        config.pluginmanager.register(plugin, "pinned_images")
"""


OTHER_PLUGINS = {each.name for each in entry_points(group="pytest11")} - {"pinned_images", "syrupy"}
WITHOUT_OTHER_PLUGINS = " ".join(f"-p no:{name}" for name in sorted(OTHER_PLUGINS))


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A user's project, which has no tests yet, and none of the plugins of this suite."""
    monkeypatch.setenv("PYTEST_ADDOPTS", WITHOUT_OTHER_PLUGINS)
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    pytester.makeconftest(CONFTEST)
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


TESTS = {
    "test_registry": """
        import pytest

        @pytest.mark.parametrize("turn", [1, 2])
        def test_it_is_empty_for_each_test(registry, turn):
            assert registry.mirrors == {}
            registry.push("docker.io/library/nginx:1.25")
            assert registry.url.startswith("http://127.0.0.1:")
        """,
    "test_app": """
        from aws_cdk import App, Stack
        from aws_cdk import aws_ecs as ecs
        from pinned_images import PinImages
        from pinned_images.testing import assert_pinned

        def test_what_is_set_for_synths_of_the_machine_leads_nowhere_else(synthesize, registry):
            registry.push("docker.io/library/nginx:1.27", platforms=("linux/amd64",))
            app = App()
            task = ecs.FargateTaskDefinition(Stack(app, "Web"), "Task")
            task.add_container("web", image=ecs.ContainerImage.from_registry("nginx:1.27"))
            PinImages.apply_to(app, mirrors=registry.mirrors)
            assert len(assert_pinned(synthesize(app))) == 1
        """,
    "test_snapshots": """
        def test_same(template_snapshot):
            assert {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}} == template_snapshot

        def test_changed(template_snapshot):
            assert {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}} == template_snapshot
        """,
}


def test_a_project_has_an_empty_registry_apps_of_its_own_and_snapshots(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One run writes the snapshots, one file each; the next compares them."""
    monkeypatch.setenv("PINNED_IMAGES_UPDATE", "never")
    monkeypatch.setenv("PINNED_IMAGES_MIRRORS", "docker.io=http://127.0.0.1:9")
    for name, text in TESTS.items():
        project.makepyfile(**{name: text})
    project.runpytest_subprocess("--snapshot-update").assert_outcomes(passed=5)

    snapshots = project.path / "__snapshots__" / "test_snapshots"
    assert sorted(each.name for each in snapshots.iterdir()) == [
        "test_changed.yaml",
        "test_same.yaml",
    ]
    for file in snapshots.iterdir():
        text = "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n"
        assert file.read_text(encoding="utf-8") == text

    test = project.path / "test_snapshots.py"
    same, changed, text = test.read_text(encoding="utf-8").partition("def test_changed")
    test.write_text(same + changed + text.replace("SQS::Queue", "SNS::Topic"), encoding="utf-8")
    result = project.runpytest_subprocess("--snapshot-no-colors", "test_snapshots.py")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*-     Type: AWS::SQS::Queue*", "*+     Type: AWS::SNS::Topic*"])
