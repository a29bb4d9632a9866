"""What a synth loads: nothing of the network while the lock file knows everything.

To be shown a construct that was made in JavaScript, here the log group of a container, makes
Python import the module of its service.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

APP = """
import json, sys
from aws_cdk import App, Stack
from aws_cdk.aws_applicationautoscaling import Schedule
from aws_cdk.aws_ecs import ContainerImage
from aws_cdk.aws_ecs_patterns import ScheduledFargateTask, ScheduledFargateTaskImageOptions
before = set(sys.modules)
from pinned_images import PinImages
print(json.dumps(sorted(set(sys.modules) - before)))
from pinned_images.testing import FixedResolver

def synth(**options):
    app = App()
    image = ScheduledFargateTaskImageOptions(
        image=ContainerImage.from_registry("nginx:1.27"), memory_limit_mib=512
    )
    ScheduledFargateTask(
        Stack(app, "Web"),
        "Task",
        schedule=Schedule.cron(hour="4"),
        scheduled_fargate_task_image_options=image,
    )
    PinImages.apply_to(app, lock_file=sys.argv[1], platforms="ignore", **options)
    app.synth()

synth(resolver=FixedResolver.derived())
synth()
print(json.dumps(list(sys.modules)))
"""


UNNEEDED = {
    "aws_cdk.aws_logs",
    "boto3",
    "botocore",
    "click",
    "pinned_images.registry.resolver",
    "rich",
    "urllib3",
}


#: Needed by a synth, and not by an app that is read.
LATE = UNNEEDED | {
    "difflib",
    "pinned_images.gate",
    "pinned_images.option_values",
    "pinned_images.pinning",
    "socket",
    "ssl",
}


def test_a_synth_with_a_lock_file_loads_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    lock_file = tmp_path / "pinned-images.lock.json"
    finished = subprocess.run(
        [sys.executable, "-c", APP, str(lock_file)], capture_output=True, text=True, check=True
    )
    assert "sha256:" in lock_file.read_text("utf-8")
    imported, all_in_all = map(json.loads, finished.stdout.splitlines())
    assert not LATE.intersection(imported)
    assert not UNNEEDED.intersection(all_in_all)
