"""Cloud assemblies by several versions of aws-cdk-lib, kept as data of the tests.

Run ``python -m tools.assemblies_of_versions [VERSION]...`` in the project's folder; it needs
Node.js and npm, and installs each version of aws-cdk-lib into ``.make/npm``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tools.npm_packages import install

PROJECT = Path(__file__).resolve().parents[1]
APPS = PROJECT / "tests" / "any_language" / "javascript"
ASSEMBLIES = PROJECT / "tests" / "cloud_assembly"

#: Each wrote something in another way than the one before.
VERSIONS = ("2.1.0", "2.20.0", "2.60.0", "2.100.0", "2.150.0", "2.200.0", "2.275.0")

#: The newest version that npm has of the alpha package, with the version of CDK it was made for.
_STAGING_VERSION = "2.149.0"
_STAGING_PACKAGE = {"@aws-cdk/app-staging-synthesizer-alpha": f"{_STAGING_VERSION}-alpha.0"}

_STACK_TRACE = "aws:cdk:creationStack"
_NO_PART = ("tree.json", "validation-report.json")


def install_version(version: str, **more: str) -> Path:
    """A version of aws-cdk-lib from npm, and more packages; gives their ``node_modules``."""
    packages = {"aws-cdk-lib": version, "constructs": "10", **more}
    content = json.dumps({"private": True, "dependencies": packages})
    return install(f"aws-cdk-lib-{version}", {"package.json": content})


def synthesize(app: str, node_modules: Path, target: Path) -> None:
    """What an app writes with a version, without what is large and of no use to a test."""
    shutil.rmtree(target, ignore_errors=True)
    node = shutil.which("node") or "node"
    environment = {**os.environ, "CDK_OUTDIR": str(target), "NODE_PATH": str(node_modules)}
    subprocess.run([node, str(APPS / app)], env=environment, check=True, stderr=subprocess.DEVNULL)
    for name in _NO_PART:
        (target / name).unlink(missing_ok=True)
    for file in (*target.rglob("manifest.json"), *target.rglob("*.metadata.json")):
        document = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps(_stripped(document), indent=2), encoding="utf-8")


def _stripped(value: Any) -> Any:
    """A document without stack traces."""
    if isinstance(value, list):
        return [_stripped(each) for each in value if not _is_trace(each)]
    if isinstance(value, dict):
        return {name: _stripped(each) for name, each in value.items() if name != "trace"}
    return value


def _is_trace(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") == _STACK_TRACE


def main() -> None:
    """Write the assemblies of the versions that are named, or of all."""
    for version in sys.argv[1:] or VERSIONS:
        synthesize("app.js", install_version(version), ASSEMBLIES / "versions" / version)
    for name in ("pipeline", "shared_templates", "synthesizers"):
        synthesize(f"{name}.js", install_version(VERSIONS[-1]), ASSEMBLIES / name)
    staging = install_version(_STAGING_VERSION, **_STAGING_PACKAGE)
    synthesize("staging.js", staging, ASSEMBLIES / "staging")


if __name__ == "__main__":
    main()
