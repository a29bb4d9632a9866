"""What a synth loads: nothing of the network while the lock file knows everything."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

APP = """
import json, sys
from aws_cdk import App, Stack
from aws_cdk.aws_ecs import ContainerImage, FargateTaskDefinition
from pinned_images import PinImages
from pinned_images.testing import FixedResolver

def synth(**options):
    app = App()
    task = FargateTaskDefinition(Stack(app, "Web"), "Task")
    task.add_container("app", image=ContainerImage.from_registry("nginx:1.27"))
    PinImages.apply_to(app, lock_file=sys.argv[1], platforms="ignore", **options)
    app.synth()

synth(resolver=FixedResolver.derived())
synth()
print(json.dumps(sorted({"boto3", "botocore", "urllib3", "click", "rich"} & sys.modules.keys())))
"""


def test_a_synth_with_a_lock_file_loads_no_client_of_registries_or_of_aws(tmp_path: Path) -> None:
    lock_file = tmp_path / "pinned-images.lock.json"
    finished = subprocess.run(
        [sys.executable, "-c", APP, str(lock_file)], capture_output=True, text=True, check=True
    )
    assert "sha256:" in lock_file.read_text("utf-8")
    assert json.loads(finished.stdout.splitlines()[-1]) == []
