"""The project's own fixtures come from its pytest plugin, as they do for its users."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from pinned_images.lockfile import no_default_lock_file
from pinned_images.registry.http.retries import RetryPolicy
from pinned_images.testing import plugin
from tests.distributions import build_distributions
from tests.jsii_kernel import forget_kernel_alone, use_kernel_alone

pytest_plugins = ["pytester"]

# A shell starts what runs in the background with Ctrl-C ignored, and programs inherit that: tests
# that interrupt one would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# CDK checks finished templates against CloudFormation's schemas, with an engine that takes four of
# the five seconds of CPU of a small synth. The test of the example app leaves it on.
os.environ["CDK_VALIDATION"] = "false"

# jsii keeps the unpacked CDK below the home of the user. Unpacking takes seven seconds of CPU, and
# each test with a home of its own would pay them again.
os.environ.setdefault(
    "JSII_RUNTIME_PACKAGE_CACHE_ROOT",
    str(Path("~/.cache/aws/jsii/package-cache").expanduser()),
)

# The test modules that synthesize import aws_cdk, which starts jsii.
use_kernel_alone()

# No test fails because the machine is slow.
settings.register_profile(
    "untimed", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("untimed")
# For a second run of the same code, with other packages: --hypothesis-profile=quick.
settings.register_profile("quick", settings.get_profile("untimed"), max_examples=20)


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin where the project runs from its folder without being installed."""
    if not config.pluginmanager.has_plugin("pinned_images"):
        config.pluginmanager.register(plugin, "pinned_images")
    gc.disable()


def pytest_collection_finish() -> None:
    """Begin the tests with what collecting them has loaded."""
    forget_kernel_alone()
    _collect_garbage_seldom()


def _collect_garbage_seldom() -> None:
    """Collect garbage from here on, and seldom: it took a sixth of the time of the tests.

    Modules and tests live to the end, and each full collection went through all of them.
    """
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Collect garbage once at the end, and not twice more in pytest and in Python."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_collect_file() -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Look for doctests in the package alone: this folder's files hold none."""
    return [each for each in (yield) if type(each) is pytest.Module]


@pytest.fixture(scope="session", autouse=True)
def short_waits_between_attempts() -> Iterator[None]:
    """Wait between attempts as users do, but for a fiftieth of their time."""
    policy = RetryPolicy()
    waits = (policy.attempts, policy.first_wait / 50, policy.longest_wait / 50)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RetryPolicy.__init__, "__defaults__", waits)
        yield


@pytest.fixture(autouse=True)
def no_lock_file_of_the_example_app() -> Iterator[None]:
    """No synth of a test uses the lock file of the project's folder, where tests are run."""
    with no_default_lock_file(Path(__file__).parents[1]):
        yield


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel of this checkout."""
    folder = tmp_path_factory.getbasetemp()
    is_one_of_several = "PYTEST_XDIST_WORKER" in os.environ
    return build_distributions(folder.parent if is_one_of_several else folder)


@pytest.fixture(scope="session")
def wheel(distributions: Path) -> Path:
    """The wheel of this checkout."""
    (built,) = distributions.glob("*.whl")
    return built
